"""The work-up is read, not only ordered: what speaks for another disease than osteoporosis, and which drugs wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards.chart import Chart, per_chart
from cards.chart.calendar import add_days
from cards.definitions import person, risk, treatment
from cards.definitions.indication import untreated
from cards.definitions.workup import calcium, ends, hormones, mineral
from cards.definitions.workup.marrow import marrow
from cards.definitions.workup.row import Row
from cards.vocabulary import ANTI_OSTEOPOROSIS, DENOSUMAB, DIAGNOSTIC_SITES, Data, Drug, Mechanism

__all__ = [
    "FINDINGS",
    "READS",
    "Row",
    "about_to_be_treated",
    "bone_patient",
    "decide_on",
    "dropping",
    "held",
    "holding",
    "paused",
    "rows",
]

READS = (*risk.READS, Data.CALCIUM, Data.VITAMIN_D, Data.RENAL, Data.BODY, Data.WORK_UP, Data.TURNOVER)
"""The inputs of the findings."""

FINDINGS = (
    *("myeloma", "high-calcium", "hyperparathyroidism", "osteomalacia", "low-phosphate", "low-alp", "high-alp", "low-calcium"),
    *("high-pth", "high-urine-calcium", "high-turnover"),
)
"""Those that may hold drugs back, by key."""

_PRODUCTS = ANTI_OSTEOPOROSIS | {Mechanism.CALCIUM, Mechanism.VITAMIN_D, Mechanism.ACTIVE_VITAMIN_D}


def rows(chart: Chart, *, about_to_be_treated: bool) -> tuple[Row, ...]:
    """The findings of an adult, the one that names the card first: myeloma or metastasis, high calcium, hyperparathyroidism,
    osteomalacia, low phosphate, low ALP, very high ALP, and the rest. Those for information only with osteoporosis, low bone
    mass, a fragility fracture or treatment. Those whose work-up is negative, or that were clarified, only with something
    worse."""
    return _rows(chart, about_to_be_treated)


@per_chart
def _rows(chart: Chart, about_to_be_treated: bool) -> tuple[Row, ...]:
    if not person.adult(chart):
        return ()
    concerned = risk.concerned(chart)
    found = (row for row in _all(chart, about_to_be_treated) if row.warns or concerned)
    return tuple(row for each in found if (row := ends.standing(chart, each)) is not None)


def _all(chart: Chart, about_to_be_treated: bool) -> Iterator[Row]:
    yield from marrow(chart, about_to_be_treated=about_to_be_treated)
    high = tuple(calcium.high_calcium(chart))
    yield from high
    softened = tuple(mineral.osteomalacia(chart))
    yield from softened
    if not softened and not any(row.key == "hyperparathyroidism" for row in high):
        yield from mineral.low_phosphate(chart)
    yield from mineral.low_alp(chart)
    if not softened:
        yield from mineral.high_alp(chart)
        yield from calcium.low_calcium(chart)
    yield from calcium.high_pth(chart)
    yield from mineral.high_urine_calcium(chart)
    yield from hormones.thyroid(chart)
    yield from hormones.testosterone(chart)
    yield from hormones.turnover(chart)
    yield from hormones.celiac(chart)
    yield from hormones.z_score(chart)


def about_to_be_treated(chart: Chart) -> bool:
    """An antiresorptive or anabolic is drafted, or the patient is untreated and treatment is indicated."""
    return bool(chart.drafted(treatment.TREATMENT)) or untreated(chart)


def held(chart: Chart) -> str:
    """The finding for which no drug is recommended before it is clarified; "" where there is none."""
    found = rows(chart, about_to_be_treated=about_to_be_treated(chart)) if bone_patient(chart) else ()
    return next((row.key for row in found if row.holds_all), "")


def bone_patient(chart: Chart) -> bool:
    """An adult with osteoporosis, low bone mass, a fragility fracture or a Z-score of {z-low} or lower, on treatment or off it
    for less than {bone-patient-months} months, or with a calcium, vitamin D or anti-osteoporosis product active or drafted."""
    if not person.adult(chart):
        return False
    if risk.concerned(chart) or chart.drafted(_PRODUCTS):
        return True
    since = chart.months_ago(chart.numbers.bone_patient_months)
    lately = any(c.covered_until and c.covered_until >= since for c in treatment.courses_had(chart))
    z = any(m.value <= chart.numbers.z_low for site in DIAGNOSTIC_SITES for m in chart.values("z-score", site=site)[:1])
    return lately or z or any(c.active for c in treatment.courses(chart, _PRODUCTS))


def dropping(found: tuple[Row, ...], drug: Drug) -> Row | None:
    """The first finding for which the drug is not offered."""
    return next((row for row in found if drug.key in row.drops), None)


def holding(found: tuple[Row, ...], drug: Drug, *, waits: bool = True) -> Row | None:
    """The first finding that the drug must wait for; of a drug that does not wait (``waits`` False) the first that binds even
    this one, if there is one."""
    against = [row for row in found if drug.key in row.holds]
    binding = [row for row in against if row.binding and not waits]
    return next(iter(binding or against), None)


def paused(chart: Chart, found: tuple[Row, ...]) -> tuple[Drug, ...]:
    """The drugs that are being taken and must pause; never denosumab, whose effect cannot be paused."""
    taken = [c.drug for c in chart.courses(treatment.TREATMENT) if c.active or c.on_treatment(chart.today)]
    return tuple(d for d in taken if d is not DENOSUMAB and any(d.key in row.pauses for row in found))


def decide_on(chart: Chart, found: tuple[Row, ...], *, every: bool = True) -> date | None:
    """The day to decide whether to treat: {hold-ask-days} days after the first of the findings that hold all drugs (or else
    only some, which are PTH analogs) was first met, {hold-ask-fracture-days} days with a hip or vertebral fracture of
    {hold-fracture-months} months."""
    held = [row.since for row in found if (row.holds_all if every else row.holds)]
    if not held:
        return None
    broken = any(f.site in ("hip", "vertebra") for f in chart.fractures_since(chart.numbers.hold_fracture_months))
    return add_days(min(held), chart.numbers.hold_ask_fracture_days if broken else chart.numbers.hold_ask_days)
