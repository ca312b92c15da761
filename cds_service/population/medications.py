"""Medications by themselves, which orders of many patients point at: kept by key, so that none has to be in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from cds_service.population.source import Record

FILE = "medications.sqlite"


def keep(folder: Path, records: Iterable[Record]) -> None:
    """Write them anew. Of two with one key that differ, one counts, whatever the order of the files."""
    path = folder / FILE
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as kept, kept:
        kept.execute("create table medications (key text primary key, entry blob) without rowid")
        kept.executemany(
            "insert into medications values (?, ?) on conflict (key) do update set entry = max(entry, excluded.entry)",
            ((record.medication, record.entry) for record in records),
        )


class Medications:
    """Those that a run keeps; none where it keeps none."""

    def __init__(self, folder: Path) -> None:
        path = folder / FILE
        self._kept = sqlite3.connect(f"file:{path}?mode=ro", uri=True) if path.exists() else None

    def of(self, keys: Iterable[str]) -> Iterator[bytes]:
        for key in sorted(keys) if self._kept else ():
            row = self._kept.execute("select entry from medications where key = ?", (key,)).fetchone() if self._kept else None
            if row is not None:
                yield bytes(row[0])
