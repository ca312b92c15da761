"""The rule of `calcitonin-cancer`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Problem, facts
from cards.engine.findings import WARNING, Finding
from cards.engine.orders import finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import Mechanism

_CANCER = ("cancer", "bone-cancer", "bone-metastasis", "myeloma")
"""Malignant tumors (C00-C97) but those of the skin that are no melanoma: some stand under keys of their own."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Calcitonin is avoided with cancer: long use was followed by slightly more cancers, and pain can be treated otherwise.

    When: calcitonin or elcatonin, by whatever route, is ordered or taken, and a cancer (of the skin only melanoma)
    is on record that is active, or whose onset or date of recording lies within {calcitonin-cancer-years} years or is unknown.

    Not when: the cancer is no longer active and older than that.

    Then: warning, on the chart view info, without an alternative. The draft can be deleted. The detail names the short uses
    that are left, and says where the cancer is undated.
    """
    cancer = chart.active_problem(*_CANCER) or _recent(chart, n)
    if cancer is None:
        return
    for order in orders_of(chart, {Mechanism.CALCITONIN}):
        yield finding_about(chart, order, WARNING, [facts.problem(cancer)], values={"problem": cancer})


def _recent(chart: Chart, n: Numbers) -> Problem | None:
    """The newest cancer, over or not, unless it is certainly older than the window."""
    newest = chart.problem(*_CANCER)
    day = newest.at_latest if newest else None
    return newest if day is None or day >= chart.months_ago(12 * n.calcitonin_cancer_years) else None
