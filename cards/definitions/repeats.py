"""When a test may be proposed again: not while it is ordered, nor before its interval is over."""

from __future__ import annotations

from datetime import date

from cards.chart import Chart
from cards.chart.calendar import add_months


def again(chart: Chart, key: str, months: int) -> bool:
    """Whether a blood test may be proposed: none was measured in the last ``months`` months, and none is ordered."""
    return chart.newest(key, since=chart.months_ago(months)) is None and not chart.ordered(key)


def awaited(chart: Chart, key: str, months: int) -> bool:
    """Whether a test was ordered in this time and has not been done; an order without a date counts."""
    since = chart.months_ago(months)
    return any(not s.done and (s.at_latest is None or s.at_latest >= since) for s in chart.services.get(key, ()))


def marker_interval(chart: Chart, start: date) -> int:
    """Months from one turnover marker to the next on a drug begun on that day: {btm-interval-months}, from {btm-stable-years}
    years on {btm-stable-months}."""
    n = chart.numbers
    stable = chart.today >= add_months(start, n.btm_stable_years * 12)
    return int(n.btm_stable_months if stable else n.btm_interval_months)
