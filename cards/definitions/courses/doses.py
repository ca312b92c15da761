"""Days on which a drug was given: one injection recorded in several resources is one dose."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from cards.chart import Exposure
from cards.thresholds import Numbers
from cards.vocabulary import Drug

TOLD = "told"
"""The kind of a statement that tells of one dose."""


def told_doses(numbers: Numbers, exposures: list[Exposure], today: date) -> list[Exposure]:
    """Statements of an injection that works for months, over within {same-dose-days} days and not said to be stopped, tell of
    one dose, given elsewhere perhaps: what ended is the injection, not the drug."""
    return [replace(e, kind=TOLD, end=None, end_latest=None) if _tells_of_one(numbers, e, today) else e for e in exposures]


def _tells_of_one(numbers: Numbers, exposure: Exposure, today: date) -> bool:
    if exposure.kind != "statement" or exposure.status not in ("completed", "active") or not exposure.drug.covers_months:
        return False
    start, end = exposure.start, exposure.end
    return start is not None and end is not None and start <= today and 0 <= (end - start).days <= numbers.same_dose_days


def doses_of(numbers: Numbers, drug: Drug, exposures: list[Exposure]) -> list[date]:
    """Days on which the drug was given (for a year or month, its first day). A dispense near an administration, or an order
    near either, is the same dose; so is one that is told of."""
    same_dose = numbers.same_dose_days
    window = numbers.same_dose_long_days if (drug.covers_months or 0) >= numbers.long_acting_months else same_dose
    given = [e for e in exposures if e.kind == "administration" and e.start]
    days = clustered(sorted(e.start for e in given if e.start and not e.latest), within=same_dose)
    for kind in ("dispense", TOLD, "request"):
        if kind == "request" and not drug.covers_months:
            continue
        for exposure in exposures:
            day = exposure.start
            counts = exposure.kind == kind and (exposure.status == "completed" or kind == TOLD)
            inexact = kind == TOLD and exposure.latest is not None
            if counts and day and not inexact and all(abs((day - other).days) > window for other in days):
                days.append(day)
    for exposure in (*given, *(e for e in exposures if e.kind == TOLD)):
        day, latest = exposure.start, exposure.latest
        if day and latest and not any(day <= other <= latest for other in days):
            days.append(day)
    return sorted(days)


def clustered(days: list[date], *, within: int) -> list[date]:
    kept: list[date] = []
    for day in days:
        if not kept or (day - kept[-1]).days > within:
            kept.append(day)
    return kept
