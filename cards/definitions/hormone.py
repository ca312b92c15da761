"""Whether a hormone is taken for bone (card specification, "Hormones that are no osteoporosis treatment")."""

from __future__ import annotations

from datetime import date

from cards.chart import Chart, Course
from cards.chart.calendar import add_months
from cards.definitions.fractures import MAJOR_SITES
from cards.vocabulary import DIAGNOSTIC_SITES, Mechanism

_BONE = frozenset({"osteoporosis", "osteopenia", "fracture"})


def for_bone(chart: Chart, course: Course) -> bool:
    """Whether a course treats bone: any but one of estrogen or tibolone. That does where osteoporosis or low bone mass was on
    record before its start or within {hormone-bone-months} months after, or where its reason says bone; never a vaginal form,
    nor what a man or somebody with gender incongruence on record takes."""
    if course.drug.mechanism is not Mechanism.HORMONE_THERAPY:
        return True
    vaginal = course.dosing is not None and course.dosing.route == "vaginal"
    if vaginal or chart.patient.sex == "male" or chart.problem("gender-incongruence") is not None:
        return False
    if course.reasons & _BONE:
        return True
    start = course.start_at_latest
    return start is not None and _weak_by(chart, add_months(start, chart.numbers.hormone_bone_months))


def _weak_by(chart: Chart, day: date) -> bool:
    """Whether osteoporosis or low bone mass was certainly known by that day."""
    known = [p for key in ("osteoporosis", "osteopenia") for p in chart.problems.get(key, ())]
    scores = [m for m in chart.values("t-score") if m.site in DIAGNOSTIC_SITES and m.below(chart.numbers.t_low)]
    broken = [f for f in chart.fractures if f.site in MAJOR_SITES]
    days = [*(p.at_latest for p in known), *(m.at_latest for m in scores), *(f.at_latest for f in broken)]
    return any(each is not None and each <= day for each in days)
