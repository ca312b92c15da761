"""Connections that are opened and not served: half of a request, and then silence."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from tests.protocol.test_running import VIEW

HEAD = f"POST {VIEW} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HALVES = ("", "POST /cds", HEAD, f"{HEAD}Content-Length: 1000\r\n\r\n{{", "GET /healthz HTTP/1.1\r\n")


@contextmanager
def sent(url: str, content: str) -> Iterator[socket.socket]:
    """A connection on which this was sent, and nothing more."""
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=30) as connection:
        connection.sendall(content.encode())
        yield connection


@contextmanager
def half_sent(url: str, number: int) -> Iterator[None]:
    """So many halves of requests."""
    with ExitStack() as stack:
        for each in range(number):
            stack.enter_context(sent(url, HALVES[each % len(HALVES)]))
        yield
