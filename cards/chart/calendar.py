"""Calendar arithmetic as the card specification means it: calendar months, the end clamped; "within N days" inclusive."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

from msgspec import Struct

DAYS_A_MONTH = 365.25 / 12
"""For time on a drug that is the sum of several periods."""


@lru_cache(maxsize=4096)
def add_months(day: date, months: int) -> date:
    """The same day of the month ``months`` later (or earlier), clamped to the month's end.

    >>> add_months(date(2025, 8, 31), 6)
    datetime.date(2026, 2, 28)
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        return date.max if year > 9999 else date.min
    number = day.day
    return date(year, month + 1, number if number < 29 else min(number, monthrange(year, month + 1)[1]))


def add_days(day: date, days: int) -> date:
    """``days`` later, clamped to the range of ``date``."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min


class Partial(Struct, frozen=True, gc=False):
    """A date recorded as a year or month only: the first and the last day on which it can have been."""

    first: date
    latest: date

    @property
    def iso(self) -> str:
        """The partial date in ISO 8601; an interval if it is neither one year nor one month.

        >>> Partial(date(2026, 3, 1), date(2026, 3, 31)).iso, Partial(date(2026, 1, 1), date(2026, 11, 27)).iso
        ('2026-03', '2026')
        """
        if self.first.year != self.latest.year:
            return f"{self.first.isoformat()}/{self.latest.isoformat()}"
        return f"{self.first:%Y-%m}" if self.one_month else f"{self.first:%Y}"

    @property
    def one_month(self) -> bool:
        return (self.first.year, self.first.month) == (self.latest.year, self.latest.month)


def as_recorded(first: date | None, latest: date | None) -> date | Partial | None:
    """A day as recorded: exact if there is no ``latest``. For display only; rules compare days."""
    return Partial(first, latest) if first is not None and latest is not None else first


def years_between(earlier: date, later: date) -> int:
    """Completed years, as an age is counted.

    >>> years_between(date(1976, 3, 2), date(2026, 3, 1))
    49
    """
    return later.year - earlier.year - ((later.month, later.day) < (earlier.month, earlier.day))


def months_between(earlier: date, later: date) -> int:
    """Completed calendar months from ``earlier`` to ``later``.

    >>> months_between(date(2025, 8, 31), date(2026, 2, 28))
    6
    """
    months = (later.year - earlier.year) * 12 + later.month - earlier.month
    return months if add_months(earlier, months) <= later else months - 1
