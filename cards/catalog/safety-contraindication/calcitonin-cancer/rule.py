"""The rule of `calcitonin-cancer`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Problem, facts
from cards.engine.findings import WARNING, Finding
from cards.engine.orders import finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import Mechanism

_CANCER = ("cancer", "bone-cancer", "bone-metastasis", "myeloma")
"""Malignant tumors (C00-C97) except non-melanoma skin cancer; some have keys of their own."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Calcitonin is avoided in patients with cancer: long-term use was followed by slightly more cancers, and pain can be
    treated in other ways.

    When: calcitonin or elcatonin, by any route, is ordered or taken, and a cancer (of skin cancers, only melanoma) is on record
    that is active, or whose onset or recorded date is within {calcitonin-cancer-years} years or unknown.

    Not when: the cancer is no longer active and older than that.

    Then: warning (info on patient-view), without an alternative. The draft can be deleted. The detail names the remaining
    short-term uses, and says if the cancer is undated.
    """
    cancer = chart.active_problem(*_CANCER) or _recent(chart, n)
    if cancer is None:
        return
    for order in orders_of(chart, {Mechanism.CALCITONIN}):
        yield finding_about(chart, order, WARNING, [facts.problem(cancer)], values={"problem": cancer})


def _recent(chart: Chart, n: Numbers) -> Problem | None:
    """The newest cancer, active or not, unless it is certainly older than the window."""
    newest = chart.problem(*_CANCER)
    day = newest.at_latest if newest else None
    return newest if day is None or day >= chart.months_ago(12 * n.calcitonin_cancer_years) else None
