"""A refill is asked for a drug that the patient is on: what may be offered is the same as on the chart view. The refill is no
order that the offer would be added to."""

from __future__ import annotations

from msgspec.structs import replace

from cards.chart import Chart, Draft, Hook
from cards.engine.options import offer
from cards.vocabulary import ALENDRONATE, DENOSUMAB, TERIPARATIDE, ZOLEDRONATE, Drug
from tests.laws import law
from tests.silence.told import told
from tests.test_voice_laws import chart_of

REFILLED = (DENOSUMAB, ALENDRONATE)
NEXT = (DENOSUMAB, ZOLEDRONATE, ALENDRONATE, TERIPARATIDE)


def speaks_against(chart: Chart, drug: Drug) -> list[tuple[str, ...]]:
    """What rules the drug out, or what its label says first."""
    found = offer(chart, (drug,), waits=False)
    conditions = [(option.key, *(each.code for each in option.condition)) for option in found.options]
    return [*conditions, *((each.key, each.phrase, *(f.code for f in each.because)) for each in found.dropped)]


@law
def a_refill_speaks_against_no_drug(name: str) -> None:
    view = replace(chart_of(told(name)), hook=Hook.PATIENT_VIEW, drafts=(), known={})
    for refilled in REFILLED:
        asked = replace(view, hook=Hook.REFILL, drafts=(Draft("MedicationRequest/refill", refilled),), known={})
        for drug in NEXT:
            assert speaks_against(asked, drug) == speaks_against(view, drug), (refilled.key, drug.key)
