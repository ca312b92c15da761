"""Coverage and spans of drugs taken daily to monthly: by dispensed supply, otherwise as stated."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from cards.chart import Course, Exposure
from cards.chart.calendar import add_days
from cards.definitions.courses.ends import stated_end
from cards.definitions.courses.spans import Span, days_on, joined
from cards.definitions.courses.state import ONGOING
from cards.thresholds import Numbers


def with_supply(numbers: Numbers, course: Course, exposures: list[Exposure], today: date) -> Course:
    """Coverage and spans of a drug taken daily to monthly: from dispensed supply if on record, otherwise as stated."""
    supply = _supply(exposures)
    spans = _stated_spans(numbers, exposures, today, before=supply[0][0] if supply else None) + supply
    merged = joined(spans, bridge=numbers.gap_days)
    supply_until = supply[-1][1] if supply else None
    if course.stopped:
        covered = course.end if supply_until is None else min(filter(None, (course.end, supply_until)))
    elif supply_until is not None:
        covered = supply_until
    elif course.active:
        covered = date.max
    else:
        covered = merged[-1][1] if merged else None
    last = max((end for _, end in merged), default=None)
    return replace(
        course,
        end=course.end or (supply_until if course.stopped else None),
        last_dose=min(last, today) if last else None,
        last_dose_basis="given" if supply else ("statement" if last else ""),
        covered_until=covered,
        supply_until=supply_until,
        end_unknown=not course.active and supply_until is None and _end_unknown(exposures),
        spans=tuple(merged),
        exposure_days=None if course.undated or not merged else days_on(merged, today),
    )


def _end_unknown(exposures: list[Exposure]) -> bool:
    """Whether the newest order or statement has ended without an end date: "completed" means that a prescription was used up,
    not that it ended on its first day."""
    told = [e for e in exposures if e.kind in ("statement", "request") and e.start]
    newest = max(told, key=lambda e: e.start or date.min, default=None)
    return newest is not None and newest.status not in ONGOING and newest.end is None and not newest.supply_days


def _supply(exposures: list[Exposure]) -> list[Span]:
    """What each dispense covers; an early refill is used up after the supply before it."""
    spans: list[Span] = []
    reach: date | None = None
    handed = sorted(
        (e.start, e.supply_days)
        for e in exposures
        if e.kind == "dispense" and e.start and e.supply_days and e.status == "completed"
    )
    for day, days in handed:
        begin = day if reach is None or reach < day else reach
        reach = add_days(begin, round(days))
        spans.append((day, reach))
    return spans


def _stated_spans(numbers: Numbers, exposures: list[Exposure], today: date, before: date | None) -> list[Span]:
    """Time on the drug according to statements and orders (up to the first dispense; from then on supply counts)."""
    told = sorted(
        (e for e in exposures if e.kind in ("statement", "request", "administration") and e.start),
        key=lambda e: e.start or today,
    )
    spans: list[Span] = []
    for index, exposure in enumerate(told):
        begin = exposure.start
        if begin is None or (before is not None and begin >= before):
            continue
        until = stated_end(numbers, exposure, told[index + 1 :], today)
        spans.append((begin, max(begin, until if before is None else min(until, before))))
    return spans
