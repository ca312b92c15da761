"""``make bench-population``: a population judged by every engine. Writes its table into docs/population.md, from what is kept
of each run as it ends: interrupted, the same command goes on with the others."""

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
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from bench.records import TODAY
from cds_service.population.made import make
from cds_service.population.run import NEEDS

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "population.md"
KEPT = ROOT / ".bench-population.jsonl"
CODE = ("cards", "cds_service", "fhir_fixtures")
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
    """What is kept of one run. ``code``: what ran, and on how many cores; ``why``: why it gave nothing."""

    code: str
    engine: str
    resources: int
    patients: int
    wall: float = 0
    judging: float = 0
    grouping: float = 0
    million: float = 1
    megabytes: int = 0
    load: float = 0
    made: str = ""
    why: str = ""

    @property
    def own(self) -> bool:
        """Whether its processor time is known: that of Spark's virtual machine is not ours to see."""
        return self.engine != "spark" and not self.why

    @property
    def speed(self) -> float:
        """Patients a second and core, where its processor time is known."""
        return self.patients / max(self.judging, 0.1)

    @property
    def told(self) -> str:
        """What was measured, for the terminal."""
        return self.why or f"{self.wall:.0f} s" + (f", {self.speed:.0f} patients a second and core" if self.own else "")

    def line(self) -> str:
        cells = (
            self.engine,
            f"{self.resources:,}",
            f"{self.patients:,}",
            *((f"{self.wall:.0f} s", f"{self.load:.1f}") if not self.why else (self.why, "")),
            f"{self.speed:.0f}" if self.own else "",
            f"{self.grouping / self.million:.1f} s" if self.own else "",
            f"{self.megabytes} MB" if self.own else "",
        )
        return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-population", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the patients, nothing written or kept")
    parser.add_argument("--fresh", action="store_true", help="what earlier runs of this code gave does not count")
    chosen = parser.parse_args()
    if chosen.fresh:
        KEPT.unlink(missing_ok=True)
    runs, plan = [] if chosen.quick else _kept(), _plan(50 if chosen.quick else 1)
    todo = [each for each in plan if each not in {run[:4] for run in runs if not run.why}]
    runs = [run for run in runs if run[:4] in plan and not run.why]
    try:
        with tempfile.TemporaryDirectory() as folder:
            for place, each in enumerate(todo, 1):
                print(f"{place} of {len(todo)}: {each[1]}, {each[3]:,} patients of {each[2]:,} resources", flush=True)
                runs.append(run := _run(each, Path(folder)))
                print(f"  {run.told}", flush=True)
                if not chosen.quick:
                    with KEPT.open("a", encoding="utf-8") as file:
                        file.write(f"{json.dumps(run)}\n")
    except KeyboardInterrupt:
        print("interrupted; what was measured is kept: the same command goes on")
    told = told_of(runs, len(plan))
    print(told)
    if runs and not chosen.quick:
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}\n{told}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


Planned = tuple[str, str, int, int]


def _plan(less: int) -> list[Planned]:
    """Code, engine, resources a patient, patients."""
    code = _code()
    return [
        (code, engine, resources, min(PATIENTS, TOTAL // resources) // less)
        for resources in SIZES
        for engine in (_engines() if resources == ALL else ("pool",))
    ]


def _kept() -> list[Run]:
    """Runs of earlier times, the last one of each kind."""
    try:
        lines = KEPT.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [*{tuple(told[:4]): Run(*told) for told in map(json.loads, lines)}.values()]


def _code() -> str:
    """What runs: runs of other code, Python or cores are not held against each other."""
    told = hashlib.sha256(f"{platform.python_version()} {_cores()}".encode())
    for path in sorted(path for name in CODE for path in (ROOT / name).rglob("*") if path.suffix in (".py", ".toml", ".yaml")):
        told.update(path.read_bytes())
    return told.hexdigest()[:16]


def _engines() -> list[str]:
    """Those that can run here."""
    found = [name for name, needs in NEEDS.items() if all(find_spec(module) for module in needs)]
    return [name for name in found if name != "spark" or shutil.which("java")]


def _run(planned: Planned, folder: Path) -> Run:
    code, engine, resources, patients = planned
    export, out = folder / f"export-{resources}", folder / "run"
    if not export.exists():
        for old in folder.iterdir():
            shutil.rmtree(old)
        make(export, patients, resources, 1, TODAY)
    command = [sys.executable, "-m", "cds_service", "population", str(export), "--out", str(out), "--engine", engine]
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603
        [*command, "--today", str(TODAY), "--processes", str(_cores())], check=False, stdout=subprocess.DEVNULL
    )
    wall = time.perf_counter() - began
    try:
        if done.returncode:
            return Run(code, engine, resources, patients, why=f"ended with {done.returncode}")
        made = hashlib.sha256()
        for name in TABLES:
            if (out / name).exists():
                made.update((out / name).read_bytes())
        summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    finally:
        shutil.rmtree(out, ignore_errors=True)
    used, peak = summary["run"]["cpu_seconds"], summary["run"]["peak_megabytes"]["largest_process"]
    million = sum(summary["resources"].values()) / 1e6
    load = os.getloadavg()[0]
    return Run(*planned, wall, used["judging"], used["grouping"], million, peak, load, made.hexdigest())


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def told_of(runs: list[Run], planned: int) -> str:
    runs = sorted(runs, key=lambda run: (run.resources, run.engine != "pool", run.engine))
    good = [run for run in runs if not run.why]
    lines = [
        f"Python {platform.python_version()}, {_cores()} processes. Seconds of a core are processor time, which other work on "
        "the machine lengthens: the load at the end of each run stands beside it, that of the run included.\n",
        "| engine | resources a patient | patients | wall | load | patients a second and core | grouping a million resources "
        "| largest process |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
        *(run.line() for run in runs),
        "",
    ]
    if len(good) < planned:
        lines.append(f"- **Not complete**: {len(good)} of {planned} runs.")
    alike = [run for run in good if run.resources == ALL]
    if len(alike) > 1:
        same = len({run.made for run in alike}) == 1
        told = "the same findings, worklist and FHIR, byte by byte" if same else "**DIFFERENT**"
        lines.append(f"- {', '.join(run.engine for run in alike)}: {told}.")
    if pool := next((run for run in alike if run.engine == "pool"), None):
        met = "met" if pool.speed >= AIM else "**not met**"
        lines.append(f"- Aim: {AIM} patients a second and core at {ALL} resources: {met} ({pool.speed:.0f}).")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
