"""Whether treatment against osteoporosis is indicated and not given."""

from __future__ import annotations

from cards.chart import Chart, Problem, per_chart
from cards.definitions import diagnosis, holiday, person, risk, treatment

BONE_TUMORS = ("myeloma", "bone-metastasis", "bone-cancer")


@per_chart
def bone_tumor(chart: Chart) -> Problem | None:
    """Myeloma, bone metastasis or primary bone cancer on record: oncology treats the bone, and nothing is recommended here."""
    return chart.problem(*BONE_TUMORS)


def untreated(chart: Chart) -> bool:
    """Somebody for whom treatment against osteoporosis is indicated, and no such tumor is on record."""
    return bone_tumor(chart) is None and indicated(chart)


@per_chart
def indicated(chart: Chart) -> bool:
    """Somebody who needs treatment (``needed``); not on it, oncologic strengths included, nor treated within the last
    {off-treatment-months} months (unless a fragility fracture came after its end or the risk is very high), nor in a
    bisphosphonate holiday."""
    if not needed(chart):
        return False
    on = treatment.on_treatment(chart) or treatment.on_oncologic(chart)
    return not (on or _treated_lately(chart) or holiday.holiday_since(chart))


@per_chart
def needed(chart: Chart) -> bool:
    """A woman or man of {t-group-years} or older with osteoporosis, or with low bone mass and a high FRAX, treated or not; not
    in an active pregnancy."""
    young = chart.age is None or chart.age < chart.numbers.t_group_years
    if not person.t_group(chart) or young or person.pregnant(chart):
        return False
    return diagnosis.osteoporosis(chart) or (diagnosis.low_bone_mass(chart) and risk.frax_high(chart))


def _treated_lately(chart: Chart) -> bool:
    """An antiresorptive or anabolic that still covered within the last {off-treatment-months} months: someone decided. Not
    with a fracture since its end, nor at very high risk."""
    since = chart.months_ago(chart.numbers.off_treatment_months)
    lately = [c for c in treatment.courses(chart) if c.covered_until is not None and c.covered_until >= since]
    if not lately or risk.risk(chart).very_high:
        return False
    end = max(c.covered_until for c in lately if c.covered_until)
    return not any(f.when and f.when > end for f in chart.fractures)
