"""What a run says of each patient: rows, one a card, and the patient's line in the worklist."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from msgspec import Struct, field

from cards.chart.calendar import Partial
from cards.engine.findings import Finding, Option
from cds_service.figures.person import Figures
from cds_service.population.source import Problem


class Row(Struct, frozen=True):
    """One card of one patient, as the answer to patient-view has it, in its order.

    ``contains``: cards that it speaks for as well. ``shown``: there is room for it on a screen (``CDS_MAX_CARDS``).
    ``evidence`` and ``evidence_dates``: what it rests on, resource and date as recorded, side by side. ``due``: the day of
    which the card speaks, or from which its recommended order is to be given. ``recommended``: key of each recommended order,
    with the day from which it is to be given. ``doubt``: groups of data on which it rests and that could not be had or read.
    """

    patient: str
    card: str
    indicator: str
    variant: str = ""
    contains: tuple[str, ...] = ()
    shown: bool = True
    evidence: tuple[str, ...] = ()
    evidence_dates: tuple[str, ...] = ()
    due: date | None = None
    recommended: tuple[str, ...] = ()
    doubt: tuple[str, ...] = ()


class Gap(Struct, frozen=True):
    """One reason to be on the worklist, a key of ``gaps.ORDER``; ``clock``: the day on which time runs out, or ran out."""

    key: str
    clock: date | None = None


class Broken(Struct, frozen=True):
    """The newest fracture, with its first and last possible day, and as recorded."""

    site: str
    first: date | None = None
    latest: date | None = None
    dated: str = ""


class Taken(Struct, frozen=True):
    """The drug for bone that works, or worked last. ``due``: when its next dose is due or its supply ends; ``safe``: the last
    day on which that is in time, of denosumab."""

    drug: str
    last_dose: str = ""
    due: date | None = None
    safe: date | None = None
    stopped: bool = False
    assumed: bool = False


class Item(Struct, frozen=True):
    """One patient of the worklist, in keys and dates; words come when it is written. ``gaps``: the first one leads.

    ``dxa``: the last one done; ``lowest``: lowest T-score of it; ``ordered``: one is ordered. ``tests``: laboratory tests that
    are recommended now. ``falls`` and ``strength``: when they were last assessed. ``next``: recommended orders."""

    patient: str
    gaps: tuple[Gap, ...]
    name: str = ""
    identifier: str = ""
    phone: str = ""
    sex: str = ""
    born: str = ""
    age: int | None = None
    fracture: Broken | None = None
    taken: Taken | None = None
    dxa: date | None = None
    lowest: float | None = None
    ordered: bool = False
    tests: tuple[str, ...] = ()
    falls: date | None = None
    strength: date | None = None
    next: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()
    doubt: tuple[str, ...] = ()


class Stratum(Struct, frozen=True):
    """What patients are counted by. ``fracture``: of hip or vertebra if there is one, else any other."""

    age: str
    sex: str
    fracture: str


class Judged(Struct):
    """What became of one patient. ``why`` is "" if there is an answer, else why there is none. ``counts``: of the reading, by
    ledger and name ("unread: medications, local-code"). ``figures``: the states of the indicators. ``stratum``: None
    without an answer."""

    patient: str
    why: str = ""
    rows: tuple[Row, ...] = ()
    item: Item | None = None
    counts: dict[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    figures: Figures | None = None
    stratum: Stratum | None = None


_DAYS = ("safe", "due", "limit", "decide", "latest", "next_dxa", "by", "day", "next")
"""Values of findings that are the day of which their card speaks, in the order in which they count."""


def rows_of(patient: str, findings: Sequence[Finding], shown: Sequence[Finding]) -> Iterator[Row]:
    for finding in findings:
        told = (fact for found in (finding, *finding.contains) for fact in found.facts)
        facts = [fact for fact in dict.fromkeys(told) if fact.source or fact.when]
        yield Row(
            patient=patient,
            card=finding.code,
            indicator=finding.indicator.value,
            variant=finding.variant,
            contains=finding.codes[1:],
            shown=any(finding is each for each in shown),
            evidence=tuple(fact.source for fact in facts),
            evidence_dates=tuple(iso(fact.dated) for fact in facts),
            due=due(finding),
            recommended=orders(finding),
            doubt=tuple(data.value for data in finding.doubt),
        )


def due(finding: Finding) -> date | None:
    """The day of which a finding speaks; else the first from which a recommended order is to be given."""
    for key in _DAYS:
        if isinstance(day := _first(finding.values.get(key)), date):
            return day
    return min((option.start for option in finding.options if option.recommended and option.start), default=None)


def orders(finding: Finding) -> tuple[str, ...]:
    return tuple(_order(option) for option in finding.options if option.recommended)


def _order(option: Option) -> str:
    return f"{option.key} {option.start}" if option.start else option.key


def _first(value: Any) -> Any:
    return value.first if isinstance(value, Partial) else value


def iso(day: date | Partial | None) -> str:
    """As recorded: a day, a month or a year.

    >>> iso(date(2026, 3, 1)), iso(Partial(date(2026, 3, 1), date(2026, 3, 31))), iso(None)
    ('2026-03-01', '2026-03', '')
    """
    return "" if day is None else day.iso if isinstance(day, Partial) else day.isoformat()
