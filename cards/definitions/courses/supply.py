"""Coverage and spans of drugs taken daily to monthly: by dispensed supply, otherwise as stated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Course, Exposure, Period
from cards.chart.calendar import add_days
from cards.definitions.courses.ends import End, stated_end
from cards.definitions.courses.spans import Span, days_on, joined
from cards.definitions.courses.state import is_ongoing, unconfirmed
from cards.thresholds import Numbers

_BROKEN_OFF = frozenset({"stopped", "on-hold"})


class _Supply(Struct, frozen=True):
    """What was dispensed on a day, and from when until when it is used."""

    day: date
    begin: date
    until: date


class _Told(Struct, frozen=True):
    """A statement, order or dose given, with its first day and its end; ``handed``: the day of the next dispense, from which
    on the supply counts."""

    begin: date
    end: End
    exposure: Exposure
    handed: date | None = None

    def span(self, *, sure: bool = False) -> Span:
        """Time on the drug; ``sure``: of an end that is a guess only the first day."""
        until = self.begin if sure and self.end.guessed else self.end.day
        return self.begin, max(self.begin, until if self.handed is None else min(until, self.handed))


def with_supply(
    numbers: Numbers, course: Course, exposures: list[Exposure], today: date, others: Sequence[date] | None
) -> Course:
    """Coverage and spans of a drug taken daily to monthly: from dispensed supply if on record, otherwise as stated.

    A dispense bounds what was on the list on its day (or within {same-dose-days} days after it), and what was begun while its
    supply lasted if more was dispensed later. What was begun after that counts by itself, until the next dispense: one old
    dispense says nothing of it. An assumed end is time on the drug, but nobody is covered by it. ``others``: when other drugs
    against osteoporosis began."""
    supply, depots = _supply(exposures), _depots(exposures)
    told = _by_themselves(numbers, _stated(numbers, exposures, today, others), supply)
    newest = [each for each in told if supply and each.begin > supply[-1].day]
    bound = supply[-1].until if supply and not newest else None
    resumed = any(each.begin > supply[-1].until for each in newest)
    handed = [*((each.begin, each.until) for each in supply), *depots]
    merged = joined([*(each.span() for each in told), *handed], bridge=numbers.gap_days)
    last = max((end for _, end in merged), default=None)
    return replace(
        course,
        end=course.end or (bound if course.stopped else None),
        last_dose=min(last, today) if last else None,
        last_dose_basis="given" if bound else ("statement" if last else ""),
        covered_until=_covered(course, told, newest, supply, depots, today),
        supply_until=supply[-1].until if supply and not resumed else None,
        end_assumed="" if course.active or course.end else "dispensed" if bound else _assumed(told),
        spans=tuple(merged),
        exposure_days=None if course.undated or not merged else days_on(merged, today),
        periods=_periods(numbers, exposures, today, others),
        unconfirmed=unconfirmed(numbers, [e for e in exposures if e.kind != "dispense"], today)
        if newest and course.active
        else course.unconfirmed,
    )


def _covered(
    course: Course, told: list[_Told], newest: list[_Told], supply: list[_Supply], depots: list[Span], today: date
) -> date | None:
    """``newest``: what was begun after the last dispense. Without any, the supply bounds all that is on the list, but for a
    depot that was given: that works whatever is stopped."""
    bound = supply[-1].until if supply and not newest else None
    ends = [end for _, end in depots]
    if course.stopped:
        taken = min(filter(None, (course.end, bound)), default=None)
        return max(filter(None, (taken, *ends)), default=None)
    if bound is not None:
        return max((bound, *ends))
    if any(is_ongoing(each.exposure, today) for each in newest) or (course.active and not supply):
        return date.max
    return max([*(each.span(sure=True)[1] for each in told), *(each.until for each in supply), *ends], default=None)


def _assumed(told: list[_Told]) -> str:
    """What the end of the newest entry is assumed from; "" if it says so itself."""
    return told[-1].end.assumed if told else ""


def _supply(exposures: list[Exposure]) -> list[_Supply]:
    """What each dispense covers; an early refill is used up after the supply before it."""
    found: list[_Supply] = []
    handed = sorted(
        (e.start, e.supply_days)
        for e in exposures
        if e.kind == "dispense" and e.start and e.supply_days and e.status == "completed"
    )
    for day, days in handed:
        begin = max(day, found[-1].until) if found else day
        found.append(_Supply(day, begin, add_days(begin, round(days))))
    return found


def _depots(exposures: list[Exposure]) -> list[Span]:
    """What each depot that was given covers, whatever was dispensed before."""
    given = [e for e in exposures if e.kind == "administration" and e.supply_days]
    return [(e.start, add_days(e.start, round(e.supply_days or 0))) for e in given if e.start]


def _stated(numbers: Numbers, exposures: list[Exposure], today: date, others: Sequence[date] | None) -> list[_Told]:
    """First day and end of each statement, order and dose given, in order of time."""
    told = sorted(
        (e for e in exposures if e.kind in ("statement", "request", "administration") and e.start),
        key=lambda e: e.start or today,
    )
    return [
        _Told(each.start, stated_end(numbers, each, told[index + 1 :], others, today), each)
        for index, each in enumerate(told)
        if each.start
    ]


def _by_themselves(numbers: Numbers, told: list[_Told], supply: list[_Supply]) -> list[_Told]:
    """What no dispense bounds from its first day on."""
    found = []
    for each in told:
        handed = next((one.day for one in supply if one.day > each.begin), None)
        before = next((one for one in reversed(supply) if one.day <= each.begin), None)
        if before is not None:
            spoken_of = add_days(before.day, numbers.same_dose_days)
            if each.begin <= (spoken_of if handed is None else max(spoken_of, before.until)):
                continue
        found.append(replace(each, handed=handed))
    return found


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
        ordered = e.kind == "request"
        periods.append(Period(e.start, max(e.start, end), e.dosing, once=once, stopped=_broken_off(e), ordered=ordered))
    return tuple(periods)


def _broken_off(exposure: Exposure) -> bool:
    """Whether not all of it was taken: it was stopped, is on hold, or ended before its last dose."""
    dosing, end = exposure.dosing, exposure.end_latest or exposure.end
    if exposure.status in _BROKEN_OFF or exposure.start is None:
        return exposure.status in _BROKEN_OFF
    if exposure.kind == "administration" or dosing is None or not dosing.days or not dosing.every_days or end is None:
        return False
    return end < add_days(exposure.start, int(dosing.days - dosing.every_days))
