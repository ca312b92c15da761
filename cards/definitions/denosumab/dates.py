"""When the next dose of denosumab is due, and until when it is on time."""

from __future__ import annotations

from datetime import date

from cards.chart import Chart, Course, SetAside
from cards.chart.calendar import Partial, add_days, add_months, as_recorded
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB


def late_from(numbers: Numbers, last_dose: date) -> date:
    """The last day on which the next dose is on time: {denosumab-months} months and {denosumab-grace-days} days."""
    return add_days(add_months(last_dose, numbers.denosumab_months), numbers.denosumab_grace_days)


def due_as_recorded(numbers: Numbers, course: Course) -> date | Partial | None:
    """The day six months after the last dose; for a dose dated by year or month, the range of possible days."""
    first, latest = course.last_dose, course.last_dose_latest
    return as_recorded(
        first and add_months(first, numbers.denosumab_months), latest and add_months(latest, numbers.denosumab_months)
    )


def next_due(chart: Chart) -> date | None:
    """The day on which the effect of the last denosumab 60 mg ends; None without a dated dose."""
    course = chart.course(DENOSUMAB)
    last_dose = course.last_dose_at_latest if course else None
    return add_months(last_dose, chart.numbers.denosumab_months) if last_dose else None


def safe_until(chart: Chart) -> date | None:
    """The last safe day of a patient on denosumab 60 mg; of a dose dated by year or month, the first that it can be."""
    course = chart.course(DENOSUMAB)
    return late_from(chart.numbers, course.last_dose) if course and course.last_dose else None


def undated_doses(chart: Chart, course: Course) -> tuple[SetAside, ...]:
    """Doses that were given or dispensed, and nobody knows when: any of them may be the last."""
    return chart.unread_of("no-date", course)


def months_after(numbers: Numbers, course: Course, months: int) -> date | None:
    """The last day that can be ``months`` after the last dose."""
    return add_months(course.last_dose_at_latest, months) if course.last_dose_at_latest else None
