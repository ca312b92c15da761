"""The cancer treatment for which denosumab is given: what still takes the sex hormones away, and when that ends."""

from __future__ import annotations

from datetime import date

from cards.chart import Chart, Course
from cards.chart.calendar import add_months
from cards.definitions.hormone_blockers import HORMONE_BLOCKERS
from cards.definitions.person import orchiectomy


def blocking(chart: Chart) -> tuple[Course, ...]:
    """The aromatase inhibitors and GnRH drugs that go on."""
    return tuple(c for c in chart.courses(HORMONE_BLOCKERS) if c.active or (c.on_treatment(chart.today) and not c.stopped))


def reason_ended(chart: Chart, course: Course) -> bool:
    """Whether the aromatase inhibitor or GnRH drug during which denosumab was begun ended at most {cancer-drug-ended-months}
    months ago and none is taken, or all that are taken are to end by the day of the next dose. Not after an orchiectomy."""
    if course.start is None or orchiectomy(chart) is not None:
        return False
    taken = blocking(chart)
    due = add_months(course.last_dose_at_latest, chart.numbers.denosumab_months) if course.last_dose_at_latest else None
    if any(drug.planned_end is None or due is None or drug.planned_end > due for drug in taken):
        return False
    since = chart.months_ago(chart.numbers.cancer_drug_ended_months)
    return any(
        drug.start is not None and drug.start <= course.start <= end and end >= since
        for drug in chart.courses(HORMONE_BLOCKERS)
        if (end := _end(chart, drug)) is not None
    )


def _end(chart: Chart, drug: Course) -> date | None:
    return drug.planned_end or drug.ended(chart.today)
