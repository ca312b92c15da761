"""Whether another drug is meant to take the place of one that is being taken."""

from __future__ import annotations

from cards.chart import Chart, Course, Draft
from cards.definitions.failure import fracture_on, loss_on
from cards.engine.catalog import all_cards, safety_checks
from cards.engine.findings import CRITICAL, WARNING
from cards.engine.run import run

_COMBINATIONS, _CONTRAINDICATIONS = "safety-combination", "safety-contraindication"


def to_be_replaced(chart: Chart, course: Course) -> bool:
    """Whether this service itself advises to give up tablets (or daily injections) for another drug: a fracture on them, a
    fall of bone density, or a check of orders that speaks against them. What an injection of months still does cannot be given
    up."""
    if course.drug.covers_months is not None:
        return False
    return bool(fracture_on(chart, course) or loss_on(chart, course)) or _unsafe(chart, course)


def _unsafe(chart: Chart, course: Course) -> bool:
    """Whether the drug would be forbidden if it were ordered now, whatever else is, or a contraindication speaks against it."""
    checks = [card for card in safety_checks(course.drug.mechanism) if card.section != _COMBINATIONS]
    trial = chart.with_draft(Draft("proposed", course.drug, proposed=True))
    found = [finding for finding in run(trial, checks) if finding.about is not None and finding.about.proposed]
    return any(
        finding.indicator is CRITICAL
        or (finding.indicator is WARNING and all_cards()[finding.code].section == _CONTRAINDICATIONS)
        for finding in found
    )
