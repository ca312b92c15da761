"""The renal estimate on which drug decisions rest (card specification, "renal estimate")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Measurement, SetAside, facts, per_chart
from cards.chart.calendar import add_days
from cards.chart.facts import Fact
from cards.definitions.person import BIRTH, SEX
from cards.thresholds import Numbers
from cards.vocabulary import Data, Drug, Name

UNREADABLE = frozenset(
    {"unit-unknown", "no-unit", "implausible", "unreadable", "no-value", "status", "future", "result-unread", "not-understood"}
)
"""Reasons why a value that is on record is not known: it could not be read, is not there or not final, or its date is wrong."""


class Renal(Struct, frozen=True):
    """What is known about kidney function: the estimates that count, lowest first, and an earlier lower one that was left out.

    ``uncomputed``: a creatinine that gave no estimate, because sex or age is missing, the patient is a child, or it has a
    comparator; ``lacking``: the names of what was missing, if the creatinine is no older than the estimates. ``former``: the
    last estimate, of any age, where none counts.
    """

    estimates: tuple[Measurement, ...] = ()
    earlier_lower: Measurement | None = None
    unreadable: tuple[SetAside, ...] = ()
    dialysis: bool = False
    uncomputed: Measurement | None = None
    lacking: tuple[Name, ...] = ()
    former: Measurement | None = None

    @property
    def lowest(self) -> Measurement | None:
        return self.estimates[0] if self.estimates else None

    def below(self, threshold: float) -> bool | None:
        """Whether kidney function is below ``threshold`` mL/min; None if unknown. The lowest estimate decides."""
        answers = [estimate.below(threshold) for estimate in self.estimates]
        if True in answers:
            return True
        return None if None in answers or not answers else False

    def was_below(self, threshold: float) -> bool:
        """Whether kidney function was below ``threshold`` when it was last known: it seldom recovers while nobody looks."""
        return self.former is not None and self.former.below(threshold) is True

    def undecided(self, threshold: float) -> bool:
        """Whether something on record leaves ``below`` undecided, is newer than every usable value but unreadable, or might
        give a lower estimate if age or sex were known."""
        below = self.below(threshold)
        if below is None:
            return bool(self.estimates or self.unreadable or self.uncomputed)
        newest = max(estimate.when for estimate in self.estimates)
        unread = any(s.when is not None and s.when > newest for s in self.unreadable)
        return not below and (unread or bool(self.lacking))


@per_chart
def renal(chart: Chart) -> Renal:
    """The newest value of each kind within {renal-window-months} months: creatinine clearance as reported; eGFR as reported;
    and an estimate from the newest creatinine, by Cockcroft-Gault with the newest weight of that period, or by CKD-EPI 2021
    without a weight. Any value more than {renal-agree-days} days older than the newest of all is left out; of the rest, the
    lowest decides. Nothing is computed without age and sex, below {adult-years} years, or from a creatinine with "<" or ">".
    Dialysis on record counts as an eGFR below {egfr-dialysis} today. Coded chronic kidney disease stage 5 counts as below
    {egfr-dialysis}, stage 4 as below {egfr-specialist}, where there is no estimate or every one is older than the entry. Of
    values that are otherwise equivalent, the one indicating poorer kidney function counts. Whether kidney function is below
    a limit is undecided if there is no estimate, or if one such as "<60" leaves it open and no other is below."""
    since = chart.months_ago(chart.numbers.renal_window_months)
    computed = _computed(chart)
    newest = [m for m in (_lowest_newest(chart, "crcl"), _lowest_newest(chart, "egfr"), computed) if m is not None]
    left = unreadable(chart, "creatinine", "egfr", "crcl", since=since)
    uncomputed = None if computed else chart.newest("creatinine", since=since)
    dialysis = chart.active_problem("dialysis")
    if dialysis is not None:
        newest.append(Measurement("egfr", chart.numbers.egfr_dialysis, chart.today, dialysis.source, "<", computed="dialysis"))
    else:
        newest += _by_stage(chart, after=max((m.at_latest for m in newest), default=None))
    if not newest:
        return Renal(unreadable=left, uncomputed=uncomputed, lacking=_lacking(chart, uncomputed), former=_former(chart))
    oldest = add_days(max(m.when for m in newest), -chart.numbers.renal_agree_days)
    counted = sorted((m for m in newest if m.when >= oldest), key=_reach)
    lower = [m for m in newest if m.when < oldest and _reach(m) < _reach(counted[0])]
    beside = uncomputed if uncomputed is not None and uncomputed.when >= oldest else None
    earlier = min(lower, key=_reach, default=None)
    return Renal(tuple(counted), earlier, left, dialysis is not None, uncomputed, _lacking(chart, beside))


def _lacking(chart: Chart, creatinine: Measurement | None) -> tuple[Name, ...]:
    """What is missing about the patient to compute an estimate from a creatinine."""
    if creatinine is None or creatinine.comparator:
        return ()
    lacks = ((BIRTH, chart.patient.birth is None), (SEX, not chart.patient.sex))
    return tuple(name for name, is_lacking in lacks if is_lacking)


def unreadable(chart: Chart, *keys: str, since: date) -> tuple[SetAside, ...]:
    """Recorded values of these analytes on or after ``since`` (or undated) that could not be read."""
    return tuple(s for s in chart.left_out(*keys) if s.reason in UNREADABLE and (s.when is None or s.when >= since))


def _reach(estimate: Measurement) -> float:
    """Sort key: a value "below 30" is lower than 30 itself."""
    return estimate.value - 0.001 if estimate.comparator.startswith("<") else estimate.value


def _lowest_newest(chart: Chart, key: str) -> Measurement | None:
    """The newest value; of several that are otherwise equivalent, the lowest (the safer choice)."""
    found = chart.values(key, since=chart.months_ago(chart.numbers.renal_window_months))
    return min((m for m in found if (m.when, m.order) == (found[0].when, found[0].order)), key=_reach, default=None)


def _computed(chart: Chart) -> Measurement | None:
    """Cockcroft-Gault from the newest creatinine and weight, else CKD-EPI 2021; None without sex, age or a plain creatinine."""
    found = [
        m for m in chart.values("creatinine", since=chart.months_ago(chart.numbers.renal_window_months)) if not m.comparator
    ]
    if not found or chart.patient.sex not in ("female", "male"):
        return None
    creatinine = max((m for m in found if (m.when, m.order) == (found[0].when, found[0].order)), key=lambda m: m.value)
    age = chart.patient.age_on(creatinine.when)
    if age is None or age < chart.numbers.adult_years:
        return None
    weight = chart.newest("weight", since=chart.months_ago(chart.numbers.renal_window_months))
    if weight is not None and not weight.comparator:
        value = cockcroft_gault(creatinine.value, age, weight.value, female=chart.patient.female)
        return _estimate("crcl", value, creatinine, "Cockcroft-Gault", unsure=weight.unsure)
    return _estimate("egfr", ckd_epi_2021(creatinine.value, age, female=chart.patient.female), creatinine, "CKD-EPI 2021")


def _estimate(key: str, value: float, creatinine: Measurement, formula: str, *, unsure: bool = False) -> Measurement:
    when, latest = creatinine.when, creatinine.latest
    return Measurement(key, value, when, creatinine.source, computed=formula, latest=latest, unsure=unsure)


def _former(chart: Chart) -> Measurement | None:
    """The last eGFR or creatinine clearance on record, or that of the last creatinine, whatever its age."""
    told = [m for key in ("crcl", "egfr") if (m := chart.newest(key))]
    creatinine = chart.newest("creatinine")
    age = (chart.patient.age_on(creatinine.when) if creatinine else None) or 0
    grown = age >= chart.numbers.adult_years and chart.patient.sex in ("female", "male")
    if creatinine and not creatinine.comparator and grown:
        value = ckd_epi_2021(creatinine.value, age, female=chart.patient.female)
        told.append(_estimate("egfr", value, creatinine, "CKD-EPI 2021"))
    return max(told, key=lambda m: (m.when, -_reach(m)), default=None)


def ever_estimated(chart: Chart) -> Iterator[Measurement]:
    """Every eGFR on record, of any age: as reported, or by CKD-EPI 2021 from a creatinine."""
    yield from chart.values("egfr")
    for creatinine in chart.values("creatinine"):
        age = chart.patient.age_on(creatinine.when) or 0
        if not creatinine.comparator and age >= chart.numbers.adult_years and chart.patient.sex in ("female", "male"):
            value = ckd_epi_2021(creatinine.value, age, female=chart.patient.female)
            yield _estimate("egfr", value, creatinine, "CKD-EPI 2021")


def _by_stage(chart: Chart, *, after: date | None) -> list[Measurement]:
    """A coded stage 4 or 5 means kidney function below 30 or 15 (KDIGO): without any value, or as the newer one: a value of
    before says nothing of what was found since."""
    for key, upper in (("ckd-5", chart.numbers.egfr_dialysis), ("ckd-4", chart.numbers.egfr_specialist)):
        stage = chart.active_problem(key)
        if stage is not None and (after is None or (stage.when is not None and stage.when > after)):
            return [
                Measurement("egfr", upper, stage.when or chart.today, stage.source, "<", computed=f"coded CKD stage {key[-1]}")
            ]
    return []


def cockcroft_gault(creatinine: float, age: int, weight: float, *, female: bool) -> float:
    """Creatinine clearance in mL/min from creatinine (mg/dL), age (years) and actual weight (kg).

    >>> round(cockcroft_gault(1.0, 72, 60, female=True), 1)
    48.2
    """
    return (140 - age) * weight * (0.85 if female else 1.0) / (72 * creatinine)


def ckd_epi_2021(creatinine: float, age: int, *, female: bool) -> float:
    """eGFR in mL/min/1.73 m2 from creatinine (mg/dL) and age (years); Inker 2021, without race.

    >>> round(ckd_epi_2021(1.0, 72, female=True))
    60
    """
    kappa, alpha, factor = (0.7, -0.241, 1.012) if female else (0.9, -0.302, 1.0)
    ratio = creatinine / kappa
    return float(142 * min(ratio, 1) ** alpha * max(ratio, 1) ** -1.2 * 0.9938**age * factor)


READS = (Data.RENAL, Data.BODY, Data.CONDITIONS, Data.PROCEDURES)
"""The inputs of the renal estimate."""


def drug_limit(numbers: Numbers, drug: Drug) -> int:
    return (
        numbers[f"egfr-{drug.ingredient}"]
        if drug.ingredient in ("alendronate", "zoledronate", "risedronate", "ibandronate")
        else 0
    )


def renal_facts(kidneys: Renal) -> tuple[Fact, ...]:
    """All renal values on record, including a creatinine from which nothing could be computed, and what was missing for it."""
    measured = map(facts.measured, filter(None, (*kidneys.estimates, kidneys.uncomputed)))
    return (*measured, *(Fact(name, Name("not known", "不详")) for name in kidneys.lacking))
