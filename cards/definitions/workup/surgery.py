"""What disturbs a value for a while: operations, fractures that bleed, a pregnancy (card specification, "work-up")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards.chart import Chart, Measurement
from cards.chart.calendar import add_days
from cards.definitions.person import of_pregnancy, pregnant
from cards.definitions.workup.values import surely_within

_OPERATIONS = ("hip-replacement", "oophorectomy", "gastric-bypass", "organ-transplant")
"""The operations that the record is read for."""
_BLEEDING = ("hip", "pelvis")


def disturbed(chart: Chart, value: Measurement) -> bool:
    """Whether hemoglobin or ESR was taken in a pregnancy, or within {marker-after-surgery-days} days after one, after a
    fracture of hip or pelvis or after an operation."""
    days = chart.numbers.marker_after_surgery_days
    if pregnant(chart) or of_pregnancy(chart, value.when, days):
        return True
    broken = ((f.at_latest, f.when) for f in chart.fractures if f.site in _BLEEDING)
    return _soon_after(value, (*broken, *_operations(chart)), days)


def after_operation(chart: Chart, value: Measurement) -> bool:
    """Whether phosphate was taken within {phosphate-after-surgery-days} days after an operation."""
    return _soon_after(value, tuple(_operations(chart)), chart.numbers.phosphate_after_surgery_days)


def _operations(chart: Chart) -> Iterator[tuple[date | None, date | None]]:
    for key in _OPERATIONS:
        yield from ((p.at_latest, p.when) for p in chart.problems.get(key, ()))


def _soon_after(value: Measurement, events: tuple[tuple[date | None, date | None], ...], days: int) -> bool:
    """Whether the value was taken within so many days after one of these, each with its last and its first possible day."""
    return any(last and first and surely_within(value, last, add_days(first, days)) for last, first in events)
