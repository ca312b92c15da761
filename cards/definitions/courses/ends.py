"""When a statement or order ended that may not say so itself."""

from __future__ import annotations

from datetime import date, timedelta

from cards.chart import Exposure
from cards.chart.calendar import add_months
from cards.definitions.courses.state import ONGOING
from cards.thresholds import Numbers


def stated_end(numbers: Numbers, exposure: Exposure, later: list[Exposure], today: date) -> date:
    """The end of one statement or order: its own, today while it is active, what it supplies, or the next order's start.

    An ended order with neither end date nor supply is assumed to have lasted until the next one, at most {order-longest-months}
    months.
    """
    begin = exposure.start or today
    if exposure.end is not None:
        return min(exposure.end_latest or exposure.end, today)
    if exposure.kind == "administration":
        return begin
    if exposure.status in ONGOING:
        return today
    if exposure.supply_days:
        return min(begin + timedelta(days=round(exposure.supply_days)), today)
    following = next((e.start for e in later if e.start and e.start > begin), None)
    if following is None:
        return begin
    return min(following, add_months(begin, numbers.order_longest_months))
