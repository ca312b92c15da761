"""The rule of `pregnancy`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions.person import pregnant
from cards.engine.findings import CRITICAL, Finding
from cards.engine.orders import finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import ANTI_OSTEOPOROSIS


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """In pregnancy, no anti-osteoporosis drug is given except calcium and vitamin D.

    When: an anti-osteoporosis drug (bisphosphonate, denosumab, PTH analog, romosozumab, SERM, hormone therapy, calcitonin,
    strontium, vitamin K2) is ordered or taken in an active pregnancy: a woman, or a patient of unknown sex, under
    {pregnancy-age-years} or of unknown age, with an active entry that has no end date and whose onset or recorded date is
    within {pregnancy-days} days or unknown.

    Then: critical (warning on patient-view), without an alternative; deleting the draft is recommended. The detail asks the
    clinician to close an entry that is out of date.
    """
    entry = chart.active_problem("pregnancy")
    if entry is None or not pregnant(chart):
        return
    for order in orders_of(chart, ANTI_OSTEOPOROSIS):
        yield finding_about(chart, order, CRITICAL, [facts.problem(entry)], values={"problem": entry})
