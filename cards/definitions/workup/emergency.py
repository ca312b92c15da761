"""Calcium as an emergency: critically low or high, or not measured when it may have fallen (card specification,
"calcium-critical")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Course, Measurement, facts, per_chart
from cards.chart.calendar import Partial, add_days, as_recorded
from cards.chart.shown import limit_beside
from cards.definitions.kidney import Renal, renal
from cards.definitions.minerals import Calcium, calcium, calcium_values, vitamin_d_excess
from cards.definitions.workup.row import ACTIVE_VITAMIN_D, ALL, CALCIUM, VITAMIN_D, Row
from cards.vocabulary import DENOSUMAB, ZOLEDRONATE, Drug

EMERGENCY = "calcium-critical"
"""The finding for which drugs wait, and its card."""
EXCESS = "vitamin-d-excess"


class Dose(Struct, frozen=True):
    """A dose after which calcium may fall. ``latest``: the last day that it can have been."""

    course: Course
    when: date
    latest: date

    @property
    def dated(self) -> date | Partial | None:
        return as_recorded(self.when, self.latest if self.latest != self.when else None)


class Emergency(Struct, frozen=True):
    """``kind``: "low" or "high"; "unmeasured" (after denosumab in kidney failure); "stale-low" or "stale-high" (to be measured
    again at once); "after-low" or "after-unmeasured" (after an injection). ``certain``: not if a date given as year or month
    leaves it open. ``reading`` is the calcium that it rests on, if any; ``dose`` the injection."""

    kind: str
    certain: bool = True
    reading: Calcium | None = None
    dose: Dose | None = None

    @property
    def low(self) -> bool:
        return self.kind.endswith("low")

    @property
    def high(self) -> bool:
        return self.kind.endswith("high")

    @property
    def now(self) -> bool:
        """Whether calcium is critical today: then no drug is offered, in either direction."""
        return self.kind in ("low", "high")

    @property
    def critical(self) -> bool:
        return self.certain and (self.now or self.kind == "unmeasured")


@per_chart
def emergency(chart: Chart) -> Emergency | None:
    """The newest calcium decides, on one day ionized before corrected. It is critical below {calcium-critical-low} or above
    {calcium-critical-high} mg/dL, ionized below {calcium-ionized-critical-low} or above {calcium-ionized-critical-high} mmol/L,
    a total without albumin below {calcium-uncorrected-critical-low} or above {calcium-uncorrected-critical-high} mg/dL. Such a
    value is an emergency for {calcium-critical-days} days; one of up to {calcium-stale-days} days, and a total between the two
    kinds of limits, is measured again at once. Not for newborns of less than {newborn-days} days.

    After denosumab of any strength, from day {calcium-fall-from-days} to {calcium-fall-denosumab-days}: no calcium since, on
    dialysis or with a renal estimate below {egfr-dialysis}, is an emergency, too; below {egfr-specialist} it is measured within
    a week, and again from day {calcium-weekly-days} on; with kidney failure again where the newest is older than
    {calcium-weekly-days} days, after day {calcium-first-month-days} than {calcium-monthly-days}. A calcium below range that
    was taken after denosumab (or, up to {calcium-fall-zoledronate-days} days, zoledronate) is looked after in any patient.
    """
    birth = chart.patient.birth
    if birth is not None and birth > chart.days_ago(chart.numbers.newborn_days):
        return None
    found = list(_found(chart))
    return next((each for each in found if each.critical), found[0] if found else None)


def rows(chart: Chart) -> Iterator[Row]:
    """What it means for drugs: none while calcium is critical, none recommended until it has been measured; with a 25(OH)D
    above {vitamin-d-excess} ng/mL no calcium and no vitamin D in any form."""
    excess = vitamin_d_excess(chart)
    if excess is not None:
        yield Row(EXCESS, (facts.measured(excess),), excess.when, drops=CALCIUM | VITAMIN_D | ACTIVE_VITAMIN_D)
    found = emergency(chart)
    if found is None:
        return
    reading = found.reading
    yield Row(
        EMERGENCY,
        (facts.measured(reading.value),) if reading else (),
        reading.value.when if reading else chart.today,
        drops=ALL | CALCIUM | VITAMIN_D | ACTIVE_VITAMIN_D if found.now and found.critical else frozenset(),
        holds=ALL,
        binding=True,
    )


def _found(chart: Chart) -> Iterator[Emergency]:
    newest = calcium(chart)
    yield from _critical_values(chart, newest)
    dose = _dose(chart, DENOSUMAB, chart.numbers.calcium_fall_from_days, chart.numbers.calcium_fall_denosumab_days)
    yield from _unmeasured(chart, newest, dose)
    yield from _fallen(chart, newest)


def _critical_values(chart: Chart, newest: Calcium | None) -> Iterator[Emergency]:
    """The newest value, and one dated by year or month that may be newer."""
    if newest is None:
        return
    perhaps = (each for each in calcium_values(chart) if each.value.latest and each.value.at_latest >= newest.value.when)
    for reading in (newest, *perhaps):
        side, proven = _side(chart, reading)
        value = reading.value
        if not side or value.at_latest < chart.days_ago(chart.numbers.calcium_stale_days):
            continue
        newly = value.when >= chart.days_ago(chart.numbers.calcium_critical_days)
        certain = value.latest is None or newly
        if newly and proven and reading is newest:
            yield Emergency(side, reading=reading)
        else:
            yield Emergency(f"stale-{side}", certain, reading)


def _side(chart: Chart, reading: Calcium) -> tuple[str, bool]:
    """ "low", "high" or "", and whether that is proven: of an uncorrected total only beyond limits of its own."""
    n, value = chart.numbers, reading.value
    if value.key == "calcium-ionized":
        return _beyond(value, n.calcium_ionized_critical_low, n.calcium_ionized_critical_high), True
    side = _beyond(value, n.calcium_critical_low, n.calcium_critical_high)
    proven = _beyond(value, n.calcium_uncorrected_critical_low, n.calcium_uncorrected_critical_high)
    return side, not reading.uncorrected or bool(proven)


def _beyond(value: Measurement, low: float, high: float) -> str:
    if value.below(limit_beside(low, value)):
        return "low"
    return "high" if value.at_most(limit_beside(high, value)) is False else ""


def _unmeasured(chart: Chart, newest: Calcium | None, dose: Dose | None) -> Iterator[Emergency]:
    """After denosumab with weak kidneys: no calcium since; or one that is too old in kidney failure, and otherwise too early to
    show how far it falls."""
    kidneys: Renal = renal(chart)
    if dose is None or not kidneys.below(chart.numbers.egfr_specialist):
        return
    failure = bool(kidneys.below(chart.numbers.egfr_dialysis))
    if newest is None or newest.value.when <= dose.latest:
        yield Emergency("unmeasured" if failure else "after-unmeasured", _within(chart, dose), dose=dose)
    elif newest.value.when < (_again_since(chart, dose) if failure else _falls_from(chart, dose)):
        yield Emergency("after-unmeasured", reading=newest, dose=dose)


def _again_since(chart: Chart, dose: Dose) -> date:
    """The first day of a calcium that is new enough in kidney failure: weekly in the first month, then monthly."""
    n = chart.numbers
    early = dose.latest >= chart.days_ago(n.calcium_first_month_days)
    return chart.days_ago(n.calcium_weekly_days if early else n.calcium_monthly_days)


def _falls_from(chart: Chart, dose: Dose) -> date:
    """The first day on which a calcium shows the fall; the day of the dose until that day has come."""
    first = add_days(dose.latest, chart.numbers.calcium_weekly_days)
    return first if first <= chart.today else dose.latest


def _within(chart: Chart, dose: Dose) -> bool:
    """Whether every day that the dose may have been given lies in the window."""
    first, last = chart.numbers.calcium_fall_denosumab_days, chart.numbers.calcium_fall_from_days
    return chart.days_ago(first) <= dose.when and dose.latest <= chart.days_ago(last)


def _fallen(chart: Chart, newest: Calcium | None) -> Iterator[Emergency]:
    """A calcium below range after an injection."""
    if newest is None or not newest.low:
        return
    n, before = chart.numbers, (chart.today - newest.value.at_latest).days + 1
    for drug, days in ((DENOSUMAB, n.calcium_fall_denosumab_days), (ZOLEDRONATE, n.calcium_fall_zoledronate_days)):
        dose = _dose(chart, drug, before, days)
        if dose is not None:
            yield Emergency("after-low", reading=newest, dose=dose)


def _dose(chart: Chart, drug: Drug, least: int, most: int) -> Dose | None:
    """The newest dose of a drug, in any strength, that may have been given ``least`` to ``most`` days ago."""
    begin, end = chart.days_ago(most), chart.days_ago(least)
    found = [
        Dose(course, day, (course.last_dose_latest if day == course.last_dose else None) or day)
        for course in chart.courses((drug.mechanism,))
        if course.drug.ingredient == drug.ingredient
        for day in dict.fromkeys((*course.doses, course.last_dose))
        if day is not None
    ]
    return max((dose for dose in found if dose.when <= end and dose.latest >= begin), key=lambda dose: dose.when, default=None)
