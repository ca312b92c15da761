"""The figures of ``make bench`` as they stand in docs/performance.md, and the history of those of earlier runs."""

from __future__ import annotations

import platform
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.timing import Timing

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- made by `make bench` -->", "<!-- end -->"
HISTORY, END_OF_HISTORY = "<!-- one row a run of `make bench` -->", "<!-- end of history -->"
KEPT = 12
"""Rows of the history."""
TOLD = {1: "of_bare", 50: "of_bare", 500: "of_loads", 2_000: "of_loads", 10_000: "of_loads"}
"""What the history tells of the charts of each size."""


def build() -> str:
    """The Python that runs: figures of another build are no comparison."""
    options = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    names = {"--enable-optimizations": "profile-guided", "--with-lto": "link-time optimized"}
    made = [name for option, name in names.items() if option in options] or ["built without optimizations"]
    return f"{platform.python_implementation()} {platform.python_version()} ({platform.python_compiler()}; {', '.join(made)})"


def told(table: Sequence[Timing], rest: Any, clients: int) -> str:
    compared = any(timing.before for timing in table)
    head = ["request", "resources", "kB", "p50", "p99", *(["before", "of that"] if compared else [])]
    head += ["`orjson.loads`", "times", "bare Flask", "times", "aim"]
    p50, p99 = rest.crowd
    start_before = f", before {rest.start_before:.1f} s" if rest.start_before else ""
    return "\n".join(
        (
            f"{build()}, one worker; milliseconds of processor time per request.\n",
            f"| {' | '.join(head)} |",
            f"|---|{'--:|' * (len(head) - 2)}---|",
            *(_line(timing, compared) for timing in table),
            "",
            f"- {clients} clients at once, 500 resources: waiting p50 {p50:.0f} ms, p99 {p99:.0f} ms ({p99 / p50:.1f} times).",
            f"- Memory of the worker over {rest.requests:,} further requests: {rest.growth:+.1f} MB.",
            f"- Start to ready: {rest.start:.1f} s of processor time{start_before}.",
            f"- Fetch mode, a FHIR server that takes 60 ms a query: waiting p50 {rest.fetching:.0f} ms.",
            f"- Fetch mode, a FHIR server that hangs: an answer after {rest.hanging / 1e3:.2f} s (`CDS_FHIR_TIMEOUT` is 2 s).",
        )
    )


def _line(timing: Timing, compared: bool) -> str:
    case = timing.case
    cells = [case.name, f"{case.resources:,}" if case.resources else "", f"{len(case.content) // 1000:,}"]
    cells += [f"{timing.p50:.2f}", f"{timing.p99:.2f}"]
    cells += [f"{timing.before:.2f}", f"{timing.of_before:.2f}"] if compared else []
    cells += [f"{timing.loads:.2f}", f"{timing.of_loads:.2f}", f"{timing.bare:.2f}", f"{timing.of_bare:.2f}", _aim(timing)]
    return f"| {' | '.join(cells)} |"


def _aim(timing: Timing) -> str:
    case = timing.case
    wanted = ((case.of_loads, timing.of_loads, "loads"), (case.of_bare, timing.of_bare, "bare"))
    for aim, reached, what in (*wanted, (case.of_before, timing.of_before, "before")):
        if aim and reached:
            return f"{aim} of {what}: {'met' if reached <= aim else '**not met**'}"
    return ""


def row(table: Sequence[Timing], rest: Any, root: Path) -> str:
    """One line of the history: what was measured of the charts, as times of what nobody can go below."""
    git = ["git", "-C", str(root), "log", "-1", "--format=%cs %h"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    charts = {timing.case.resources: timing for timing in reversed(table) if timing.case.name == "patient-view"}
    times = [f"{getattr(charts[count], kind):.2f}" for count, kind in TOLD.items()]
    return f"| {' | '.join((commit, platform.python_version(), *times, f'{rest.start:.1f}'))} |"


def write(told: str, row: str) -> None:
    """Put the figures between the marks, and the row below the others; what people wrote around them stays."""
    text = _between(DOCUMENT.read_text(encoding="utf-8"), BEGIN, END, lambda _: told)
    DOCUMENT.write_text(_between(text, HISTORY, END_OF_HISTORY, lambda rows: _added(rows, row)), encoding="utf-8")


def _between(text: str, begin: str, end: str, make: Any) -> str:
    before, _, rest = text.partition(begin)
    inner, _, after = rest.partition(end)
    return f"{before}{begin}\n{make(inner.strip())}\n{end}{after}"


def _added(rows: str, row: str) -> str:
    head, rule, *old = rows.splitlines()
    return "\n".join((head, rule, *[*old, row][-KEPT:]))
