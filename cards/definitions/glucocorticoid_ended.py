"""A drug that was begun for a glucocorticoid which has ended since."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.chart import Chart, Course
from cards.definitions.diagnosis import osteoporosis
from cards.definitions.glucocorticoid import GLUCOCORTICOID
from cards.vocabulary import Drug


class Ended(Struct, frozen=True):
    """The systemic glucocorticoid, and the day on which it ended."""

    drug: Drug
    day: date


def begun_for(chart: Chart, course: Course) -> Ended | None:
    """The glucocorticoid for which a drug was begun: it was taken on the day of the start, for {glucocorticoid-days} days or
    more in all, and ended {glucocorticoid-off-months} months ago or more. None with osteoporosis, which the drug is then for,
    or while any systemic glucocorticoid is taken, and where the record does not say when it ended."""
    taken = chart.courses(GLUCOCORTICOID)
    if osteoporosis(chart) or any(c.active or c.on_treatment(chart.today) for c in taken):
        return None
    ends = [day for c in taken if (day := _last_day(chart, c))]
    if not ends or max(ends) > chart.months_ago(chart.numbers.glucocorticoid_off_months):
        return None
    found = next((c for c in taken if _long(chart, c) and _covers(c, course)), None)
    return Ended(found.drug, max(ends)) if found else None


def _last_day(chart: Chart, course: Course) -> date | None:
    """The last that it can have been."""
    return course.end_latest or course.ended(chart.today)


def _long(chart: Chart, course: Course) -> bool:
    return not course.end_guessed and (course.exposure_days or 0) >= chart.numbers.glucocorticoid_days


def _covers(glucocorticoid: Course, course: Course) -> bool:
    """Whether the course surely began while the glucocorticoid was taken."""
    first, last = course.current_start, course.current_start_at_latest
    if first is None or last is None:
        return False
    return any(begin <= first and last <= end for begin, end in glucocorticoid.spans)
