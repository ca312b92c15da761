"""What disturbs a value for a while: operations, fractures that bleed, a pregnancy (card specification, "work-up")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from cards.chart import Chart, Measurement
from cards.chart.calendar import add_days
from cards.chart.facts import Fact
from cards.definitions.minerals import calcium
from cards.definitions.person import of_pregnancy, pregnant
from cards.definitions.workup.values import low, newest, surely_within
from cards.vocabulary import SERVICES

_OPERATIONS = ("hip-replacement", "oophorectomy", "gastric-bypass", "organ-transplant")
"""The operations that the record is read for."""
_DONE = ("hip-surgery", "neck-surgery", "vertebral-augmentation", "major-surgery")
_BLEEDING = ("hip", "pelvis")
_FEMUR = re.compile(r"(?ai)\bfemur|\bfemoral\b|股骨")
"""What the words of a fracture without a site of its own say of the shaft."""


def disturbed(chart: Chart, value: Measurement) -> bool:
    """Whether hemoglobin or ESR was taken in a pregnancy, or within {marker-after-surgery-days} days after one, after a
    fracture of hip, femur or pelvis, whatever its energy, or after an operation."""
    days = chart.numbers.marker_after_surgery_days
    if pregnant(chart) or of_pregnancy(chart, value.when, days):
        return True
    broken = ((f.latest or f.when, f.when) for f in chart.broken if f.site in _BLEEDING or _FEMUR.search(f.text))
    return _soon_after(value, (*broken, *_operations(chart)), days)


def after_operation(chart: Chart, value: Measurement) -> bool:
    """Whether phosphate was taken within {phosphate-after-surgery-days} days after an operation."""
    return _soon_after(value, tuple(_operations(chart)), chart.numbers.phosphate_after_surgery_days)


def hungry_bone(chart: Chart) -> Fact | None:
    """The operation of the thyroid or parathyroids within {neck-surgery-months} months after which calcium and phosphate are
    both low, each measured since: bone that was starved of them takes them up (hungry bone)."""
    n, reading, phosphate = chart.numbers, calcium(chart), newest(chart, "phosphate")
    if reading is None or not reading.low or phosphate is None or not low(phosphate, n.phosphate_low):
        return None
    done = chart.done("neck-surgery", since=chart.months_ago(n.neck_surgery_months))
    if done is None or done.when is None or done.when > min(reading.value.when, phosphate.when):
        return None
    return Fact(SERVICES["neck-surgery"], None, "", done.when, done.source, latest=done.latest)


def _operations(chart: Chart) -> Iterator[tuple[date | None, date | None]]:
    for key in _OPERATIONS:
        yield from ((p.at_latest, p.when) for p in chart.problems.get(key, ()))
    for key in _DONE:
        yield from ((s.at_latest, s.when) for s in chart.services.get(key, ()) if s.done)


def _soon_after(value: Measurement, events: tuple[tuple[date | None, date | None], ...], days: int) -> bool:
    """Whether the value was taken within so many days after one of these, each with its last and its first possible day."""
    return any(last and first and surely_within(value, last, add_days(first, days)) for last, first in events)
