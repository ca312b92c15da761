"""When the next dose of denosumab is late, and whether another drug took over."""

from __future__ import annotations

from datetime import date

from cards.chart import Chart, Course
from cards.chart.calendar import Partial, add_days, add_months, as_recorded
from cards.definitions import treatment
from cards.definitions.treatment import antiresorptive_after
from cards.thresholds import Numbers
from cards.vocabulary import ALENDRONATE, ANTIRESORPTIVE, DENOSUMAB, ZOLEDRONATE, Drug

AFTER_DENOSUMAB = (ZOLEDRONATE, ALENDRONATE)
"""What follows denosumab, best first."""


def late_from(numbers: Numbers, last_dose: date) -> date:
    """The last day on which the next dose is on time: {denosumab-months} months and {denosumab-grace-days} days."""
    return add_days(add_months(last_dose, numbers.denosumab_months), numbers.denosumab_grace_days)


def due_as_recorded(numbers: Numbers, course: Course) -> date | Partial | None:
    """The day six months after the last dose; for a dose dated by year or month, the range of possible days."""
    first, latest = course.last_dose, course.last_dose_latest
    return as_recorded(
        first and add_months(first, numbers.denosumab_months), latest and add_months(latest, numbers.denosumab_months)
    )


def followed(chart: Chart, course: Course) -> bool:
    """Whether another antiresorptive took over after the last dose (or, if that has no date, is taken today). For a dose dated
    by year or month, its last possible day counts."""
    last_dose = course.last_dose_at_latest
    if last_dose is None:
        return any(c.drug is not DENOSUMAB and c.drug.mechanism in ANTIRESORPTIVE for c in treatment.treatments(chart))
    worn_off = add_months(last_dose, chart.numbers.denosumab_months)
    return antiresorptive_after(chart, last_dose, reaching=min(worn_off, chart.today), besides=DENOSUMAB) is not None


def closes_gap(chart: Chart, drug: Drug) -> bool:
    """Whether the drug is what `denosumab-due` or `denosumab-sequence` recommend: the next dose of denosumab or, once that is
    stopped or late, what follows it, up to {denosumab-sequence-months} months after the last dose. A gap breaks vertebrae
    sooner than a work-up ends."""
    course = chart.course(DENOSUMAB)
    if course is None or followed(chart, course):
        return False
    last_dose = course.last_dose_at_latest
    if last_dose is None:
        return course.stopped and drug in AFTER_DENOSUMAB
    if chart.today > add_months(last_dose, chart.numbers.denosumab_sequence_months):
        return False
    ended = course.stopped or chart.today > late_from(chart.numbers, last_dose)
    return drug is DENOSUMAB or (ended and drug in AFTER_DENOSUMAB)
