"""Current osteoporosis treatment, what followed a drug, and drug holidays."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.chart import Chart, Course, per_chart
from cards.definitions.hormone import for_bone
from cards.vocabulary import ANABOLIC, ANTIRESORPTIVE, Drug, Mechanism

TREATMENT = ANTIRESORPTIVE | ANABOLIC


def courses(chart: Chart, mechanisms: frozenset[Mechanism] = TREATMENT) -> list[Course]:
    """The courses of these mechanisms that treat bone, the most recently covered first: not of a hormone that is taken for
    something else (``hormone.for_bone``)."""
    return [course for course in chart.courses(mechanisms) if for_bone(chart, course)]


def courses_had(chart: Chart) -> list[Course]:
    """The same, with those that the chart is judged without."""
    return [course for course in chart.had(TREATMENT) if for_bone(chart, course)]


@per_chart
def treatments(chart: Chart) -> list[Course]:
    """The courses of an antiresorptive (bisphosphonate, denosumab, SERM, hormone therapy) or an anabolic (teriparatide,
    abaloparatide, romosozumab) that work today or worked until {treatment-grace-months} month ago (zoledronate:
    {treatment-grace-zoledronate-months} months ago). Calcitonin, active vitamin D, vitamin K2 and strontium do not count, nor
    do oncologic strengths of denosumab and zoledronate, nor a hormone that is not taken for bone."""
    return [c for c in courses(chart) if c.on_treatment(chart.today) and not c.drug.oncologic]


class Uncertain(Struct, frozen=True):
    """A drug for bone on record of which nobody knows whether it treats today. ``on_hold``: somebody holds it back."""

    drug: Drug
    on_hold: bool

    @property
    def injected(self) -> bool:
        return self.drug.covers_months is not None


@per_chart
def uncertain(chart: Chart) -> Uncertain | None:
    """Of somebody who is not known to be on treatment: a drug on hold, unless nobody renewed the entry for
    {renewal-sign-months} months; or an injection or tablets of which no entry has a date, and that were not stopped."""
    if on_treatment(chart):
        return None
    for course in courses(chart):
        if course.stopped or course.planned or course.drug.oncologic:
            continue
        if _on_hold(chart, course):
            return Uncertain(course.drug, on_hold=True)
        if course.may_work or (course.start is None and course.last_dose is None):
            return Uncertain(course.drug, on_hold=False)
    return None


def _on_hold(chart: Chart, course: Course) -> bool:
    since = chart.months_ago(chart.numbers.renewal_sign_months)
    held = (e for e in chart.exposures if e.drug is course.drug and e.status == "on-hold")
    days = [max((day for day in (e.latest, e.start, e.authored) if day), default=None) for e in held]
    return not course.active and any(day is None or day >= since for day in days)


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
        sure = not course.unconfirmed or (course.current_start is not None and course.current_start > day)
        reaches = sure and course.covered_until is not None and course.covered_until > day and course.covered_until >= reaching
        if injected or reaches or (course.active and course.undated):
            return course
    return None


def about_to_be_treated(chart: Chart, *, starting: bool) -> bool:
    """`start-treatment` fires in the same answer, or an antiresorptive or anabolic is drafted."""
    return starting or bool(chart.drafted(TREATMENT))
