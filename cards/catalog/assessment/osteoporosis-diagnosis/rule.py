"""The rule of `osteoporosis-diagnosis`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.chart.facts import Fact
from cards.definitions import workup
from cards.definitions.diagnosis import Diagnosis, criteria
from cards.engine.findings import INFO, Finding, Option
from cards.thresholds import Numbers

_CITES = {
    "t-score": ("POP2022-D1", "OVCF2021-D3", "OPREF-D1"),
    "major-fracture": ("POP2022-D3", "OVCF2021-D3", "OPREF-D1"),
    "minor-fracture": ("POP2022-D3", "OPREF-D1"),
    "qct": ("ELD2023-02a",),
}
"""The recommendations behind each criterion."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """A T-score of {t-osteoporosis} or lower, a hip or vertebral fragility fracture, a fragility fracture of the proximal
    humerus, pelvis or distal forearm with low bone mass, or a lumbar QCT below {qct-osteoporosis} mg/cm3 is osteoporosis, and
    the problem list should say so.

    When: an adult who meets one of these criteria (the first that applies): (1) where T-scores apply (postmenopausal, or
    {t-group-years} years or older), a lowest T-score of {t-osteoporosis} or lower, severe with any fragility fracture; (2) a
    fragility fracture of the hip or a vertebra, whatever the bone density; (3) a fragility fracture of the proximal humerus,
    pelvis or distal forearm, with, and only where T-scores apply, a lowest T-score above {t-osteoporosis} and below {t-low};
    (4) the newest lumbar QCT below {qct-osteoporosis} mg/cm3.

    Not when: osteoporosis is on the problem list, active or not (an entry that was refuted, or made in error, is none). A rib
    fracture alone, or a T-score above {t-osteoporosis} without a fracture, does not make the diagnosis.

    Then: info. Recommended: record the Condition: osteoporosis with pathological fracture (since the date of the fracture) if
    there is a fragility fracture, otherwise without. The detail asks the clinician to confirm a fracture that is presumed to be
    low-energy, and the site of a T-score that names none, or only the femur. Where a finding of the work-up holds all drugs,
    the text says "osteoporosis, if" what it points to is excluded.
    """
    found = criteria(chart)
    if found is None or chart.problem("osteoporosis") is not None:
        return
    yield Finding(
        indicator=INFO,
        variant=found.criterion,
        values={
            "t_score": found.t_score,
            "fracture": found.fracture,
            "qct": found.qct,
            "severe": found.severe,
            "held": workup.held(chart),
        },
        cites=_CITES[found.criterion],
        facts=tuple(_evidence(found)),
        options=(_problem(found),),
    )


def _problem(found: Diagnosis) -> Option:
    """The diagnosis to record and, with a fracture, its onset."""
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
