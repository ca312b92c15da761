"""Whether another drug is to replace one that the patient takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from cards.chart import Chart, Course, Draft
from cards.definitions.bisphosphonates import longest_over
from cards.definitions.courses import used_up
from cards.definitions.failure import fracture_on, loss_on
from cards.definitions.target import out_of_reach
from cards.engine.catalog import all_cards, safety_checks
from cards.engine.findings import CRITICAL, WARNING
from cards.engine.run import run
from cards.vocabulary import ANABOLIC, Mechanism

_COMBINATIONS, _CONTRAINDICATIONS = "safety-combination", "safety-contraindication"


def to_be_replaced(chart: Chart, course: Course, by: date | None = None) -> bool:
    """Whether the service itself advises to replace a drug: a fracture on it, a fall of bone density, a hip T-score that does
    not reach its target, a check of orders that speaks against it, or the longest time on it: the lifetime total of an
    anabolic, reached by that day (today), the years of a bisphosphonate. Never an antiresorptive by injection, whose effect
    cannot be stopped."""
    anabolic = course.drug.mechanism in ANABOLIC
    if course.drug.covers_months is not None and not anabolic:
        return False
    failed = fracture_on(chart, course) or loss_on(chart, course) or out_of_reach(chart, course)
    over = anabolic and used_up(chart, course.drug, by or chart.today) is not None
    over = over or (course.drug.mechanism is Mechanism.BISPHOSPHONATE and longest_over(chart))
    return bool(failed) or over or _unsafe(chart, course)


def leaving(chart: Chart) -> Callable[[Course, date], bool]:
    """The same, reckoned once of each course and day: many orders ask."""
    known: dict[tuple[str, date], bool] = {}

    def leaves(course: Course, by: date) -> bool:
        asked = (course.drug.key, by)
        if asked not in known:
            known[asked] = to_be_replaced(chart, course, by)
        return known[asked]

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
