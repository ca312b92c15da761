"""How long denosumab was given, and whether that was a short course with little to lose."""

from __future__ import annotations

from msgspec import Struct

from cards.chart import Chart, Course
from cards.chart.calendar import add_months, months_between
from cards.definitions.bone_loss import HORMONE_BLOCKERS
from cards.definitions.denosumab import exposure
from cards.definitions.denosumab.reason import reason_ended
from cards.definitions.density import hip_t
from cards.definitions.person import orchiectomy
from cards.vocabulary import Mechanism

_HARMFUL = HORMONE_BLOCKERS | {Mechanism.GLUCOCORTICOID}


class Duration(Struct, frozen=True):
    """``months`` of effect, at the longest that the record allows (None: no dose is dated); ``doses`` on record; ``assumed``:
    reckoned from the number of doses; ``short``: a short course at low risk."""

    months: int | None
    doses: int
    assumed: bool
    short: bool


def duration(chart: Chart, course: Course) -> Duration:
    """First to last dose and {denosumab-months} months, of both strengths together; where the first is not known,
    {denosumab-months} months for each dose. Short: {denosumab-short-months} months at most, a hip T-score of
    {hip-t-window-months} months above {t-osteoporosis}, no fragility fracture since the start or in the
    {denosumab-short-fracture-months} months before it, no glucocorticoid, aromatase inhibitor or GnRH drug that is taken or for
    which it was given, and no orchiectomy. Everything else is long."""
    n, last = chart.numbers, course.last_dose_at_latest
    earlier = exposure.before(chart, course)
    start = earlier.start if earlier is not None else course.start
    assumed = start is None or course.undated
    if last is None:
        return Duration(None, 0, assumed, short=False)
    doses = max(exposure.doses(chart, course), 1)
    reckoned = doses * n.denosumab_months
    months = reckoned if assumed or start is None else months_between(start, last) + n.denosumab_months
    return Duration(months, doses, assumed, short=months <= n.denosumab_short_months and _low_risk(chart, course, months))


def _low_risk(chart: Chart, course: Course, months: int) -> bool:
    n, last = chart.numbers, course.last_dose_at_latest
    hip = hip_t(chart, chart.months_ago(n.hip_t_window_months))
    if last is None or hip is None or hip.at_most(n.t_osteoporosis) is not False:
        return False
    since = add_months(last, n.denosumab_months - months - n.denosumab_short_fracture_months)
    broken = any(f.at_latest is None or f.at_latest >= since for f in chart.fractures)
    deprived = orchiectomy(chart) is not None or reason_ended(chart, course)
    return not (broken or deprived) and not any(c.active or c.on_treatment(chart.today) for c in chart.courses(_HARMFUL))
