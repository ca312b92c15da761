"""What became of the cards, counted: as reading work for ``Store.ask``. No patient, no user, no comment.

The last word on a card counts, in the order in which the service heard it. A card on which there was none is not refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct, field
from sqlalchemy import Connection, and_, case, distinct, extract, func, select

from cds_service.store.tables import FEEDBACK, OFFERED, SHOWN

Part = Literal["month", "service", "code"]


class Row(Struct):
    """What was shown, and what was said of it. ``key``: the parts that it was counted by, in their order: the month in which it
    was shown ("2026-11"), the service, the code of the card ("": on a card that is not on record).

    Cards are counted, not clicks. ``reasons``: how often each override reason was given ("": none).
    """

    key: tuple[str, ...]
    shown: int = 0
    accepted: int = 0
    overridden: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def said(self) -> int:
        """On how many there was a word."""
        return self.accepted + self.overridden

    @property
    def silent(self) -> int:
        """On how many there was none; 0 of what is not known to be shown."""
        return max(0, self.shown - self.said)


class Taken(Struct, frozen=True):
    """An option ("drug/alendronate"): how many cards offered it, on how many of these there was a word, on how many it was
    accepted."""

    option: str
    offered: int
    said: int
    accepted: int


_LAST = select(func.max(FEEDBACK.c.id).label("id")).group_by(FEEDBACK.c.card).subquery("last")
WORD = (
    select(FEEDBACK.c.card, FEEDBACK.c.outcome, FEEDBACK.c.reason, FEEDBACK.c.service, FEEDBACK.c.received_at)
    .join(_LAST, _LAST.c.id == FEEDBACK.c.id)
    .subquery("word")
)
"""The last word on each card."""


def _key(by: Sequence[Part], moment: Any, service: Any, code: Any) -> list[Any]:
    parts = {"month": [extract("year", moment), extract("month", moment)], "service": [service], "code": [code]}
    return [column for part in by for column in parts[part]]


def _named(by: Sequence[Part], values: Sequence[Any]) -> tuple[str, ...]:
    """The parts of a row as text: year and month together."""
    left = list(values)
    return tuple(f"{int(left.pop(0)):04}-{int(left.pop(0)):02}" if part == "month" else left.pop(0) or "" for part in by)


def activity(connection: Connection, by: Sequence[Part] = ()) -> list[Row]:
    """What became of the cards, counted ``by`` these parts; by none: one row. A card that stands for others counts as one card,
    and by code with each of them. What shadow mode kept back is not counted.

    What was said of cards that are not on record follows with code "", in the month in which it came.
    """
    rows: dict[tuple[str, ...], Row] = {}

    def row(values: Sequence[Any]) -> Row:
        key = _named(by, values)
        return rows.setdefault(key, Row(key))

    def count(outcome: str) -> Any:
        return func.count(distinct(case((WORD.c.outcome == outcome, SHOWN.c.card))))

    key = _key(by, SHOWN.c.shown_at, SHOWN.c.service, SHOWN.c.code)
    joined = SHOWN.outerjoin(WORD, WORD.c.card == SHOWN.c.card)
    counted = select(*key, func.count(distinct(SHOWN.c.card)), count("accepted"), count("overridden"))
    for *values, shown, accepted, overridden in connection.execute(
        counted.select_from(joined).where(SHOWN.c.shadow.is_(False)).group_by(*key)
    ):
        found = row(values)
        found.shown, found.accepted, found.overridden = shown, accepted, overridden
    why = select(*key, WORD.c.reason, func.count(distinct(SHOWN.c.card))).select_from(joined)
    why = why.where(SHOWN.c.shadow.is_(False), WORD.c.outcome == "overridden").group_by(*key, WORD.c.reason)
    for *values, reason, times in connection.execute(why):
        row(values).reasons[reason or ""] += times
    if "code" in by:
        _count_unknown(connection, by, row)
    return [each for each in rows.values() if each.shown or each.said]


def _count_unknown(connection: Connection, by: Sequence[Part], row: Any) -> None:
    key = _key(by, WORD.c.received_at, WORD.c.service, func.coalesce(SHOWN.c.code, ""))
    missing = WORD.outerjoin(SHOWN, SHOWN.c.card == WORD.c.card)
    told = select(*key, WORD.c.outcome, WORD.c.reason, func.count()).select_from(missing)
    told = told.where(SHOWN.c.card.is_(None)).group_by(*key, WORD.c.outcome, WORD.c.reason)
    for *values, outcome, reason, times in connection.execute(told):
        found = row(values)
        if outcome == "accepted":
            found.accepted += times
        else:
            found.overridden += times
            found.reasons[reason or ""] += times


def taken(connection: Connection) -> list[Taken]:
    """How often each option was offered and accepted, the most offered first. An option counts as accepted on a card whose last
    word is that something of it was."""
    clicked = (
        select(OFFERED.c.card, OFFERED.c.option)
        .join(
            FEEDBACK, and_(FEEDBACK.c.card == OFFERED.c.card, func.lower(FEEDBACK.c.suggestions).contains(OFFERED.c.suggestion))
        )
        .join(WORD, and_(WORD.c.card == OFFERED.c.card, WORD.c.outcome == "accepted"))
        .distinct()
        .subquery("clicked")
    )
    offered = func.count(distinct(OFFERED.c.card))
    counted = select(OFFERED.c.option, offered, func.count(distinct(WORD.c.card)), func.count(distinct(clicked.c.card)))
    joined = OFFERED.outerjoin(WORD, WORD.c.card == OFFERED.c.card).outerjoin(
        clicked, and_(clicked.c.card == OFFERED.c.card, clicked.c.option == OFFERED.c.option)
    )
    rows = connection.execute(counted.select_from(joined).group_by(OFFERED.c.option).order_by(offered.desc(), OFFERED.c.option))
    return [Taken(*row) for row in rows]
