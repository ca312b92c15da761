"""A drug that fails: a fracture on it, or bone that is lost in spite of it."""

from __future__ import annotations

from datetime import date

from cards.chart import Chart, Course, Fracture
from cards.chart.calendar import add_months
from cards.definitions.denosumab import windows
from cards.definitions.density import Fall, bmd_fall
from cards.vocabulary import DENOSUMAB


def fracture_on(chart: Chart, course: Course) -> Fracture | None:
    """The newest fragility fracture on the drug (not in a pause of it), {failure-months} months or more after the course began;
    on denosumab {failure-denosumab-months}, and not one of the rebound after a late dose."""
    if course.start is None or not course.spans:
        return None
    denosumab = course.drug is DENOSUMAB
    n, rebounds = chart.numbers, windows(chart.numbers, chart.drug_courses) if denosumab else ()
    from_day = add_months(course.start, n.failure_denosumab_months if denosumab else n.failure_months)
    *paused, (last, _) = course.spans
    spans: tuple[tuple[date, date], ...] = (*paused, (last, chart.today))
    on_drug = [f for f in chart.fractures if any(f.may_be_within(*span) for span in spans)]
    failed = (f for f in on_drug if not any(f.may_be_within(*rebound) for rebound in rebounds))
    return next((f for f in failed if f.at_latest and f.at_latest >= from_day), None)


def loss_on(chart: Chart, course: Course) -> Fall | None:
    """The fall of bone density on a drug that began {bmd-response-months} months ago or more."""
    if course.start is None or add_months(course.start, chart.numbers.bmd_response_months) > chart.today:
        return None
    return bmd_fall(chart, course.start)
