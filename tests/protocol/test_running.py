"""The service as it is run: several processes, that are told to stop, are killed, are hammered."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

import fhir_fixtures
from tests.protocol.fhir_server import FhirServer, bundle, send, slowly
from tests.protocol.tokens import PUBLIC, TokenMaker

ROOT = Path(__file__).parents[2]
ROUNDS = int(os.environ.get("HAMMER", "12"))
"""Requests of each of the 16 threads; ``make hammer`` asks for 200."""
VIEW = "/cds-services/osteoporosis-patient-view"
FIXTURE = fhir_fixtures.load("denosumab-missed")
HAMMERED = ("denosumab-missed", "complex-glucocorticoid", "hip-fracture", "vitamin-d-14", "broken-record", "healthy")


class Running:
    """The service in processes of its own, on a free port."""

    def __init__(self, folder: Path, **variables: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        told = {"PORT": str(port), "WEB_CONCURRENCY": "2", "CDS_DATABASE_URL": f"sqlite:///{folder}/store.db"}
        told |= {"CDS_TODAY": FIXTURE.as_of.isoformat()} | variables
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CDS_")}
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cds_service", "serve"], cwd=ROOT, env=kept | told, stdout=subprocess.DEVNULL
        )
        for _ in range(900):  # on a busy machine
            try:
                requests.get(f"{self.url}/healthz", timeout=5)
                return
            except requests.ConnectionError:
                assert self.process.poll() is None, "it did not start"
                time.sleep(0.1)
        raise AssertionError("it does not answer")

    @property
    def workers(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def post(self, body: Any, path: str = VIEW, **headers: str) -> requests.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return requests.post(self.url + path, data=content, headers={"Content-Type": "application/json"} | headers, timeout=30)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(20)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One as it is without settings, for the tests that need no other: a start takes seconds."""
    started = Running(tmp_path_factory.mktemp("service"))
    yield started
    started.stop()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(**variables: str) -> Running:
        started.append(Running(tmp_path, **variables))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def shown(answer: requests.Response) -> Any:
    """What an answer says, without what is new in each one."""
    if answer.status_code != 200:
        return answer.status_code
    return [(card["source"]["topic"]["code"], card["indicator"], card["detail"]) for card in answer.json()["cards"]]


def test_a_request_in_flight_is_finished_when_it_is_told_to_stop(run: Callable[..., Running], server: FhirServer) -> None:
    server.otherwise = slowly(bundle(), 1.0)
    server.answers["Patient/"] = slowly(FIXTURE.resources[0], 1.0)
    service = run(CDS_FHIR_SERVERS=server.base, CDS_FHIR_TIMEOUT="4")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(service.post, FIXTURE.request(server.base))
        while not server.seen:
            time.sleep(0.01)
        service.process.send_signal(signal.SIGTERM)
        assert answer.result().status_code == 200
    assert service.process.wait(20) == 0


def test_when_a_worker_is_killed_the_rest_goes_on(service: Running) -> None:
    killed = service.workers[0]
    os.kill(killed, signal.SIGKILL)
    time.sleep(0.2)
    answers = [service.post(FIXTURE.request()) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {200}
    for _ in range(100):
        if len(service.workers) == 2 and killed not in service.workers:
            return
        time.sleep(0.1)
    raise AssertionError("the killed worker was not replaced")


def test_hammered_with_good_and_broken_requests_it_answers_the_same_each_time(service: Running) -> None:
    good = [fhir_fixtures.load(name).request() for name in HAMMERED]
    broken: list[Any] = [b"", b"[" * 100_000, b"\xff", {}, good[0] | {"context": {}}, good[0] | {"prefetch": {}}]
    asked = [body for pair in zip(good, broken, strict=False) for body in pair]
    expected = [shown(service.post(body)) for body in asked]

    def hammer(thread: int) -> Counter[str]:
        told: Counter[str] = Counter()
        for number in range(ROUNDS):
            place = (thread + number) % len(asked)
            answer = service.post(asked[place])
            told["failed" if answer.status_code >= 500 else "same" if shown(answer) == expected[place] else "other"] += 1
        return told

    with ThreadPoolExecutor(16) as pool:
        total = sum(pool.map(hammer, range(16)), Counter[str]())
    assert total == {"same": 16 * ROUNDS}


def test_all_workers_know_of_a_used_token_and_of_a_fetch_of_keys_j5_j9(
    run: Callable[..., Running], server: FhirServer, tmp_path: Path
) -> None:
    maker = TokenMaker(tmp_path / "client")
    server.otherwise = lambda handler: send(handler, 200, json.dumps(maker.jwks).encode())
    maker.clients.write_text(f'[[client]]\niss = "{maker.iss}"\njwks_url = "{server.base}/jwks"\n')
    service = run(
        CDS_PROFILE="production",
        CDS_CLIENTS=str(maker.clients),
        CDS_HASH_KEY="a key for the tests of this profile",
        CDS_PUBLIC_URL=PUBLIC,
    )

    def call(**claims: Any) -> int:
        return requests.get(
            f"{service.url}/cds-services", headers={"Authorization": maker.header(**claims)}, timeout=30
        ).status_code

    assert [call() for _ in range(12)] == [200] * 12
    assert [call(jti="once") for _ in range(8)].count(200) == 1
    assert {call(head={"kid": "unknown"}) for _ in range(12)} == {401}
    assert len(server.seen) == 2
