"""Denosumab of both strengths is one drug: 60 mg that goes over into 120 mg, or back, is one exposure."""

from __future__ import annotations

from datetime import date

from cards.chart import Chart, Course
from cards.chart.calendar import add_months
from cards.vocabulary import DENOSUMAB, DENOSUMAB_ONCOLOGY


def before(chart: Chart, course: Course) -> Course | None:
    """The other strength, where it was begun earlier and given in the {denosumab-sequence-months} months before the first dose
    of this course."""
    other = chart.course(DENOSUMAB_ONCOLOGY if course.drug is DENOSUMAB else DENOSUMAB)
    if other is None or other.start is None or course.start is None or other.start >= course.start:
        return None
    days = [day for day in (*other.doses, other.last_dose) if day is not None and day <= course.start]
    return other if days and add_months(max(days), chart.numbers.denosumab_sequence_months) >= course.start else None


def begun(chart: Chart, course: Course) -> date | None:
    """The first day of the exposure, at the latest; None where the record does not say."""
    earlier = before(chart, course)
    return earlier.start_at_latest if earlier is not None else course.start_at_latest


def doses(chart: Chart, course: Course) -> int:
    """How many doses of either strength are on record up to the last one of this course."""
    earlier, last = before(chart, course), course.last_dose_at_latest
    counted = [day for c in (course, *((earlier,) if earlier else ())) for day in c.doses if last is None or day <= last]
    return len(set(counted))
