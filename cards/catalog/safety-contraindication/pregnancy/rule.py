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
    """In pregnancy no anti-osteoporosis drug but calcium and vitamin D.

    When: an anti-osteoporosis drug (bisphosphonate, denosumab, PTH analog, romosozumab, SERM, hormone therapy, calcitonin,
    strontium, vitamin K2) is ordered or taken in an active pregnancy: a woman, or somebody of unknown sex, under
    {pregnancy-age-years} or of unknown age, an active entry without an end whose onset or date of recording lies within
    {pregnancy-days} days or is not known.

    Then: critical, on the chart view warning, without an alternative; deleting the draft is recommended. The detail asks to end
    an entry that is out of date.
    """
    entry = chart.active_problem("pregnancy")
    if entry is None or not pregnant(chart):
        return
    for order in orders_of(chart, ANTI_OSTEOPOROSIS):
        yield finding_about(chart, order, CRITICAL, [facts.problem(entry)], values={"problem": entry})
