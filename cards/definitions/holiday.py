"""The bisphosphonate holiday: who is in one, since when, and what ends it."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.chart import Chart, Course, Measurement, per_chart
from cards.chart.calendar import Partial, add_days, add_months, as_recorded
from cards.definitions.bisphosphonates import in_all
from cards.definitions.density import change, hip_read
from cards.definitions.treatment import courses, on_treatment
from cards.vocabulary import HIP_SITES, ZOLEDRONATE, Mechanism


class Holiday(Struct, frozen=True):
    """A bisphosphonate stopped after years of use, with nothing since; ``day``: its last day (zoledronate: the infusion), and
    the last that it can have been. ``worn_off``: the last day on which it works, and on which a holiday is decided."""

    course: Course
    day: date
    at_latest: date
    worn_off: date

    @property
    def dated(self) -> date | Partial | None:
        """The last dose as recorded."""
        return as_recorded(self.day, self.at_latest if self.at_latest > self.day else None)


@per_chart
def holiday_since(chart: Chart) -> Holiday | None:
    """The current bisphosphonate holiday: the drug was stopped after {holiday-course-months} months or more on bisphosphonates
    over life (each infusion of zoledronate counts as {zoledronate-months}), at most {holiday-longest-months} months ago, with
    no antiresorptive or anabolic since. For an injection, the last dose is the end, and it must have been given more than
    {holiday-zoledronate-months} months ago."""
    if on_treatment(chart):
        return None
    for course in chart.courses({Mechanism.BISPHOSPHONATE}):
        infused = course.drug.covers_months is not None
        day = course.last_dose if infused else course.ended(chart.today)
        if day is None or course.drug.oncologic or in_all(chart) < chart.numbers.holiday_course_months:
            continue
        if infused and add_months(day, chart.numbers.holiday_zoledronate_months) >= chart.today:
            continue
        worn_off = course.covered_until or day
        later = [c for c in courses(chart) if c is not course and c.covered_until and c.covered_until > worn_off]
        if not later and add_months(day, chart.numbers.holiday_longest_months) >= chart.today:
            latest = course.last_dose_latest if infused else course.end_latest if day == course.end else None
            return Holiday(course, day, latest or day, _worn_off(chart, course, latest or day))
    return None


def _worn_off(chart: Chart, course: Course, last: date) -> date:
    """Tablets end on their last day; zoledronate is reviewed until its holiday begins."""
    if course.drug is ZOLEDRONATE:
        return add_months(last, chart.numbers.holiday_zoledronate_months)
    covered = course.covered_until if course.drug.covers_months is not None else None
    return covered or last


def hip_at_the_end(chart: Chart, holiday: Holiday) -> Measurement | None:
    """The hip T-score on which a holiday was decided: as `bisphosphonate-review` read it on the last day on which the drug
    worked, or on the last before it on which a scan was recent enough; None without a scan since {hip-t-window-months} months
    before the last dose."""
    scans = [m.when for site in HIP_SITES for m in chart.values("t-score", site=site) if m.when <= holiday.worn_off]
    newest, window = max(scans, default=None), chart.numbers.hip_t_window_months
    if newest is None or newest < add_months(holiday.day, -window):
        return None
    return hip_read(chart, min(holiday.worn_off, add_months(newest, window)))


def within_error(chart: Chart, holiday: Holiday, hip: Measurement) -> bool:
    """Whether the density behind this T-score differs from that at the end of the drug by no more than the least significant
    change; not where the two cannot be compared."""
    if hip.site is None:
        return False
    found = change(chart, hip.site, holiday.day)
    return found is not None and found.newest.when >= hip.when and found.percent <= chart.numbers[f"lsc-{hip.site}"]


def turnover_up(chart: Chart, holiday: Holiday) -> tuple[Measurement, Measurement] | None:
    """The newest CTX and the one before it, {ctx-again-days} days or more apart, if both were measured in the holiday and lie
    above {ctx-target} ng/L."""
    values = chart.values("ctx", since=add_days(holiday.at_latest, 1))
    newest = next(iter(values), None)
    if newest is None:
        return None
    until = add_days(newest.when, -chart.numbers.ctx_again_days)
    before = next((m for m in values if m.at_latest <= until), None)
    if before is None:
        return None
    limit = chart.numbers.ctx_target
    return (newest, before) if all(m.at_most(limit) is False for m in (newest, before)) else None
