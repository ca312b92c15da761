"""Osteoporosis and low bone mass, by criteria or as documented."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.chart import Chart, Fracture, Measurement, Problem, per_chart
from cards.chart.calendar import Partial, as_recorded
from cards.definitions.density import low_t, lowest_t
from cards.definitions.fractures import MAJOR_SITES, MINOR_SITES
from cards.definitions.person import adult, t_group
from cards.vocabulary import DIAGNOSTIC_SITES


class Diagnosis(Struct, frozen=True):
    """Osteoporosis by criteria ("t-score", "major-fracture", "minor-fracture", "qct"), the evidence, and whether it is
    severe."""

    criterion: str
    t_score: Measurement | None = None
    fracture: Fracture | None = None
    qct: Measurement | None = None
    severe: bool = False


@per_chart
def criteria(chart: Chart) -> Diagnosis | None:
    """Osteoporosis of an adult by bone density or fragility fracture, whether or not it is on the problem list; by the first of
    these: (1) lowest T-score {t-osteoporosis} or lower, called severe with any fragility fracture; (2) a fragility fracture of
    a vertebra or the hip, whatever the bone density; (3) a fragility fracture of the proximal humerus, pelvis or distal
    forearm, with the lowest T-score above {t-osteoporosis} and below {t-low}; (4) the newest lumbar QCT below
    {qct-osteoporosis} mg/cm3. A rib fracture alone does not qualify."""
    if not adult(chart):
        return None
    lowest = lowest_t(chart)
    by_t = lowest is not None and lowest.value <= chart.numbers.t_osteoporosis
    fracture = next(iter(chart.fractures), None)
    major = next((f for f in chart.fractures if f.site in MAJOR_SITES), None)
    minor = next((f for f in chart.fractures if f.site in MINOR_SITES), None)
    if by_t:
        return Diagnosis("t-score", lowest, major or minor or fracture, severe=fracture is not None)
    if major is not None:
        return Diagnosis("major-fracture", lowest, major)
    if minor is not None and low_t(chart) is not None:
        return Diagnosis("minor-fracture", lowest, minor)
    qct = chart.newest("qct-vbmd")
    if qct is not None and qct.below(chart.numbers.qct_osteoporosis):
        return Diagnosis("qct", qct=qct, fracture=fracture)
    return None


@per_chart
def osteoporosis(chart: Chart) -> bool:
    """Osteoporosis on the problem list (a resolved entry counts), or by criteria."""
    return chart.problem("osteoporosis") is not None or criteria(chart) is not None


def by_density_alone(chart: Chart) -> bool:
    """Osteoporosis that nothing but bone density tells: neither the problem list nor a fracture of a vertebra or the hip."""
    found = criteria(chart) if chart.problem("osteoporosis") is None else None
    return found is not None and not any(fracture.site in MAJOR_SITES for fracture in chart.fractures)


@per_chart
def low_bone_mass(chart: Chart) -> bool:
    """No osteoporosis, and either the lowest T-score above {t-osteoporosis} and below {t-low}, or, in the T-group, the newest
    lumbar QCT from {qct-osteoporosis} to {qct-normal} mg/cm3, or low bone mass (osteopenia) as an active problem."""
    if osteoporosis(chart):
        return False
    qct = chart.newest("qct-vbmd")
    by_qct = qct is not None and chart.numbers.qct_osteoporosis <= qct.value <= chart.numbers.qct_normal
    return low_t(chart) is not None or (by_qct and t_group(chart)) or chart.active_problem("osteopenia") is not None


def first_known(chart: Chart) -> date | None:
    """When osteoporosis was first recorded, or else shown by a first T-score of {t-osteoporosis} or lower, QCT below
    {qct-osteoporosis} mg/cm3 or fragility fracture; None where that has no date, too."""
    dated = known_since(chart)
    return dated.first if isinstance(dated, Partial) else dated


def known_since(chart: Chart) -> date | Partial | None:
    """The same, as recorded."""
    shown: list[Problem | Measurement | Fracture]
    if chart.problem("osteoporosis") is not None:
        shown = [*chart.problems.get("osteoporosis", ())]
    else:
        low = chart.numbers.t_osteoporosis
        shown = [m for m in chart.values("t-score") if m.site in DIAGNOSTIC_SITES and m.value <= low]
        shown += [m for m in chart.values("qct-vbmd") if m.below(chart.numbers.qct_osteoporosis)]
        shown += chart.fractures
    dated = [(each.when, each.latest) for each in shown if each.when]
    return as_recorded(*min(dated, key=lambda span: span[0])) if dated else None
