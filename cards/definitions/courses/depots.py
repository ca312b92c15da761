"""Depots that were given: how long one works whose strength the record does not tell."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec.structs import replace

from cards.chart import Exposure
from cards.thresholds import Numbers


def with_intervals(numbers: Numbers, exposures: Iterable[Exposure]) -> list[Exposure]:
    """A depot without a strength that was given works as long as the time since the one before it; not where that was a pause,
    in which the one before had been used up for more than {gap-days} days."""
    told = list(exposures)
    given = sorted(e.start for e in told if e.start and _is_depot(e))
    return [_lasting(numbers, each, given) for each in told]


def _lasting(numbers: Numbers, exposure: Exposure, given: list[date]) -> Exposure:
    if exposure.strength_mg is not None or exposure.start is None or not _is_depot(exposure):
        return exposure
    before = max((day for day in given if day < exposure.start), default=None)
    apart = (exposure.start - before).days if before else 0
    works = exposure.supply_days or 0
    return replace(exposure, supply_days=apart) if works < apart <= works + numbers.gap_days else exposure


def _is_depot(exposure: Exposure) -> bool:
    return exposure.kind == "administration" and bool(exposure.supply_days)
