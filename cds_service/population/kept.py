"""A finished run, as a page reads it: lines of the worklist, as many as it shows, and the record of one patient."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from itertools import chain
from pathlib import Path

from msgspec import Struct, json

from cds_service.population.folder import RECORDS, STATE
from cds_service.population.job import State
from cds_service.population.listed import FILE, About
from cds_service.population.medications import Medications
from cds_service.population.pool import ENDINGS
from cds_service.population.rows import Gap, Item
from cds_service.population.shuffle import ENDING, Batch, bucket_of

_ITEM: json.Decoder[Item] = json.Decoder(Item)
_ABOUT: json.Decoder[About] = json.Decoder(About)

SORTS = {"gap": "rank, clock", "clock": "clock", "overdue": "overdue desc", "fracture": "fracture desc", "name": "name"}
"""By what lines can be sorted; what is equal, in the order of the run."""
_ORDER = "first, first_clock, patient"

Hashed = Callable[[str], str]
"""What the store and addresses know a patient by."""


class Sieve(Struct, frozen=True):
    """Which lines: those of one gap, else of each patient's first; with words in name or ids; of one item; those that were
    ``marked``, or all others."""

    gap: str = ""
    words: str = ""
    row: int | None = None
    marked: bool | None = None


class Found(Struct, frozen=True):
    """A line: the item, its row, and the gap of which it speaks."""

    row: int
    item: Item
    gap: Gap


class Worklist:
    """The worklist of a run. It reads what it is asked for, and no more."""

    def __init__(self, kept: sqlite3.Connection, hashed: Hashed) -> None:
        self._kept, self._hashed = kept, hashed
        kept.execute("pragma temp_store = memory")  # no name stands outside of the run's folder
        (told,) = kept.execute("select told from about").fetchone()
        self.about = _ABOUT.decode(told)

    def number(self, sieve: Sieve) -> int:
        where, values = self._where(sieve)
        return int(self._kept.execute(f"select count(*) from lines where {where}", values).fetchone()[0])  # noqa: S608

    def lines(self, sieve: Sieve, sort: str, most: int = -1, after: int = 0) -> Iterator[Found]:
        """``most`` lines (-1: all) after the first ones."""
        where, values = self._where(sieve)
        wanted = f"select item, gap from lines where {where} order by {SORTS[sort]}, {_ORDER} limit ? offset ?"  # noqa: S608
        for row, key in self._kept.execute(wanted, (*values, most, after)):
            item = self._item(row)
            yield Found(row, item, next(gap for gap in item.gaps if gap.key == key))

    def known(self, key: str, row: int | None = None) -> tuple[int, Item] | None:
        """The patient of a key. ``row``: where it was in the run that the key was read from; without it, or after another run,
        all patients are gone through."""
        if row is not None and (told := self._kept.execute("select item from items where id = ?", (row,)).fetchone()):
            item = _ITEM.decode(told[0])
            if self._hashed(item.patient) == key:
                return row, item
        leading = self._kept.execute("select item, patient from lines where lead")
        return next(((row, self._item(row)) for row, patient in leading if self._hashed(patient) == key), None)

    def mark(self, some: Iterable[tuple[str, str, str]]) -> None:
        """Lines by hashed patient, gap and episode. Patients are hashed only where one of that gap and episode is wanted."""
        self._kept.executescript(_MARKS)
        wanted: dict[tuple[str, str], set[str]] = {}
        for key, gap, episode in some:
            wanted.setdefault((gap, episode), set()).add(key)
        for told, keys in wanted.items():
            lines = self._kept.execute("select gap, patient from lines where gap = ? and episode = ?", told)
            self._kept.executemany("insert into marks values (?, ?)", (each for each in lines if self._hashed(each[1]) in keys))

    def _item(self, row: int) -> Item:
        return _ITEM.decode(self._kept.execute("select item from items where id = ?", (row,)).fetchone()[0])

    def _where(self, sieve: Sieve) -> tuple[str, list[str | int]]:
        terms, values = ["gap = ?"] if sieve.gap else ["lead"], list[str | int]([sieve.gap] if sieve.gap else [])
        if sieve.words:
            terms.append("instr(sought, ?)")
            values.append(sieve.words.casefold())
        if sieve.row is not None:
            terms.append("item = ?")
            values.append(sieve.row)
        if sieve.marked is not None:
            terms.append(f"{'' if sieve.marked else 'not '}exists ({_MARKED})")
        return " and ".join(terms), values


_MARKS = """
drop table if exists temp.marks;
create temp table marks (gap text, patient text, primary key (gap, patient)) without rowid;
"""
_MARKED = "select 1 from temp.marks where marks.gap = lines.gap and marks.patient = lines.patient"


class Kept:
    """The run in a folder."""

    def __init__(self, folder: Path, hashed: Hashed) -> None:
        self._folder, self._hashed = folder, hashed

    @contextmanager
    def worklist(self) -> Iterator[Worklist | None]:
        """The list of the last run that was finished, None where none was. It stays the same meanwhile."""
        if not (self._folder / FILE).is_file():
            yield None
            return
        with closing(sqlite3.connect(f"{(self._folder / FILE).absolute().as_uri()}?mode=ro", uri=True)) as kept:
            yield Worklist(kept, self._hashed)

    def record(self, patient: str) -> list[bytes]:
        """The entries of one patient, as they were judged; none where the run did not keep them."""
        state = json.decode((self._folder / STATE).read_bytes(), type=State)
        records = self._folder / RECORDS
        bucket = bucket_of(patient, state.buckets)
        if state.engine == "duckdb" and find_spec("duckdb"):
            from cds_service.population.duck import record

            return record(records, bucket, patient)
        ending = ENDINGS.get(state.engine, ENDING)
        batches = [Batch(records, int(path.stem), ending) for path in sorted(records.glob("*.json"))]
        found = [r for r in chain.from_iterable(b.records(bucket) for b in batches if b.done) if r.patient == patient]
        shared = Medications(self._folder).of({each.medication for each in found if each.medication})
        return [*(each.entry for each in found), *shared]
