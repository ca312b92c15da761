"""A real FHIR server (sekmet-fhir) on a free loopback port: installed once into a venv of its own, started, loaded, stopped."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

Resource = dict[str, Any]

ENVIRONMENT = Path(__file__).parents[2] / ".venv-fhir"
REQUIREMENT = "sekmet-fhir==0.1.1"
TOKEN = "token-of-the-integration-tests"
INSTALL_SECONDS, START_SECONDS = 400, 40
UNSEARCHED = frozenset({"FamilyMemberHistory"})
"""This server does not know its parameter ``patient`` and answers with everybody's: not loaded."""

CLIENT, SECRET = "cds", "secret-of-the-integration-tests"

SETTINGS = """
base_url: http://127.0.0.1:{port}/fhir
host: 127.0.0.1
port: {port}
data_dir: {directory}
own_private_key_path: {directory}/private.pem
server_auth:
  types: [bearer, smart]
  tokens: [{token}]
  smart_clients: [{{client_id: {client}, client_secret: {secret}, scopes: "system/*.*"}}{more}]
validation: {{inbound: "off"}}
simulator: {{enabled: false}}
log_inbound: false
"""


class NotInstalledError(RuntimeError):
    """The server could not be installed; says why."""


def program() -> Path:
    """The server's command, installed the first time: by one of the processes that run tests, while the others wait."""
    ENVIRONMENT.mkdir(exist_ok=True)
    folder = os.open(ENVIRONMENT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        return _installed()
    finally:
        os.close(folder)


def _installed() -> Path:
    found = ENVIRONMENT / "bin" / "sekmet"
    stamp = ENVIRONMENT / f"installed-{REQUIREMENT}"
    if stamp.exists() and found.exists():
        return found
    pip = [sys.executable, "-m", "pip", "--python", str(ENVIRONMENT / "bin" / "python"), "install", "--no-compile"]
    pip += ["--quiet", "--disable-pip-version-check", REQUIREMENT]  # what the server loads of it is compiled when it starts
    try:
        for command in ([sys.executable, "-m", "venv", "--without-pip", str(ENVIRONMENT)], pip):
            subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_SECONDS)
    except (subprocess.SubprocessError, OSError) as error:
        raise NotInstalledError(f"{REQUIREMENT} could not be installed: {type(error).__name__}") from None
    stamp.touch()
    return found


class Sekmet:
    """The running server: ``base`` without a slash at the end."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}/fhir"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {TOKEN}"
        self._session.headers["X-Sekmet-Simulate"] = "off"

    def is_up(self) -> bool:
        try:
            return self._session.get(f"{self.base}/metadata", timeout=5).ok
        except requests.ConnectionError:
            return False

    def token_for(self, *types: str) -> str:
        """A token that lets read these types only."""
        form = {"grant_type": "client_credentials", "scope": " ".join(f"system/{kind}.read" for kind in types)}
        url = f"{self.base.removesuffix('/fhir')}/auth/token"
        return str(requests.post(url, data=form, auth=(CLIENT, SECRET), timeout=20).json()["access_token"])

    def put(self, resources: Iterable[Resource]) -> list[Resource]:
        """Store the resources one by one under their ids; gives back those that the server did not take."""
        resources = list(resources)
        with ThreadPoolExecutor(4) as threads:
            taken = list(threads.map(self._put, resources))
        return [resource for resource, ok in zip(resources, taken, strict=True) if not ok]

    def _put(self, resource: Resource) -> bool:
        url = f"{self.base}/{resource['resourceType']}/{resource['id']}"
        return self._session.put(url, json=resource, timeout=20, headers={"Prefer": "return=minimal"}).ok


@contextmanager
def running(directory: Path, client: dict[str, Any] | None = None) -> Iterator[Sekmet]:
    """The server with an empty store under ``directory``, which knows ``client``, too. Raises NotInstalledError."""
    command = program()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = directory / "settings.yaml"
    settings.write_text(
        SETTINGS.format(
            port=port,
            directory=directory,
            token=TOKEN,
            client=CLIENT,
            secret=SECRET,
            more=f", {json.dumps(client)}" if client else "",
        ),
        encoding="utf-8",
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SEKMET_", "PYTHON"))}
    with (directory / "log").open("w") as log:
        process = subprocess.Popen([command, "serve", "-c", settings], cwd=directory, env=environment, stdout=log, stderr=log)
    try:
        server = Sekmet(port)
        until = time.monotonic() + START_SECONDS
        while not server.is_up():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the FHIR server did not start: {(directory / 'log').read_text()[-2000:]}")
            time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
