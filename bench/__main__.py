"""``make bench``: what one request costs the server, next to what nobody can go below. Writes docs/performance.md.

``--before DIR``: a checkout of an earlier commit, which is asked in turns with this one.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench import page, servers
from bench.cases import cases
from bench.records import TODAY, body, fetching
from bench.servers import Server
from bench.timing import BARE, BEFORE, NOW, Timing, timed

CLIENTS = 4
STARTS = 5
ROOT = Path(__file__).parents[1]


class Rest(NamedTuple):
    """What is not told request by request: seconds, milliseconds, megabytes. ``start_before``: 0 where nothing was compared."""

    start: float
    start_before: float
    crowd: tuple[float, float]
    requests: int
    growth: float
    fetching: float
    hanging: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a fifth of the requests, nothing written")
    parser.add_argument("--before", metavar="DIR", type=Path, help="a checkout of what to compare with, asked in turns")
    given = parser.parse_args()
    before = given.before.resolve() if given.before else None
    with _service(ROOT) as now, _bare() as bare:
        if before:
            with _service(before) as then:
                table = _asked({BEFORE: then, NOW: now, BARE: bare}, given.quick)
        else:
            table = _asked({NOW: now, BARE: bare}, given.quick)
        crowd = _crowd(now, body("patient-view", 500), 20 if given.quick else 100)
        requests = 200 if given.quick else 10_000
        growth = _growth(now, body("patient-view", 50), requests)
    starts = _starts(before, 1 if given.quick else STARTS)
    rest = Rest(*starts, crowd, requests, growth, _fetched(0.06, 10 if given.quick else 50), _fetched(5, 2))
    told = page.told(table, rest, CLIENTS)
    print(told)
    if not given.quick:
        page.write(told, page.row(table, rest, ROOT))


@contextmanager
def _service(tree: Path) -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as store:
        settings = {"CDS_TODAY": str(TODAY), "CDS_DATABASE_URL": f"sqlite:///{store}/cds.db"}
        with servers.running("-m", "cds_service", "serve", tree=tree, **settings) as (served, _):
            yield served


@contextmanager
def _bare() -> Iterator[Server]:
    threads = ("--worker-class", "gthread", "--threads", "8", "--keep-alive", "60")
    with servers.running("-m", "gunicorn", *threads, "bench.bare:app", tree=ROOT) as (bare, _):
        yield bare


def _asked(all_of_them: dict[str, Server], quick: bool) -> list[Timing]:
    return [timed(case, all_of_them) for case in cases(5 if quick else 1)]


def _starts(before: Path | None, times: int) -> tuple[float, float]:
    """Seconds of processor time until the service is ready, now and before: the medians of some starts in turns."""
    took: dict[Path, list[float]] = {tree: [] for tree in (ROOT, before) if tree}
    for _ in range(times):
        for tree, some in took.items():
            with _service(tree) as served:
                some.append(served.started())
    return statistics.median(took[ROOT]), statistics.median(took[before]) if before else 0


def _fetched(delay: float, times: int) -> float:
    """How many milliseconds an answer takes where a FHIR server takes ``delay`` seconds for each query."""
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
    return statistics.median_high(waits)


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


def _growth(served: Server, content: bytes, times: int) -> float:
    """By how many MB the worker's memory grew over so many requests."""
    before = served.resident()
    for _ in range(times):
        served.ask("/cds-services/osteoporosis-patient-view", content)
    return (served.resident() - before) / 1e6


if __name__ == "__main__":
    main()
