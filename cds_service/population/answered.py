"""Answers to cards, for the key figures: taken from the store before a run, and found by the patient's keyed hash."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path

from msgspec import Struct, json

from cards.indicators import Answer
from cds_service.config import ConfigError
from cds_service.population.folder import ANSWERS
from cds_service.population.private import unfinished
from cds_service.repetition import patient_hash
from cds_service.store import Store
from cds_service.store.answers import Answered, between, chunks, first_shown
from cds_service.store.keyed import keyed

_STEP = timedelta(days=7)
_ANSWER: json.Decoder[Answer] = json.Decoder(Answer)


class Whose(Struct, frozen=True):
    """The client that called about these patients, its tenant, and the key of the store's hashes. Never written anywhere."""

    client: str
    tenant: str
    key: bytes

    def __repr__(self) -> str:
        return "Whose()"

    def hashed(self, patient: str) -> str:
        return patient_hash(lambda kind, *parts: keyed(self.key, kind, *parts), self.client, self.tenant, patient)


class Asked(Struct, frozen=True):
    """Whose answers count, and the store that has them."""

    store: Store
    client: str
    tenant: str = ""

    @property
    def whose(self) -> Whose:
        """ConfigError where the store's hashes cannot be made."""
        if not (key := self.store.key):
            raise ConfigError(f"{self.store.where}: no key of its hashes: CDS_HASH_KEY must be as the service has it")
        return Whose(self.client, self.tenant, key)


def forget(out: Path) -> None:
    (out / ANSWERS).unlink(missing_ok=True)


def keep(out: Path, store: Store, zone: tzinfo) -> tuple[str, int]:
    """Write them anew into the folder of a run; a digest of all, and how many there are. StoreUnavailable."""
    goal = out / ANSWERS
    place, told, number = unfinished(goal), hashlib.sha256(), 0
    with closing(sqlite3.connect(place)) as kept, kept:
        kept.execute("create table answers (patient text, answer blob)")
        begin = store.ask(first_shown)
        for window in chunks(begin, datetime.now(UTC), _STEP) if begin else ():
            some = store.ask(partial(between, begin=window[0], end=window[1]))
            rows = sorted((each.patient, json.encode(_answer(each, zone))) for each in some)
            kept.executemany("insert into answers values (?, ?)", rows)
            told.update(repr(rows).encode())
            number += len(rows)
        kept.execute("create index of_patient on answers (patient)")
    place.replace(goal)
    return told.hexdigest(), number


def _answer(each: Answered, zone: tzinfo) -> Answer:
    return Answer(each.card, each.shown_at.astimezone(zone).date(), each.outcome, each.reason, each.options)


class Answers:
    """Those of one run."""

    def __init__(self, out: Path, whose: Whose) -> None:
        self._kept = sqlite3.connect(f"{(out / ANSWERS).absolute().as_uri()}?mode=ro", uri=True)
        self._whose = whose

    def __call__(self, patient: str) -> tuple[Answer, ...]:
        found: Iterable[tuple[bytes]] = self._kept.execute(
            "select answer from answers where patient = ? order by answer", (self._whose.hashed(patient),)
        )
        return tuple(_ANSWER.decode(told) for (told,) in found)
