"""The running service under those who send slowly, wrongly, or much, and beside a FHIR server that hangs."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from cds_service.serving.load import BACKLOG, THREADS
from tests.attack.connections import HEAD, half_sent, sent
from tests.protocol.fhir_server import FhirServer
from tests.protocol.test_running import FIXTURE, Running, run

__all__ = ["run"]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One worker, which what a test sends must leave well."""
    started = Running(tmp_path_factory.mktemp("service"), WEB_CONCURRENCY="1")
    yield started
    started.stop()


def status(connection: socket.socket) -> int:
    return int(connection.recv(4096).split()[1])


def is_well(service: Running) -> bool:
    return all(requests.get(service.url + path, timeout=5).status_code == 200 for path in ("/healthz", "/readyz", "/metrics"))


def test_chunks_that_are_broken_are_the_clients_error_t8(alone: Running) -> None:
    for chunks in ("zz\r\nab\r\n", "5\r\nabXX", "5;\r\rx\r\n", "-1\r\n", "2\r\nabcd\r\n0\r\n\r\n"):
        with sent(alone.url, f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{chunks}") as connection:
            connection.shutdown(socket.SHUT_WR)
            assert status(connection) in (400, 408)
    assert is_well(alone)


def test_a_body_that_does_not_come_to_its_end_is_told_so(alone: Running) -> None:
    """As one does that takes too long: the worker's socket then gives up in its place."""
    with sent(alone.url, f"{HEAD}Content-Length: 1000\r\n\r\n{{") as connection:
        connection.shutdown(socket.SHUT_WR)
        assert status(connection) == 408


def test_half_sent_requests_do_not_keep_others_from_being_heard(alone: Running) -> None:
    with half_sent(alone.url, THREADS + BACKLOG + 40):
        assert is_well(alone)
        answer = alone.post(FIXTURE.request())
        assert answer.status_code in (200, 503)
        assert answer.status_code == 200 or answer.headers["Retry-After"]


def test_more_than_it_can_take_is_turned_away_with_a_time_to_come_again(
    run: Callable[..., Running], server: FhirServer
) -> None:
    server.otherwise = lambda handler: time.sleep(3)
    service = run(WEB_CONCURRENCY="1", CDS_FHIR_SERVERS=server.base, CDS_FHIR_TIMEOUT="2")
    body = json.dumps(FIXTURE.request(server.base) | {"prefetch": {}}).encode()
    ready = FIXTURE.request()
    with ThreadPoolExecutor(80) as pool:
        hanging = [pool.submit(service.post, body) for _ in range(80)]
        assert is_well(service)
        answers = [each.result() for each in hanging]
    assert {answer.status_code for answer in answers} <= {412, 503}
    assert all(answer.headers["Retry-After"] for answer in answers if answer.status_code == 503)
    asked = len(server.seen)
    assert service.post(body).status_code == 412, "the server is left alone: nothing is waited for"
    assert len(server.seen) <= asked + 25
    assert service.post(ready).status_code == 200
