"""The hip T-score that treatment is to reach, and whether it does so at the present pace."""

from __future__ import annotations

from msgspec import Struct

from cards.chart import Chart, Course, Measurement
from cards.chart.calendar import add_months
from cards.definitions.density import comparable, hip_t, since_baseline

_DAYS_A_YEAR = 365.25


def hip_target(chart: Chart) -> float:
    """A hip T-score above {hip-t-target}; above {hip-t-target-fracture} after a fracture of a vertebra or the hip."""
    broken = any(f.site in ("vertebra", "hip") for f in chart.fractures)
    return chart.numbers.hip_t_target_fracture if broken else chart.numbers.hip_t_target


def missed(chart: Chart, hip: Measurement | None) -> bool:
    """Whether this hip T-score is not above the target."""
    return hip is not None and hip.at_most(hip_target(chart)) is not False


class Pace(Struct, frozen=True):
    """From the hip T-score at the start of a drug to the newest: how much is gained in a year, and the years that the target
    is away at this pace; None where it is never reached."""

    baseline: Measurement
    newest: Measurement
    gain: float
    years: float | None

    def within(self, years: float) -> bool:
        return self.years is not None and self.years <= years


def pace(chart: Chart, course: Course) -> Pace | None:
    """The way to a target that is not met, of a drug whose current course began {target-course-months} months ago or more;
    the newest hip T-score is at most {target-card-months} months old. The baseline is that of bone density, of the same site.
    None where there is no such target, or nothing to compare."""
    start, n = course.current_start_at_latest, chart.numbers
    hip = hip_t(chart, since=chart.months_ago(n.target_card_months))
    if start is None or hip is None or hip.site is None or not missed(chart, hip):
        return None
    if add_months(start, n.target_course_months) > chart.today:
        return None
    both = since_baseline(chart, "t-score", hip.site, start)
    if both is None or not comparable(*both):
        return None
    baseline, _ = both
    gain = round((hip.value - baseline.value) / ((hip.when - baseline.when).days / _DAYS_A_YEAR), 2)
    lacking = round(hip_target(chart) - hip.value, 2)
    return Pace(baseline, hip, gain, lacking / gain if gain > 0 else None)


def out_of_reach(chart: Chart, course: Course) -> bool:
    """Whether the target is not met within {target-reach-years} years at the present pace."""
    found = pace(chart, course)
    return found is not None and not found.within(chart.numbers.target_reach_years)
