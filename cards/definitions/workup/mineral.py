"""Low ALP, osteomalacia, low phosphate, very high ALP and hypercalciuria (card specification, "work-up")."""

from __future__ import annotations

from datetime import date

from cards.chart import Chart, Measurement, facts
from cards.chart.calendar import add_days, add_months
from cards.definitions.kidney import renal
from cards.definitions.minerals import calcium, urine_calcium_high, vitamin_d
from cards.definitions.person import of_pregnancy, pregnant
from cards.definitions.workup.calcium import calcium_since, pth_beside, pth_is_high
from cards.definitions.workup.row import (
    ACTIVE_VITAMIN_D,
    ALL,
    ANABOLICS,
    ANTIRESORPTIVES,
    CALCIUM,
    INJECTIONS,
    PTH_ANALOGS,
    Row,
    Rows,
)
from cards.definitions.workup.surgery import after_operation, hungry_bone
from cards.definitions.workup.values import Test, again, high, in_window, low, maybe_since, met_since, newest, surely_by, within
from cards.vocabulary import ANTIRESORPTIVE, DENOSUMAB, ZOLEDRONATE, Mechanism

_SUBSTRATE = ("alp", "pyridoxal-phosphate", "phosphate", "magnesium", "zinc")
_LISTED = "phosphate-loss"
"""Hypophosphatasia or hereditary loss of phosphate: on record, nobody searches for it again, and endocrinology decides which
drug may be given."""


def low_alp(chart: Chart) -> Rows:
    """ALP below {alp-low} U/L twice, {alp-low-apart-days} days or more apart within {alp-low-window-months} months, with no
    higher value between or after; or once with a stress or atypical femur fracture on record: hypophosphatasia. Values from
    {alp-on-drug-months} months after the start of an antiresorptive on count only when one before was low, too, whenever that
    was. Once, alone, within {work-up-window-months} months: for information, and nothing is held. Antiresorptives and
    romosozumab are not offered where such a fracture is on record. With hypophosphatasia on record it is for information, and
    holds all the same: nothing is measured in search of it, endocrinology decides."""
    n, listed = chart.numbers, chart.problem(_LISTED)
    series = _low_series(chart)
    if not series or _lowered_by_drug(chart, series):
        return
    stress = chart.problem("stress-fracture", "atypical-femur-fracture")
    twice = (series[0].when - series[-1].when).days >= n.alp_low_apart_days
    confirmed = twice or stress is not None or listed is not None
    if not confirmed and not maybe_since(series[0], chart.months_ago(n.work_up_window_months)):
        return
    yield Row(
        "low-alp",
        (
            *(facts.measured(m) for m in (series[:1] if not twice else (series[0], series[-1]))),
            *(facts.problem(each) for each in (stress, listed) if each),
        ),
        _confirmed_on(series, n.alp_low_apart_days, stress.when if stress else None),
        kind="known" if listed else "fracture" if stress else "" if twice else "once",
        warns=confirmed and listed is None,
        drops=(ALL if stress else PTH_ANALOGS) if confirmed else frozenset(),
        holds=ALL if confirmed else frozenset(),
        pauses=ALL if confirmed and stress else frozenset(),
        orders=_femora(chart) if listed else (*_SUBSTRATE, *_femora(chart)) if confirmed else ("alp",),
        referral="referral-endocrinology" if confirmed else "",
        cites=("EXT-11",),
        told={"alp": series[0], "known": listed},
        values=(series[0],),
        began=(series[-1].when,),
        called=_LISTED if listed else "",
    )


def _femora(chart: Chart) -> tuple[str, ...]:
    """Both femora where a thigh hurts."""
    return ("femur-imaging",) if chart.active_problem("thigh-pain") is not None else ()


def _low_series(chart: Chart) -> list[Measurement]:
    """The newest values of {alp-low-window-months} months, without a break below {alp-low} U/L; not those of a pregnancy."""
    n = chart.numbers
    series: list[Measurement] = []
    for each in chart.values("alp"):
        low_enough = each.below(n.alp_low)
        if low_enough is None or _of_pregnancy(chart, each):
            continue
        if not low_enough or not maybe_since(each, chart.months_ago(n.alp_low_window_months)):
            break
        series.append(each)
    return series


