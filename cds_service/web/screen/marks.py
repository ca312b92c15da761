"""What the picture is made of: groups of strips on one time axis, and on them marks, each with the words that say what it
is."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.chart import Measurement, facts
from cards.chart.facts import Fact
from cards.vocabulary import Name
from cards.words import phrases
from cds_service.web.words import say

ASSUMED = "Observation/assumed"
"""Where a value is said to stand that is not on record, but assumed to see what would follow."""


class Mark(Struct, kw_only=True, omit_defaults=True):
    """One thing on the picture, on a day or from ``date`` ``until``. ``kind`` decides its shape, ``tone`` its color: "",
    "good", "warn" or "bad". ``day`` is the date in words, ``said`` the value, ``refs`` the resources that it comes from,
    ``text`` what stands beside it, of a value its number. ``id`` is given when the picture is whole."""

    kind: str
    title: str
    date: str = ""
    until: str = ""
    day: str = ""
    value: float | None = None
    said: str = ""
    note: str = ""
    tone: str = ""
    series: int = 0
    text: str = ""
    refs: tuple[str, ...] = ()
    id: str = ""


class Line(Struct, kw_only=True, omit_defaults=True):
    """A limit that matters now."""

    at: float
    label: str
    tone: str = ""


class Band(Struct, kw_only=True, omit_defaults=True):
    """A range of values, open at an end that is None. ``tone``: "good", "bad", or "noise" for a change that says nothing."""

    low: float | None = None
    high: float | None = None
    label: str
    tone: str


class Strip(Struct, kw_only=True, omit_defaults=True):
    """A row of the picture: values ("line") or things on days ("row"). ``newest``: what its label says beneath."""

    key: str
    label: str
    kind: str = "row"
    newest: str = ""
    tone: str = ""
    unit: str = ""
    marks: list[Mark] = []
    series: list[str] = []
    lines: list[Line] = []
    bands: list[Band] = []


class Group(Struct, kw_only=True, omit_defaults=True):
    """Strips under one heading."""

    key: str
    title: str
    strips: list[Strip]


def iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def value_of(fact: Fact, language: str) -> str:
    """The value of a fact with its unit, as recorded, in plain text; "" for one that has none."""
    if fact.value is None:
        return ""
    if isinstance(fact.value, Name):
        return fact.value[language]
    number = str(fact.value).replace("-", "−")
    return f"{number} {phrases.unit(fact.unit, language)}".strip()


def dated(value: Measurement, language: str) -> str:
    """The day of a value in words; of one that is assumed, that it is."""
    return say("whatif.assumed", language) if value.source == ASSUMED else phrases.day(value.dated, language)


def measured(value: Measurement, language: str, *, series: int = 0, title: str = "", tone: str = "") -> Mark:
    """A value as a point, said as the record writes it."""
    fact = facts.measured(value)
    return Mark(
        kind="value",
        title=title or phrases.capital(phrases.clean(fact.name[language])),
        date=iso(value.when),
        day=dated(value, language),
        value=round(value.value, 4),
        said=value_of(fact, language),
        text=str(fact.value).replace("-", "−"),
        note=fact.note[language] if fact.note else "",
        tone=tone,
        series=series,
        refs=(value.source,) if value.source else (),
    )
