"""The worklist of a run: sorted, and in words."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib.resources import files

import msgspec

from cards.engine.sources import VERSION
from cards.vocabulary import DRUGS, FRACTURE_SITES, SERVICES, Name
from cards.words.phrases import capital, phrase
from cds_service.population.gaps import ORDER
from cds_service.population.rows import Gap, Item

WORDS: dict[str, Name] = msgspec.convert(
    tomllib.loads(files("cds_service.population").joinpath("words.toml").read_text(encoding="utf-8")), dict[str, Name]
)
COLUMNS = tuple(key.removeprefix("column.") for key in WORDS if key.startswith("column."))
STATES = tuple(key.removeprefix("state.") for key in WORDS if key.startswith("state."))
REASONS = tuple(key.removeprefix("reason.") for key in WORDS if key.startswith("reason."))

NO_CLOCK = date.max
"""Stands for the day of a gap without a clock: those come last."""
_CLOCKED = frozenset({"denosumab-overdue", "denosumab-due", "denosumab-follow-on", "fracture-untreated", "fracture-new"})
"""Gaps whose clock tells one time from the next."""

_AND = {"en": "; ", "zh": "；"}

Cell = str | int | float | None


def say(key: str, language: str) -> str:
    return WORDS[key][language]


def rank(item: Item) -> tuple[int, date, str]:
    """By the first gap, then by whose clock ran out first; those without a clock last."""
    first = item.gaps[0]
    return ORDER.index(first.key), first.clock or NO_CLOCK, item.patient


def episode(gap: Gap) -> str:
    """What tells one time of a gap from the next; "" where nothing does."""
    return gap.clock.isoformat() if gap.clock and gap.key in _CLOCKED else ""


def cells(item: Item, today: date, language: str, gap: Gap | None = None) -> dict[str, Cell]:
    """One line by column (``COLUMNS``), without its state, which the store keeps. ``gap``: of which it speaks, if it is not the
    first."""
    first, taken, broken = gap or item.gaps[0], item.taken, item.fracture
    return {
        "gap": say(f"gap.{first.key}", language),
        "gaps": _AND[language].join(say(f"gap.{gap.key}", language) for gap in item.gaps),
        "clock": _day(first.clock),
        "days_left": (first.clock - today).days if first.clock else None,
        "patient": item.patient,
        "name": item.name,
        "identifier": item.identifier,
        "phone": item.phone,
        "born": item.born,
        "age": item.age,
        "sex": say(f"sex.{item.sex}", language),
        "fracture": capital(FRACTURE_SITES[broken.site][language]) if broken else "",
        "fracture_date": broken.dated if broken else "",
        "days_since": (today - broken.first).days if broken and broken.first else None,
        "dxa": _day(item.dxa),
        "t_score": item.lowest,
        "dxa_ordered": _yes(item.ordered, language),
        "drug": capital(DRUGS[taken.drug].name[language]) if taken else "",
        "last_dose": taken.last_dose if taken else "",
        "assumed": _yes(bool(taken and taken.assumed), language),
        "due": _day(taken.due if taken else None),
        "overdue_days": overdue(item, today),
        "safe": _day(taken.safe if taken else None),
        "stopped": _yes(bool(taken and taken.stopped), language),
        "tests": _AND[language].join(SERVICES[key][language] for key in item.tests),
        "falls": _day(item.falls),
        "strength": _day(item.strength),
        "next": _AND[language].join(_order(order, language) for order in item.next),
        "cards": " ".join(item.cards),
        "doubt": " ".join(item.doubt),
        "state": "",
        "reason": "",
        "since": "",
        "content": str(VERSION),
        "today": today.isoformat(),
    }


def overdue(item: Item, today: date) -> int | None:
    """Days since the next dose was due, or the supply ended; None while it is not."""
    due = item.taken.due if item.taken else None
    return (today - due).days if due is not None and due < today else None


def _order(order: str, language: str) -> str:
    key, _, start = order.partition(" ")
    name = DRUGS[key].name if key in DRUGS else SERVICES.get(key)
    words = name[language] if name else phrase("problem", key, language)
    return f"{words} ({start})" if start else words


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _yes(told: bool, language: str) -> str:
    return say("yes", language) if told else ""
