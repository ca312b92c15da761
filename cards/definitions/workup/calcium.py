"""High calcium, primary hyperparathyroidism, high PTH with normal calcium, and low calcium."""

from __future__ import annotations

from datetime import date

from cards.chart import Chart, Measurement, Problem, facts
from cards.chart.calendar import add_days, add_months
from cards.chart.facts import Fact
from cards.definitions.density import lowest_t
from cards.definitions.kidney import renal
from cards.definitions.minerals import Calcium, calcium, calcium_values, vitamin_d
from cards.definitions.workup.row import (
    ACTIVE_VITAMIN_D,
    ALL,
    ANTIRESORPTIVES,
    CALCIUM,
    LOWERS_CALCIUM,
    PTH_ANALOGS,
    TABLETS,
    VITAMIN_D,
    Row,
    Rows,
)
from cards.definitions.workup.surgery import hungry_bone
from cards.definitions.workup.values import as_limits, high, low, maybe_since, met_since, surely_by, within
from cards.vocabulary import DENOSUMAB, ZOLEDRONATE, Drug

_AGAIN = ("calcium", "pth", "creatinine", "vitamin-d")
_SUPPRESSED = ("calcium", "calcium-ionized", "pth", "phosphate", "creatinine", "vitamin-d")
_MARROW = ("electrophoresis", "immunofixation", "light-chains")
_PARATHYROID = ("calcium", "pth", "phosphate", "creatinine", "vitamin-d", "urine-calcium", "dxa-radius", "kidney-ultrasound")
_LOW = ("calcium", "pth", "magnesium", "phosphate", "creatinine")
_PRODUCTS = CALCIUM | VITAMIN_D | ACTIVE_VITAMIN_D


def high_calcium(chart: Chart) -> Rows:
    """High calcium with a PTH below {pth-suppressed} pg/mL or below its range (or none within {pth-calcium-days} days of it)
    does not come from the parathyroids; with any other PTH, even within its range, it does. From {pth-suppressed} to below
    {pth-unclear} the cause is open. Every drug is held; PTH analogs, calcium and vitamin D are not offered.

    *Seen once* (at most {calcium-repeat} mg/dL above the limit, PTH none or within its range, no second high value
    {calcium-repeat-days} days or more apart) it is repeated, and nobody is referred. Without an albumin within
    {albumin-near-days} days, up to {calcium-surgery} mg/dL above the limit, it is for information, and only PTH analogs,
    calcium and vitamin D are held. *Known* hyperparathyroidism, on the problem list for {known-disease-days} days, with calcium
    at most {calcium-surgery} mg/dL above the limit: for information, antiresorptives as ranked. With an estimate below
    {egfr-specialist}, dialysis or a kidney transplant, and a PTH of {pth-unclear} or more, it is tertiary: then calcium above
    {calcium-borderline} (without a range) and a high PTH are enough."""
    reading = calcium(chart)
    if reading is None:
        return
    pth = pth_beside(chart, reading.value.when)
    renal_bone = bool(renal(chart).below(chart.numbers.egfr_specialist)) or chart.problem("kidney-transplant") is not None
    tertiary = renal_bone and not _unclear(chart, pth) and (bool(reading.high) or _borderline(chart, reading, pth))
    if not reading.high and not tertiary:
        return
    if reading.high and reading.uncorrected and not reading.beyond(chart.numbers.calcium_surgery):
        yield _uncorrected(reading, pth)
    elif pth is None or _suppressed(chart, pth):
        yield _without_pth(chart, reading, pth)
    else:
        yield _parathyroid(chart, reading, pth, tertiary=tertiary)


def pth_beside(chart: Chart, day: date) -> Measurement | None:
    """The newest PTH taken within {pth-calcium-days} days of a calcium."""
    found = (each for each in chart.values("pth") if within(each, day, chart.numbers.pth_calcium_days))
    return next((as_limits(each) for each in found), None)


def pth_is_high(chart: Chart, pth: Measurement | None) -> bool:
    """Above the laboratory's own limit, otherwise above {pth-high} pg/mL."""
    return high(pth, chart.numbers.pth_high)


def _suppressed(chart: Chart, pth: Measurement | None) -> bool:
    return pth is not None and (low(pth, None) or pth.below(chart.numbers.pth_suppressed) is True)


def _unclear(chart: Chart, pth: Measurement | None) -> bool:
    """Whether PTH is not clearly raised; so is one that is suppressed."""
    return _suppressed(chart, pth) or (pth is not None and pth.below(chart.numbers.pth_unclear) is True)


def _borderline(chart: Chart, reading: Calcium, pth: Measurement | None) -> bool:
    value = reading.value
    return (
        pth_is_high(chart, pth)
        and value.high is None
        and value.key != "calcium-ionized"
        and value.at_most(chart.numbers.calcium_borderline) is False
    )


