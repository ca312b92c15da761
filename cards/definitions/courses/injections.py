"""Coverage and spans of drugs given as single injections that work for months."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from cards.chart import Course, Exposure
from cards.chart.calendar import add_days, add_months
from cards.definitions.courses.doses import TOLD
from cards.definitions.courses.spans import days_on, joined
from cards.definitions.courses.state import ONGOING, is_ongoing, is_stop, newest_latest
from cards.thresholds import Numbers
from cards.vocabulary import Drug


def with_injections(numbers: Numbers, course: Course, exposures: list[Exposure], today: date) -> Course:
    """Last dose, coverage and spans of a drug given as single injections."""
    drug, covers = course.drug, course.drug.covers_months or 0
    last, last_latest, basis = _last_injection(numbers, drug, exposures, today)
    spans = [(day, add_months(day, covers)) for day in course.doses]
    for exposure in exposures:
        if exposure.kind == "statement" and exposure.start:
            until = exposure.end_latest or exposure.end or (today if exposure.status in ONGOING else None)
            if until is not None and until >= exposure.start:
                spans.append((exposure.start, min(add_months(until, covers), max(until, today))))
    merged = joined(spans, bridge=numbers.gap_days)
    return replace(
        course,
        last_dose=last,
        last_dose_latest=last_latest,
        last_dose_basis=basis,
        covered_until=add_months(last_latest or last, covers) if last else None,
        spans=tuple(merged),
        exposure_days=days_on(merged, today) if merged and not course.undated else None,
    )


def _last_injection(
    numbers: Numbers, drug: Drug, exposures: list[Exposure], today: date
) -> tuple[date | None, date | None, str]:
    """The newest dose given or told of, its last possible day, and how it is known; without a dose, a completed order or the
    end of a statement; otherwise a recent open order."""
    here = [
        (e.start, e.latest)
        for e in exposures
        if e.start and e.kind in ("administration", "dispense") and e.status in ("completed", "in-progress")
    ]
    elsewhere = [(e.start, e.latest) for e in exposures if e.start and e.kind == TOLD]
    if given := _dated_best(here + elsewhere):
        newest = max(day for day, _ in given)
        return newest, newest_latest(given), "given" if any(day == newest for day, _ in here) else "statement"
    assumed = [(e.start, e.latest, "order") for e in exposures if e.kind == "request" and e.status == "completed" and e.start]
    for e in exposures:
        if e.kind == "statement" and is_stop(e, today) and (day := e.end or e.start):
            assumed.append((min(day, today), e.end_latest if e.end else e.latest, "statement"))
    months, grace = drug.covers_months or 0, numbers.denosumab_grace_days
    young = [
        (e.start, e.latest, "order" if e.kind == "request" else "statement")
        for e in exposures
        if is_ongoing(e, today) and e.start and add_days(add_months(e.latest or e.start, months), grace) >= today
    ]
    told = assumed or young
    if not told:
        return None, None, ""
    newest, _, basis = max(told, key=lambda each: (each[0], each[2]))
    return newest, newest_latest((day, latest) for day, latest, _ in told), basis


def _dated_best(given: list[tuple[date, date | None]]) -> list[tuple[date, date | None]]:
    """Without what is dated by year or month and may be the same dose as one with an exact date."""
    exact = [day for day, latest in given if latest is None]
    return [(day, latest) for day, latest in given if latest is None or not any(day <= other <= latest for other in exact)]
