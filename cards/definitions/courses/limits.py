"""The longest total time on a drug of limited duration."""

from __future__ import annotations

from datetime import date

from cards.chart import Chart, Course
from cards.chart.calendar import DAYS_A_MONTH, add_days, add_months
from cards.thresholds import Numbers
from cards.vocabulary import ABALOPARATIDE, ROMOSOZUMAB, TERIPARATIDE, Drug, Mechanism

_LONGEST = {
    TERIPARATIDE.key: "teriparatide-months",
    ABALOPARATIDE.key: "abaloparatide-months",
    ROMOSOZUMAB.key: "romosozumab-months",
}


def longest_months(numbers: Numbers, drug: Drug) -> int:
    """The longest total time, in months, for a drug of limited duration: teriparatide {teriparatide-months}, abaloparatide
    {abaloparatide-months}, romosozumab {romosozumab-months}, calcitonin or elcatonin {calcitonin-months}."""
    return numbers["calcitonin-months" if drug.mechanism is Mechanism.CALCITONIN else _LONGEST[drug.key]]


def limit_day(numbers: Numbers, course: Course, today: date) -> date | None:
    """The day on which a course reaches its limit, not counting time off the drug; None if the start is unknown."""
    start = course.start_latest or course.start
    if start is None or course.exposure_days is None:
        return None
    paused = (min(course.spans[-1][1], today) - start).days - course.exposure_days if course.spans else 0
    return add_days(add_months(start, longest_months(numbers, course.drug)), max(paused, 0))


def used_up(chart: Chart, drug: Drug, on: date) -> Course | None:
    """The lifetime total after which a drug is no longer given: teriparatide {teriparatide-months} months, abaloparatide
    {abaloparatide-months}, both together {pth-analogs-months}, romosozumab {romosozumab-months} (or {romosozumab-doses} doses),
    calcitonin {calcitonin-months}. Time off the drug is not counted; if the start is unknown, no limit is reached.

    ``on``: the day by which the limit is reached. It is the course that used it up, counting both PTH analogs together if
    neither did so alone; an order for today or later is one more dose.
    """
    course = chart.course_had(drug)
    if course is not None and (day := limit_day(chart.numbers, course, chart.today)) is not None and day <= on:
        return course
    if course is not None and drug is ROMOSOZUMAB and len(course.doses) + (on >= chart.today) > chart.numbers.romosozumab_doses:
        return course
    if drug in (TERIPARATIDE, ABALOPARATIDE):
        both = [c for key in (TERIPARATIDE, ABALOPARATIDE) if (c := chart.course_had(key)) and c.exposure_days is not None]
        together = sum(c.exposure_days or 0 for c in both)
        if (len(both) == 2 or course is None) and both and together >= chart.numbers.pth_analogs_months * DAYS_A_MONTH:
            return course or both[0]
    return None
