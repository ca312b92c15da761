"""Drugs that cause bone loss: which they are, and which drugs against it come first on them."""

from __future__ import annotations

from msgspec import Struct

from cards.chart import Chart, Course, Problem
from cards.definitions import glucocorticoid_bands
from cards.definitions.density import bmd_since
from cards.definitions.glucocorticoid import (
    GLUCOCORTICOID,
    Exposure,
    enough_glucocorticoid,
    exposure,
    long_glucocorticoid,
    prednisone_equivalent,
)
from cards.definitions.glucocorticoid_bands import band, is_young
from cards.definitions.hormone_blockers import HORMONE_BLOCKERS, RANKING, blockers, deprived
from cards.definitions.person import orchiectomy
from cards.vocabulary import Drug, Mechanism

__all__ = [
    "GLUCOCORTICOID",
    "HARMFUL",
    "HORMONE_BLOCKERS",
    "WEAK_BONE_ONLY",
    "Beside",
    "advised_beside",
    "beside",
    "enough_glucocorticoid",
    "long_glucocorticoid",
    "long_on",
    "prednisone_equivalent",
]

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
"""Those that harm bone only where it is weak."""

HARMFUL = HORMONE_BLOCKERS | WEAK_BONE_ONLY | GLUCOCORTICOID


class Beside(Struct, frozen=True):
    """What harms bone ("aromatase-inhibitor", "androgen-deprivation", "glucocorticoid"), and the drugs that come first beside
    it, best first."""

    harm: str
    ranking: tuple[Drug, ...]


def beside(chart: Chart) -> Beside | None:
    """An aromatase inhibitor or androgen deprivation, otherwise a glucocorticoid that counts, by its band; None where neither
    is taken or ordered."""
    if state := deprived(chart):
        return Beside(state, RANKING[state])
    found = exposure(chart)
    if found is None or not found.counts or is_young(chart):
        return None
    ranking = band(chart, found).ranking
    return Beside("glucocorticoid", ranking) if ranking else None


def advised_beside(chart: Chart) -> Course | Problem | None:
    """What is taken now, or an orchiectomy, that calls for a drug against bone loss before there is osteoporosis: a
    glucocorticoid by its band (under {glucocorticoid-years} years by the reasons for a specialist), an aromatase inhibitor or
    androgen deprivation by T-score and risk factors. Not where a drug is merely offered, nor where bone must be measured
    first."""
    for found in blockers(chart):
        if found.treat:
            return found.course or found.surgery
    taken = exposure(chart)
    if taken is None or taken.unreadable or not (taken.counts and _bands_advise(chart, taken)):
        return None
    return taken.course


def _bands_advise(chart: Chart, taken: Exposure) -> bool:
    if is_young(chart):
        return bool(glucocorticoid_bands.young(chart, taken))
    risk = band(chart, taken)
    old = not bmd_since(chart, chart.numbers.harm_bmd_months)
    return risk.treat and not (old and risk.reasons == ("no-frax",))


def long_on(chart: Chart, course: Course, days: int) -> bool:
    """Taken today, and for at least this long; if no minimum is given, the start does not matter."""
    taken = course.on_treatment(chart.today)
    return taken and (days == 0 or (course.exposure_days is not None and course.exposure_days >= days))


def harmful(chart: Chart) -> Course | Problem | None:
    """What costs bone as long as it goes on: {glucocorticoid-mg} mg prednisone a day or more for {glucocorticoid-days} days, an
    aromatase inhibitor or GnRH drug, an orchiectomy."""
    blockers = [c for c in chart.courses(HORMONE_BLOCKERS) if c.on_treatment(chart.today)]
    return long_glucocorticoid(chart) or next(iter(blockers), None) or orchiectomy(chart)
