"""Section C, bisphosphonates: when a long course is reviewed, and a holiday from it."""

from __future__ import annotations

from collections.abc import Iterator

from cards import facts, options, risk
from cards.calendar import DAYS_A_MONTH, add_months, months_between
from cards.chart import Chart, Course
from cards.concepts import DENOSUMAB, HIP_SITES, ZOLEDRONATE, Data, Mechanism
from cards.options import BEYOND_BISPHOSPHONATE, SPECIALIST, Offer, offer, service
from cards.risk import bmd_fall, fracture_on_treatment, hip_t
from cards.rule import INFO, PATIENT_VIEW, REFILL, WARNING, Finding, card
from cards.thresholds import limit, measure


@card(
    "bisphosphonate-review",
    section="C",
    hooks=(PATIENT_VIEW, REFILL),
    cites=("POP2022-T6", "POP2022-T7", "POP2022-T9", "POP2022-T5", "OVCF2021-T6", "OPREF-T1"),
    reads=(*risk.READS, *options.READS),
    needs=(Data.MEDICATIONS,),
)
def bisphosphonate_review(chart: Chart) -> Iterator[Finding]:
    """After {review-oral-years} years by mouth or {review-zoledronate-infusions} infusions of zoledronate the fracture risk is
    assessed anew: not high any more, a holiday; still high, go on to {max-oral-years} ({max-zoledronate-years}) years; past
    that and high, another mechanism.

    When: an adult on treatment with oral bisphosphonates for {review-oral-years} years in total, all of them together, or with
    zoledronate from {review-zoledronate-lead-months} months after infusion {review-zoledronate-infusions} on, each infusion
    counting {zoledronate-months} months.

    Not when: oncologic zoledronate; ibandronate or pamidronate by vein; the time on the drug is not known.

    Then: info; warning when more than {max-oral-years} years (zoledronate {max-zoledronate-years}) are over. No hip T-score
    within {hip-t-window-months} months: DXA first. Not high any more: consider a holiday; DXA and CTX in {holiday-tests-months}
    months. Still high: go on up to {max-oral-years} ({max-zoledronate-years}) years, at very high risk longer at discretion;
    nothing to order. Past that and still high: teriparatide, romosozumab, filtered, the first without a warning recommended,
    else referral to a specialist. Still high is any of: very high risk, hip T-score {hip-t-holiday} or lower, a fracture on
    treatment, a loss of BMD beyond the least significant change since the start, a systemic glucocorticoid, aromatase inhibitor
    or GnRH drug taken today. The detail says where the course rests on an order that nobody renewed.
    """
    if not risk.adult(chart):
        return
    for course in risk.treatments(chart):
        months = _months_on(chart, course)
        if course.drug.mechanism is not Mechanism.BISPHOSPHONATE or course.drug.oncologic or months is None:
            continue
        by_mouth = course.drug.oral
        third_infusion = limit("zoledronate-months") * (limit("review-zoledronate-infusions") - 1)
        due = limit("review-oral-years") * 12 if by_mouth else third_infusion + limit("review-zoledronate-lead-months")
        longest = 12 * (limit("max-oral-years") if by_mouth else limit("max-zoledronate-years"))
        if months < due or not (by_mouth or course.drug is ZOLEDRONATE):
            continue
        yield _review(
            chart,
            course,
            months,
            past=months > longest or (months == longest and _beyond(chart, course, longest)),
            longest=longest,
        )
        return


def _months_on(chart: Chart, course: Course) -> int | None:
    """Completed months in total: of all oral bisphosphonates together, or of infusions, each of which counts
    {zoledronate-months}."""
    if course.drug.oral:
        oral = [c for c in chart.courses({Mechanism.BISPHOSPHONATE}) if c.drug.oral]
        known = [c.exposure_days for c in oral if c.exposure_days is not None]
        if len(oral) == 1 and len(course.spans) == 1 and known:
            return months_between(course.spans[0][0], min(course.spans[0][1], chart.today))
        return int(sum(known) / DAYS_A_MONTH) if known else None
    if course.doses and course.last_dose is not None:
        each = limit("zoledronate-months")
        return (len(course.doses) - 1) * each + min(months_between(course.doses[-1], chart.today), each)
    return None if course.exposure_days is None else int(course.exposure_days / DAYS_A_MONTH)


def _beyond(chart: Chart, course: Course, months: int) -> bool:
    """Past the very day on which the longest course is reached."""
    if course.drug.oral:
        return bool(course.spans) and len(course.spans) == 1 and add_months(course.spans[0][0], months) < chart.today
    return bool(course.doses) and add_months(course.doses[-1], limit("zoledronate-months")) < chart.today


