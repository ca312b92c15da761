"""The service as it is run: two workers, one database."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
import requests

from cds_service.hooks.cards import spoken_for
from cds_service.store.tables import SHOWN
from tests.protocol.conftest import TODAY, Json, Service
from tests.protocol.fhir_server import bundle
from tests.store.test_store import count, eventually

ROOT = Path(__file__).parents[2]
VIEW = "/cds-services/osteoporosis-patient-view"


class Running:
    """A service of two workers, as a process of its own. Each request makes a connection, so that both get some."""

    def __init__(self, folder: Path, **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self._log = (folder / "log").open("w+b")
        kept = {key: value for key, value in os.environ.items() if not key.startswith("CDS_")}
        given = {"PORT": str(port), "WEB_CONCURRENCY": "2", "CDS_TODAY": TODAY, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cds_service", "serve"],
            cwd=folder,
            env=kept | given | environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    def listens(self) -> bool:
        try:
            return requests.get(f"{self.address}/healthz", timeout=1).ok
        except requests.RequestException:
            return False

    def get(self, path: str) -> requests.Response:
        return requests.get(self.address + path, timeout=10)

    def post(self, path: str, body: Json) -> requests.Response:
        return requests.post(self.address + path, json=body, timeout=10)

    def metric(self, line: str) -> float:
        """The value of a metric, by the beginning of its line."""
        return sum(float(each.rsplit(" ", 1)[1]) for each in self.get("/metrics").text.splitlines() if each.startswith(line))

    @property
    def workers(self) -> list[int]:
        return [each.pid for each in psutil.Process(self.process.pid).children()]

    def stop(self) -> str:
        """Ask it to end, as a supervisor does; its log."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self._log.seek(0)
        return self._log.read().decode()


@pytest.fixture
def request_of_untreated() -> Json:
    request = Service().request()
    request["prefetch"] |= {"administrations": bundle()}
    return request


@pytest.fixture
def running(url: str, tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path, CDS_DATABASE_URL=url, CDS_HASH_KEY="a key of the tests")
    assert eventually(running.listens, 60), running.stop()
    yield running
    if running.process.poll() is None:
        running.stop()


def test_two_workers_count_record_and_recall_as_one(running: Running, url: str, request_of_untreated: Json) -> None:
    assert running.get("/readyz").status_code == 200
    cards: list[Json] = []
    for _ in range(20):
        cards += running.post(VIEW, request_of_untreated).json()["cards"]
    assert running.post("/cds-services/made-up", {}).status_code == 404
    assert running.get("/made/up").status_code == 404
    assert running.metric('cds_requests_total{endpoint="hook",service="osteoporosis-patient-view",status="200"}') == 20
    assert running.metric("cds_request_seconds_count") == 20
    assert running.metric("cds_cards_shown_total") == sum(len(spoken_for(card)) for card in cards)
    assert "made" not in running.get("/metrics").text
    seen = cards[-1]
    now = datetime.now(UTC).isoformat()
    report = {"card": seen["uuid"], "outcome": "overridden", "outcomeTimestamp": now}
    report["overrideReason"] = {"reason": {"code": "patient-refuses"}, "userComment": "Frau Zhang will nicht"}
    assert running.post(f"{VIEW}/feedback", {"feedback": [report]}).status_code == 200
    assert running.metric('cds_feedback_total{outcome="overridden"}') == 1

    def known_to_all() -> bool:
        codes = [
            card["source"]["topic"]["code"]
            for _ in range(8)
            for card in running.post(VIEW, request_of_untreated).json()["cards"]
        ]
        return seen["source"]["topic"]["code"] not in codes

    assert eventually(known_to_all)
    shown = running.metric("cds_cards_shown_total")
    log = running.stop()
    assert count(url, SHOWN) == shown, "what was queued is written before the end"
    assert not any(word in log for word in ("Zhang", "will nicht", "Practitioner/7", seen["uuid"]))
    assert "Traceback" not in log


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_worker_that_is_killed_is_replaced_and_what_it_counted_stays(running: Running, request_of_untreated: Json) -> None:
    for _ in range(6):
        assert running.post(VIEW, request_of_untreated).ok
    killed = running.workers[0]
    os.kill(killed, signal.SIGKILL)
    assert eventually(lambda: len(running.workers) == 2 and killed not in running.workers)
    assert running.post(VIEW, request_of_untreated).ok
    assert running.metric("cds_requests_total") == 7


def test_it_starts_without_its_database_and_finds_it_later(tmp_path: Path, request_of_untreated: Json) -> None:
    file = tmp_path / "cds.db"
    file.mkdir()  # a folder is no database
    running = Running(tmp_path, CDS_DATABASE_URL=f"sqlite:///{file}")
    try:
        assert eventually(running.listens, 60), running.stop()
        assert running.get("/readyz").status_code == 503
        cards = running.post(VIEW, request_of_untreated).json()["cards"]
        item = {"card": str(uuid4()), "outcome": "overridden", "outcomeTimestamp": "2026-06-15T08:00:00Z"}
        assert running.post(f"{VIEW}/feedback", {"feedback": [item]}).status_code == 503
        file.rmdir()
        assert running.get("/readyz").status_code == 200
        assert running.post(f"{VIEW}/feedback", {"feedback": [item]}).status_code == 200
        assert eventually(lambda: count(f"sqlite:///{file}", SHOWN) == sum(len(spoken_for(card)) for card in cards))
    finally:
        running.process.poll() is None and running.stop()
