"""The rule of `rehab-assessment`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards.chart import Chart
from cards.definitions import diagnosis, person
from cards.definitions.good_bone import fractures_with_good_bone
from cards.engine.findings import INFO, Finding
from cards.engine.options import service
from cards.thresholds import Numbers

_ASSESSMENTS: dict[str, tuple[str, ...]] = {
    "assess-pain": ("pain-nrs", "pain-vas"),
    "assess-muscle": ("mmt", "rom"),
    "assess-mood": ("phq9", "hama", "hamd"),
    "assess-daily-living": ("barthel", "odi"),
    "assess-quality-of-life": ("sf36",),
    "assess-fall-risk": ("berg", "morse"),
}
"""What is assessed, and which results show that it has been done."""
_CITES: dict[str, tuple[str, ...]] = {
    "assess-pain": ("REHAB2024-01",),
    "assess-muscle": ("REHAB2024-02",),
    "assess-mood": ("REHAB2024-03",),
    "assess-daily-living": ("REHAB2024-05",),
    "assess-quality-of-life": ("REHAB2024-06",),
    "assess-fall-risk": ("REHAB2024-07", "ELD2023-05a"),
}
_PLAN = ("REHAB2024-08", "ELD2023-10b", "OPREF-S2")
"""The recommendations behind each assessment and the plan based on them."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Pain, strength and range of motion, mood, daily living, quality of life and fall risk are assessed once a year.

    When: an adult has osteoporosis, or {good-bone} or more fragility fractures within {good-bone-months} months with good bone,
    and, for any of these, there is neither a result nor a completed assessment within {function-window-months} months, nor an
    order: pain (NRS, VAS); muscle strength or range of motion; mood (PHQ-9, HAMA, HAMD); daily living (Barthel, Oswestry);
    quality of life (SF-36); fall risk (Berg, Morse).

    Then: info. One order for each missing assessment; any number may be chosen.
    """
    good_bone = bool(fractures_with_good_bone(chart))
    if not person.adult(chart) or not (diagnosis.osteoporosis(chart) or good_bone):
        return
    since = chart.months_ago(n.function_window_months)
    missing = [key for key, results in _ASSESSMENTS.items() if not _assessed(chart, key, results, since)]
    if missing:
        yield Finding(
            indicator=INFO,
            values={"missing": missing},
            cites=(*(cite for key in missing for cite in _CITES[key]), *_PLAN),
            options=tuple(service(key, recommended=True) for key in missing),
            any_number=True,
            notes=("good-bone",) if good_bone else (),
            left_out=chart.left_out(*(result for key in missing for result in _ASSESSMENTS[key])),
        )


def _assessed(chart: Chart, key: str, results: tuple[str, ...], since: date) -> bool:
    return (
        any(chart.newest(result, since=since) for result in results)
        or chart.ordered(key)
        or chart.done(key, since=since) is not None
    )
