"""The rule of `romosozumab-cardiovascular`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.engine.findings import CRITICAL, WARNING, Finding
from cards.engine.orders import finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB, TERIPARATIDE, ZOLEDRONATE, Mechanism


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Romosozumab is not given after a myocardial infarction or stroke; with {cardiovascular-factors} or more cardiovascular
    risk factors, cardiovascular risk is assessed first.

    When: romosozumab is ordered or taken, and (1) a myocardial infarction or stroke is on record, whatever its date or
    undated (a transient ischemic attack does not count); or (2) without such an event, {cardiovascular-factors} or more of
    these are on record as active: hypertension, diabetes, dyslipidemia, current smoking, chronic kidney disease (a coded
    stage of three or more, or dialysis).

    Then: (1) critical (warning on patient-view): denosumab, zoledronate or teriparatide instead, the first without a warning
    recommended; (2) warning (info on patient-view), without an alternative. The draft can be deleted (recommended in (1) if no
    drug is recommended). The detail says if the event is undated.
    """
    event = chart.problem("myocardial-infarction", "stroke")
    factors = [p for key in ("hypertension", "diabetes", "smoking", "dyslipidemia") if (p := chart.active_problem(key))]
    ckd = chart.active_problem("ckd-3", "ckd-4", "ckd-5", "dialysis")
    factors += [ckd] if ckd else []
    for order in orders_of(chart, {Mechanism.SCLEROSTIN_INHIBITOR}):
        if event is not None:
            alternatives = (DENOSUMAB, ZOLEDRONATE, TERIPARATIDE)
            yield finding_about(
                chart,
                order,
                CRITICAL,
                [facts.problem(event)],
                variant="event",
                values={"problem": event},
                alternatives=alternatives,
            )
        elif len(factors) >= n.cardiovascular_factors:
            yield finding_about(
                chart, order, WARNING, map(facts.problem, factors), variant="factors", values={"problems": factors}
            )
