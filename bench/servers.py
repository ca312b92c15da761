"""A gunicorn with one worker on a free port, and what its worker spent: processor time and memory, from /proc."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 120
"""Seconds that a server may take to start."""

SETTLE = 0.003
"""Seconds after an answer until the threads of the worker are asleep and their counters stand still."""


class Server:
    """One running server: ``ask`` it, read what that took."""

    def __init__(self, master: int, port: int) -> None:
        self._port = port
        self._master = master
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def worker(self) -> int:
        return int(Path(f"/proc/{self._master}/task/{self._master}/children").read_text().split()[0])

    def ask(self, path: str, body: bytes) -> bytes:
        try:
            answer = self._ask(path, body)
        except (OSError, http.client.HTTPException):  # it was let go of, meanwhile others were asked
            self._connection.close()
            answer = self._ask(path, body)
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return content

    def _ask(self, path: str, body: bytes) -> http.client.HTTPResponse:
        self._connection.request("POST", path, body, {"Content-Type": "application/json"})
        return self._connection.getresponse()

    def spent(self) -> int:
        """Nanoseconds that the worker's threads have been running, user and system together."""
        tasks = Path(f"/proc/{self.worker}/task").iterdir()
        return sum(int(task.joinpath("schedstat").read_text().split()[0]) for task in tasks)

    def started(self) -> float:
        """Seconds of processor time of all processes of the service since it was called."""
        return (_ticks(self._master) + _ticks(self.worker)) / os.sysconf("SC_CLK_TCK")

    def resident(self) -> int:
        """Bytes of memory that the worker holds."""
        return int(Path(f"/proc/{self.worker}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def timed(self, path: str, body: bytes, times: int) -> tuple[list[float], list[float]]:
        """Milliseconds of processor time and of waiting, request by request."""
        worker, waits = [], []
        for _ in range(times):
            before, began = self.spent(), time.perf_counter()
            self.ask(path, body)
            waits.append((time.perf_counter() - began) * 1e3)
            time.sleep(SETTLE)
            worker.append((self.spent() - before) / 1e6)
        return worker, waits

    def again(self) -> Server:
        """Another connection to the same server."""
        return Server(self._master, self._port)


def _ticks(process: int) -> int:
    """User and system time of a process, and of what it waited for."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, told[11:15]))


@contextmanager
def running(*command: str, tree: Path | None = None, **environment: str) -> Iterator[tuple[Server, float]]:
    """The server that a command (of Python) starts on $PORT, and the seconds until it answered. ``tree``: the checkout whose
    code runs, where that is another one than this."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    loopback = {"HOST": "127.0.0.1", "PORT": str(port), "GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{port}"}
    told = os.environ | loopback | {"WEB_CONCURRENCY": "1"} | environment
    if tree:
        told["PYTHONPATH"] = str(tree)
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, *command], env=told, cwd=tree, stdout=subprocess.DEVNULL)  # noqa: S603
    try:
        _wait(port, process)
        yield Server(process.pid, port), time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.02)
        finally:
            connection.close()
    raise RuntimeError("the server did not start")
