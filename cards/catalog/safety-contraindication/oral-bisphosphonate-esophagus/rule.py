"""The rule of `oral-bisphosphonate-esophagus`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.engine.findings import CRITICAL, WARNING, Finding
from cards.engine.options import BY_INJECTION
from cards.engine.orders import BISPHOSPHONATE, finding_about, orders_of
from cards.thresholds import Numbers


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """An oral bisphosphonate is not given where the esophagus empties badly or the patient cannot sit upright; with an
    irritated esophagus or an ulcer an injection is the better choice.

    When: an oral bisphosphonate is ordered or taken, and on record as active is (1) esophageal stricture or achalasia, or
    inability to sit upright; or (2) without these, Barrett esophagus, esophagitis or reflux disease, dysphagia, or a peptic
    ulcer.

    Then: (1) critical, on the chart view warning; (2) warning, on the chart view info. Zoledronate or denosumab in its place,
    the first without a warning recommended. The draft can be deleted (recommended in (1) where no drug is).
    """
    absolute = chart.active_problem("esophageal-delay", "cannot-sit-upright")
    relative = chart.active_problem("esophagitis", "dysphagia", "peptic-ulcer")
    found = absolute or relative
    if found is None:
        return
    for order in orders_of(chart, BISPHOSPHONATE):
        if order.drug.oral:
            yield finding_about(
                chart,
                order,
                CRITICAL if absolute else WARNING,
                [facts.problem(found)],
                variant="absolute" if absolute else "relative",
                values={"problem": found},
                alternatives=BY_INJECTION,
            )
