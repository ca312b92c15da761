"""The rule of `anabolic-antiresorptive-combination`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions.overlap import other_drug, still_works
from cards.engine.findings import INFO, Finding
from cards.engine.orders import Order, finding_about
from cards.thresholds import Numbers
from cards.vocabulary import ANABOLIC, ANTIRESORPTIVE, DENOSUMAB, Mechanism


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """An anabolic together with an antiresorptive has no clear added benefit: one after the other instead.

    When: an anabolic is ordered that would begin (on its stated start, else today) while an antiresorptive still works, without
    grace; or an antiresorptive while an anabolic does.

    Not when: teriparatide or abaloparatide while denosumab works (`denosumab-to-anabolic`); the other is taken daily to monthly
    and was stopped.

    Then: info, one card for an order. No alternative; the draft can be deleted.
    """
    for draft in chart.drafted(ANTIRESORPTIVE | ANABOLIC):
        if draft.drug is None:
            continue
        others = ANTIRESORPTIVE if draft.drug.mechanism in ANABOLIC else ANABOLIC
        for course in chart.courses(others):
            after_denosumab = course.drug is DENOSUMAB and draft.drug.mechanism is Mechanism.PTH_ANALOG
            if still_works(chart, course, draft) and not after_denosumab:
                about = other_drug(course.drug, course)
                yield finding_about(chart, Order(draft.drug, draft=draft), INFO, [facts.on_board(course)], values=about)
                break
