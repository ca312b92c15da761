"""Drugs that cause bone loss: which, at what dose, for how long."""

from __future__ import annotations

from cards.chart import Chart, Course, Dosing
from cards.thresholds import Numbers
from cards.vocabulary import Drug, Mechanism

HORMONE_BLOCKERS = frozenset({Mechanism.AROMATASE_INHIBITOR, Mechanism.GNRH})


WEAK_BONE_ONLY = frozenset(
    {
        Mechanism.PPI,
        Mechanism.ANTIEPILEPTIC,
        Mechanism.THIAZOLIDINEDIONE,
        Mechanism.HEPARIN,
        Mechanism.NUCLEOTIDE,
        Mechanism.THYROID_HORMONE,
    }
)


HARMFUL = HORMONE_BLOCKERS | WEAK_BONE_ONLY | {Mechanism.GLUCOCORTICOID}


def prednisone_equivalent(numbers: Numbers, drug: Drug, dosing: Dosing | None) -> float | None:
    """The daily dose of a systemic glucocorticoid as prednisone in mg; unknown (None) if the dose or timing cannot be read.
    Equivalent to {prednisone-5-equals-prednisone} mg of prednisone: prednisolone {prednisone-5-equals-prednisolone},
    methylprednisolone {prednisone-5-equals-methylprednisolone}, dexamethasone {prednisone-5-equals-dexamethasone},
    betamethasone {prednisone-5-equals-betamethasone}, hydrocortisone {prednisone-5-equals-hydrocortisone}, cortisone
    {prednisone-5-equals-cortisone}, triamcinolone {prednisone-5-equals-triamcinolone}, deflazacort
    {prednisone-5-equals-deflazacort} mg. Inhaled, nasal, topical, ocular, otic, rectal and intra-articular forms are not
    systemic."""
    daily = dosing.daily if dosing else None
    if daily is None:
        return None
    return daily * numbers.prednisone_5_equals_prednisone / numbers[f"prednisone-5-equals-{drug.key}"]


def long_glucocorticoid(chart: Chart) -> Course | None:
    """A systemic glucocorticoid of {glucocorticoid-mg} mg prednisone equivalent a day or more ({glucocorticoid-tolerance} %
    tolerance) that is taken today and has been taken for {glucocorticoid-days} days or more in total."""
    for course in chart.courses({Mechanism.GLUCOCORTICOID}):
        daily = prednisone_equivalent(chart.numbers, course.drug, course.dosing)
        if (
            long_on(chart, course, chart.numbers.glucocorticoid_days)
            and daily is not None
            and enough_glucocorticoid(chart.numbers, daily)
        ):
            return course
    return None


def enough_glucocorticoid(numbers: Numbers, daily: float) -> bool:
    return daily >= numbers.glucocorticoid_mg * (1 - numbers.glucocorticoid_tolerance / 100)


def long_on(chart: Chart, course: Course, days: int) -> bool:
    """Taken today, and for at least this long; if no minimum is given, the start does not matter."""
    taken = course.on_treatment(chart.today)
    return taken and (days == 0 or (course.exposure_days is not None and course.exposure_days >= days))


def harmful(chart: Chart) -> Course | None:
    """A drug that costs bone for as long as it is taken: {glucocorticoid-mg} mg prednisone a day or more for
    {glucocorticoid-days} days, an aromatase inhibitor or GnRH drug."""
    blockers = [c for c in chart.courses(HORMONE_BLOCKERS) if c.on_treatment(chart.today)]
    return long_glucocorticoid(chart) or next(iter(blockers), None)
