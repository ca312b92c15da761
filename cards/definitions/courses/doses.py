"""Days on which a drug was given: one injection recorded in several resources is one dose."""

from __future__ import annotations

from datetime import date

from cards.chart import Exposure
from cards.thresholds import Numbers
from cards.vocabulary import Drug


def doses_of(numbers: Numbers, drug: Drug, exposures: list[Exposure]) -> list[date]:
    """Days on which the drug was given (for a year or month, its first day). A dispense near an administration, or an order
    near either, is the same dose."""
    same_dose = numbers.same_dose_days
    window = numbers.same_dose_long_days if (drug.covers_months or 0) >= numbers.long_acting_months else same_dose
    given = [e for e in exposures if e.kind == "administration" and e.start]
    days = clustered(sorted(e.start for e in given if e.start and not e.latest), within=same_dose)
    for kind, statuses in (("dispense", ("completed",)), ("request", ("completed",))):
        if kind == "request" and not drug.covers_months:
            continue
        for exposure in exposures:
            day = exposure.start
            counts = exposure.kind == kind and exposure.status in statuses
            if counts and day and all(abs((day - other).days) > window for other in days):
                days.append(day)
    for exposure in given:
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
