"""``make attack``: send the abuses to a running service, bounded, and write what they cost into docs/performance.md.

Processor time is that of the worker (user and system, of all its threads), beside that of a bare request. Ends with 1 where one
of the promises is broken.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import requests

from tests.attack.bodies import abuses, view
from tests.attack.connections import half_sent
from tests.attack.largest import Peak, grown, largest, limit
from tests.protocol.test_running import Running

KB = 20
MOST_TIMES = 20
"""A request of 20 kB may cost so many times a bare one."""
BESIDE = 4
HEALTH = 1.0
"""Seconds within which /healthz answers, throughout."""
PAGE = Path(__file__).parents[2] / "docs/performance.md"
BEGIN, END = "<!-- made by `make attack` -->", "<!-- end of attack -->"


class Cost(NamedTuple):
    name: str
    times: float
    ms: float
    kb: float
    status: int


class Health:
    """Asks /healthz all the time, and remembers the longest wait."""

    def __init__(self, url: str) -> None:
        self.worst = 0.0
        self._over = threading.Event()
        self._url = url
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            began = time.monotonic()
            try:
                ok = requests.get(f"{self._url}/healthz", timeout=10).status_code == 200
            except requests.RequestException:
                ok = False
            self.worst = max(self.worst, time.monotonic() - began if ok else 10.0)

    @contextmanager
    def watched(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()


def spent(pid: int) -> float:
    """Milliseconds that the threads of a process have been running."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int(task.joinpath("schedstat").read_text().split()[0]) for task in tasks) / 1e6


def asked(service: Running, body: Any) -> tuple[float, int]:
    """Milliseconds of processor time of one request, and the status of its answer."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    hook = "patient-view" if isinstance(body, bytes) else body["hook"]
    worker = service.workers[0]
    before = spent(worker)
    status = service.post(content, f"/cds-services/osteoporosis-{hook}").status_code
    time.sleep(0.003)  # until the counters stand still
    return spent(worker) - before, status


def costs(service: Running) -> list[Cost]:
    """Each abuse, the cheaper of two tries, with texts that were not read before; beside each a few bare requests, so that
    what slows down one slows down both."""
    for _ in range(30):
        asked(service, view())
    found: dict[str, Cost] = {}
    for salt in ("a", "b"):
        for name, body in abuses(KB * 1000, f"{salt} ").items():
            bare = min(asked(service, view())[0] for _ in range(BESIDE))
            ms, status = asked(service, body)
            size = len(json.dumps(body, ensure_ascii=False).encode()) / 1000
            cost = Cost(name, ms / bare / max(size / KB, 1), ms, size, status)
            found[name] = min(cost, found.get(name, cost), key=lambda each: each.times)
    return sorted(found.values(), key=lambda each: -each.times)


def table(rows: list[Cost], health: float, peaks: list[Peak]) -> str:
    lines = [
        f"{len(rows)} abuses of {KB} kB against one worker; processor time beside that of a bare request. The dearest:",
        "",
        "| abuse | ms per kB | times a bare request | status |",
        "|---|--:|--:|--:|",
        *(f"| {row.name} | {row.ms / row.kb:.2f} | {row.times:.1f} | {row.status} |" for row in rows[:12]),
        "",
        f"Longest wait for `/healthz` meanwhile, and with 100 half-sent requests: {health * 1000:.0f} ms.",
        "",
        "| largest body, of | MB | status | answer after, s | worker grows by, MB | per MB of body | container with two, MB |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {p.name} | {p.size:.1f} | {p.status} | {p.seconds:.1f} | {p.most - p.rest:.0f} | {(p.most - p.rest) / p.size:.0f} "
        f"| {p.container:.0f} |"
        for p in peaks
    ]
    return "\n".join([*lines, "", f"A container may take {limit()} MB."])


def _write(made: str) -> None:
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}", "utf-8")


def main() -> None:
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        service = Running(Path(folder), WEB_CONCURRENCY="1", CDS_TODAY="2026-06-15")
        stack.callback(service.stop)
        health = Health(service.url)
        with health.watched():
            rows = costs(service)
            with half_sent(service.url, 100):
                time.sleep(3)
        peaks = [grown(Path(folder) / name, name, body) for name, body in largest().items()]
        wrong += [f"{row.name}: {row.times:.1f} times a bare request" for row in rows if row.times > MOST_TIMES]
        wrong += [f"{row.name}: status {row.status}" for row in rows if row.status >= 500]
        wrong += [f"/healthz waited {health.worst:.1f} s"] * (health.worst > HEALTH)
        wrong += [f"{peak.name}: {peak.container:.0f} MB" for peak in peaks if peak.container > limit()]
        wrong += [f"largest body of {peak.name}: status {peak.status}" for peak in peaks if peak.status >= 500]
    _write(table(rows, health.worst, peaks))
    print("\n".join(wrong) or "all promises are kept")
    sys.exit(bool(wrong))


main()
