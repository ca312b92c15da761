"""The rule of `active-vitamin-d-contraindicated`."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from cards.chart import Chart, Measurement, facts
from cards.chart.facts import Fact
from cards.definitions import workup
from cards.definitions.ckd import first_to_nephrology, phosphate_high
from cards.definitions.kidney import renal
from cards.definitions.minerals import borderline, calcium, denial, high_urine_calcium, vitamin_d
from cards.engine.findings import CRITICAL, WARNING, Finding
from cards.engine.options import service
from cards.engine.orders import finding_about, going_on, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import Mechanism

_PARATHYROID = ("high-calcium", "hyperparathyroidism")
"""Findings of the work-up that rule it out, in kidney disease with a calcium that is not yet above its range."""

_RAISE_CALCIUM = frozenset({Mechanism.THIAZIDE, Mechanism.LITHIUM, Mechanism.CALCIUM})
_BY_CALCIUM = frozenset({"calcium", "parathyroid", "listed", "borderline"})
"""Reasons that are a calcium which these drugs raise, too."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Alfacalcidol, calcitriol and eldecalcitol raise calcium: not with high calcium or an excess of vitamin D, and with
    caution where calcium leaves by the kidneys or phosphate is high.

    When: an active form of vitamin D is ordered or taken, and (1) the newest calcium is high, or the work-up finds high
    calcium or hyperparathyroidism (in kidney disease from a borderline calcium on), hypercalcemia is on record as active, or
    the newest 25(OH)D (the highest of one day) is above {active-vitamin-d-excess} ng/mL; or (2) hypercalcemia is on record as
    active, but a newer calcium is within range; calcium is above {calcium-borderline} mg/dL and its laboratory gives no
    range; 24 h urine calcium within {urine-calcium-window-months} months is above {urine-calcium-man-mg} mg in a man, above
    {urine-calcium-woman-mg} mg in anyone else; kidney stones are active or of the last {active-vitamin-d-stone-months}
    months; the newest phosphate of {work-up-window-months} months is above the laboratory's own range, else above
    {phosphate-high} mg/dL, but not with low calcium or hypoparathyroidism, which active vitamin D treats; sarcoidosis or
    another granulomatous disease is active, which makes the active form itself; in kidney failure PTH is below
    {pth-dialysis-low} times its upper limit, so that bone turnover may be low, but not with low calcium, nor for
    {ckd-calcium-months} months after denosumab; or plain vitamin D of more than
    {active-vitamin-d-plain-units} units a day is taken beside it.

    Then: (1) critical, calcium and PTH to be ordered; (2) warning, calcium and, but not on dialysis or with a renal estimate
    below {egfr-dialysis}, 24 h urine calcium, and with such a PTH referral to nephrology (recommended). On the chart view one
    step milder. The draft can be deleted (recommended in (1)). No other drug is offered. Beside a calcium that is high or
    borderline, thiazides, lithium and calcium that are taken are named, since they raise it, too.
    """
    against, weighed = list(_against(chart, n)), list(_weighed(chart, n))
    found = against or weighed
    if not found:
        return
    forbidden = bool(against)
    kidneys = renal(chart)
    urine = not (kidneys.dialysis or kidneys.below(n.egfr_dialysis))
    raisers = going_on(chart, _RAISE_CALCIUM) if _BY_CALCIUM.intersection(reason for reason, _ in found) else []
    asked = ("referral-nephrology",) if "low-turnover" in {reason for reason, _ in found} else ()
    tests = ("calcium", "pth") if forbidden else ("calcium", "urine-calcium") if urine else ("calcium",)
    for order in orders_of(chart, {Mechanism.ACTIVE_VITAMIN_D}):
        told = finding_about(
            chart,
            order,
            CRITICAL if forbidden else WARNING,
            [*(fact for _, fact in found), *map(facts.taken, raisers)],
            variant="forbidden" if forbidden else "caution",
            values={
                "reasons": [reason for reason, _ in found],
                "fact": found[0][1],
                "said": facts.said(found[0][1]),
                "urine": urine,
                "raisers": [course.drug for course in raisers],
            },
            also=tuple(
                service(key, recommended=not forbidden or order.draft is None)
                for key in (*tests, *(key for key in asked if not chart.ordered(key)))
            ),
            any_number=True,
        )
        yield replace(told, cites=("EXT-17", *(("EXT-28",) if asked else ())))


def _against(chart: Chart, n: Numbers) -> Iterator[tuple[str, Fact]]:
    """What rules it out: the reason, and the fact that shows it."""
    reading, level = calcium(chart), _highest(chart)
    listed = chart.active_problem("hypercalcemia")
    if reading is not None and reading.high:
        yield "calcium", facts.measured(reading.value)
    elif listed is not None and denial(chart, listed) is None:
        yield "calcium", facts.problem(listed)
    elif (row := next((r for r in workup.rows(chart, about_to_be_treated=False) if r.key in _PARATHYROID), None)) is not None:
        yield from (("parathyroid", fact) for fact in row.evidence)
    if level is not None and level.at_most(_limit(n.active_vitamin_d_excess, level)) is False:
        yield "vitamin-d", facts.measured(level)


def _highest(chart: Chart) -> Measurement | None:
    """The highest 25(OH)D of the day of the newest one: an excess is not to be missed."""
    newest = vitamin_d(chart)
    if newest is None:
        return None
    return max((m for m in chart.values("vitamin-d", since=newest.when) if m.when == newest.when), key=lambda m: m.value)


def _limit(limit: float, beside: Measurement) -> float:
    """The limit as it is printed in the unit of the value: 100 ng/mL is 250 nmol/L, not 249.6."""
    return max(limit, round(limit / beside.factor) * beside.factor)


def _weighed(chart: Chart, n: Numbers) -> Iterator[tuple[str, Fact]]:
    """What calls for caution."""
    if (pth := first_to_nephrology(chart)) is not None:
        yield "low-turnover", facts.measured(pth)
    listed = chart.active_problem("hypercalcemia")
    denied = denial(chart, listed)
    if listed is not None and denied is not None:
        yield "listed", facts.problem(listed)
        yield "denied", facts.measured(denied)
    near = borderline(chart)
    if near is not None:
        yield "borderline", facts.measured(near)
    urine = high_urine_calcium(chart)
    if urine is not None:
        yield "urine", facts.measured(urine)
    stones = chart.active_problem("kidney-stones") or chart.problem("kidney-stones")
    since = chart.months_ago(n.active_vitamin_d_stone_months)
    if stones and (stones.active or (stones.at_latest and stones.at_latest >= since)):
        yield "stones", facts.problem(stones)
    reading, phosphate = calcium(chart), phosphate_high(chart)
    treats = (reading is not None and reading.low) or chart.active_problem("hypoparathyroidism") is not None
    if phosphate is not None and not treats:
        yield "phosphate", facts.measured(phosphate)
    ill = chart.active_problem("sarcoidosis", "granulomatous-disease")
    if ill is not None:
        yield "granuloma", facts.problem(ill)
    for course in going_on(chart, {Mechanism.VITAMIN_D}):
        daily = course.dosing.daily if course.dosing and course.dosing.unit != "mg" else None
        if daily is not None and daily > n.active_vitamin_d_plain_units:
            yield "plain", facts.taken(course)
