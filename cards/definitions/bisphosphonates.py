"""Time on bisphosphonates: over life, and since they were taken up again after a pause."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Chart, Course, per_chart
from cards.chart.calendar import DAYS_A_MONTH, Partial, add_months, as_recorded, months_between
from cards.definitions.courses.spans import Span, days_on, joined
from cards.vocabulary import Mechanism


class Pause(Struct, frozen=True):
    """A time without bisphosphonates, in completed months, and the day on which one was taken again (``latest``: the last that
    it can have been, where the record gives a year or month)."""

    months: int
    resumed: date
    latest: date | None = None

    @property
    def resumed_at_latest(self) -> date:
        return self.latest or self.resumed

    @property
    def dated(self) -> date | Partial | None:
        return as_recorded(self.resumed, self.latest)


@per_chart
def last_pause(chart: Chart) -> Pause | None:
    """The last time of {pause-months} months or more in which no bisphosphonate worked, between two in which one did.
    Whether another drug was taken in it makes no difference."""
    taken = joined([span for course in _courses(chart) for span in course.spans], bridge=0)
    gaps = [Pause(months_between(end, begin), begin) for (_, end), (begin, _) in pairwise(taken) if end < begin]
    last = next((gap for gap in reversed(gaps) if gap.months >= chart.numbers.pause_months), None)
    if last is None:
        return None
    again = (c for c in _courses(chart) if any(begin == last.resumed for begin, _ in c.spans))
    latest = max((c.latest_of(last.resumed) for c in again), default=last.resumed)
    return replace(last, latest=latest if latest != last.resumed else None)


def months_on(chart: Chart, course: Course, since: date | None = None) -> int | None:
    """Completed months on the class of this course, over life or since a day on which it was begun or taken up again: of all
    oral bisphosphonates together, or of infusions, each of which counts as {zoledronate-months}. None where it is unknown."""
    if not course.drug.oral:
        return _infused(chart, course, since)
    oral = [c for c in _courses(chart) if c.drug.oral]
    known = [c.exposure_days for c in oral if c.exposure_days is not None]
    spans = joined([s for c in oral for s in c.spans if since is None or s[0] >= since], bridge=0)
    if not known or not spans:
        return 0 if since is not None and known else None
    return min(_completed(spans, chart.today), _least(oral, chart.today))


def in_all(chart: Chart) -> int:
    """Completed months on bisphosphonates of any class; each infusion of zoledronate counts as {zoledronate-months}, also when
    it was given less than that ago."""
    oral = next((c for c in _courses(chart) if c.drug.oral), None)
    months = (months_on(chart, oral) or 0) if oral else 0
    for course in _courses(chart):
        if not course.drug.oral:
            infusions = len(course.doses) if course.drug.key == "zoledronate" else 0
            months += chart.numbers.zoledronate_months * infusions or _least([course], chart.today)
    return months


@per_chart
def longest_over(chart: Chart) -> bool:
    """Whether {max-oral-years} years by mouth, {max-zoledronate-years} of zoledronate, or {max-oral-years} of both together
    have been had over life: a bisphosphonate is then not what treatment begins again with."""
    oral, infused = 12 * chart.numbers.max_oral_years, 12 * chart.numbers.max_zoledronate_years
    had = any((months_on(chart, c) or 0) >= (infused if c.drug.key == "zoledronate" else oral) for c in _courses(chart))
    return had or in_all(chart) >= oral


def _courses(chart: Chart) -> list[Course]:
    return [c for c in chart.had({Mechanism.BISPHOSPHONATE}) if not c.drug.oncologic]


def _infused(chart: Chart, course: Course, since: date | None) -> int | None:
    doses = [day for day in course.doses if since is None or day >= since]
    if doses and course.drug.key == "zoledronate":  # ibandronate by vein works for three months a dose
        each = chart.numbers.zoledronate_months
        return (len(doses) - 1) * each + min(months_between(doses[-1], chart.today), each)
    return None if course.exposure_days is None or since is not None else _least([course], chart.today)


def _least(courses: list[Course], today: date) -> int:
    """The shortest possible time on these drugs: of one period, in calendar months."""
    if len(courses) == 1 and len(courses[0].spans) == 1:
        return _completed(list(courses[0].spans), today)
    return int(sum(c.exposure_days or 0 for c in courses) / DAYS_A_MONTH)


def _completed(spans: list[Span], today: date) -> int:
    if len(spans) == 1:
        return months_between(spans[0][0], min(spans[0][1], today))
    return int(days_on(spans, today) / DAYS_A_MONTH)


def beyond(chart: Chart, course: Course, months: int) -> bool:
    """Whether the day on which so many months are complete has passed."""
    if course.drug.oral:
        return len(course.spans) == 1 and add_months(course.spans[0][0], months) < chart.today
    return bool(course.doses) and add_months(course.doses[-1], chart.numbers.zoledronate_months) < chart.today
