"""Timing -> days from dose to dose, and how long."""

from __future__ import annotations

from datetime import date, tzinfo

from msgspec import Struct

from cds_service.fhir.reading import durations, elements
from cds_service.fhir.reading.dates import day
from cds_service.fhir.reading.durations import DAYS, MONTH
from cds_service.fhir.reading.sig import read_sig
from cds_service.fhir.reading.units import number, plain

_TIMING_CODES = {
    "BID": 1 / 2, "TID": 1 / 3, "QID": 1 / 4, "QD": 1.0, "AM": 1.0, "PM": 1.0, "BED": 1.0, "QOD": 2.0,
    "WK": 7.0, "QW": 7.0, "MO": MONTH, "QM": MONTH, "Q1H": 1 / 24, "Q2H": 1 / 12, "Q3H": 1 / 8, "Q4H": 1 / 6,
    "Q6H": 1 / 4, "Q8H": 1 / 3, "Q12H": 1 / 2,
}  # fmt: skip
_ONCE = 0.0


class Said(Struct, frozen=True):
    """One aspect of a dosage: ``said`` means that it is stated, ``value`` is what it is, if readable."""

    said: bool = False
    value: float | None = None


def agree(one: float | None, other: float | None) -> bool:
    """Whether two readings are the same, as far as both say anything."""
    return one is None or other is None or abs(one - other) <= 0.05 * max(one, other)


def every_of(timing: elements.Timing | None) -> Said:
    """Days from dose to dose; 0 for a single dose."""
    if timing is None:
        return Said()
    repeated, coded = _repeated(timing.repeat), _coded(timing.code)
    if repeated.value is not None and coded.value is not None and not agree(repeated.value, coded.value):
        return Said(said=True)
    return repeated if repeated.value is not None or not coded.said else coded


def _coded(code: elements.Concept | None) -> Said:
    if code is None:
        return Said()
    for coding in elements.codings(code):
        if (every := _TIMING_CODES.get((coding.code or "").upper())) is not None:
            return Said(True, every)
    found = [read_sig(said) for said in (code.text, *(s for c in elements.codings(code) for s in (c.code, c.display))) if said]
    return Said(True, next((sig.every for sig in found if sig.readable and sig.every is not None), None))


def _repeated(repeat: elements.Repeat | None) -> Said:
    if repeat is None:
        return Said()
    times = len(elements.many(repeat.time_of_day)) or len(elements.many(repeat.when))
    weekdays = len(elements.many(repeat.day_of_week))
    frequency, period = number(repeat.frequency), number(repeat.period)
    if repeat.period is None and repeat.frequency is None:
        if weekdays or times:
            return Said(True, 7 / (weekdays * max(times, 1)) if weekdays else 1 / times)
        return Said(True, _ONCE) if number(repeat.count) == 1 else Said(repeat.count is not None)
    unit = DAYS.get(plain(repeat.period_unit or ""))
    varies = any(
        most is not None and number(most) != (number(least) or 1)
        for most, least in ((repeat.frequency_max, repeat.frequency), (repeat.period_max, repeat.period))
    )
    if unit is None or period is None or period <= 0 or varies or (repeat.frequency is not None and not frequency):
        return Said(said=True)
    return Said(True, _on_weekdays(period * unit, frequency or times or 1, weekdays))


def _on_weekdays(period: float, frequency: float, weekdays: int) -> float | None:
    """The interval where only some days of the week count; None where the two do not fit together."""
    if not weekdays:
        return period / frequency if frequency > 0 else None
    if period == 1:
        return 7 / (weekdays * frequency)
    fits = period % 7 == 0 and frequency == weekdays
    return period / frequency if fits else None


def days_of(timing: elements.Timing | None, every: float | None, zone: tzinfo) -> float | None:
    """How long, by the bounds or by the number of doses."""
    repeat = timing.repeat if timing else None
    if repeat is None:
        return None
    if (length := durations.of_quantity(repeat.bounds_duration)) is not None:
        return length
    if (bounds := bounds_of(timing, zone)) is not None:
        return float((bounds[1] - bounds[0]).days + 1)
    count = number(repeat.count)
    return count * every if count and every else None


def bounds_of(timing: elements.Timing | None, zone: tzinfo) -> tuple[date, date] | None:
    """The first and the last day, where both are told."""
    bounds = timing.repeat.bounds_period if timing and timing.repeat else None
    start, end = (day(bounds.start, zone), day(bounds.end, zone)) if bounds else (None, None)
    return (start, end) if start and end and start <= end else None
