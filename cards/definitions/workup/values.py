"""The limit of a laboratory value, and how long it has been beyond it (card specification, "work-up")."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from cards.chart import Chart, Measurement
from cards.chart.calendar import add_days

Test = Callable[[Measurement], bool | None]


def newest(chart: Chart, key: str) -> Measurement | None:
    """The newest usable value of {work-up-window-months} months."""
    return chart.newest(key, since=chart.months_ago(chart.numbers.work_up_window_months))


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
    found = chart.values(key, since=chart.months_ago(chart.numbers.work_up_window_months))
    return next((each for each in found if each.when <= before and test(each)), None)


def met_since(chart: Chart, value: Measurement, test: Test) -> date:
    """The first day of the unbroken series of values that pass the test and that ends with ``value``."""
    first = value.when
    for each in chart.values(value.key):
        if each.when > first:
            continue
        if not test(each):
            break
        first = each.when
    return first