def _of_pregnancy(chart: Chart, value: Measurement) -> bool:
    """Whether an ALP may come from the placenta: in pregnancy and {pregnancy-labs-days} days after."""
    return of_pregnancy(chart, value.when, chart.numbers.pregnancy_labs_days)


def _alp(chart: Chart) -> Measurement | None:
    """The newest ALP of {work-up-window-months} months that is not of a pregnancy."""
    return next((each for each in in_window(chart, "alp") if not _of_pregnancy(chart, each)), None)


def _confirmed_on(series: list[Measurement], apart: int, fracture: date | None) -> date:
    """The day of the value that confirmed the first, or of the fracture that did; of the first where none did."""
    first = series[-1].when
    confirmed = [m.when for m in reversed(series) if (m.when - first).days >= apart][:1]
    confirmed += [max(fracture, first)] if fracture is not None else []
    return min(confirmed, default=first)


def _lowered_by_drug(chart: Chart, series: list[Measurement]) -> bool:
    """Whether all of these values were taken on an antiresorptive, which lowers ALP, and none before, ever, was low."""
    starts = [day for c in chart.had(ANTIRESORPTIVE) if (day := c.start_at_latest) is not None]
    if not starts:
        return False
    from_day = add_months(min(starts), chart.numbers.alp_on_drug_months)
    low_before = any(m.when < from_day and m.below(chart.numbers.alp_low) for m in chart.values("alp"))
    return not low_before and all(m.when >= from_day for m in series)


def osteomalacia(chart: Chart) -> Rows:
    """(a) ALP high, and 25(OH)D below {vitamin-d-severe} ng/mL, or phosphate low with 25(OH)D below {vitamin-d-deficient} or
    unknown, or calcium low with PTH high; (b) whatever the ALP: 25(OH)D below {vitamin-d-severe}, calcium low and PTH high. ALP
    does not count with a GGT above its range within {ggt-near-days} days, nor in pregnancy. Within {alp-fracture-months} months
    of a fragility fracture a high ALP is not enough: then 25(OH)D below {vitamin-d-severe} or phosphate low, and PTH high or
    calcium low as well. Never with
    25(OH)D of {vitamin-d-deficient} or more, nor with an estimate below {egfr-specialist}. Injections and anabolics are not
    offered, the rest is held."""
    n, level, reading = chart.numbers, vitamin_d(chart), calcium(chart)
    phosphate, alp = newest(chart, "phosphate"), _alp(chart)
    pth = pth_beside(chart, reading.value.when) if reading is not None else newest(chart, "pth")
    if (level is not None and level.below(n.vitamin_d_deficient) is False) or renal(chart).below(n.egfr_specialist):
        return
    severe = level is not None and level.below(n.vitamin_d_severe) is True
    low_calcium, high_pth = reading is not None and bool(reading.low), pth_is_high(chart, pth)
    low_phosphate = low(phosphate, n.phosphate_low)
    pattern = severe or low_phosphate or (low_calcium and high_pth)
    raised = high(alp, n.alp_high) and not _of_liver(chart, alp)
    if raised and _healing(chart):
        pattern = (severe or low_phosphate) and (high_pth or low_calcium)
    if not ((raised and pattern) or (severe and low_calcium and high_pth)):
        return
    values = [
        value
        for value, counts in (
            (alp, raised and not _healing(chart)),
            (level, True),
            (phosphate, low_phosphate),
            (reading.value if reading is not None else None, low_calcium),
            (pth, high_pth),
        )
        if value is not None and counts
    ]
    yield Row(
        "osteomalacia",
        tuple(map(facts.measured, values)),
        max(_abnormal_since(chart, each) for each in values),
        drops=INJECTIONS,
        holds=ALL,
        orders=("calcium", "phosphate", "pth", "creatinine", *(("vitamin-d",) if level is None else ())),
        cites=("OPREF-D7",),
        told={"values": values[:3], "level": level},
        values=tuple(values),
    )