def _seen_once(chart: Chart, reading: Calcium, pth: Measurement | None) -> bool:
    if reading.beyond(chart.numbers.calcium_repeat) is not False:
        return False
    if pth is not None and (_suppressed(chart, pth) or pth_is_high(chart, pth)):
        return False
    return _single(chart, reading)


def _single(chart: Chart, reading: Calcium) -> bool:
    """Whether no other value as high (above {calcium-borderline} where this one is not high) was taken {calcium-repeat-days}
    days or more before it."""
    before = add_days(reading.value.when, -chart.numbers.calcium_repeat_days)
    window = chart.months_ago(chart.numbers.calcium_window_months)
    earlier = (each for each in calcium_values(chart, window) if each.value.when <= before)
    if reading.high:
        return not any(each.high for each in earlier)
    return not any(each.value.at_most(chart.numbers.calcium_borderline) is False for each in earlier)


def calcium_since(chart: Chart, reading: Calcium) -> date:
    """The first day of the unbroken series of values that are high, or low, or else (tertiary) above {calcium-borderline}."""
    first, borderline = reading.value.when, chart.numbers.calcium_borderline
    for each in calcium_values(chart):
        if reading.low or reading.high:
            goes_on = bool(each.low if reading.low else each.high)
        else:
            goes_on = each.value.at_most(borderline) is False
        if not goes_on:
            break
        first = each.value.when
    return first


def _evidence(reading: Calcium, *others: Measurement | None) -> tuple[Fact, ...]:
    return tuple(facts.measured(each) for each in (reading.value, *others) if each is not None)


def _uncorrected(reading: Calcium, pth: Measurement | None) -> Row:
    return Row(
        "high-calcium",
        _evidence(reading, pth),
        reading.value.when,
        kind="uncorrected",
        warns=False,
        holds=PTH_ANALOGS | _PRODUCTS,
        orders=("calcium", "pth"),
        cites=("OPREF-D8",),
        told={"calcium": reading.value, "pth": pth, "once": False},
        values=(reading.value,),
    )


def _without_pth(chart: Chart, reading: Calcium, pth: Measurement | None) -> Row:
    once = _seen_once(chart, reading, pth)
    return Row(
        "high-calcium",
        _evidence(reading, pth),
        calcium_since(chart, reading),
        kind="once" if once else "no-pth" if pth is None else "suppressed",
        drops=PTH_ANALOGS | _PRODUCTS,
        holds=ALL,
        treated_by=LOWERS_CALCIUM,
        orders=_AGAIN if once else (*_SUPPRESSED, *(_MARROW if pth is not None else ())),
        referral="" if pth is None else "referral-endocrinology",
        cites=("OPREF-D8",),
        told={"calcium": reading.value, "pth": pth, "once": once},
        values=(reading.value,),
    )


def _parathyroid(chart: Chart, reading: Calcium, pth: Measurement, *, tertiary: bool) -> Row:
    unclear = _unclear(chart, pth)
    known = chart.active_problem("hyperparathyroidism")
    mild = (
        known is not None
        and not unclear
        and surely_by(known, chart.days_ago(chart.numbers.known_disease_days))
        and reading.beyond(chart.numbers.calcium_surgery) is False
    )
    once = not tertiary and not mild and _seen_once(chart, reading, pth)
    weak = bool(renal(chart).below(chart.numbers.egfr_dialysis))
    orders = tuple(key for key in _PARATHYROID if not (weak and key == "urine-calcium"))
    return Row(
        "hyperparathyroidism",
        (*((facts.problem(known),) if mild and known else ()), *_evidence(reading, pth, *_urine(chart))),
        calcium_since(chart, reading),
        kind="unclear" if unclear else "tertiary" if tertiary else "known" if mild else "once" if once else "likely",
        warns=not mild,
        drops=PTH_ANALOGS | (CALCIUM | ACTIVE_VITAMIN_D if mild else _PRODUCTS),
        holds=frozenset() if mild else ALL,
        proviso=ANTIRESORPTIVES if mild and not unclear and not tertiary else frozenset(),
        treated_by=LOWERS_CALCIUM,
        orders=(*(_AGAIN if once else orders), *(_MARROW if unclear else ())),
        referral="" if once else "referral-nephrology" if tertiary else "referral-endocrinology",
        cites=("OPREF-D9", "EXT-09"),
        told={
            "calcium": reading.value,
            "pth": pth,
            "once": once,
            "single": _single(chart, reading),
            "borderline": None if reading.high else chart.numbers.calcium_borderline,
            "surgery": _surgery(chart, reading),
            "familial": bool(_urine(chart)),
        },
        values=(reading.value,),
    )


def _urine(chart: Chart) -> tuple[Measurement, ...]:
    """A urine calcium that points to familial hypocalciuric hypercalcemia."""
    urine = chart.newest("urine-calcium", since=chart.months_ago(chart.numbers.urine_calcium_window_months))
    return (urine,) if urine is not None and urine.below(chart.numbers.urine_calcium_low) else ()


