"""The rule of `oral-bisphosphonate-absorption`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.engine.findings import WARNING, Finding
from cards.engine.options import BY_INJECTION
from cards.engine.orders import BISPHOSPHONATE, finding_about, orders_of
from cards.thresholds import Numbers

_OPERATED = ("gastric-bypass", "short-bowel")
_DISEASED = ("celiac-disease", "bowel-disease")


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """A bisphosphonate by mouth hardly arrives after a gastric bypass, gastrectomy or loss of bowel, or in celiac or
    inflammatory bowel disease: an injection is the better choice.

    When: an oral bisphosphonate is ordered or taken, and (1) a gastric bypass, gastrectomy or short bowel is on record at any
    time, or (2) celiac disease, Crohn disease or ulcerative colitis is on record as active.

    Then: warning (info on patient-view). Zoledronate or denosumab instead, the first without a warning recommended. The draft
    can be deleted.
    """
    problem = chart.problem(*_OPERATED) or chart.active_problem(*_DISEASED)
    if problem is None:
        return
    for order in orders_of(chart, BISPHOSPHONATE):
        if order.drug.oral:
            yield finding_about(
                chart,
                order,
                WARNING,
                [facts.problem(problem)],
                variant="operated" if problem.key in _OPERATED else "diseased",
                values={"problem": problem},
                alternatives=BY_INJECTION,
            )
