"""The cards that were shown, each with the last word on it, week by week: reading work for ``Store.ask``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, func, select

from cds_service.store.activity import WORD
from cds_service.store.tables import FEEDBACK, OFFERED, SHOWN


class Answered(Struct, frozen=True):
    """``patient``: a keyed hash. ``outcome`` "" if nobody said a word. ``options``: what the card offered; of a card that was
    accepted, what of it was, where the client told."""

    patient: str
    card: str
    shown_at: datetime
    outcome: str = ""
    reason: str = ""
    options: tuple[str, ...] = ()


def first_shown(connection: Connection) -> datetime | None:
    """When the oldest card on record was shown."""
    return connection.execute(select(func.min(SHOWN.c.shown_at))).scalar()


def between(connection: Connection, begin: datetime, end: datetime) -> list[Answered]:
    """Of cards shown from ``begin`` until before ``end``, by their first code. What shadow mode kept back nobody saw."""
    columns = (SHOWN.c.card, SHOWN.c.code, SHOWN.c.patient, SHOWN.c.shown_at, WORD.c.outcome, WORD.c.reason)
    wanted = select(*columns, OFFERED.c.suggestion, OFFERED.c.option)
    wanted = wanted.select_from(
        SHOWN.outerjoin(WORD, WORD.c.card == SHOWN.c.card).outerjoin(OFFERED, OFFERED.c.card == SHOWN.c.card)
    )
    shown = SHOWN.c.shown_at
    rows = connection.execute(
        wanted.where(SHOWN.c.shadow.is_(False), shown >= begin, shown < end).order_by(SHOWN.c.card, SHOWN.c.id)
    ).all()
    chosen = select(FEEDBACK.c.card, FEEDBACK.c.suggestions).join(SHOWN, SHOWN.c.card == FEEDBACK.c.card)
    clicked: dict[str, set[str]] = {}
    for card, told in connection.execute(chosen.where(shown >= begin, shown < end, FEEDBACK.c.suggestions.is_not(None))):
        clicked.setdefault(card, set()).update(told.lower().split())
    return [_answered([*some], clicked.get(card, set())) for card, some in groupby(rows, attrgetter("card"))]


def _answered(rows: Sequence[Any], clicked: Iterable[str]) -> Answered:
    first = rows[0]
    offered = {row.suggestion: row.option for row in rows if row.suggestion}
    taken = {option for suggestion, option in offered.items() if suggestion.lower() in clicked}
    options = taken if first.outcome == "accepted" and taken else {*offered.values()}
    return Answered(first.patient, first.code, first.shown_at, first.outcome or "", first.reason or "", tuple(sorted(options)))


def chunks(begin: datetime, end: datetime, step: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """The time from ``begin`` to ``end`` in steps, so that no query takes long."""
    while begin < end:
        yield begin, begin + step
        begin += step
