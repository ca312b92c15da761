"""Calls and their cards, from a population run or from the store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from msgspec import Struct, json
from sqlalchemy import Connection, select

from cds_service.compare.sides import Person
from cds_service.population.folder import PARTS
from cds_service.store.tables import SEEN, SHOWN


class Card(Struct, frozen=True):
    """A card on the screen. ``contains``: what it speaks for besides; ``again``: by what it is known that the same was shown to
    the same person before, "" where that cannot be told."""

    code: str
    indicator: str
    contains: tuple[str, ...] = ()
    again: str = ""


class Call(Struct, frozen=True):
    """One call with a card or without, and its cards in their order, most urgent first."""

    hook: str
    day: date | None = None
    cards: tuple[Card, ...] = ()


def of_run(folder: Path) -> Iterator[Call]:
    """Every patient's chart opened once: all cards, also those for which there is no room."""
    decode = json.Decoder(Person).decode
    for path in sorted((folder / PARTS).glob("*.jsonl")):
        with path.open("rb") as file:
            for person in map(decode, file):
                if not person.why:
                    yield Call("patient-view", None, tuple(Card(r.card, r.indicator, r.contains) for r in person.rows))


def of_store(connection: Connection, since: date) -> list[Call]:
    """What was shown, or kept back in shadow mode, since a day. The cards of one call were recorded at the same moment. Cards
    for which there was no room are not on record."""
    columns = SHOWN.c
    wanted = select(
        columns.shown_at,
        columns.hook,
        columns.patient,
        columns.practitioner,
        columns.card,
        columns.code,
        columns.indicator,
        columns.facts,
    ).order_by(columns.shown_at, columns.hook, columns.patient, columns.practitioner, columns.id)
    rows = [row for row in connection.execute(wanted) if row[0].date() >= since]
    calls = []
    for (moment, hook, patient, practitioner), some in groupby(rows, itemgetter(0, 1, 2, 3)):
        cards = []
        for _, parts in groupby(some, itemgetter(4)):
            codes = [(row[5], row[6], row[7]) for row in parts]
            code, indicator, facts = codes[0]
            again = f"{patient}/{practitioner}/{code}/{facts}" if practitioner else ""
            cards.append(Card(code, indicator, tuple(each[0] for each in codes[1:]), again))
        calls.append(Call(hook, moment.date(), tuple(cards)))
    return calls


def counted_calls(connection: Connection, since: date) -> dict[str, int]:
    """All calls by hook, also those without a card, as far as they were counted."""
    wanted = select(SEEN.c.hook, SEEN.c.times).where(SEEN.c.kind == "call", SEEN.c.day >= since)
    found: dict[str, int] = {}
    for hook, times in connection.execute(wanted):
        found[hook] = found.get(hook, 0) + times
    return found


def days_between(calls: list[Call], today: date) -> int:
    """Days from the first call on."""
    first = min((call.day for call in calls if call.day), default=today)
    return max((today - first) // timedelta(days=1), 1)
