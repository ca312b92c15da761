"""Vertebral fractures of the rebound: after the effect of denosumab has ended, several vertebrae may break within months."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Course, Fracture, per_chart
from cards.chart.calendar import add_days, add_months
from cards.definitions.denosumab.dates import late_from
from cards.definitions.denosumab.follow_on import FollowOn, Holds, follow_on, given
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB, DENOSUMAB_ONCOLOGY, ZOLEDRONATE

Window = tuple[date, date]


class Rebound(Struct, frozen=True):
    """Vertebral fractures after the same dose, newest first. ``course``: of which strength; ``dose``: the day of the dose;
    ``in_spite``: the follow-on that was given in time and did not prevent them; ``answered``: denosumab or zoledronate was
    given on the day of the newest or after it, or the late dose of denosumab was, within {rebound-found-days} days before
    it."""

    course: Course
    dose: date
    fractures: tuple[Fracture, ...]
    in_spite: FollowOn | None
    answered: bool


def windows(numbers: Numbers, courses: Mapping[str, Course]) -> tuple[Window, ...]:
    """The time from {rebound-from-months} to {rebound-to-months} months after each dose of denosumab 60 or 120 mg, up to the
    next dose; where that came late, up to {rebound-found-days} days after it: a vertebra that is found broken by then broke in
    the gap."""
    days = sorted(_days(courses).items())
    found = []
    for place, (day, latest) in enumerate(days):
        begin, end = add_months(day, numbers.rebound_from_months), add_months(latest, numbers.rebound_to_months)
        if place + 1 < len(days):
            following = days[place + 1][0]
            late = following > late_from(numbers, latest)
            end = min(end, add_days(following, numbers.rebound_found_days) if late else following)
        if begin < end:
            found.append((begin, end))
    return tuple(found)


def _days(courses: Mapping[str, Course]) -> dict[date, date]:
    """Each dose of denosumab with its last possible day."""
    found: dict[date, date] = {}
    for drug in (DENOSUMAB, DENOSUMAB_ONCOLOGY):
        course = courses.get(drug.key)
        for day in (*course.doses, course.last_dose) if course else ():
            if course and day:
                found[day] = (course.last_dose_latest if day == course.last_dose else None) or day
    return found


@per_chart
def rebound(chart: Chart) -> Rebound | None:
    """A vertebral fracture from {rebound-from-months} to {rebound-to-months} months after a dose of denosumab 60 or 120 mg that
    none followed in time, and at most {rebound-to-months} months ago; one possible day is enough."""
    since = chart.months_ago(chart.numbers.rebound_to_months)
    for begin, end in reversed(windows(chart.numbers, chart.drug_courses)):
        broken = tuple(
            f
            for f in chart.fractures
            if f.site == "vertebra" and f.may_be_within(begin, end) and f.at_latest and f.at_latest >= since
        )
        if broken:
            days = _days(chart.drug_courses)
            return _of(chart, max(day for day in days if add_months(day, chart.numbers.rebound_from_months) <= begin), broken)
    return None


def in_rebound(chart: Chart) -> bool:
    """Whether vertebrae may break today: in the time after a dose of 60 or 120 mg, with no follow-on in time after 60 mg."""
    held = follow_on(chart)
    if held is not None and held.holds is Holds.IN_TIME:
        return False
    return any(begin <= chart.today <= end for begin, end in windows(chart.numbers, chart.drug_courses))


def _of(chart: Chart, dose: date, broken: tuple[Fracture, ...]) -> Rebound:
    courses = [c for drug in (DENOSUMAB, DENOSUMAB_ONCOLOGY) if (c := chart.course(drug))]
    course = next(c for c in courses if dose in (*c.doses, c.last_dose))
    newest = max(f.at_latest for f in broken if f.at_latest)
    found = follow_on(chart) if course.drug is DENOSUMAB and dose == course.last_dose else None
    infusions = [c for c in chart.drug_courses.values() if c.drug.ingredient == ZOLEDRONATE.ingredient]
    caught_up = any(dose < day for c in courses for day in given(c))
    held = found is not None and found.holds is Holds.IN_TIME and not caught_up
    answered = caught_up or any(day >= newest for c in infusions for day in given(c))
    return Rebound(course, dose, broken, found if held else None, answered)
