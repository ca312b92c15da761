"""Coverage and spans of drugs taken daily to monthly: by dispensed supply, otherwise as stated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace

from cards.chart import Course, Exposure, Period
from cards.chart.calendar import add_days
from cards.definitions.courses.ends import End, stated_end
from cards.definitions.courses.spans import Span, days_on, joined
from cards.thresholds import Numbers


def with_supply(
    numbers: Numbers, course: Course, exposures: list[Exposure], today: date, others: Sequence[date] | None
) -> Course:
    """Coverage and spans of a drug taken daily to monthly: from dispensed supply if on record, otherwise as stated. An assumed
    end is time on the drug, but nobody is covered by it. ``others``: when other drugs against osteoporosis began."""
    supply, depots = _supply(exposures), _depots(exposures)
    told = _stated_ends(numbers, exposures, today, others)
    first = supply[0][0] if supply else None
    handed = [*supply, *depots]
    merged = joined([*_spans(told, before=first), *handed], bridge=numbers.gap_days)
    sure = joined([*_spans(told, before=first, guessed=False), *handed], bridge=numbers.gap_days)
    supply_until = supply[-1][1] if supply else None
    if course.stopped:
        covered = course.end if supply_until is None else min(filter(None, (course.end, supply_until)))
    elif supply_until is not None:
        covered = max(supply_until, *(end for _, end in depots)) if depots else supply_until
    elif course.active:
        covered = date.max
    else:
        covered = sure[-1][1] if sure else None
    last = max((end for _, end in merged), default=None)
    return replace(
        course,
        end=course.end or (supply_until if course.stopped else None),
        last_dose=min(last, today) if last else None,
        last_dose_basis="given" if supply else ("statement" if last else ""),
        covered_until=covered,
        supply_until=supply_until,
        end_assumed="" if course.active or course.end else "dispensed" if supply else _assumed(told),
        spans=tuple(merged),
        exposure_days=None if course.undated or not merged else days_on(merged, today),
        periods=_periods(numbers, exposures, today, others),
    )


def _assumed(told: list[tuple[date, End]]) -> str:
    """What the end of the newest entry is assumed from; "" if it says so itself."""
    return told[-1][1].assumed if told else ""


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


def _depots(exposures: list[Exposure]) -> list[Span]:
    """What each depot that was given covers, whatever was dispensed before."""
    given = [e for e in exposures if e.kind == "administration" and e.supply_days]
    return [(e.start, add_days(e.start, round(e.supply_days or 0))) for e in given if e.start]


def _stated_ends(
    numbers: Numbers, exposures: list[Exposure], today: date, others: Sequence[date] | None
) -> list[tuple[date, End]]:
    """First day and end of each statement, order and dose given, in order of time."""
    told = sorted(
        (e for e in exposures if e.kind in ("statement", "request", "administration") and e.start),
        key=lambda e: e.start or today,
    )
    return [
        (each.start, stated_end(numbers, each, told[index + 1 :], others, today))
        for index, each in enumerate(told)
        if each.start
    ]


def _spans(told: list[tuple[date, End]], *, before: date | None, guessed: bool = True) -> list[Span]:
    """Time on the drug according to statements and orders (up to the first dispense; from then on supply counts); without
    ``guessed``, of an end that is a guess only its first day."""
    spans: list[Span] = []
    for begin, end in told:
        if before is not None and begin >= before:
            continue
        until = begin if end.guessed and not guessed else end.day
        spans.append((begin, max(begin, until if before is None else min(until, before))))
    return spans


def _periods(numbers: Numbers, exposures: list[Exposure], today: date, others: Sequence[date] | None) -> tuple[Period, ...]:
    """What each entry says of the dose, as long as it holds: a dispense for its supply, a dose given, or a single one handed
    over, for its day."""
    told = sorted((e for e in exposures if e.start), key=lambda e: e.start or today)
    periods = []
    for index, e in enumerate(told):
        single = e.kind == "dispense" and not e.supply_days
        if e.start is None or (single and not (e.dosing and e.dosing.amount and not e.dosing.every_days)):
            continue
        if e.kind == "dispense":
            end = add_days(e.start, round(e.supply_days or 1) - 1)
        else:
            end = stated_end(numbers, e, told[index + 1 :], others, today).day
        once = single or e.kind == "administration"
        periods.append(Period(e.start, max(e.start, end), e.dosing, once=once, stopped=e.status == "stopped"))
    return tuple(periods)