def _abnormal_since(chart: Chart, value: Measurement) -> date:
    """Since when this value of osteomalacia has been as abnormal as it must be, without a break."""
    n = chart.numbers
    tests: dict[str, Test] = {
        "alp": lambda each: high(each, n.alp_high),
        "vitamin-d": lambda each: each.below(n.vitamin_d_severe if value.below(n.vitamin_d_severe) else n.vitamin_d_deficient),
        "phosphate": lambda each: low(each, n.phosphate_low),
        "pth": lambda each: pth_is_high(chart, each),
    }
    if value.key in tests:
        return met_since(chart, value, tests[value.key])
    reading = calcium(chart)
    return value.when if reading is None else calcium_since(chart, reading)


def _of_liver(chart: Chart, alp: Measurement | None) -> bool:
    """Whether a GGT above its range, near the ALP, points to the liver."""
    ggt = newest(chart, "ggt")
    return alp is not None and within(ggt, alp.when, chart.numbers.ggt_near_days) and high(ggt, None)


def _healing(chart: Chart) -> bool:
    """Whether a fragility fracture is surely no older than {alp-fracture-months} months."""
    since = chart.months_ago(chart.numbers.alp_fracture_months)
    return any(f.when is not None and f.when >= since for f in chart.fractures)


def low_phosphate(chart: Chart) -> Rows:
    """Phosphate below {phosphate-severe} mg/dL, or low twice, {phosphate-apart-days} days or more apart: loss of phosphate.
    Below {phosphate-very-low}, or below {phosphate-severe} twice, antiresorptives and anabolics are not offered; else all are
    held. Within {phosphate-after-drug-days} days of zoledronate or denosumab, or {phosphate-after-surgery-days} days of an
    operation, only when low again, or below {phosphate-very-low}. Not on dialysis nor with a phosphate binder. Where it is
    hungry bone, calcium and magnesium come first, and no loss of phosphate is searched for. With a loss of
    phosphate on record it is for information, and holds all the same: nothing is measured in search of it, endocrinology
    decides."""
    n, value, listed = chart.numbers, newest(chart, "phosphate"), chart.problem(_LISTED)
    if value is None or not low(value, n.phosphate_low):
        return
    if renal(chart).dialysis or any(c.active for c in chart.courses({Mechanism.PHOSPHATE_BINDER})):
        return
    severe, very_low = value.below(n.phosphate_severe) is True, value.below(n.phosphate_very_low) is True
    before = again(chart, "phosphate", value, n.phosphate_apart_days, lambda each: low(each, n.phosphate_low))
    severe_before = again(chart, "phosphate", value, n.phosphate_apart_days, lambda each: each.below(n.phosphate_severe))
    if not (before or listed or _speaks_alone(chart, value)):
        return
    lost = very_low or (severe and severe_before is not None)
    once = before is None and not very_low
    hungry = None if listed else hungry_bone(chart)
    first = met_since(chart, value, lambda each: low(each, n.phosphate_low))
    yield Row(
        "low-phosphate",
        (
            *(facts.measured(each) for each in (value, before) if each is not None),
            *([facts.problem(listed)] if listed else []),
            *([hungry] if hungry else []),
        ),
        first if listed else _lost_since(chart, value, first),
        kind="known" if listed else "once" if once else "",
        warns=listed is None,
        drops=ANTIRESORPTIVES | ANABOLICS if lost else PTH_ANALOGS,
        holds=ALL,
        orders=()
        if listed
        else ("phosphate", "magnesium", "pth", "creatinine")
        if hungry
        else ("phosphate",)
        if once
        else ("phosphate", "urine-phosphate", "dihydroxyvitamin-d", "fgf23", "creatinine", "bicarbonate"),
        referral="referral-endocrinology" if listed or not once else "",
        cites=("EXT-12", "OPREF-D7"),
        told={
            "phosphate": value,
            "known": listed,
            "hungry": hungry,
            "deficient": bool((level := vitamin_d(chart)) and level.below(n.vitamin_d_deficient)),
        },
        values=(value,),
        began=(first,),
        called=_LISTED if listed else "",
    )


def _lost_since(chart: Chart, value: Measurement, first: date) -> date:
    """The day from which the values that are low since ``first`` were low enough: that of one that speaks for itself, or of
    the first that was low again."""
    n = chart.numbers
    again_from = add_days(first, n.phosphate_apart_days)
    series = [each for each in chart.values("phosphate") if first <= each.when <= value.when]
    told = (each.when for each in series if _speaks_alone(chart, each) or each.when >= again_from)
    return min(told, default=value.when)


