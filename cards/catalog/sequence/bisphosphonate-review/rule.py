"""The rule of `bisphosphonate-review`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Course, facts
from cards.chart.calendar import DAYS_A_MONTH, add_months, months_between
from cards.definitions import density, person, risk, treatment
from cards.definitions.density import bmd_fall, hip_t
from cards.definitions.risk import fracture_on_treatment
from cards.engine.findings import INFO, WARNING, Finding
from cards.engine.options import BEYOND_BISPHOSPHONATE, SPECIALIST, Offer, offer, service
from cards.thresholds import Numbers
from cards.vocabulary import HIP_SITES, ZOLEDRONATE, Mechanism

_CITES = {
    "dxa-first": ("POP2022-T5", "POP2022-T6", "OVCF2021-T6", "OPREF-T1"),
    "holiday": ("POP2022-T5", "POP2022-T6", "OVCF2021-T6", "OPREF-T1"),
    "switch": ("POP2022-T7",),
    "extend": ("POP2022-T6", "OVCF2021-T6", "OPREF-T1"),
    "extend-very-high": ("POP2022-T9", "OVCF2021-T6", "OPREF-T1"),
}


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """After {review-oral-years} years by mouth or {review-zoledronate-infusions} infusions of zoledronate, reassess the
    fracture risk: if no longer high, consider a holiday; if still high, continue up to {max-oral-years}
    ({max-zoledronate-years}) years; beyond that and still high, change to another mechanism.

    When: an adult on treatment with oral bisphosphonates for {review-oral-years} years in total, all of them together, or with
    zoledronate, starting {review-zoledronate-lead-months} months after infusion {review-zoledronate-infusions}; each infusion
    counts as {zoledronate-months} months.

    Not when: oncologic zoledronate; intravenous ibandronate or pamidronate; the time on the drug is unknown.

    Then: info; warning after more than {max-oral-years} years (zoledronate {max-zoledronate-years}). No hip T-score within
    {hip-t-window-months} months: DXA first. No longer high: consider a holiday; DXA and CTX in {holiday-tests-months} months.
    Still high: continue up to {max-oral-years} ({max-zoledronate-years}) years, at very high risk longer at the clinician's
    discretion; nothing to order. Beyond that and still high: teriparatide, romosozumab, filtered, the first without a warning
    recommended, otherwise referral to a specialist. "Still high" is any of: very high risk, hip T-score {hip-t-holiday} or
    lower, a fracture on treatment, a loss of BMD beyond the least significant change since the start, a systemic
    glucocorticoid, aromatase inhibitor or GnRH drug taken today. The detail says if the course rests on an order that was never
    renewed.
    """
    if not person.adult(chart):
        return
    for course in treatment.treatments(chart):
        months = _months_on(chart, n, course)
        if course.drug.mechanism is not Mechanism.BISPHOSPHONATE or course.drug.oncologic or months is None:
            continue
        by_mouth = course.drug.oral
        third_infusion = n.zoledronate_months * (n.review_zoledronate_infusions - 1)
        due = n.review_oral_years * 12 if by_mouth else third_infusion + n.review_zoledronate_lead_months
        longest = 12 * (n.max_oral_years if by_mouth else n.max_zoledronate_years)
        if months < due or not (by_mouth or course.drug is ZOLEDRONATE):
            continue
        yield _review(
            chart,
            n,
            course,
            months,
            past=months > longest or (months == longest and _beyond(chart, n, course, longest)),
            longest=longest,
        )
        return


def _months_on(chart: Chart, n: Numbers, course: Course) -> int | None:
    """Completed months in total: of all oral bisphosphonates together, or of infusions, each of which counts as
    {zoledronate-months}."""
    if course.drug.oral:
        oral = [c for c in chart.courses({Mechanism.BISPHOSPHONATE}) if c.drug.oral]
        known = [c.exposure_days for c in oral if c.exposure_days is not None]
        if len(oral) == 1 and len(course.spans) == 1 and known:
            return months_between(course.spans[0][0], min(course.spans[0][1], chart.today))
        return int(sum(known) / DAYS_A_MONTH) if known else None
    if course.doses and course.last_dose is not None:
        each = n.zoledronate_months
        return (len(course.doses) - 1) * each + min(months_between(course.doses[-1], chart.today), each)
    return None if course.exposure_days is None else int(course.exposure_days / DAYS_A_MONTH)


def _beyond(chart: Chart, n: Numbers, course: Course, months: int) -> bool:
    """Whether the day on which the longest course is reached has passed."""
    if course.drug.oral:
        return bool(course.spans) and len(course.spans) == 1 and add_months(course.spans[0][0], months) < chart.today
    return bool(course.doses) and add_months(course.doses[-1], n.zoledronate_months) < chart.today


def _review(chart: Chart, n: Numbers, course: Course, months: int, *, past: bool, longest: int) -> Finding:
    hip = hip_t(chart, since=chart.months_ago(n.hip_t_window_months))
    stratum = risk.risk(chart)
    reasons = _still_high(chart, n, course)
    high = bool(reasons)
    if hip is None:
        variant = "dxa-first"
    elif not high:
        variant = "holiday"
    elif past:
        variant = "switch"
    else:
        variant = "extend-very-high" if stratum.very_high else "extend"
    chosen = offer(chart, BEYOND_BISPHOSPHONATE) if variant == "switch" else Offer()
    tests = {"dxa-first": ("dxa",), "holiday": ("dxa", "ctx")}.get(variant, ())
    later = add_months(chart.today, n.holiday_tests_months) if variant == "holiday" else None
    evidence = [facts.started(course)] + ([facts.last_dose(course)] if course.drug.covers_months else [])
    evidence += [facts.measured(m) for m in density.newest_t_scores(chart) if m.site in HIP_SITES]
    broken = fracture_on_treatment(chart)
    evidence += [facts.fracture(broken)] if broken else []
    return Finding(
        indicator=WARNING if past else INFO,
        variant=variant,
        values={
            "drug": course.drug,
            "months": months,
            "infusions": len(course.doses) if course.drug.covers_months else None,
            "longest": longest // 12,
            "hip": hip,
            "reasons": reasons,
            "past": past,
            "very_high": stratum.very_high,
            "unconfirmed": course.unconfirmed,
        },
        cites=_CITES[variant],
        facts=tuple(evidence),
        options=(
            *(chosen.options or (SPECIALIST if variant == "switch" else ())),
            *(service(key, start=later) for key in tests),
        ),
        any_number=variant != "switch",
        dropped=chosen.dropped,
        notes=("not-confirmed",) if course.unconfirmed else (),
    )


def _still_high(chart: Chart, n: Numbers, course: Course) -> list[str]:
    """Why the risk is still high, as phrase keys; empty if nothing indicates it."""
    reasons = list(risk.risk(chart).reasons) if risk.risk(chart).very_high else []
    hip = hip_t(chart, since=chart.months_ago(n.hip_t_window_months))
    if hip is not None and hip.value <= n.hip_t_holiday:
        reasons.append("hip-t-low")
    if fracture_on_treatment(chart) is not None and "fracture-on-treatment" not in reasons:
        reasons.append("fracture-on-treatment")
    if course.start is not None and bmd_fall(chart, course.start) is not None:
        reasons.append("bmd-fall")
    harmful = {Mechanism.GLUCOCORTICOID, Mechanism.AROMATASE_INHIBITOR, Mechanism.GNRH}
    if any(c.on_treatment(chart.today) for c in chart.courses(harmful)):
        reasons.append("bone-harming-drug")
    return reasons