def _review(chart: Chart, course: Course, months: int, *, past: bool, longest: int) -> Finding:
    hip = hip_t(chart, since=chart.months_ago(limit("hip-t-window-months")))
    stratum = risk.risk(chart)
    reasons = _still_high(chart, course)
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
    later = add_months(chart.today, limit("holiday-tests-months")) if variant == "holiday" else None
    evidence = [facts.started(course)] + ([facts.last_dose(course)] if course.drug.covers_months else [])
    evidence += [facts.measured(m) for m in risk.newest_t_scores(chart) if m.site in HIP_SITES]
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
        facts=tuple(evidence),
        options=(
            *(chosen.options or (SPECIALIST if variant == "switch" else ())),
            *(service(key, start=later) for key in tests),
        ),
        any_number=variant != "switch",
        dropped=chosen.dropped,
        notes=("not-confirmed",) if course.unconfirmed else (),
    )


def _still_high(chart: Chart, course: Course) -> list[str]:
    """Why the risk is still high, as phrase keys; empty where nothing says so."""
    reasons = list(risk.risk(chart).reasons) if risk.risk(chart).very_high else []
    hip = hip_t(chart, since=chart.months_ago(limit("hip-t-window-months")))
    if hip is not None and hip.value <= measure("hip-t-holiday"):
        reasons.append("hip-t-low")
    if fracture_on_treatment(chart) is not None and "fracture-on-treatment" not in reasons:
        reasons.append("fracture-on-treatment")
    if course.start is not None and bmd_fall(chart, course.start) is not None:
        reasons.append("bmd-fall")
    harmful = {Mechanism.GLUCOCORTICOID, Mechanism.AROMATASE_INHIBITOR, Mechanism.GNRH}
    if any(c.on_treatment(chart.today) for c in chart.courses(harmful)):
        reasons.append("bone-harming-drug")
    return reasons


@card(
    "drug-holiday-review",
    section="C",
    hooks=(PATIENT_VIEW,),
    cites=("ELD2023-07b", "OVCF2021-T6"),
    reads=(*risk.READS, *options.READS),
    needs=(Data.MEDICATIONS,),
)
def drug_holiday_review(chart: Chart) -> Iterator[Finding]:
    """After {holiday-course-months} months or more a bisphosphonate was ended and nothing followed: the holiday is reviewed for
    up to {holiday-longest-months} months. Calcium and vitamin D go on; where the risk is high again, denosumab in sequence.

    When: an adult off treatment whose bisphosphonate ended after {holiday-course-months} months or more on it, at most
    {holiday-longest-months} months ago; of an injected one the last dose counts, more than {holiday-zoledronate-months} months
    ago.

    Not when: an antiresorptive or anabolic was taken since.

    Then: warning after a fragility fracture since the end, with a newest hip T-score of {hip-t-holiday} or lower, or without
    any T-score within {hip-t-window-months} months; else info. Suggested: denosumab, filtered and recommended, after such a
    fracture, with such a hip T-score or at very high risk; DXA where no T-score of {hip-t-window-months} months is on record;
    CTX and P1NP. Any number may be chosen. The detail says to go on with calcium and vitamin D. At very high risk it gives the
    reason.
    """
    ended = risk.holiday_since(chart)
    if ended is None or not risk.adult(chart):
        return
    since = chart.months_ago(limit("hip-t-window-months"))
    hip = hip_t(chart)
    broken = next((f for f in chart.fractures if f.when and f.when > ended.day), None)
    recent_dxa = any(m.when >= since for m in risk.newest_t_scores(chart))
    low = hip is not None and hip.value <= measure("hip-t-holiday")
    stratum = risk.risk(chart)
    again = broken is not None or low or stratum.very_high
    told = (broken,) if broken else chart.fractures[:1] if stratum.very_high else ()
    chosen = offer(chart, (DENOSUMAB,)) if again else Offer()
    tests = tuple(service(key) for key in (("dxa",) if not recent_dxa else ()) + ("ctx", "p1np"))
    yield Finding(
        indicator=WARNING if broken or low or not recent_dxa else INFO,
        variant="fracture"
        if broken
        else "low"
        if low
        else "dxa-first"
        if not recent_dxa
        else "very-high"
        if again
        else "holiday",
        values={
            "drug": ended.course.drug,
            "ended": ended.day,
            "hip": hip,
            "fracture": broken,
            "again": again,
            "reasons": stratum.reasons,
        },
        facts=(
            facts.last_dose(ended.course) if ended.course.drug.covers_months else facts.stopped(ended.course, ended.day),
            *map(facts.fracture, told),
            *((facts.measured(hip),) if hip else ()),
        ),
        options=(*chosen.options, *tests),
        any_number=True,
        dropped=chosen.dropped,
    )
