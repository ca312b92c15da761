"""Current osteoporosis treatment, what followed a drug, and drug holidays."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.chart import Chart, Course, per_chart
from cards.chart.calendar import DAYS_A_MONTH, add_months, months_between
from cards.definitions.hormone import for_bone
from cards.thresholds import Numbers
from cards.vocabulary import ANABOLIC, ANTIRESORPTIVE, Drug, Mechanism

TREATMENT = ANTIRESORPTIVE | ANABOLIC


def courses(chart: Chart, mechanisms: frozenset[Mechanism] = TREATMENT) -> list[Course]:
    """The courses of these mechanisms that treat bone, the most recently covered first: not of a hormone that is taken for
    something else (``hormone.for_bone``)."""
    return [course for course in chart.courses(mechanisms) if for_bone(chart, course)]


@per_chart
def treatments(chart: Chart) -> list[Course]:
    """The courses of an antiresorptive (bisphosphonate, denosumab, SERM, hormone therapy) or an anabolic (teriparatide,
    abaloparatide, romosozumab) that work today or worked until {treatment-grace-months} month ago (zoledronate:
    {treatment-grace-zoledronate-months} months ago). Calcitonin, active vitamin D, vitamin K2 and strontium do not count, nor
    do oncologic strengths of denosumab and zoledronate, nor a hormone that is not taken for bone."""
    return [c for c in courses(chart) if c.on_treatment(chart.today) and not c.drug.oncologic]


def on_treatment(chart: Chart) -> bool:
    return bool(treatments(chart))


def on_oncologic(chart: Chart) -> bool:
    """Whether denosumab or zoledronate in an oncologic strength is in effect today: nothing should be started alongside it."""
    return any(c.drug.oncologic and c.on_treatment(chart.today) for c in chart.courses(TREATMENT))


def antiresorptive_after(chart: Chart, day: date, *, reaching: date, besides: Drug | None = None) -> Course | None:
    """An antiresorptive after the last dose or the end of another drug: an injection given since, a drug whose use extends far
    enough, or one on the medication list without a date. Tablets that ended while the previous drug still worked are not a
    follow-on, nor is an older order or list entry not renewed for {renewal-sign-months} months.

    ``day`` is that last dose or end, ``besides`` the drug; use must extend to ``reaching`` (the day on which the drug wore off,
    or today).
    """
    for course in courses(chart, ANTIRESORPTIVE):
        if course.drug is besides:
            continue
        injected = course.drug.covers_months is not None and course.last_dose is not None and course.last_dose > day
        sure = not course.unconfirmed or (course.start is not None and course.start > day)
        reaches = sure and course.covered_until is not None and course.covered_until > day and course.covered_until >= reaching
        if injected or reaches or (course.active and course.undated):
            return course
    return None


class Holiday(Struct, frozen=True):
    """A bisphosphonate stopped after years of use, with nothing since; ``day``: its last day (zoledronate: the infusion)."""

    course: Course
    day: date


@per_chart
def holiday_since(chart: Chart) -> Holiday | None:
    """The current bisphosphonate holiday: the drug was stopped after {holiday-course-months} months or more (each infusion of
    zoledronate counts as {zoledronate-months}), at most {holiday-longest-months} months ago, with no antiresorptive or anabolic
    since. For an injection, the last dose is the end, and it must have been given more than {holiday-zoledronate-months} months
    ago."""
    if on_treatment(chart):
        return None
    for course in chart.courses({Mechanism.BISPHOSPHONATE}):
        day = course.last_dose if course.drug.covers_months else course.ended(chart.today)
        if day is None or course.drug.oncologic or _months_on(chart.numbers, course) < chart.numbers.holiday_course_months:
            continue
        if course.drug.covers_months and add_months(day, chart.numbers.holiday_zoledronate_months) >= chart.today:
            continue
        worn_off = course.covered_until or day
        later = [c for c in courses(chart) if c is not course and c.covered_until and c.covered_until > worn_off]
        if not later and add_months(day, chart.numbers.holiday_longest_months) >= chart.today:
            return Holiday(course, day)
    return None


def _months_on(numbers: Numbers, course: Course) -> int:
    """Completed months on the drug; each infusion of zoledronate counts as {zoledronate-months}."""
    if course.drug.key == "zoledronate" and course.doses:
        return numbers.zoledronate_months * len(course.doses)
    if len(course.spans) == 1 and course.exposure_days is not None:
        return months_between(*course.spans[0])
    return int((course.exposure_days or 0) / DAYS_A_MONTH)


def about_to_be_treated(chart: Chart, *, starting: bool) -> bool:
    """`start-treatment` fires in the same answer, or an antiresorptive or anabolic is drafted."""
    return starting or bool(chart.drafted(TREATMENT))
