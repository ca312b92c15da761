"""Section A, diagnosis and assessment."""

from __future__ import annotations

from collections.abc import Iterator

from cards import facts, risk
from cards.chart import Chart
from cards.concepts import Data
from cards.risk import Diagnosis, criteria
from cards.rule import INFO, PATIENT_VIEW, PROBLEM_CREATE, Fact, Finding, Option, card


@card(
    "osteoporosis-diagnosis",
    section="A",
    hooks=(PATIENT_VIEW, PROBLEM_CREATE),
    cites=("POP2022-D1", "POP2022-D3", "OVCF2021-D3", "OPREF-D1", "ELD2023-02a"),
    reads=risk.READS,
    needs=(Data.CONDITIONS,),
)
def osteoporosis_diagnosis(chart: Chart) -> Iterator[Finding]:
    """T-score of -2.5 or lower, a hip or vertebral fragility fracture, one of humerus, pelvis or forearm with low bone mass,
    or a lumbar QCT below 80 mg/cm3 is osteoporosis, and the problem list should say so."""
    found = criteria(chart)
    if found is None or chart.problem("osteoporosis") is not None:
        return
    yield Finding(
        indicator=INFO,
        variant=found.criterion,
        values={"t_score": found.t_score, "fracture": found.fracture, "qct": found.qct, "severe": found.severe},
        facts=tuple(_evidence(found)),
        options=(_problem(found),),
    )


def _problem(found: Diagnosis) -> Option:
    """The diagnosis to record; with a fracture, since when."""
    if found.fracture is None:
        return Option("problem", "osteoporosis", recommended=True)
    return Option("problem", "osteoporosis-with-fracture", start=found.fracture.when, recommended=True)


def _evidence(found: Diagnosis) -> Iterator[Fact]:
    if found.t_score is not None:
        yield facts.measured(found.t_score)
    if found.fracture is not None:
        yield facts.fracture(found.fracture)
    if found.qct is not None:
        yield facts.measured(found.qct)
