"""How high the fracture risk is, and which patients need bone care."""

from __future__ import annotations

from msgspec import Struct

from cards.chart import Chart, Fracture, per_chart
from cards.chart.calendar import add_days
from cards.definitions import diagnosis, person, treatment
from cards.definitions.density import lowest_t, newest_t_scores
from cards.definitions.diagnosis import low_bone_mass, osteoporosis
from cards.definitions.fractures import counted
from cards.vocabulary import COURSES, Data, Mechanism

READS = (Data.CONDITIONS, Data.PROCEDURES, Data.BONE_DENSITY, Data.FRACTURE_RISK, *COURSES)
"""The inputs of diagnosis and risk."""


class Risk(Struct, frozen=True):
    """``level``: "very-high", "high", "moderate", "low" or "unknown"; ``reasons``: why."""

    level: str
    reasons: tuple[str, ...] = ()

    @property
    def very_high(self) -> bool:
        return self.level == "very-high"

    @property
    def high(self) -> bool:
        return self.level in ("very-high", "high")


@per_chart
def risk(chart: Chart) -> Risk:
    """The stratum (OVCF2021-T1, -T2, AACE 2020). Very high: any vertebral fragility fracture; a fragility fracture within
    {recent-fracture-days} days; {multiple-fractures} or more; a fragility fracture on treatment; one on long-term
    glucocorticoids (documented before the fracture, or taken for {glucocorticoid-days} days by then); lowest T-score below
    {t-very-high-risk}; newest FRAX above {frax-major-very-high} % for a major osteoporotic or above {frax-hip-very-high} % for
    a hip fracture. High: any other osteoporosis; low bone mass with a high FRAX. Moderate: other low bone mass. Low: everything
    else. Unknown, never low, if the record contains no T-score, QCT, FRAX or fragility fracture."""
    reasons = tuple(_very_high(chart))
    if reasons:
        return Risk("very-high", reasons)
    if osteoporosis(chart):
        return Risk("high", ("osteoporosis",))
    if low_bone_mass(chart):
        return Risk("high", ("frax-high",)) if frax_high(chart) else Risk("moderate", ("low-bone-mass",))
    known = (
        newest_t_scores(chart)
        or chart.newest("qct-vbmd")
        or chart.fractures
        or chart.newest("frax-major")
        or chart.newest("frax-hip")
    )
    return Risk("low") if known else Risk("unknown")


def _very_high(chart: Chart) -> list[str]:
    reasons = []
    recent = chart.days_ago(chart.numbers.recent_fracture_days)
    if any(f.site == "vertebra" for f in chart.fractures):
        reasons.append("vertebral-fracture")
    if any(f.at_latest and f.at_latest >= recent for f in chart.fractures):
        reasons.append("recent-fracture")
    if counted(chart.fractures) >= chart.numbers.multiple_fractures:
        reasons.append("several-fractures")
    if fracture_on_treatment(chart) is not None:
        reasons.append("fracture-on-treatment")
    if _fracture_on_glucocorticoid(chart):
        reasons.append("fracture-on-glucocorticoid")
    lowest = lowest_t(chart)
    if lowest is not None and lowest.value < chart.numbers.t_very_high_risk:
        reasons.append("t-very-low")
    if _frax_above(chart, "frax-major-very-high", "frax-hip-very-high"):
        reasons.append("frax-very-high")
    return reasons


@per_chart
def fracture_on_treatment(chart: Chart) -> Fracture | None:
    """The newest fragility fracture that happened while an antiresorptive or anabolic was being taken, after its first day."""
    spans = [span for course in treatment.courses_had(chart) for span in course.spans]
    return next((f for f in chart.fractures if any(f.may_be_within(add_days(begin, 1), end) for begin, end in spans)), None)


def _fracture_on_glucocorticoid(chart: Chart) -> bool:
    long_term = chart.problem("long-term-glucocorticoid")
    spans = [span for course in chart.courses({Mechanism.GLUCOCORTICOID}) for span in course.spans]
    for broken in chart.fractures:
        if broken.when is None:
            continue
        if long_term is not None and long_term.when is not None and long_term.when <= (broken.at_latest or broken.when):
            return True
        if any(broken.may_be_within(add_days(begin, chart.numbers.glucocorticoid_days), end) for begin, end in spans):
            return True
    return False


def frax_high(chart: Chart) -> bool:
    """The newest FRAX, whatever its date: {frax-hip-high} % or more for the hip, or {frax-major-high} % or more for a major
    osteoporotic fracture (REHAB2024-08)."""
    major, hip = chart.newest("frax-major"), chart.newest("frax-hip")
    return bool(
        (major and major.below(chart.numbers.frax_major_high) is False)
        or (hip and hip.below(chart.numbers.frax_hip_high) is False)
    )


def _frax_above(chart: Chart, major_key: str, hip_key: str) -> bool:
    major, hip = chart.newest("frax-major"), chart.newest("frax-hip")
    return bool(
        (major and major.at_most(chart.numbers[major_key]) is False) or (hip and hip.at_most(chart.numbers[hip_key]) is False)
    )


@per_chart
def concerned(chart: Chart) -> bool:
    """Patients with osteoporosis, low bone mass or a fragility fracture, or on treatment."""
    weak = diagnosis.osteoporosis(chart) or diagnosis.low_bone_mass(chart) or bool(chart.fractures)
    return person.adult(chart) and (weak or treatment.on_treatment(chart))
