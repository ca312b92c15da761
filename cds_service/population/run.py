"""A run from its source to its tables. Interrupted anywhere, it goes on where it stopped."""

from __future__ import annotations

import resource
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from datetime import date
from functools import partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cds_service.config import ConfigError, Settings
from cds_service.figures.care import READ_BESIDES
from cds_service.pipeline import Evaluator
from cds_service.population import answered, bulk, medications, source, tables
from cds_service.population.answered import Whose
from cds_service.population.bulk import Server
from cds_service.population.job import Job, prepared, strange
from cds_service.population.judge import Rules
from cds_service.population.pool import Advance, Engine, batches_of
from cds_service.population.private import Occupied, kept_private
from cds_service.population.source import Ledger

NEEDS = {"pool": (), "duckdb": ("duckdb", "pyarrow"), "spark": ("pyspark", "pyarrow", "pandas")}
"""Engines, and what each needs beside this package."""


def _silent(what: str, number: int, total: int | None = None) -> None:
    """Nobody watches."""


class Options(Struct, frozen=True):
    """``complete``: types of which there is no file do not exist (else they are unknown); ``whole``: of those that the cards
    read a server has given all. ``fresh``: an earlier run in the
    folder does not count. ``records``: keep what was grouped, so that a page can show a patient. ``answers``: those to cards
    that count in the key figures."""

    today: date | None = None
    engine: str = "pool"
    processes: int = 1
    complete: bool = False
    whole: bool = False
    fresh: bool = False
    records: bool = True
    language: str = "en"
    answers: answered.Asked | None = None


def run(folder: Path, out: Path, settings: Settings, options: Options, advance: Advance = _silent) -> dict[str, Any]:
    """The summary of a run over the files of ``folder``; all that it makes stands in ``out``, for the owner alone.

    Raises ConfigError: there is nothing to read, or it cannot be written; what is done stays, and the next run goes on.
    """
    folder, out = folder.resolve(), out.resolve()
    readable(folder)
    if out.is_relative_to(folder):
        raise ConfigError(f"--out {out}: must not be in {folder}: the next run would read what this one writes")
    with _alone(out):
        return _run(folder, out, settings, options, advance)


def run_server(server: Server, out: Path, settings: Settings, options: Options, advance: Advance = _silent) -> dict[str, Any]:
    """The same over an export that is asked for from a Bulk Data server. What it has given without an error is all there is."""
    out = out.resolve()
    with _alone(out):
        types = Rules(Evaluator(settings), settings.today()).types - READ_BESIDES
        folder, whole = bulk.fetched(server, out, types, options.fresh)
        readable(folder)
        told = _run(folder, out, settings, replace(options, whole=whole), advance)
        bulk.used(server, out)
        return told


def readable(folder: Path) -> None:
    """ConfigError where there is nothing to read."""
    if not folder.is_dir() or not source.files(folder):
        raise ConfigError(f"{folder}: holds no file of FHIR (.ndjson, .jsonl, .json, each also .gz)")


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """One run at a time, in a folder that holds nothing but runs; what stops it is said in one sentence."""
    if foreign := strange(out):
        raise ConfigError(f"--out {out}: holds {foreign}, which no run has made: name an empty folder")
    try:
        with kept_private(out):
            yield
    except Occupied as error:
        raise ConfigError(str(error)) from None
    except BrokenExecutor:
        raise ConfigError("a process was killed, perhaps for want of memory; what is done is kept: run again") from None
    except sqlite3.Error as error:
        raise ConfigError(f"{out}: {error}; what is done is kept: run again to go on") from None
    except OSError as error:
        why = error.strerror or "cannot be written"
        raise ConfigError(f"{error.filename or out}: {why}; what is done is kept: run again to go on") from None


