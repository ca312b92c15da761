"""The rules of ``deploy/nginx`` in a real nginx, before a service that writes down what reaches it."""

from __future__ import annotations

import http.server
import os
import shutil
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from cds_service.config import Settings
from cds_service.hooks.auth import PROXY_ID
from tests.cluster.client import self_made
from tests.cluster.processes import Nginx, free_port

PROGRAM = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed")

INSIDE = (
    "/metrics", "/metrics/", "/metrics?x=1", "/metrics;x", "//metrics", "///metrics", "/./metrics", "/x/../metrics",
    "/%6detrics", "/m%65trics", "/%6D%65%74%72%69%63%73", "/%2fmetrics", "/%2Fmetrics/", "/x/%2e%2e/metrics", "/x/..%2fmetrics",
    "/metrics%20", "/metrics%2f", "/metrics%3bx", "/metrics.", "/cds-services/../metrics", "/cds-services/%2E%2E/%6detrics",
)  # fmt: skip
"""Ways to write the path that is for inside alone."""
OUTSIDE = (
    "/cds-services", "/cds-services/osteoporosis-patient-view", "/cds-services/x/feedback", "/healthz", "/readyz",
    "/openapi.json", "/knowledge/cards/denosumab-sequence?lang=zh", "/governance", "/worklist", "/review", "/",
    "/static/site.css",
)  # fmt: skip
"""What the service answers or refuses itself: pages without a token are off in production, or ask for one."""


class Seen(NamedTuple):
    path: str
    size: int
    ids: list[str]


class Upstream(http.server.ThreadingHTTPServer):
    """In the place of the service: answers 200 to everything."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Recorder)
        self.seen: list[Seen] = []


class _Recorder(http.server.BaseHTTPRequestHandler):
    server: Upstream
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(Seen(self.path, len(body), self.headers.get_all(PROXY_ID) or []))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815  names of the library

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Proxied(NamedTuple):
    upstream: Upstream
    port: int
    certificate: str

    def status(self, path: str, body: bytes = b"", **headers: str) -> int:
        """The status of a request whose path is sent as it stands."""
        lines = {"Host": "localhost", "Connection": "close", "Content-Length": str(len(body))} | headers
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        trusted = ssl.create_default_context(cafile=self.certificate)
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        with trusted.wrap_socket(plain, server_hostname="localhost") as connection:
            connection.sendall(f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\n{head}\r\n".encode())
            with suppress(OSError):  # it may be refused before all of it was sent
                connection.sendall(body)
            return int(connection.recv(1024).split()[1])


@pytest.fixture(scope="module")
def proxied() -> Iterator[Proxied]:
    with tempfile.TemporaryDirectory() as folder, Upstream() as upstream:
        Path(folder).chmod(0o711)  # nginx runs as somebody else
        serving = threading.Thread(target=upstream.serve_forever)
        serving.start()
        port = free_port()
        nginx = Nginx(Path(folder), str(PROGRAM), self_made("localhost"), port, [f"127.0.0.1:{upstream.server_port}"])
        try:
            nginx.start()
            yield Proxied(upstream, port, nginx.certificate)
        finally:
            nginx.stop()
            upstream.shutdown()
            serving.join()


@pytest.fixture
def proxy(proxied: Proxied) -> Proxied:
    proxied.upstream.seen.clear()
    return proxied


@pytest.mark.parametrize("path", INSIDE)
def test_metrics_stay_inside_however_the_path_is_written(path: str, proxy: Proxied) -> None:
    assert proxy.status(path) in (400, 404)
    assert proxy.upstream.seen == []


@pytest.mark.parametrize("path", OUTSIDE)
def test_all_else_reaches_the_service_as_it_was_sent(path: str, proxy: Proxied) -> None:
    assert proxy.status(path) == 200
    assert [seen.path for seen in proxy.upstream.seen] == [path]


def test_what_is_too_large_for_the_service_reaches_it_so_that_it_can_say_so(proxy: Proxied) -> None:
    size = Settings().max_body + 1
    assert proxy.status("/cds-services/osteoporosis-patient-view", b" " * size) == 200
    assert [seen.size for seen in proxy.upstream.seen] == [size]


def test_what_is_larger_than_the_proxy_takes_does_not(proxy: Proxied) -> None:
    assert proxy.status("/cds-services/osteoporosis-patient-view", b" " * (32 * 1024**2 + 1)) == 413
    assert proxy.upstream.seen == []


def test_a_chunk_of_no_size_does_not_pass(proxy: Proxied) -> None:
    headers = {"Transfer-Encoding": "chunked", "Content-Length": "5"}
    assert proxy.status("/cds-services/osteoporosis-patient-view", b"zz\r\n\r\n", **headers) == 400
    assert proxy.upstream.seen == []


def test_the_id_of_a_call_is_the_proxys_own_whatever_a_client_sends(proxy: Proxied) -> None:
    for _ in range(2):
        assert proxy.status("/cds-services", **{PROXY_ID: "forged"}) == 200
    ids = [seen.ids for seen in proxy.upstream.seen]
    assert all(len(each) == 1 for each in ids)
    assert len({each[0] for each in ids} - {"forged"}) == 2
