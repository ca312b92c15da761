"""Bone and mineral disorder of kidney disease: what PTH and phosphate say about drugs for bone (KDIGO 2017)."""

from __future__ import annotations

from datetime import date

from cards.chart import Chart, Measurement, facts, per_chart
from cards.chart.calendar import add_days, add_months
from cards.definitions.kidney import renal
from cards.definitions.minerals import calcium, calcium_excess
from cards.definitions.workup.row import ACTIVE_VITAMIN_D, ANTIRESORPTIVES, CALCIUM, NONE, Drugs, Row, Rows
from cards.definitions.workup.values import as_limits, high, newest
from cards.vocabulary import DENOSUMAB, DRUGS


def failing(chart: Chart) -> bool:
    """Dialysis, or a renal estimate below {egfr-dialysis}."""
    return bool(renal(chart).below(chart.numbers.egfr_dialysis))


def low_turnover(chart: Chart) -> Measurement | None:
    """In kidney failure, a newest PTH below {pth-dialysis-low} times its upper limit: turnover may be low, and what slows it
    further, or adds calcium, does harm."""
    pth = newest(chart, "pth")
    if pth is None or not failing(chart):
        return None
    return pth if pth.below(chart.numbers.pth_dialysis_low * _limit(chart, pth)) else None


def first_to_nephrology(chart: Chart) -> Measurement | None:
    """The low PTH for which nephrology is asked before calcium or an active form; not where the label of denosumab, or a low
    calcium, asks for both."""
    return None if asked_for_by_label(chart) else low_turnover(chart)


def very_high_pth(chart: Chart) -> Measurement | None:
    """In kidney failure, a newest PTH above {pth-dialysis-high} times its upper limit."""
    pth = newest(chart, "pth")
    return pth if failing(chart) and high(pth, chart.numbers.pth_high, chart.numbers.pth_dialysis_high) else None


def dialysis_range(chart: Chart, pth: Measurement) -> tuple[float, float]:
    """Between which values PTH should be in kidney failure: {pth-dialysis-low} to {pth-dialysis-high} times its upper limit."""
    n, limit = chart.numbers, _limit(chart, pth)
    return n.pth_dialysis_low * limit, n.pth_dialysis_high * limit


def rising_pth(chart: Chart) -> tuple[Measurement, Measurement] | None:
    """A newest PTH above {pth-ckd} times its upper limit and {pth-ckd-rise} % or more above one taken {pth-ckd-days} days or
    more before it: severe and progressive. That one, and the one before."""
    pth, n = newest(chart, "pth"), chart.numbers
    if pth is None or not high(pth, n.pth_high, n.pth_ckd):
        return None
    last_day = add_days(pth.when, -n.pth_ckd_days)
    before = next((as_limits(m) for m in chart.values("pth") if m.at_latest <= last_day), None)
    risen = before is not None and not before.comparator and pth.value >= before.value * (1 + n.pth_ckd_rise / 100)
    return (pth, before) if before is not None and risen else None


def phosphate_high(chart: Chart) -> Measurement | None:
    """The newest phosphate, where it is above the laboratory's own limit, otherwise above {phosphate-high} mg/dL."""
    phosphate = newest(chart, "phosphate")
    return phosphate if high(phosphate, chart.numbers.phosphate_high) else None


@per_chart
def asked_for_by_label(chart: Chart) -> str:
    """Why calcium (renal estimate below {egfr-specialist}) and an active form (below {egfr-dialysis}, dialysis) are given all
    the same, with nephrology: "low-calcium", or "denosumab" of the last {ckd-calcium-months} months and, since calcium falls
    again with the next dose, of the {denosumab-grace-days} days in which that one is on time; "" where neither holds or calcium
    is high."""
    if not renal(chart).below(chart.numbers.egfr_specialist) or calcium_excess(chart) is not None:
        return ""
    reading, course = calcium(chart), chart.course_had(DENOSUMAB)
    if reading is not None and reading.low:
        return "low-calcium"
    last = course.last_dose_at_latest if course else None
    return "denosumab" if last is not None and chart.today <= _asked_until(chart, last) else ""


def _asked_until(chart: Chart, last_dose: date) -> date:
    n = chart.numbers
    return add_days(add_months(last_dose, n.ckd_calcium_months), n.denosumab_grace_days)


def rows(chart: Chart) -> Rows:
    """What is not offered: with possibly low turnover any antiresorptive that was not begun, calcium and active forms; calcium
    with high phosphate below {egfr-specialist}; but for what the label of denosumab asks for."""
    products = NONE if asked_for_by_label(chart) else CALCIUM | ACTIVE_VITAMIN_D
    if (pth := low_turnover(chart)) is not None:
        yield Row("low-turnover", (facts.measured(pth),), pth.when, drops=_not_begun(chart) | products)
    phosphate = phosphate_high(chart) if renal(chart).below(chart.numbers.egfr_specialist) else None
    if phosphate is not None:
        yield Row("high-phosphate", (facts.measured(phosphate),), phosphate.when, drops=products & CALCIUM)


def _not_begun(chart: Chart) -> Drugs:
    taken = {c.drug.ingredient for c in chart.drug_courses.values() if c.active or c.on_treatment(chart.today)}
    return frozenset(key for key in ANTIRESORPTIVES if DRUGS[key].ingredient not in taken)


def _limit(chart: Chart, pth: Measurement) -> float:
    return chart.numbers.pth_high if pth.high is None else pth.high
