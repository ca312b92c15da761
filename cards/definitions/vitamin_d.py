"""Plain vitamin D from all products, both on the medication list and being ordered."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from msgspec import Struct

from cards.chart import Course, Dosing, Draft
from cards.definitions.loading import BESIDE, is_accepted
from cards.vocabulary.regimens import REGIMENS

_WEEK, _MONTH = 7, 30
"""Days: doses farther apart than the one are single doses; over the other doses are averaged."""


class Supply(Struct, frozen=True):
    """Doses in IU whose amount could be read, each product once."""

    dosings: tuple[Dosing, ...]

    def daily(self, beyond: float = 0) -> float:
        """The daily sum of the products that are taken for more than ``beyond`` days, or without an end."""
        return sum(each.daily or 0 for each in self.dosings if each.days is None or each.days > beyond)

    def mean(self) -> float:
        """The daily mean of the 30 days into which most doses fall."""
        return sum((each.amount or 0) * _doses(each) for each in self.dosings) / _MONTH

    def is_accepted_loading(self, total: float) -> bool:
        """Whether one weekly loading as it is proposed, of ``total`` units at most, with no more beside it than the daily dose
        that follows one."""
        large = [each for each in self.dosings if not _is_daily(each)]
        beside = sum(each.daily or 0 for each in self.dosings if _is_daily(each))
        return len(large) == 1 and is_accepted(large[0], total) and beside <= REGIMENS[BESIDE].dose


def supply(taken: Iterable[Course], drafts: Iterable[Draft]) -> Supply:
    """Each draft is a product; a list entry with the dose and timing of a draft is the one that it renews. Not so a single
    dose: of two ampoules the second comes on top of the first."""
    ordered = [draft.dosing for draft in drafts if draft.dosing is not None]
    listed = dict.fromkeys(each for course in taken for each in (course.dosings or (course.dosing,)) if each is not None)
    renewed = {(each.amount, each.every_days) for each in ordered if each.every_days and each.every_days <= _WEEK}
    kept = [each for each in listed if (each.amount, each.every_days) not in renewed]
    return Supply(tuple(each for each in (*ordered, *kept) if each.unit == "IU" and each.amount and each.readable))


def _doses(dosing: Dosing) -> int:
    """How many doses may fall into 30 days; one where no interval is told."""
    if not dosing.every_days:
        return 1
    return ceil(min(dosing.days or _MONTH, _MONTH) / dosing.every_days)


def _is_daily(dosing: Dosing) -> bool:
    return dosing.every_days is not None and dosing.every_days <= 1
