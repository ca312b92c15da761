"""A finished run, as a page reads it: the worklist, and the record of one patient."""

from __future__ import annotations

from datetime import date
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
from msgspec import Struct, json

from cds_service.population.job import RECORDS, STATE, State
from cds_service.population.medications import Medications
from cds_service.population.pool import ENDINGS
from cds_service.population.rows import Item
from cds_service.population.shuffle import ENDING, Batch, bucket_of
from cds_service.population.tables import ITEMS, SUMMARY

_ITEM: json.Decoder[Item] = json.Decoder(Item)


class Worklist(Struct):
    """``items`` in their order, of a run on ``today``; ``patients``: how many it judged; ``unknown``: types that were not
    exported."""

    today: date
    content: str
    patients: int
    unknown: list[str]
    items: list[Item]


class Kept:
    """The run in a folder; read again when another one has been finished."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: tuple[tuple[int, int], Worklist] | None = None

    def worklist(self) -> Worklist | None:
        """None where no run has been finished."""
        try:
            states = [(self._folder / name).stat().st_mtime_ns for name in (SUMMARY, ITEMS)]
            if self._read is None or self._read[0] != tuple(states):
                self._read = (states[0], states[1]), self._load()
        except OSError:
            return None
        return self._read[1]

    def _load(self) -> Worklist:
        told: dict[str, Any] = orjson.loads((self._folder / SUMMARY).read_bytes())
        with (self._folder / ITEMS).open("rb") as file:
            items = [*map(_ITEM.decode, file)]
        return Worklist(date.fromisoformat(told["today"]), told["content"], told["patients"], told["not_exported"], items)

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
