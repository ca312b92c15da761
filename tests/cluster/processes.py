"""What stands in the cluster: PostgreSQL, two processes of the service, nginx. All on free ports of loopback, in one folder."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from glob import glob
from pathlib import Path
from typing import IO

import psycopg
import requests

ROOT = Path(__file__).parents[2]
NGINX = ROOT / "deploy/nginx"
PATIENCE = 30
"""Seconds that a process may take to start, or to stop."""
UNPRIVILEGED = "nobody"
"""Who runs PostgreSQL and nginx if root starts them: PostgreSQL does not run as root, the image of nginx does not either."""


class Missing(Exception):  # noqa: N818  what it is
    """A program is not installed. Its message names Debian's packages."""


def programs() -> tuple[str, Path]:
    """Where nginx is, and the folder of PostgreSQL's programs; Missing names what is not there."""
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    folders = sorted(glob("/usr/lib/postgresql/*/bin"), key=lambda folder: int(folder.split("/")[-2]))
    initdb = shutil.which("initdb", path=":".join([*reversed(folders), os.environ.get("PATH", "")]))
    if not nginx or not initdb:
        lacking = [name for name, there in (("nginx", nginx), ("postgresql", initdb)) if not there]
        raise Missing(
            f"not installed: {', '.join(lacking)}. On Debian: apt-get install --no-install-recommends nginx postgresql"
        )
    return nginx, Path(initdb).parent


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for(true: Callable[[], bool], what: str, process: subprocess.Popen[bytes] | None = None) -> None:
    """Until it is true. RuntimeError when it takes too long, or when the process that should make it true has ended."""
    end = time.monotonic() + PATIENCE
    while not true():
        if process and process.poll() is not None:
            raise RuntimeError(f"not so: {what}. It ended with {process.returncode}")
        if time.monotonic() > end:
            raise RuntimeError(f"not so within {PATIENCE} s: {what}")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


class Process:
    """One program with its log, in a group of its own: what it starts ends with it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def _start(self, *command: object, user: str | None = None, environment: dict[str, str] | None = None) -> None:
        with self.log.open("ab") as log:
            self.process = _popen(command, log, user, environment)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Tell it to end and wait for it; after ``PATIENCE`` it is killed."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL to it and all that it started, at once: nothing is finished, nothing written."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def _popen(
    command: tuple[object, ...], log: IO[bytes], user: str | None, environment: dict[str, str] | None
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [str(part) for part in command],
        stdout=log,
        stderr=subprocess.STDOUT,
        cwd=ROOT if user is None else "/",
        env=environment,
        user=user,
        extra_groups=None if user is None else [],
        start_new_session=True,
    )


def _someone() -> str | None:
    return UNPRIVILEGED if os.geteuid() == 0 else None


def _own(path: Path, content: bytes | None = None) -> Path:
    """A new folder, or a file with this content, for those whom PostgreSQL and nginx run as, and nobody else."""
    if content is None:
        path.mkdir(mode=0o700)
    else:
        path.touch(mode=0o600)
        path.write_bytes(content)
    if someone := _someone():
        shutil.chown(path, someone)
    return path


class PostgreSQL(Process):
    """A server of its own, with one user who has a password."""

    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__("postgresql", folder)
        self._programs, self._port = programs, free_port()
        self.url = f"postgresql://cds:cluster@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Make an empty database, serve it, wait until it answers."""
        data, password = _own(self.folder / "database"), _own(self.folder / "password", b"cluster")
        made = ("--username=cds", "--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--no-sync")
        with self.log.open("ab") as log:
            initdb = _popen((self._programs / "initdb", "-D", data, *made), log, _someone(), None)
        if initdb.wait(PATIENCE):
            raise RuntimeError(f"initdb failed: {self.log.read_text()}")
        listening = ("-p", self._port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
        self._start(self._programs / "postgres", "-D", data, *listening, user=_someone())
        wait_for(self._answers, "PostgreSQL answers", self.process)

    def connect(self) -> psycopg.Connection[tuple[int]]:
        return psycopg.connect(self.url)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def number(self, query: str) -> int:
        """What a query counts."""
        with self.connect() as connection:
            row = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


class Service(Process):
    """One process of the service (gunicorn with one worker), in the production profile."""

    def __init__(self, name: str, folder: Path, **settings: str) -> None:
        super().__init__(name, folder)
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
        self._environment = kept | {"HOST": "127.0.0.1", "PORT": str(port), "WEB_CONCURRENCY": "1"} | settings

    def start(self) -> None:
        """Begin to start; ``wait`` until it is ready."""
        self._start(sys.executable, "-m", "cds_service", "serve", environment=self._environment)

    def wait(self) -> None:
        wait_for(lambda: _answers(f"{self.url}/readyz"), f"{self.name} is ready", self.process)

    def counted(self, metric: str) -> int:
        """The sum of a metric over its labels, as /metrics tells."""
        told = requests.get(f"{self.url}/metrics", timeout=10).text
        return sum(int(float(value)) for value in re.findall(rf"^{metric}(?:{{.*}})? (\S+)$", told, re.MULTILINE))


class Nginx(Process):
    """The proxy, with the configuration that is deployed: other ports and folders, and the processes by address."""

    def __init__(self, folder: Path, program: str, certificate: tuple[bytes, bytes], port: int, addresses: list[str]) -> None:
        super().__init__("nginx", folder)
        self._program, self._plain = program, free_port()
        place = _own(folder / "proxy")
        self.url, self.certificate = f"https://localhost:{port}", str(_own(place / "fullchain.pem", certificate[0]))
        _own(place / "privkey.pem", certificate[1])
        self._told = _own(place / "nginx.conf", _configuration(place, self._plain, port, addresses).encode())

    def start(self) -> None:
        """Serve, and wait until it answers."""
        self._start(self._program, "-e", "stderr", "-c", self._told, user=_someone())
        wait_for(lambda: _answers(f"http://127.0.0.1:{self._plain}/proxy-healthz"), "nginx answers", self.process)

    def second_tries(self) -> list[str]:
        """The lines about calls that broke off after a process had them, so that they were sent to another one."""
        return [line for line in self.log.read_text().splitlines() if "while reading response header from upstream" in line]


def _configuration(place: Path, plain: int, port: int, addresses: list[str]) -> str:
    """Ours around deploy/nginx/service.conf, in which only what names a place is replaced."""
    service, upstream = (NGINX.joinpath(name).read_text() for name in ("service.conf", "upstream.conf"))
    limits = re.search(r"server cds:8000 resolve (.*);", upstream)
    assert limits, "deploy/nginx/upstream.conf names the service"
    for old, new in (
        ("listen 8080 ", f"listen 127.0.0.1:{plain} "),
        ("listen 8443 ", f"listen 127.0.0.1:{port} "),
        ("/etc/nginx/tls/", f"{place}/"),
    ):
        assert old in service, f"deploy/nginx/service.conf no longer has {old!r}"
        service = service.replace(old, new)
    servers = "\n".join(f"    server {address} {limits[1]};" for address in addresses)
    bodies = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "\n".join(f"  {name}_temp_path {place}/{name};" for name in bodies)
    return f"""\
daemon off;
pid {place}/nginx.pid;
worker_processes 1;
events {{}}
http {{
  access_log off;
{folders}
  upstream osteoporosis-cds {{
    zone osteoporosis-cds 64k;
{servers}
  }}
{service}
}}
"""