def _speaks_alone(chart: Chart, value: Measurement) -> bool:
    """Whether one value is low enough: very low, or below {phosphate-severe} mg/dL with nothing that explains it."""
    n = chart.numbers
    if value.below(n.phosphate_very_low) is True:
        return True
    severe = value.below(n.phosphate_severe) is True
    return severe and not (_after_injection(chart, value.when) or after_operation(chart, value))


def _after_injection(chart: Chart, day: date) -> bool:
    courses = [course for drug in (ZOLEDRONATE, DENOSUMAB) if (course := chart.course_had(drug)) is not None]
    days = chart.numbers.phosphate_after_drug_days
    return any(dose <= day <= add_days(dose, days) for course in courses for dose in course.doses)


def high_alp(chart: Chart) -> Rows:
    """ALP above {alp-very-high} times the limit, within {alp-fracture-months} months of a fragility fracture {alp-fracture}
    times: bone or liver. With a GGT above its range within {ggt-near-days} days it is for information, and holds PTH analogs
    only; with one that has no range bone-specific ALP tells. Not with Paget disease known for {known-disease-days} days, nor
    with chronic liver disease, nor in pregnancy."""
    n, value = chart.numbers, _alp(chart)
    times = n.alp_fracture if _healing(chart) else n.alp_very_high
    known = any(surely_by(p, chart.days_ago(n.known_disease_days)) for p in chart.problems.get("paget", ()))
    if known or chart.active_problem("liver-disease") is not None:
        return
    if value is None or not high(value, n.alp_high, times):
        return
    liver = _of_liver(chart, value)
    ggt = newest(chart, "ggt")
    bone = ("bone-alp",) if pregnant(chart) else ("bone-scan", "bone-alp")
    near = not liver and ggt is not None and within(ggt, value.when, n.ggt_near_days)
    normal = near and ggt is not None and ggt.high is not None
    yield Row(
        "high-alp",
        tuple(facts.measured(each) for each in (value, ggt if liver or normal else None) if each is not None),
        met_since(chart, value, lambda each: high(each, n.alp_high, times)),
        kind="liver" if liver else "bone" if normal else "open" if near else "",
        warns=not liver,
        drops=frozenset() if liver else PTH_ANALOGS,
        holds=PTH_ANALOGS if liver else ALL,
        orders=("liver", "liver-ultrasound")
        if liver
        else bone
        if normal
        else ("bone-alp",)
        if near
        else _together(chart, value),
        cites=("OPREF-D11", "OPREF-D10"),
        told={"alp": value},
        values=(value,),
    )


def _together(chart: Chart, alp: Measurement) -> tuple[str, ...]:
    """GGT, with ALP once more where the one on record is too old for it to tell."""
    return ("ggt",) if alp.when >= chart.days_ago(chart.numbers.ggt_near_days) else ("alp", "ggt")


def high_urine_calcium(chart: Chart) -> Rows:
    """A 24 h urine calcium above its limit: calcium and active vitamin D are not offered, PTH analogs are held. It is measured
    again, and confirmed by a second one on another day."""
    urine = chart.newest("urine-calcium", since=chart.months_ago(chart.numbers.urine_calcium_window_months))
    if urine is None or not urine_calcium_high(chart, urine):
        return
    before = again(chart, "urine-calcium", urine, 1, lambda each: urine_calcium_high(chart, each))
    yield Row(
        "high-urine-calcium",
        (facts.measured(urine),),
        met_since(chart, urine, lambda each: urine_calcium_high(chart, each)),
        drops=CALCIUM | ACTIVE_VITAMIN_D,
        holds=PTH_ANALOGS,
        kind="" if before is None else "confirmed",
        orders=("urine-calcium", "pth", "kidney-ultrasound") if before is None else ("pth", "kidney-ultrasound"),
        referral="" if before is None else "referral-endocrinology",
        cites=("OPREF-D12",),
        told={"urine": urine},
        values=(urine,),
    )
