"""What is said of calcium and vitamin D beside a drug: only what is true of the record."""

from __future__ import annotations

from msgspec import Struct

from cards.chart import Chart, per_chart
from cards.definitions import ckd, workup
from cards.definitions.calcium import intake
from cards.definitions.kidney import renal
from cards.definitions.loading import PLAIN
from cards.definitions.minerals import calcium_excess
from cards.definitions.repletion import repletion
from cards.definitions.workup import emergency
from cards.vocabulary import CHOLECALCIFEROL, DRUGS, Mechanism

_CALCIUM = frozenset({Mechanism.CALCIUM})


CORRECTION = {"calcium": "calcium-correction"}
"""The regimen of calcium where it corrects, by drug."""


class Supplements(Struct, frozen=True):
    """Keys of the phrase tables: ``said`` to the clinician, ``asked`` by the patient."""

    said: str
    asked: str


@per_chart
def supplements(chart: Chart) -> Supplements:
    """Continued is what is on the list; what is not there is to be ensured, and a 25(OH)D that calls for an order corrected.
    Nothing of either where a card stands against it: in an emergency of calcium that card speaks; no vitamin D where the
    work-up rules it out; no calcium with high blood or urine calcium, hypercalcemia on the problem list, or where weak kidneys
    rule it out; less of it above {calcium-supplement-mg} mg a day."""
    rows = (
        *emergency.rows(chart),
        *workup.rows(chart, about_to_be_treated=workup.about_to_be_treated(chart)),
        *ckd.rows(chart),
    )
    against = workup.dropping(rows, CHOLECALCIFEROL)
    if against is not None:
        return Supplements("emergency" if against.key == emergency.EMERGENCY else "neither", "stop")
    if calcium_excess(chart) is not None or workup.dropping(rows, DRUGS["calcium"]) is not None:
        return Supplements("no-calcium", "stop")
    taken = [course for course in chart.courses(_CALCIUM) if course.active or course.on_treatment(chart.today)]
    if intake(taken).daily > chart.numbers.calcium_supplement_mg:
        return Supplements("less-calcium", "stop")
    told = repletion(chart)
    calcium = bool(taken)
    if told is not None and told.running is None:
        return Supplements("continue-correct" if calcium else "correct", "ask")
    vitamin_d = told is not None or _taken(chart, PLAIN)
    if calcium and vitamin_d:
        return Supplements("continue", "continue")
    return Supplements("continue-calcium" if calcium else "continue-vitamin-d" if vitamin_d else "ensure", "ask")


@per_chart
def corrects(chart: Chart) -> bool:
    """Whether calcium is given to correct it, in low calcium and osteomalacia, with an estimate of {egfr-specialist} or more:
    then all cards of an answer speak of that dose, otherwise of the one besides diet."""
    rows = workup.rows(chart, about_to_be_treated=workup.about_to_be_treated(chart))
    low = any(row.key == "osteomalacia" or (row.key == "low-calcium" and row.warns) for row in rows)
    return low and not renal(chart).below(chart.numbers.egfr_specialist)


def _taken(chart: Chart, mechanisms: frozenset[Mechanism]) -> bool:
    return any(course.active or course.on_treatment(chart.today) for course in chart.courses(mechanisms))
