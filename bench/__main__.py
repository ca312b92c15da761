"""``make bench``: what one request costs the server, next to what nobody can go below. Writes docs/performance.md."""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench import servers
from bench.records import TODAY, body, fetching
from bench.servers import Server

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- made by `make bench` -->", "<!-- end -->"
CASES = (
    ("patient-view", 1, False, 200),
    ("patient-view", 50, False, 200),
    ("patient-view", 500, False, 150),
    ("patient-view", 500, True, 100),
    ("patient-view", 2_000, False, 60),
    ("patient-view", 10_000, False, 20),
    ("order-sign", 50, False, 200),
)
AIMS = {500: 2.5, 2_000: 1.0, 10_000: 0.6}
WARM_UP = 10
CLIENTS = 4


class Timing(NamedTuple):
    """One line of the table, in milliseconds."""

    hook: str
    resources: int
    only_read: bool
    kilobytes: int
    p50: float
    p99: float
    loads: float
    bare: float

    @property
    def ratio(self) -> float:
        return self.p50 / self.loads

    def line(self) -> str:
        aim = AIMS.get(self.resources, 0) if not self.only_read else 0
        name = f"{self.hook}, every Observation read" if self.only_read else self.hook
        numbers = (self.p50, self.p99, self.loads, self.bare, self.ratio)
        wanted = f"{aim}" if aim else "2 ms in all" if self.resources <= 50 else ""
        cells = (name, f"{self.resources:,}", f"{self.kilobytes:,}", *(f"{number:.2f}" for number in numbers), wanted)
        return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the requests, nothing written")
    quick = parser.parse_args().quick
    service = ("-m", "cds_service", "serve")
    bare = ("-m", "gunicorn", "--worker-class", "gthread", "--threads", "8", "--keep-alive", "60", "bench.bare:app")
    with (
        tempfile.TemporaryDirectory() as store,
        servers.running(*service, CDS_TODAY=str(TODAY), CDS_DATABASE_URL=f"sqlite:///{store}/cds.db") as (served, started),
        servers.running(*bare) as (floor, _),
    ):
        table = [_timing(served, floor, *case[:3], max(case[3] // (5 if quick else 1), 10)) for case in CASES]
        crowd = _crowd(served, body("patient-view", 500), 20 if quick else 100)
        grown = _growth(served, body("patient-view", 50), 200 if quick else 10_000)
    told = _told(table, crowd, started, grown, _fetched(0.06, 10 if quick else 50), _fetched(5, 2))
    print(told)
    if not quick:
        _write(told)


def _timing(served: Server, floor: Server, hook: str, count: int, only_read: bool, times: int) -> Timing:
    content, path = body(hook, count, only_read=only_read), f"/cds-services/osteoporosis-{hook}"
    for _ in range(WARM_UP):
        served.ask(path, content)
        floor.ask("/", content)
    took, bare, loads = [], [], []
    with _parser(content) as parse:
        for _ in range(times):  # in turns: what slows down one slows down all
            took += served.timed(path, content, 1)[0]
            bare += floor.timed("/", content, 1)[0]
            loads.append(parse())
    centiles = statistics.quantiles(took, n=100, method="inclusive")
    return Timing(
        hook,
        count,
        only_read,
        len(content) // 1000,
        centiles[49],
        centiles[98],
        statistics.median(loads),
        statistics.median(bare),
    )


@contextmanager
def _parser(content: bytes) -> Iterator[Callable[[], float]]:
    """What parses the body once, in a fresh process, and tells the milliseconds."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        command = [sys.executable, "-m", "bench.floor", file.name]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
            asked, told = process.stdin, process.stdout
            assert asked  # noqa: S101
            assert told  # noqa: S101

            def parse() -> float:
                print(file=asked, flush=True)
                return float(told.readline())

            yield parse
            asked.close()


def _fetched(delay: float, times: int) -> list[float]:
    """How long an answer takes in milliseconds, in order, where a FHIR server takes ``delay`` seconds for each query."""
    slow = ("-m", "gunicorn", "--worker-class", "gthread", "--threads", "64", "bench.slow_fhir:app")
    with (
        tempfile.TemporaryDirectory() as store,
        servers.running(*slow, BENCH_DELAY=str(delay)) as (fhir, _),
        servers.running(
            "-m",
            "cds_service",
            "serve",
            CDS_TODAY=str(TODAY),
            CDS_DATABASE_URL=f"sqlite:///{store}/cds.db",
            CDS_FHIR_SERVERS=f"{fhir.address}/fhir",
        ) as (served, _),
    ):
        _, waits = served.timed("/cds-services/osteoporosis-patient-view", fetching(f"{fhir.address}/fhir"), times)
    return sorted(waits)


def _crowd(served: Server, content: bytes, times: int) -> tuple[float, float]:
    """p50 and p99 of the waiting, in milliseconds, with several clients at once."""
    path = "/cds-services/osteoporosis-patient-view"
    with ThreadPoolExecutor(CLIENTS) as clients:
        waits = [
            wait
            for some in clients.map(lambda _: served.again().timed(path, content, times)[1], range(CLIENTS))
            for wait in some
        ]
    centiles = statistics.quantiles(waits, n=100, method="inclusive")
    return centiles[49], centiles[98]


def _growth(served: Server, content: bytes, times: int) -> tuple[int, float]:
    """How many requests, and by how many MB the worker's memory grew over them."""
    before = served.resident()
    for _ in range(times):
        served.ask("/cds-services/osteoporosis-patient-view", content)
    return times, (served.resident() - before) / 1e6


def _told(
    table: list[Timing],
    crowd: tuple[float, float],
    started: float,
    grown: tuple[int, float],
    fetched: list[float],
    hanging: list[float],
) -> str:
    head = "| request | resources | kB | p50 | p99 | `orjson.loads` | bare Flask | p50 / loads | aim |"
    rule = "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    p50, p99 = crowd
    return "\n".join(
        (
            f"Python {platform.python_version()}, one worker; milliseconds of processor time per request.\n",
            head,
            rule,
            *(timing.line() for timing in table),
            "",
            f"- {CLIENTS} clients at once, 500 resources: waiting p50 {p50:.0f} ms, p99 {p99:.0f} ms ({p99 / p50:.1f} times).",
            f"- Memory of the worker over {grown[0]:,} further requests: {grown[1]:+.1f} MB.",
            f"- Start to ready: {started:.1f} s.",
            f"- Fetch mode, a FHIR server that takes 60 ms a query: waiting p50 {statistics.median(fetched):.0f} ms.",
            f"- Fetch mode, a FHIR server that hangs: an answer after {hanging[-1] / 1e3:.2f} s (`CDS_FHIR_TIMEOUT` is 2 s).",
        )
    )


def _write(told: str) -> None:
    """Put the figures between the marks; what people wrote around them stays."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{told}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
