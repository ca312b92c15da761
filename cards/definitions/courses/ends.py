"""When a statement or order ended that may not say so itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from msgspec import Struct

from cards.chart import Exposure
from cards.chart.calendar import add_days, add_months
from cards.chart.records.drugs import GUESSED_ENDS
from cards.definitions.courses.state import ONGOING
from cards.thresholds import Numbers


class End(Struct, frozen=True):
    """The last day on the drug according to one entry. ``assumed`` is "" if the entry says so or goes on, otherwise what the
    day is assumed from: "supply" (of the order), "next-drug", "asserted", "order"."""

    day: date
    assumed: str = ""

    @property
    def guessed(self) -> bool:
        """Whether nothing of the drug itself speaks for this day: time on the drug, but nobody is covered by it."""
        return self.assumed in GUESSED_ENDS


def stated_end(
    numbers: Numbers, exposure: Exposure, later: Sequence[Exposure], others: Sequence[date] | None, today: date
) -> End:
    """The end of one statement or order: its own, or today while it is active. Of one that has ended and does not say when, the
    first of these: what it supplies; the next entry of this drug, at most {order-longest-months} months later; the day before
    the next drug against osteoporosis began; the day on which a statement says that it had stopped; {order-longest-months}
    months after it was written. What was given ends on its day; a depot when it is used up.

    ``later``: the entries of this drug that follow; ``others``: when other drugs against osteoporosis began, of a drug that is
    not one of them None, of which nothing is assumed.
    """
    begin = exposure.start or today
    if exposure.end is not None:
        return End(min(exposure.end_latest or exposure.end, today))
    if exposure.kind == "administration":
        return End(add_days(begin, round(exposure.supply_days or 0)))
    if exposure.status in ONGOING:
        return End(today)
    if exposure.supply_days:
        return End(min(begin + timedelta(days=round(exposure.supply_days)), today), "supply")
    return _assumed(numbers, exposure, begin, later, others, today)


def _assumed(
    numbers: Numbers,
    exposure: Exposure,
    begin: date,
    later: Sequence[Exposure],
    others: Sequence[date] | None,
    today: date,
) -> End:
    longest = add_months(begin, numbers.order_longest_months)
    renewed = next((e.start for e in later if e.start and e.start > begin), None)
    switched = next((add_days(day, -1) for day in others or () if day > begin), None)
    if renewed is not None:
        return End(min(day for day in (renewed, switched, longest) if day), "order")
    if others is None:
        return End(begin, "order")
    if switched is not None:
        return End(min(switched, today), "next-drug")
    if exposure.kind == "statement" and exposure.authored and exposure.authored > begin:
        return End(min(exposure.authored, today), "asserted")
    return End(min(longest, today), "order")
