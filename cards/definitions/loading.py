"""Loadings of vitamin D on record: weekly or daily doses, ampoules, and doses as large without an end (card specification,
"vitamin D by level")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from math import ceil

from msgspec import Struct

from cards.chart import Chart, Course, Dosing, Measurement, Period
from cards.chart.calendar import Partial, add_days, as_recorded
from cards.vocabulary import Mechanism
from cards.vocabulary.regimens import REGIMENS

PLAIN = frozenset({Mechanism.VITAMIN_D})
SEVERE, RAPID = "cholecalciferol-weekly-6", "cholecalciferol-weekly-4"
DAILY = {SEVERE: "cholecalciferol-daily-10", RAPID: "cholecalciferol-daily-7"}
"""The same amount in daily doses."""
BESIDE = "cholecalciferol-2000"
"""The largest daily dose that may go on beside a weekly loading: the largest that follows one."""
_WEEK = 7


class Loading(Struct, frozen=True):
    """A loading on the list, or one that was taken whole. ``begin``: its first day, None where none is told; ``end``: the day
    on which it is complete; ``endless``: its doses have no end, so that it is to be stopped on that day; ``ordered``: nothing
    says that it was taken, only that it was ordered. ``begin_latest``, ``end_latest``: the last possible days."""

    course: Course
    begin: date | None = None
    end: date | None = None
    begin_latest: date | None = None
    end_latest: date | None = None
    endless: bool = False
    ordered: bool = False

    @property
    def ended(self) -> date | Partial | None:
        """The day on which it is complete, as recorded."""
        return as_recorded(self.end, self.end_latest if self.end_latest != self.end else None)

    def runs(self, today: date) -> bool:
        return self.end is None or self.end > today


def loading(chart: Chart, level: Measurement) -> Loading | None:
    """The newest one that began {vitamin-d-loading-days} days before a level or later; one that goes on whenever it began."""
    since = add_days(level.when, -chart.numbers.vitamin_d_loading_days)
    found = [*_in_doses(chart, since), *_at_once(chart, since)]
    return max(found, key=lambda each: (each.end or date.max, each.begin or date.min), default=None)


def units_at_once(chart: Chart, level: Measurement) -> float:
    """The units of all large single doses since then."""
    return sum(dosing.amount or 0 for _, _, dosing in _single_doses(chart, _since(chart, level)))


def room(chart: Chart, level: Measurement) -> float:
    """How much of {vitamin-d-loading-total} units a loading may still hold, beside large single doses."""
    return chart.numbers.vitamin_d_loading_total - units_at_once(chart, level)


def in_all(dosing: Dosing | None) -> float:
    """All units of a loading, or of a single dose."""
    if dosing is None or not dosing.amount:
        return 0
    return dosing.amount * ceil(dosing.days / dosing.every_days) if dosing.days and dosing.every_days else dosing.amount


def is_loading(dosing: Dosing | None) -> bool:
    """Whether doses as large and as often as those of a loading, weekly or daily, that come to an end."""
    return dosing is not None and bool(dosing.days) and is_large(dosing)


def is_accepted(dosing: Dosing, total: float) -> bool:
    """Whether a weekly loading as it is proposed, or less: doses no larger and no more often, of ``total`` units at most."""
    weekly = is_loading(dosing) and (dosing.amount or 0) <= REGIMENS[SEVERE].dose and (dosing.every_days or 0) >= _WEEK
    return weekly and in_all(dosing) <= total


def is_large(dosing: Dosing) -> bool:
    """Whether doses as large and as often as those of a loading."""
    amount, days = dosing.amount, dosing.every_days
    if dosing.unit != "IU" or not amount or not days:
        return False
    return any(amount >= REGIMENS[key].dose and days <= _apart(key) for key in (SEVERE, DAILY[SEVERE]))


def is_single(dosing: Dosing) -> bool:
    """Whether one dose at least as large as the weekly one of a loading, or doses farther apart."""
    large = dosing.unit == "IU" and (dosing.amount or 0) >= REGIMENS[SEVERE].dose
    return large and (not dosing.every_days or dosing.every_days > _WEEK)


def _apart(key: str) -> int:
    return _WEEK if key == SEVERE else 1


def _whole(dosing: Dosing) -> int:
    """The days of a loading in doses like these that come to no end."""
    weekly = (dosing.amount or 0) >= REGIMENS[SEVERE].dose and (dosing.every_days or 0) > 1
    return _WEEK * REGIMENS[SEVERE if weekly else DAILY[SEVERE]].weeks


def _in_doses(chart: Chart, since: date) -> Iterator[Loading]:
    """Weekly or daily doses. What was broken off or is on hold does not count, nor an order without an end that was closed;
    what is said to have been taken without an end counts where it went on as long as a whole one."""
    for course in chart.courses(PLAIN):
        large = [p for p in course.periods if p.dosing is not None and is_large(p.dosing) and not (p.once or p.stopped)]
        for period in large:
            dosing = period.dosing
            if dosing is None:
                continue
            end = add_days(period.begin, int(dosing.days or _whole(dosing)))
            goes_on = bool(course.active and dosing in course.dosings)
            if not dosing.days and not goes_on and (period.ordered or period.end < end or period.begin < since):
                continue
            if end > chart.today or period.begin >= since or not dosing.days:
                latest = course.latest_of(period.begin)
                yield Loading(
                    course,
                    period.begin,
                    end,
                    latest,
                    min(add_days(end, (latest - period.begin).days), max(end, chart.today)),
                    endless=not dosing.days,
                    ordered=_only_ordered(course, period),
                )
        if course.active and not large and any(map(is_large, course.dosings)):
            yield Loading(course, endless=not any(map(is_loading, course.dosings)))


def _at_once(chart: Chart, since: date) -> Iterator[Loading]:
    """Single doses that together leave no room for another loading; from the day on which they do."""
    total, least = 0.0, chart.numbers.vitamin_d_loading_total - in_all_of(RAPID)
    begin = begin_latest = None
    doses = _single_doses(chart, since)
    for period, course, dosing in doses:
        total += dosing.amount or 0
        if begin is None and total > least:
            begin, begin_latest = period.begin, course.latest_of(period.begin)
    if begin is not None:
        last, course, _ = doses[-1]
        ordered = any(period.ordered for period, _, _ in doses)
        yield Loading(course, begin, last.begin, begin_latest, course.latest_of(last.begin), ordered=ordered)


def in_all_of(key: str) -> float:
    """All units of a regimen for a number of weeks."""
    regimen = REGIMENS[key]
    return regimen.dose * regimen.weeks * (1 if regimen.every[1] == "wk" else _WEEK)


def _only_ordered(course: Course, period: Period) -> bool:
    """Whether no entry besides an order says that these doses were taken."""
    taken = (p for p in course.periods if p.begin >= period.begin and p.dosing and not (p.ordered or p.stopped))
    return period.ordered and not any(is_large(p.dosing) or _is_one(p, p.dosing) for p in taken if p.dosing)


def _single_doses(chart: Chart, since: date) -> list[tuple[Period, Course, Dosing]]:
    """Large single doses given or ordered, in order of time; an order that led to a dose given (as large, at most
    {same-dose-days} days apart) is that dose."""
    told = [(p, c, p.dosing) for c in chart.courses(PLAIN) for p in c.periods if p.begin >= since and not p.stopped]
    large = [(p, c, dosing) for p, c, dosing in told if dosing is not None and _is_one(p, dosing)]
    given = [(p, c, dosing) for p, c, dosing in large if p.once]
    days = chart.numbers.same_dose_days
    ordered = [
        (p, c, dosing)
        for p, c, dosing in large
        if not p.once and not any(g.amount == dosing.amount and abs((q.begin - p.begin).days) <= days for q, _, g in given)
    ]
    return sorted((*given, *ordered), key=lambda each: each[0].begin)


def _is_one(period: Period, dosing: Dosing) -> bool:
    """Whether a large single dose; so is each of a loading that was given."""
    return is_single(dosing) or (period.once and dosing.unit == "IU" and (dosing.amount or 0) >= REGIMENS[SEVERE].dose)


def _since(chart: Chart, level: Measurement) -> date:
    return add_days(level.when, -chart.numbers.vitamin_d_loading_days)