def _surgery(chart: Chart, reading: Calcium) -> bool:
    """Whether surgery is indicated: calcium more than {calcium-surgery} mg/dL above the limit, a T-score of {t-osteoporosis} or
    lower, a vertebral fracture, an estimate below {egfr-work-up}, stones, or age below {surgery-years} (EXT-09)."""
    lowest = lowest_t(chart)
    return (
        reading.beyond(chart.numbers.calcium_surgery) is True
        or (lowest is not None and lowest.value <= chart.numbers.t_osteoporosis)
        or any(broken.site == "vertebra" for broken in chart.fractures)
        or renal(chart).below(chart.numbers.egfr_work_up) is True
        or chart.problem("kidney-stones") is not None
        or (chart.age is not None and chart.age < chart.numbers.surgery_years)
    )


def high_pth(chart: Chart) -> Rows:
    """A high PTH is a finding by itself where calcium is in range, 25(OH)D {vitamin-d-target} or more and the renal estimate
    {egfr-work-up} or more, all within {pth-alone-days} days, without denosumab ({denosumab-months} months) or zoledronate
    ({zoledronate-pth-months} months) before it, in any strength. Up to {pth-mild} times the limit for information. PTH analogs
    are held."""
    since = chart.days_ago(chart.numbers.pth_alone_days)
    found, reading, level = chart.newest("pth", since=since), calcium(chart), vitamin_d(chart)
    pth = None if found is None else as_limits(found)
    if pth is None or not pth_is_high(chart, pth) or reading is None or level is None:
        return
    in_range = reading.low is False and reading.high is False and reading.value.when >= since
    estimate = renal(chart).lowest
    kidneys = estimate is not None and estimate.when >= since and renal(chart).below(chart.numbers.egfr_work_up) is False
    enough = level.when >= since and level.below(chart.numbers.vitamin_d_target) is False
    if not (in_range and kidneys and enough) or _after_injection(chart, pth.when):
        return
    warns = high(pth, chart.numbers.pth_high, chart.numbers.pth_mild)
    yield Row(
        "high-pth",
        _evidence(reading, pth, level),
        met_since(chart, pth, lambda each: pth_is_high(chart, each)),
        warns=warns,
        holds=PTH_ANALOGS,
        orders=("calcium", "calcium-ionized", "pth", "urine-calcium", *(() if _celiac_tested(chart) else ("celiac",))),
        cites=("OPREF-D9", "OPREF-D12"),
        told={"pth": pth},
        values=(pth,),
    )


def _celiac_tested(chart: Chart) -> bool:
    return chart.newest("transglutaminase-iga") is not None or chart.done("celiac") is not None


def _after_injection(chart: Chart, day: date) -> bool:
    """Denosumab and zoledronate, whatever the strength, raise PTH for a while."""
    n = chart.numbers
    return any(
        dose <= day <= add_months(dose, months)
        for drug, months in ((DENOSUMAB, n.denosumab_months), (ZOLEDRONATE, n.zoledronate_pth_months))
        for dose in _doses(chart, drug)
    )


def _doses(chart: Chart, drug: Drug) -> tuple[date, ...]:
    """The doses of this ingredient, in any strength."""
    return tuple(day for c in chart.had({drug.mechanism}) if c.drug.ingredient == drug.ingredient for day in c.doses)


def low_calcium(chart: Chart) -> Rows:
    """Low calcium is corrected first, whatever the drug: all are held. A value older than {low-calcium-months} months is
    measured again, and holds nothing. With an estimate below {egfr-specialist} nephrology corrects it. After an operation of
    the neck hungry bone is named. Hypoparathyroidism on
    record explains it, unless PTH is high."""
    reading = calcium(chart)
    if reading is None or not reading.low:
        return
    recent = maybe_since(reading.value, chart.months_ago(chart.numbers.low_calcium_months))
    pth = pth_beside(chart, reading.value.when)
    known = None if pth_is_high(chart, pth) else chart.active_problem("hypoparathyroidism")
    yield Row(
        "low-calcium",
        (*_evidence(reading, pth), *((facts.problem(known),) if known else ())),
        calcium_since(chart, reading),
        kind=_kind_of_low(chart, pth, known) if recent else "old",
        warns=recent,
        holds=ALL if recent else frozenset(),
        pauses=TABLETS if recent else frozenset(),
        orders=_LOW if recent else ("calcium",),
        cites=("OPREF-T3", "OPREF-D12"),
        binding=True,
        told={
            "calcium": reading.value,
            "hungry": hungry_bone(chart),
            "nephrology": bool(renal(chart).below(chart.numbers.egfr_specialist)),
        },
        values=(reading.value,),
    )


def _kind_of_low(chart: Chart, pth: Measurement | None, known: Problem | None) -> str:
    """What PTH, or else the problem list, says of a low calcium."""
    if known is not None:
        return "hypoparathyroidism"
    return "pth-high" if pth_is_high(chart, pth) else "pth-not-high" if pth else ""
