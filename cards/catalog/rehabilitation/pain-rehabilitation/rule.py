"""The rule of `pain-rehabilitation`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions import person
from cards.definitions.pain import pain_limit, pain_score
from cards.definitions.risk import concerned
from cards.definitions.vertebral import new_vertebral_fracture
from cards.engine.findings import INFO, Finding
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import ANTICOAGULANTS

_REHABILITATION = (
    *("ELD2023-10a", "ELD2023-10b", "ELD2023-10c"),
    *("OVCF2021-R2", "REHAB2024-19", "REHAB2024-21"),
)
_AGENTS = {"vibration": "REHAB2024-09", "pemf": "REHAB2024-10", "shock-wave": "REHAB2024-15", "laser": "REHAB2024-17"}
"""The recommendations behind rehabilitation and each physical agent."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Moderate or severe pain in the last months: orthosis, physical agents with their grade, traditional exercise.

    When: an adult has osteoporosis, low bone mass or a fragility fracture or is on treatment, and the newest pain score within
    {pain-window-months} months is NRS {pain-nrs} or VAS {pain-vas-mm} mm or more; of two on one day, the one indicating more
    pain counts.

    Then: info. Spinal orthosis, high-intensity laser, pulsed electromagnetic fields, shock waves, whole-body vibration,
    referral to rehabilitation, each unless already ordered; any number may be chosen. Left out, and named as such: shock waves
    with a coagulation disorder or on an anticoagulant or heparin; shock waves and vibration with a vertebral fracture in the
    last {new-fracture-days} days; all four agents with a bone tumor (metastasis, myeloma, primary, giant cell) or in an active
    pregnancy.
    """
    if not concerned(chart):
        return
    pain = pain_score(chart, n.pain_window_months)
    if pain is None or pain.below(pain_limit(chart.numbers, pain)) is not False:
        return
    unsafe = _unsafe_agents(chart)
    keys = ("orthosis", "laser", "pemf", "shock-wave", "vibration", "referral-rehabilitation")
    yield Finding(
        indicator=INFO,
        values={"pain": pain, "unsafe": unsafe},
        cites=(*_REHABILITATION, *(cite for agent, cite in _AGENTS.items() if agent not in unsafe)),
        facts=(facts.measured(pain),),
        options=tuple(service(key) for key in keys if key not in unsafe and not chart.ordered(key)),
        any_number=True,
        left_out=chart.left_out("pain-nrs", "pain-vas"),
    )


def _unsafe_agents(chart: Chart) -> dict[str, str]:
    """Physical agents contraindicated by the record, with the reason (a phrase key): usual contraindications of the devices,
    which the guideline does not spell out."""
    found: dict[str, str] = {}
    bleeding = chart.active_problem("coagulopathy") is not None or any(
        c.on_treatment(chart.today) for c in chart.courses(ANTICOAGULANTS)
    )
    if bleeding:
        found["shock-wave"] = "bleeding"
    if new_vertebral_fracture(chart) is not None:
        found |= dict.fromkeys(("shock-wave", "vibration"), "new-fracture")
    for reason, applies in (
        ("tumor", chart.active_problem("bone-metastasis", "myeloma", "bone-cancer", "giant-cell-tumor") is not None),
        ("pregnancy", person.pregnant(chart)),
    ):
        if applies:
            found |= dict.fromkeys(("laser", "pemf", "shock-wave", "vibration"), reason)
    return found
