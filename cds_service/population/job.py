"""What is to be done, as it is kept in the run's folder: an interrupted run goes on where it stopped, another
one begins anew."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, json
from msgspec.structs import replace

from cards.engine.sources import VERSION
from cds_service.config import Settings
from cds_service.population import medications, source
from cds_service.population.folder import MADE, PARTS, RECORDS, STATE
from cds_service.population.private import is_left, written

if TYPE_CHECKING:  # with the store, which takes longer to load than all else here
    from cds_service.population.answered import Whose

BATCH = 128 * 1024**2
"""Bytes of files that one process groups at a time."""
BUCKET = 16 * 1024**2
FEWEST, MOST = 16, 4096
UNPACKED = 10
"""How many times larger NDJSON is than its gzip."""


class State(Struct, frozen=True):
    """``source``: of the files as they are; ``rules``: of everything else that an answer depends on."""

    source: str
    rules: str
    engine: str
    buckets: int


class Job(Struct, frozen=True):
    """One run. ``batches``: files by name, as they are grouped together. ``absent``: types that were not exported, known once
    all is grouped. ``complete``: what has no file does not exist; ``whole``: nor does what the cards read. ``whose``: the
    answers to cards that count."""

    folder: Path
    out: Path
    batches: tuple[tuple[str, ...], ...]
    types: frozenset[str]
    settings: Settings
    today: date
    state: State
    complete: bool = False
    whole: bool = False
    absent: frozenset[str] = frozenset()
    whose: Whose | None = None

    @property
    def records(self) -> Path:
        return self.out / RECORDS

    @property
    def parts(self) -> Path:
        return self.out / PARTS

    def part(self, bucket: int) -> Path:
        return self.parts / f"{bucket:06}.jsonl"

    def paths(self, batch: int) -> Iterator[Path]:
        return (self.folder / name for name in self.batches[batch])

    def size(self, batch: int) -> int:
        return sum(path.stat().st_size for path in self.paths(batch))


def prepared(
    folder: Path,
    out: Path,
    types: frozenset[str],
    settings: Settings,
    today: date,
    engine: str,
    *,
    complete: bool,
    whole: bool = False,
    fresh: bool,
    answers: str = "",
) -> tuple[Job, str]:
    """The job, with its folders made, and what becomes of an earlier run there: "" (there is none), "resumed" or "replaced"
    (it had another source, day, content or engine). ``fresh``: it does not count. OSError where that fails.

    ``answers``: a digest of those to cards.
    """
    paths = source.files(folder)
    sizes = [_unpacked(path) for path in paths]
    buckets = min(max(sum(sizes) // BUCKET, FEWEST), MOST)
    state = State(
        _of_files(folder, paths), _of_rules(settings, today, answers, complete=complete, whole=whole), engine, buckets
    )
    before = None if fresh else _earlier(out)
    if before is None or replace(before, rules=state.rules) != state:
        _remove(out / RECORDS)
        medications.forget(out)
    if before != state:
        _remove(out / PARTS)
    batches = tuple(_batches(folder, paths, sizes))
    job = Job(folder, out, batches, types, settings, today, state, complete, whole)
    for each in (job.records, job.parts):
        each.mkdir(parents=True, exist_ok=True)
    with written(out / STATE) as file:
        file.write(json.encode(state))
    return job, "" if before is None else "resumed" if before == state else "replaced"


def strange(out: Path) -> str:
    """The name of something in a folder that no run has begun, "" where it is empty or a run's: what stands there is not ours
    to replace."""
    if not out.is_dir() or (out / STATE).exists():
        return ""
    return min((each.name for each in out.iterdir() if each.name not in MADE and not is_left(each)), default="")


def _remove(folder: Path) -> None:
    """OSError where something stays: it would be taken for part of the new run."""
    if folder.exists():
        shutil.rmtree(folder)


def _earlier(out: Path) -> State | None:
    try:
        return json.decode((out / STATE).read_bytes(), type=State)
    except (OSError, ValueError):
        return None


def _unpacked(path: Path) -> int:
    return path.stat().st_size * (UNPACKED if path.name.lower().endswith(".gz") else 1)


def _batches(folder: Path, paths: Sequence[Path], sizes: Sequence[int]) -> Iterator[tuple[str, ...]]:
    some: list[str] = []
    held = 0
    for path, size in zip(paths, sizes, strict=True):
        if some and held + size > BATCH:
            yield tuple(some)
            some, held = [], 0
        some.append(path.relative_to(folder).as_posix())
        held += size
    if some:
        yield tuple(some)


def _of_files(folder: Path, paths: Sequence[Path]) -> str:
    told = hashlib.sha256()
    for path in paths:
        state = path.stat()
        told.update(f"{path.relative_to(folder)}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return told.hexdigest()


def _of_rules(settings: Settings, today: date, answers: str, *, complete: bool, whole: bool) -> str:
    """The content, the code, the day, and the site's own choices."""
    own = [path.read_bytes() for path in (settings.site, settings.local_codes) if path]
    told = (VERSION, version("osteoporosis-cds"), today, sorted(settings.formulary), settings.max_cards, str(settings.zone))
    return hashlib.sha256(repr((told, own, complete, whole, answers)).encode()).hexdigest()
