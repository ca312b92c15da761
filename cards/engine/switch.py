"""Whether another drug is to replace one that the patient takes."""

from __future__ import annotations

from collections.abc import Callable

from cards.chart import Chart, Course, Draft
from cards.definitions.failure import fracture_on, loss_on
from cards.definitions.target import out_of_reach
from cards.engine.catalog import all_cards, safety_checks
from cards.engine.findings import CRITICAL, WARNING
from cards.engine.run import run

_COMBINATIONS, _CONTRAINDICATIONS = "safety-combination", "safety-contraindication"


def to_be_replaced(chart: Chart, course: Course) -> bool:
    """Whether the service itself advises replacing tablets (or daily injections): a fracture on them, a fall of bone density, a
    hip T-score that does not reach its target, or a check of orders that speaks against them. Never a long-acting injection,
    whose effect cannot be stopped."""
    if course.drug.covers_months is not None:
        return False
    failed = fracture_on(chart, course) or loss_on(chart, course) or out_of_reach(chart, course)
    return bool(failed) or _unsafe(chart, course)


def leaving(chart: Chart) -> Callable[[Course], bool]:
    """The same, reckoned once of each course: many orders ask."""
    known: dict[str, bool] = {}

    def leaves(course: Course) -> bool:
        if course.drug.key not in known:
            known[course.drug.key] = to_be_replaced(chart, course)
        return known[course.drug.key]

    return leaves


def _unsafe(chart: Chart, course: Course) -> bool:
    """Whether a check would forbid the drug if it were ordered now, or warns of a contraindication; combinations aside."""
    checks = [card for card in safety_checks(course.drug.mechanism) if card.section != _COMBINATIONS]
    trial = chart.with_draft(Draft("proposed", course.drug, proposed=True))
    found = [finding for finding in run(trial, checks) if finding.about is not None and finding.about.proposed]
    return any(
        finding.indicator is CRITICAL
        or (finding.indicator is WARNING and all_cards()[finding.code].section == _CONTRAINDICATIONS)
        for finding in found
    )
