"""The rule of `serm-stroke`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Problem, facts
from cards.engine.findings import CRITICAL, INFO, WARNING, Finding, Indicator
from cards.engine.options import ranking
from cards.engine.orders import finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import Mechanism


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Raloxifene and bazedoxifene are not given after a stroke, hardly to anyone at high risk of one, and not while a patient
    is immobile.

    When: a SERM is ordered or taken, and one of these is on record (the first counts): (1) a stroke, whatever its date; (2) a
    transient ischemic attack, myocardial infarction or other coronary disease, whatever its date; active atrial fibrillation;
    or hypertension in a smoker; (3) immobility; (4) menopause within {serm-flush-months} months.

    Then: (1) critical, (2) and (3) warning, on the chart view one step milder; (4) info. Instead, but for (4), drugs ranked as
    for starting treatment, the first without a warning recommended (in (2) and (3) only in place of a draft). The draft can be
    deleted (recommended if it is critical and no drug is recommended). The detail says if the stroke is undated.
    """
    variant, indicator, found = _against(chart, n)
    if not found:
        return
    for order in orders_of(chart, {Mechanism.SERM}):
        yield finding_about(
            chart,
            order,
            indicator,
            map(facts.problem, found),
            variant=variant,
            values={"problems": found},
            alternatives=() if variant == "flushes" else ranking(chart),
            recommend=variant == "stroke" or order.draft is not None,
        )


def _against(chart: Chart, n: Numbers) -> tuple[str, Indicator, list[Problem]]:
    stroke = chart.problem("stroke")
    if stroke is not None:
        return "stroke", CRITICAL, [stroke]
    if risks := _risks(chart):
        return "risk", WARNING, risks
    immobile = chart.active_problem("immobility")
    if immobile is not None:
        return "immobile", WARNING, [immobile]
    menopause = chart.problem("menopause")
    recent = menopause is not None and menopause.at_latest and menopause.at_latest >= chart.months_ago(n.serm_flush_months)
    return "flushes", INFO, [menopause] if menopause is not None and recent else []


def _risks(chart: Chart) -> list[Problem]:
    """What makes a stroke likely."""
    entries = (
        chart.problem("transient-ischemic-attack"),
        chart.active_problem("atrial-fibrillation"),
        chart.problem("coronary-disease", "myocardial-infarction"),
    )
    pressure, smoking = chart.active_problem("hypertension"), chart.active_problem("smoking")
    return [*filter(None, entries), *([pressure, smoking] if pressure and smoking else [])]