def engine_of(name: str) -> Callable[[Job, int, Advance], Engine]:
    """ConfigError where what it needs is not installed."""
    if lacking := [module for module in NEEDS[name] if find_spec(module) is None]:
        raise ConfigError(f"--engine {name} needs {' and '.join(lacking)}: pip install 'osteoporosis-cds[{name}]'")
    if name == "duckdb":
        from cds_service.population.duck import DuckEngine

        return DuckEngine
    if name == "spark":
        from cds_service.population.spark import SparkEngine

        return SparkEngine
    return Engine


def _run(folder: Path, out: Path, settings: Settings, options: Options, advance: Advance) -> dict[str, Any]:
    make = engine_of(options.engine)
    began, cpu = time.perf_counter(), _cpu()
    today = options.today or settings.today()
    rules = Rules(Evaluator(settings), today)
    whose, digest, number = _answers(out, settings, options)
    job, earlier = prepared(
        folder,
        out,
        rules.types,
        settings,
        today,
        options.engine,
        complete=options.complete,
        whole=options.whole,
        fresh=options.fresh,
        answers=digest,
    )
    job = replace(job, whose=whose)
    engine = make(job, options.processes, advance)
    advance("read", 0, sum(map(job.size, range(len(job.batches)))))
    if not (all(batch.counted for batch in batches_of(job)) and all(job.part(b).exists() for b in range(job.state.buckets))):
        engine.group()
    grouped = _cpu()
    ledger = Ledger()
    for batch in batches_of(job):
        ledger.add(batch.ledger)
    job = replace(job, absent=_absent(job, ledger, rules))
    advance("judged", 0, ledger.resources["Patient"])
    engine.judge(job)
    judged = _cpu()
    broken = chain.from_iterable(batch.problems() for batch in batches_of(job))
    totals = tables.write(job, ledger, broken, options.language)
    if not options.records:
        for batch in batches_of(job):
            batch.discard()
        medications.forget(out)
        for stored in job.records.glob("*.parquet"):  # of the other engines
            shutil.rmtree(stored) if stored.is_dir() else stored.unlink()
    told = {
        "earlier": earlier,
        "processes": options.processes,
        "answers": number,
        "seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": {name: round(took, 1) for name, took in (("grouping", grouped - cpu), ("judging", judged - grouped))},
        "peak_megabytes": {"this": _peak(resource.RUSAGE_SELF), "largest_process": _peak(resource.RUSAGE_CHILDREN)},
    }
    return tables.summarize(job, totals, told)


def _answers(out: Path, settings: Settings, options: Options) -> tuple[Whose | None, str, int | None]:
    """Whose answers to cards count, a digest of all that are on record, and how many there are. Those of an earlier run go."""
    answered.forget(out)
    if (asked := options.answers) is None:
        return None, "", None
    if options.engine == "spark":
        raise ConfigError("--answers-of: not with --engine spark: the key of the hashes stays on this machine")
    whose = asked.whose
    digest, number = answered.keep(out, asked.store, settings.zone)
    return whose, f"{digest} {asked.client} {asked.tenant}", number


def _absent(job: Job, ledger: Ledger, rules: Rules) -> frozenset[str]:
    """Types of which nobody knows whether they exist: read, and not in an export of lines, neither as a file nor as a line; or
    with a file that breaks off or cannot be read. A Bundle is a whole record."""
    read = frozenset(rules.keys.values()) - {"Patient"}
    paths = [job.folder / name for batch in job.batches for name in batch]
    if job.complete or not any(map(source.in_lines, paths)):
        return read & frozenset(ledger.torn)
    told = frozenset(chain.from_iterable(map(partial(source.named_types, types=job.types), paths)))
    asked = READ_BESIDES if job.whole else READ_BESIDES | read
    return (asked - told - frozenset(ledger.resources)) | (read & frozenset(ledger.torn))


def _cpu() -> float:
    """Seconds of processor time of this process and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _peak(who: int) -> int:
    """Most memory at a time, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return int(resource.getrusage(who).ru_maxrss * unit / 1e6)
