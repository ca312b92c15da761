"""A small FHIR server on a free loopback port that notes what it is asked and answers as it is told, well or badly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

Resource = dict[str, Any]
Answer = Callable[[BaseHTTPRequestHandler], None]


class FhirServer(ThreadingHTTPServer):
    """``answers``: beginning of the path below the base -> what to do. ``seen``: the requests, as (path, headers)."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, Answer] = {}
        self.otherwise: Answer = resource({"resourceType": "Bundle", "type": "searchset"})
        self.seen: list[tuple[str, dict[str, str]]] = []

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/fhir"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.seen]

    @staticmethod
    def query(handler: BaseHTTPRequestHandler) -> str:
        """What is asked, relative to the base."""
        return unquote(handler.path).removeprefix("/fhir/")

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: FhirServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        path = self.server.query(self)
        self.server.seen.append((path, dict(self.headers)))
        # the longest beginning wins, so that a page of a query can be answered differently
        for beginning in sorted(self.server.answers, key=len, reverse=True):
            if path.startswith(beginning):
                return self.server.answers[beginning](self)
        return self.server.otherwise(self)

    def log_message(self, *args: object) -> None:
        """Silent."""


def send(handler: BaseHTTPRequestHandler, status: int, content: bytes, **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Type": "application/fhir+json", "Content-Length": str(len(content)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(content)


def resource(body: Resource, status: int = 200) -> Answer:
    return lambda handler: send(handler, status, json.dumps(body).encode())


def bundle(*resources: Resource, following: str | None = None) -> Resource:
    body: Resource = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": each} for each in resources]}
    return body | ({"link": [{"relation": "next", "url": following}]} if following else {})


def raw(content: bytes, status: int = 200, **headers: str) -> Answer:
    return lambda handler: send(handler, status, content, **headers)


def redirect(place: str) -> Answer:
    return lambda handler: send(handler, 302, b"", Location=place)


def slowly(body: Resource, seconds: float) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        send(handler, 200, json.dumps(body).encode())

    return answer


def dripping(seconds: float, *, headers: bool = False, status: str = "200 OK", more: str = "") -> Answer:
    """A byte now and then, in the head or in the body: every read succeeds in time, the whole never ends. ``more``: a
    header."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        started = time.monotonic()
        head = f"HTTP/1.1 {status}\r\n" + (f"{more}\r\n" if more else "")
        handler.wfile.write(head.encode() + (b"" if headers else b"Content-Length: 100000\r\n\r\n"))
        while time.monotonic() - started < seconds:
            handler.wfile.write(b"X" if headers else b" ")
            handler.wfile.flush()
            time.sleep(0.05)

    return answer


@contextmanager
def running() -> Iterator[FhirServer]:
    server = FhirServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
