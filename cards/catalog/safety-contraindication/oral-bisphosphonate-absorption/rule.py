"""The rule of `oral-bisphosphonate-absorption`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.engine.findings import WARNING, Finding
from cards.engine.ladder import BY_INJECTION
from cards.engine.orders import BISPHOSPHONATE, finding_about, orders_of
from cards.thresholds import Numbers

_OPERATED = ("gastric-bypass", "short-bowel")


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """A bisphosphonate by mouth hardly arrives after a gastric bypass, gastrectomy or loss of bowel, or in celiac or
    inflammatory bowel disease: an injection is the better choice.

    When: an oral bisphosphonate is ordered or taken, and (1) a gastric bypass, gastrectomy or short bowel is on record at any
    time; (2) Crohn disease or ulcerative colitis is on record as active, or celiac disease without a tissue transglutaminase
    IgA within its range in the last {celiac-antibody-months} months; or (3) such an antibody is above its range.

    Then: warning (info on patient-view). Zoledronate or denosumab instead, the first without a warning recommended. The draft
    can be deleted.
    """
    antibody = chart.newest("transglutaminase-iga", since=chart.months_ago(n.celiac_antibody_months))
    within = antibody.at_most(antibody.high) if antibody is not None and antibody.high is not None else None
    diseased = chart.active_problem("bowel-disease") or (None if within else chart.active_problem("celiac-disease"))
    problem = chart.problem(*_OPERATED) or diseased
    high = antibody if within is False else None
    if problem is None and high is None:
        return
    for order in orders_of(chart, BISPHOSPHONATE):
        if order.drug.oral:
            yield finding_about(
                chart,
                order,
                WARNING,
                [*([facts.problem(problem)] if problem else []), *([facts.measured(high)] if high else [])],
                variant="operated" if problem and problem.key in _OPERATED else "diseased",
                values={"problem": problem, "antibody": high},
                alternatives=BY_INJECTION,
            )
