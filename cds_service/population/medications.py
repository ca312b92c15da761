"""Medications by themselves, which orders of many patients point at: kept by key, so that none has to be in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from cds_service.population.source import Record

FILE = "medications.sqlite"


def keep(folder: Path, records: Iterable[Record]) -> None:
    """Write them anew. Of one that comes in several versions all are kept: the reader decides which of them counts."""
    path = folder / FILE
    forget(folder)
    with closing(sqlite3.connect(path)) as kept, kept:
        kept.execute("create table medications (key text, entry blob, primary key (key, entry)) without rowid")
        kept.executemany("insert or ignore into medications values (?, ?)", ((r.medication, r.entry) for r in records))


def forget(folder: Path) -> None:
    """Those of another source must never stand for what this one lacks."""
    for name in (FILE, f"{FILE}-journal"):
        (folder / name).unlink(missing_ok=True)


class Medications:
    """Those that a run keeps; none where it keeps none."""

    def __init__(self, folder: Path) -> None:
        path = folder / FILE
        self._kept = sqlite3.connect(f"file:{path}?mode=ro", uri=True) if path.exists() else None

    def of(self, keys: Iterable[str]) -> Iterator[bytes]:
        for key in sorted(keys):
            if self._kept:
                found = self._kept.execute("select entry from medications where key = ? order by entry", (key,))
                yield from (bytes(entry) for (entry,) in found)
