"""``make bench-population``: a population judged by every engine. Writes its table into docs/population.md."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from bench.records import TODAY
from cds_service.population.made import make
from cds_service.population.run import NEEDS

DOCUMENT = Path(__file__).parents[1] / "docs" / "population.md"
BEGIN, END = "<!-- made by `make bench-population` -->", "<!-- end -->"
ALL = 100
"""Resources a patient with which all engines run."""
SIZES = (ALL, 50, 200, 1_000)
PATIENTS = 10_000
TOTAL = 1_000_000
"""Resources of one export, so that the largest charts come with fewer patients."""
AIM = 300
"""Patients a second and core at ``ALL`` resources."""
TABLES = ("findings.parquet", "findings.csv", "worklist.csv", "problems.csv", "fhir/Group.ndjson", "fhir/DetectedIssue.ndjson")


class Run(NamedTuple):
    engine: str
    resources: int
    summary: dict[str, Any]
    wall: float
    made: str

    @property
    def patients(self) -> int:
        return int(self.summary["patients"])

    def line(self) -> str:
        used, peak = self.summary["run"]["cpu_seconds"], self.summary["run"]["peak_megabytes"]
        million = sum(self.summary["resources"].values()) / 1e6
        own = self.engine != "spark"  # processor time of the virtual machine is not ours to see
        cells = (
            self.engine,
            f"{self.resources:,}",
            f"{self.patients:,}",
            f"{self.wall:.0f} s",
            f"{self.patients / used['judging']:.0f}" if own else "",
            f"{used['grouping'] / million:.1f} s" if own else "",
            f"{peak['largest_process']} MB" if own else "",
        )
        return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-population", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the patients, nothing written")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as folder:
        runs = [*_runs(Path(folder), 50 if quick else 1)]
    told = _told(runs)
    print(told)
    if not quick:
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}\n{told}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def _runs(folder: Path, less: int) -> Iterator[Run]:
    for resources in SIZES:
        export = folder / f"export-{resources}"
        make(export, min(PATIENTS, TOTAL // resources) // less, resources, 1, TODAY)
        for engine in _engines() if resources == ALL else ("pool",):
            yield _run(engine, resources, export, folder / "run")
        shutil.rmtree(export)


def _engines() -> list[str]:
    """Those that can run here."""
    found = [name for name, needs in NEEDS.items() if all(find_spec(module) for module in needs)]
    return [name for name in found if name != "spark" or shutil.which("java")]


def _run(engine: str, resources: int, export: Path, out: Path) -> Run:
    print(f"{engine}, {resources} resources a patient", flush=True)
    command = [sys.executable, "-m", "cds_service", "population", str(export), "--out", str(out), "--engine", engine]
    began = time.perf_counter()
    subprocess.run([*command, "--today", str(TODAY), "--processes", str(_cores())], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    wall = time.perf_counter() - began
    made = hashlib.sha256()
    for name in TABLES:
        if (out / name).exists():
            made.update((out / name).read_bytes())
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    shutil.rmtree(out)
    return Run(engine, resources, summary, wall, made.hexdigest())


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _told(runs: list[Run]) -> str:
    runs = sorted(runs, key=lambda run: run.resources)
    alike = {run.made for run in runs if run.resources == ALL}
    reached = next(run.patients / run.summary["run"]["cpu_seconds"]["judging"] for run in runs if run.resources == ALL)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    names = ", ".join(run.engine for run in runs if run.resources == ALL)
    met = "met" if reached >= AIM else "**not met**"
    same = "the same findings, worklist and FHIR, byte by byte" if len(alike) == 1 else "**DIFFERENT**"
    return "\n".join(
        (
            f"Python {platform.python_version()}, {_cores()} processes; load of the machine at the end {load}. Seconds of "
            "a core are processor time, which other work on the machine lengthens.\n",
            "| engine | resources a patient | patients | wall | patients a second and core | grouping a million resources "
            "| largest process |",
            "|---|--:|--:|--:|--:|--:|--:|",
            *(run.line() for run in runs),
            "",
            f"- {names}: {same}.",
            f"- Aim: {AIM} patients a second and core at {ALL} resources: {met} ({reached:.0f}).",
        )
    )


if __name__ == "__main__":
    main()
