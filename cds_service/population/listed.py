"""The lines of the worklist in their order, however many there are: sorted and kept on disk, not in memory. The page reads of
them what it shows."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import date
from pathlib import Path

from msgspec import Struct, json

from cards.engine.sources import VERSION
from cds_service.figures.care import READ_BESIDES
from cds_service.population.gaps import ORDER
from cds_service.population.job import Job
from cds_service.population.private import unfinished
from cds_service.population.rows import Item
from cds_service.population.worklist import NO_CLOCK, episode, overdue, rank

FILE = "worklist.sqlite"
_ITEM: json.Decoder[Item] = json.Decoder(Item)
_TABLES = """
create table about (told blob);
create table items (id integer primary key, item blob);
create table lines (
    gap text, patient text, item int, lead int, rank int, clock text, episode text, overdue int, fracture int,
    name text, sought text, first int, first_clock text, primary key (gap, patient)
) without rowid;
"""
_INDEX = "create index leading on lines (rank, clock, first, first_clock, patient) where lead"


class About(Struct, frozen=True):
    """Of which run the list is. ``patients``: how many it judged; ``unknown``: types that were not exported."""

    today: date
    content: str
    patients: int
    unknown: tuple[str, ...]


class Listed:
    """Who is on the worklist: an item each, and a line for each gap, with what lines are sorted and sought by. The line of the
    first gap leads; ``first`` and ``first_clock`` are its place in the list."""

    def __init__(self, kept: sqlite3.Connection, job: Job) -> None:
        self._kept, self._job = kept, job
        kept.executescript(_TABLES)

    def add(self, item: Item) -> None:
        row = self._kept.execute("insert into items (item) values (?)", (json.encode(item),)).lastrowid
        first, clock, patient = rank(item)
        broken, sought = item.fracture, "\n".join((item.name, item.identifier, patient)).casefold()
        same = (
            overdue(item, self._job.today) or 0,
            broken.first.toordinal() if broken and broken.first else 0,
            item.name.casefold(),
            sought,
            first,
            clock.isoformat(),
        )
        lines = (
            (g.key, patient, row, not n, ORDER.index(g.key), (g.clock or NO_CLOCK).isoformat(), episode(g), *same)
            for n, g in enumerate(item.gaps)
        )
        self._kept.executemany("insert or ignore into lines values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", lines)

    def __iter__(self) -> Iterator[Item]:
        """Each once, in the order of the list."""
        ordered = "select item from lines where lead order by rank, clock, first, first_clock, patient"
        for (row,) in self._kept.execute(ordered):
            (told,) = self._kept.execute("select item from items where id = ?", (row,)).fetchone()
            yield _ITEM.decode(told)

    def number(self, gap: str) -> int:
        """How many patients have one gap."""
        return int(self._kept.execute("select count(*) from lines where gap = ?", (gap,)).fetchone()[0])

    def members(self, gap: str) -> Iterator[str]:
        for (patient,) in self._kept.execute("select patient from lines where gap = ? order by patient", (gap,)):
            yield patient

    def sort(self) -> None:
        """All are there."""
        self._kept.execute(_INDEX)

    def about(self, patients: int) -> None:
        job = self._job
        told = About(job.today, str(VERSION), patients, tuple(sorted(job.absent - READ_BESIDES)))
        self._kept.execute("insert into about values (?)", (json.encode(told),))


@contextmanager
def listed(job: Job) -> Iterator[Listed]:
    """An empty list, which stands in the run's folder when all that is made of it stands there."""
    goal = job.out / FILE
    place = unfinished(goal)
    try:
        with closing(sqlite3.connect(place)) as kept:
            kept.execute("pragma journal_mode = off")
            kept.execute("pragma synchronous = off")
            kept.execute("pragma temp_store = memory")  # no name stands outside of this folder
            items = Listed(kept, job)
            yield items
            kept.commit()
        _on_disk(place)
        place.replace(goal)
    finally:
        with suppress(FileNotFoundError):
            place.unlink()


def _on_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
