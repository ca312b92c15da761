"""The lines of the worklist in their order, however many there are: sorted on disk, not in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from msgspec import json

from cds_service.population.job import Job
from cds_service.population.private import scratch
from cds_service.population.rows import Item
from cds_service.population.worklist import rank

_ITEM: json.Decoder[Item] = json.Decoder(Item)
_TABLES = """
create table items (gap int, clock text, patient text, item blob, primary key (gap, clock, patient)) without rowid;
create table members (gap text, patient text, primary key (gap, patient)) without rowid;
"""


class Listed:
    """Who is on the worklist."""

    def __init__(self, kept: sqlite3.Connection) -> None:
        self._kept = kept
        kept.executescript(_TABLES)

    def add(self, item: Item) -> None:
        gap, clock, patient = rank(item)
        self._kept.execute("insert into items values (?, ?, ?, ?)", (gap, clock.isoformat(), patient, json.encode(item)))
        self._kept.executemany("insert into members values (?, ?)", {(each.key, patient) for each in item.gaps})

    def lines(self) -> Iterator[bytes]:
        """Each as JSON, in the order of the list."""
        for (line,) in self._kept.execute("select item from items order by gap, clock, patient"):
            yield line

    def __iter__(self) -> Iterator[Item]:
        return map(_ITEM.decode, self.lines())

    def number(self, gap: str) -> int:
        """How many patients have one gap."""
        return int(self._kept.execute("select count(*) from members where gap = ?", (gap,)).fetchone()[0])

    def members(self, gap: str) -> Iterator[str]:
        for (patient,) in self._kept.execute("select patient from members where gap = ? order by patient", (gap,)):
            yield patient


@contextmanager
def listed(job: Job) -> Iterator[Listed]:
    """An empty list, kept only meanwhile."""
    with scratch(job.out / "listed") as folder, closing(sqlite3.connect(folder / "listed.sqlite")) as kept:
        kept.execute("pragma journal_mode = off")
        kept.execute("pragma synchronous = off")
        yield Listed(kept)
