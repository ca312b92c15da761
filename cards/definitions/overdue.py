"""A yearly infusion of zoledronate that was not repeated, though nobody decided to stop."""

from __future__ import annotations

from cards.chart import Chart, Course
from cards.definitions import density, holiday, indication, risk, treatment
from cards.definitions.bisphosphonates import longest_over
from cards.definitions.denosumab import follow_on
from cards.vocabulary import ZOLEDRONATE


def infusion_overdue(chart: Chart, awaited_days: int) -> Course | None:
    """Zoledronate whose last infusion worked until before today, at most {off-treatment-months} months ago, in somebody who
    needs treatment: with no stop on record, no other drug, no holiday, and no infusion ordered whose day lies ahead or at most
    ``awaited_days`` days back. None after the longest course, once treatment is started anew, or where the infusion was
    the way out of denosumab and has done its work: CTX of {ctx-target} ng/L or less since, a lowest T-score of
    {hip-t-window-months} months above {t-osteoporosis}, and no very high risk."""
    course = chart.course(ZOLEDRONATE)
    if course is None or course.stopped or course.covered_until is None:
        return None
    if not chart.months_ago(chart.numbers.off_treatment_months) <= course.covered_until < chart.today:
        return None
    if course.pending is not None and course.pending >= chart.days_ago(awaited_days):
        return None
    others = any(c is not course for c in treatment.treatments(chart)) or treatment.on_oncologic(chart)
    if others or holiday.holiday_since(chart) or longest_over(chart) or _exit_held(chart, course):
        return None
    if indication.bone_tumor(chart) or indication.untreated(chart) or not indication.needed(chart):
        return None
    return course


def _exit_held(chart: Chart, course: Course) -> bool:
    """Whether it followed denosumab, turnover has stayed low and the bone is not that of osteoporosis: a low CTX alone tells of
    the rebound, not of who needs treatment."""
    after = follow_on(chart)
    if after is None or after.course is not course or course.last_dose is None:
        return False
    n, newest, lowest = chart.numbers, chart.newest("ctx", since=course.last_dose), density.lowest_t(chart)
    if newest is None or lowest is None or risk.risk(chart).very_high:
        return False
    recent = lowest.when >= chart.months_ago(n.hip_t_window_months)
    return newest.at_most(n.ctx_target) is True and recent and lowest.value > n.t_osteoporosis
