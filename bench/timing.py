"""One kind of request, asked in turns: of the service, of the service before, of what nobody can go below."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from bench.servers import Server

WARM_UP = 10
NOW, BEFORE, BARE = "now", "before", "bare"


class Case(NamedTuple):
    """A request to ask ``times`` times. ``of_loads`` and ``of_bare``: how many times those it may take; ``of_before``: how much
    of what it took before."""

    name: str
    hook: str
    content: bytes
    resources: int
    times: int
    of_loads: float = 0
    of_bare: float = 0
    of_before: float = 0

    @property
    def path(self) -> str:
        return f"/cds-services/osteoporosis-{self.hook}"


class Timing(NamedTuple):
    """What a case took, in milliseconds of processor time: medians, and of the service the 99th centile. ``before``: 0 where
    nothing was compared."""

    case: Case
    p50: float
    p99: float
    loads: float
    bare: float
    before: float = 0

    @property
    def of_loads(self) -> float:
        return self.p50 / self.loads

    @property
    def of_bare(self) -> float:
        return self.p50 / self.bare

    @property
    def of_before(self) -> float:
        return self.p50 / self.before if self.before else 0


def timed(case: Case, servers: Mapping[str, Server]) -> Timing:
    """Ask all in turns, so that what slows down one slows down all."""
    paths = {name: "/" if name == BARE else case.path for name in servers}
    for name, server in servers.items():
        for _ in range(min(WARM_UP, case.times)):
            server.ask(paths[name], case.content)
    took: dict[str, list[float]] = {name: [] for name in servers}
    loads = []
    with _parser(case.content) as parse:
        for _ in range(case.times):
            for name, server in servers.items():
                took[name] += server.timed(paths[name], case.content, 1)[0]
            loads.append(parse())
    p50 = {name: statistics.median(some) for name, some in took.items()}
    p99 = statistics.quantiles(took[NOW], n=100, method="inclusive")[98]
    return Timing(case, p50[NOW], p99, statistics.median(loads), p50[BARE], p50.get(BEFORE, 0))


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
