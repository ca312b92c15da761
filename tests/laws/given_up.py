"""A drug that must stop has been taken all the same: what its years, its doses and its fractures speak against, they speak
against when the next drug is looked for on the chart without it."""

from __future__ import annotations

from cards.chart import Chart
from cards.definitions import bisphosphonates, femur, risk
from cards.engine.trial import ruled_out, work_up
from cards.vocabulary import ALENDRONATE, DENOSUMAB, DRUGS, RISEDRONATE, TERIPARATIDE, ZOLEDRONATE, Drug
from tests.laws import law
from tests.silence.told import told
from tests.test_voice_laws import chart_of

TABLETS = tuple(DRUGS[key] for key in ("alendronate", "risedronate", "ibandronate", "raloxifene"))
NEXT = (ZOLEDRONATE, DENOSUMAB, ALENDRONATE, RISEDRONATE, TERIPARATIDE)
TOGETHER = {"same-class-duplicate", "anabolic-antiresorptive-combination", "dose-check"}
"""What speaks of two drugs at once: over once one of them has ended."""


def against(chart: Chart, drug: Drug) -> set[str]:
    """What rules a drug out, but for its meeting another on the list."""
    found = ruled_out(chart, drug)
    return {each.code for each in found.because} - TOGETHER or {found.phrase} if found is not None else set()


@law
def what_rules_a_drug_out_does_so_when_another_ends(name: str) -> None:
    chart = chart_of(told(name))
    for taken in filter(chart.course, TABLETS):
        ended = chart.without(taken)
        assert bisphosphonates.longest_over(ended) == bisphosphonates.longest_over(chart)
        assert bool(femur.suspicion(ended)) == bool(femur.suspicion(chart))
        assert risk.fracture_on_treatment(ended) == risk.fracture_on_treatment(chart)
        assert {row.key for row in work_up(ended)} >= {row.key for row in work_up(chart)}
        for drug in NEXT:
            if drug is not taken:
                assert against(ended, drug) >= against(chart, drug) - {""}, (taken.key, drug.key)
