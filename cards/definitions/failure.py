"""A drug that fails: a fracture on it, or bone that is lost in spite of it."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from cards.chart import Chart, Course, Fracture
from cards.chart.calendar import add_months
from cards.definitions import treatment, workup
from cards.definitions.denosumab import windows
from cards.definitions.density import Fall, bmd_fall
from cards.vocabulary import DENOSUMAB


def fracture_on(chart: Chart, course: Course) -> Fracture | None:
    """The newest fragility fracture on the drug (not in a pause of it), {failure-months} months or more after the current
    course began, on denosumab {failure-denosumab-months}, and at most {failure-window-months} months ago; with no other drug
    begun or given since: that one is the answer to it. One of the rebound after a late dose of denosumab does not count, nor
    does a vertebral fracture that may be myeloma or metastasis."""
    if course.current_start is None or not course.spans:
        return None
    denosumab = course.drug is DENOSUMAB
    n, rebounds = chart.numbers, windows(chart.numbers, chart.drug_courses) if denosumab else ()
    began = add_months(course.current_start, n.failure_denosumab_months if denosumab else n.failure_months)
    from_day = max(began, chart.months_ago(n.failure_window_months))
    *paused, (last, _) = course.spans
    spans: tuple[tuple[date, date], ...] = (*paused, (last, chart.today))
    tumor = any(row.key == "myeloma" and row.warns for row in workup.rows(chart, about_to_be_treated=False))
    for broken in chart.fractures:
        on_drug = any(broken.may_be_within(*span) for span in spans)
        explained = broken.site == "vertebra" and (tumor or any(broken.may_be_within(*rebound) for rebound in rebounds))
        explained = explained or (denosumab and _after_gap(chart, course, broken))
        if on_drug and not explained and broken.at_latest is not None and broken.at_latest >= from_day:
            return None if _answered(chart, course, broken) else broken
    return None


def _after_gap(chart: Chart, course: Course, broken: Fracture) -> bool:
    """Whether a dose within {failure-denosumab-months} months before the fracture came more than {rebound-from-months} months
    after the one before: the gap may have broken it."""
    n, doses = chart.numbers, sorted(course.doses)
    if broken.at_latest is None:
        return False
    since = add_months(broken.at_latest, -n.failure_denosumab_months)
    pairs = ((last, day) for last, day in pairwise(doses) if since <= day <= broken.at_latest)
    return any(add_months(last, n.rebound_from_months) < day for last, day in pairs)


def _answered(chart: Chart, course: Course, broken: Fracture) -> bool:
    """Whether another drug was begun or given after the fracture."""
    others = [c for c in treatment.courses(chart) if c.drug.ingredient != course.drug.ingredient]
    days = [day for c in others for day in (c.current_start, *c.doses) if day is not None]
    return broken.at_latest is not None and any(day > broken.at_latest for day in days)


def loss_on(chart: Chart, course: Course) -> Fall | None:
    """The fall of bone density on a drug that began {bmd-response-months} months ago or more."""
    start = course.current_start
    if start is None or add_months(start, chart.numbers.bmd_response_months) > chart.today:
        return None
    return bmd_fall(chart, start)
