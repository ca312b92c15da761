"""The limit of a laboratory value, and how long it has been beyond it (card specification, "work-up")."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Protocol

from msgspec.structs import replace

from cards.chart import Chart, Measurement
from cards.chart.calendar import add_days
from cards.vocabulary import ANALYTES

Test = Callable[[Measurement], bool | None]


class Dated(Protocol):
    """What has a date: a value, a problem, a fracture."""

    @property
    def at_latest(self) -> date | None:
        """The last day that it can have been; None where nothing says when."""


def surely_by(each: Dated, day: date) -> bool:
    """Whether it was on ``day`` or before, on each of its possible days; never without a date. Asked where it silences."""
    return each.at_latest is not None and each.at_latest <= day


def maybe_since(each: Dated, day: date) -> bool:
    """Whether it was on ``day`` or after, on one of its possible days; never without a date. Asked where it warns."""
    return each.at_latest is not None and each.at_latest >= day


def surely_within(value: Measurement, begin: date, end: date) -> bool:
    """Whether the value was taken between these days, inclusive, on each of its possible days."""
    return begin <= value.when and value.at_latest <= end


def newest(chart: Chart, key: str) -> Measurement | None:
    """The newest usable value of {work-up-window-months} months."""
    return next(iter(in_window(chart, key)), None)


def in_window(chart: Chart, key: str) -> tuple[Measurement, ...]:
    """The usable values that are or may be of the last {work-up-window-months} months, newest first."""
    since = chart.months_ago(chart.numbers.work_up_window_months)
    return tuple(as_limits(each) for each in chart.values(key) if maybe_since(each, since))


_ROUNDED = frozenset({"pth", "creatinine", "testosterone"})


def as_limits(value: Measurement) -> Measurement:
    """A value that was recorded in another unit, with the decimals of the limits: 2.1 pmol/L of PTH is 19.8 pg/mL, and in the
    specification the same limit as 20."""
    if value.key not in _ROUNDED or value.factor == 1:
        return value
    return replace(value, value=round(value.value, ANALYTES[value.key].digits))


def low(value: Measurement | None, fallback: float | None) -> bool:
    """Whether the value is certainly below the laboratory's own limit, otherwise below ``fallback`` (None: there is none)."""
    limit = fallback if value is None or value.low is None else value.low
    return value is not None and limit is not None and value.below(limit) is True


def high(value: Measurement | None, fallback: float | None, times: float = 1) -> bool:
    """Whether the value is certainly above ``times`` the laboratory's own limit, otherwise above that of ``fallback``."""
    limit = fallback if value is None or value.high is None else value.high
    return value is not None and limit is not None and value.at_most(times * limit) is False


def at_least(value: Measurement | None, limit: float) -> bool:
    """Whether the value is certainly ``limit`` or more."""
    return value is not None and value.below(limit) is False


def within(value: Measurement | None, day: date, days: int) -> bool:
    """Whether the value was taken at most ``days`` days before or after ``day``."""
    return value is not None and abs((value.when - day).days) <= days


def again(chart: Chart, key: str, value: Measurement, apart: int, test: Test) -> Measurement | None:
    """The newest value that also passes the test, taken ``apart`` days or more before ``value``, within the window."""
    before = add_days(value.when, -apart)
    return next((each for each in in_window(chart, key) if surely_by(each, before) and test(each)), None)


def met_since(chart: Chart, value: Measurement, test: Test) -> date:
    """The first day of the unbroken series of values that pass the test and that ends with ``value``."""
    first = value.when
    for each in chart.values(value.key):
        if each.when > first:
            continue
        if not test(as_limits(each)):
            break
        first = each.when
    return first


def nth(days: Iterable[date], number: int) -> date | None:
    """The day on which the ``number``-th of several things was there, None where there are fewer."""
    found = sorted(days)
    return found[number - 1] if len(found) >= number else None
