"""The rule of `oral-bisphosphonate-esophagus`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.engine.findings import CRITICAL, WARNING, Finding
from cards.engine.ladder import BY_INJECTION, EMPTIES_SLOWLY
from cards.engine.orders import BISPHOSPHONATE, finding_about, orders_of
from cards.thresholds import Numbers

_IRRITATED = ("esophagitis", "esophageal-ulcer", "barrett-esophagus", "reflux")


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """An oral bisphosphonate is not given if esophageal emptying is delayed or the patient cannot sit upright; with esophageal
    irritation or an ulcer, an injection is the better choice.

    When: an oral bisphosphonate is ordered or taken, and one of these is on record as active: (1) esophageal stricture or
    achalasia, or inability to sit upright; or (2) without any of (1), Barrett esophagus, esophagitis, an ulcer of the
    esophagus, reflux disease, dysphagia, or a peptic ulcer.

    Then: (1) critical (warning on patient-view); (2) warning (info on patient-view). Zoledronate or denosumab instead, the
    first without a warning recommended. The draft can be deleted (recommended in (1) if no drug is recommended).
    """
    absolute = chart.active_problem(*EMPTIES_SLOWLY, "cannot-sit-upright")
    relative = chart.active_problem(*_IRRITATED, "dysphagia", "peptic-ulcer")
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
