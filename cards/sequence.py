"""Section C, sequence and course: what must follow a drug, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards import facts, options, risk
from cards.calendar import DAYS_A_MONTH, add_days, add_months, months_between
from cards.chart import ORDER_HOOKS, Chart, Course, Hook
from cards.concepts import (
    ANABOLIC,
    ANTI_OSTEOPOROSIS,
    ANTIRESORPTIVE,
    COURSES,
    DENOSUMAB,
    DRUGS,
    HIP_SITES,
    ZOLEDRONATE,
    Data,
    Mechanism,
)
from cards.courses import limit_day
from cards.kidney import renal
from cards.options import AFTER_ANABOLIC, AFTER_DENOSUMAB, BEYOND_BISPHOSPHONATE, Offer, offer, service
from cards.risk import antiresorptive_after, bmd_fall, fracture_on_treatment, hip_t
from cards.rule import (
    CRITICAL,
    DISCHARGE,
    INFO,
    ORDER_SIGN,
    PATIENT_VIEW,
    REFILL,
    WARNING,
    Fact,
    Finding,
    Indicator,
    Option,
    card,
)
from cards.thresholds import limit, measure

_STOCK_TAKING = tuple(service(key, recommended=True) for key in ("dxa", "vertebral-imaging", "ctx", "p1np"))
"""Two years after the last denosumab: density, vertebrae and turnover first."""


SPECIALIST = (service("referral-osteoporosis", recommended=True),)
"""Where no drug may be offered, somebody who knows more."""


# -- denosumab --------------------------------------------------------------------------------------------------------


def _late_from(last_dose: date) -> date:
    """The last day on which the next dose is on time: {denosumab-months} months and {denosumab-grace-days} days."""
    return add_days(add_months(last_dose, limit("denosumab-months")), limit("denosumab-grace-days"))


def _followed(chart: Chart, course: Course) -> bool:
    """Whether another antiresorptive took over after the last dose (or, where that has no date, is taken today)."""
    if course.last_dose is None:
        return any(c.drug is not DENOSUMAB and c.drug.mechanism in ANTIRESORPTIVE for c in risk.treatments(chart))
    worn_off = add_months(course.last_dose, limit("denosumab-months"))
    return antiresorptive_after(chart, course.last_dose, reaching=min(worn_off, chart.today), besides=DENOSUMAB) is not None


@card(
    "denosumab-due",
    section="C",
    hooks=(PATIENT_VIEW, REFILL),
    cites=("OPREF-T3", "EXT-04"),
    reads=(*COURSES, *options.READS),
    needs=(Data.MEDICATIONS,),
)
def denosumab_due(chart: Chart) -> Iterator[Finding]:
    """Denosumab 60 mg is given every {denosumab-months} months, on time within four weeks: announce the next dose a month
    ahead, and ask for the date of the last one where the record does not tell it.

    When: an adult with a course of denosumab 60 mg that was not stopped, and (1) today is from {denosumab-due-months} months to
    {denosumab-months} months and {denosumab-grace-days} days after the last dose; or (2) the course is active and no dose has a
    date.

    Not when: another antiresorptive took over; for (1), the next dose is ordered already (an order written after the last dose
    given, or for a day to come; at a refill the refill itself does not count). Later than that, `denosumab-sequence` speaks.

    Then: info up to the day {denosumab-months} months after the last dose, from then on warning. Recommended, filtered:
    denosumab 60 mg, to start on that day, now when it is past. Where it is dropped: calcium and referral to a specialist as
    options. For (2) info, no suggestion: the detail asks for the date.
    """
    course = chart.course(DENOSUMAB)
    if course is None or course.stopped or _followed(chart, course) or not risk.adult(chart):
        return
    if course.last_dose is None:
        if course.active:
            yield Finding(indicator=INFO, variant="no-date", facts=(facts.taken(course),), options=())
        return
    announced = add_months(course.last_dose, limit("denosumab-due-months"))
    due = add_months(course.last_dose, limit("denosumab-months"))
    arranged = course.pending is not None and chart.hook is not Hook.REFILL
    if arranged or not announced <= chart.today <= _late_from(course.last_dose):
        return
    chosen = offer(chart, (DENOSUMAB,), start=due if due > chart.today else None)
    yield Finding(
        indicator=INFO if chart.today <= due else WARNING,
        variant="ahead" if chart.today <= due else "late",
        values={"last_dose": course.last_dose, "due": due, "latest": _late_from(course.last_dose)},
        facts=(facts.last_dose(course),),
        options=chosen.options or (service("calcium"), service("referral-osteoporosis")),
        any_number=not chosen.options,
        dropped=chosen.dropped,
    )


@card(
    "denosumab-sequence",
    section="C",
    hooks=(PATIENT_VIEW, ORDER_SIGN, DISCHARGE, REFILL),
    cites=("ELD2023-07d", "OVCF2021-T9", "OPREF-T3", "EXT-04"),
    reads=(*COURSES, Data.TURNOVER, *options.READS),
    drugs=ANTI_OSTEOPOROSIS,
)
def denosumab_sequence(chart: Chart) -> Iterator[Finding]:
    """Denosumab stopped or overdue without another antiresorptive: bone is lost fast and vertebrae break. Give one at once,
    zoledronate from {denosumab-months} months after the last dose; where the kidneys forbid it, resume denosumab.

    When: an adult whose course of denosumab 60 mg was stopped, or whose last dose was more than {denosumab-months} months and
    {denosumab-grace-days} days ago. When an order is signed: only where an anti-osteoporosis drug is being ordered that is no
    antiresorptive and so does not close the gap (an anabolic, calcitonin, strontium, vitamin K2).

    Not when: a bisphosphonate, SERM or hormone therapy was taken after the last dose, for as long as denosumab worked or until
    today, or an injected one was given, or any is taken today where no dose of denosumab has a date; denosumab was given again
    since it was stopped; the course goes on and no dose has a date (`denosumab-due` asks).

    Then: up to {denosumab-months} months and {denosumab-grace-days} days after the last dose warning, to plan the follow-on for
    the day of the next dose; then critical, up to {denosumab-sequence-months} months after the last dose; later warning.
    Stopped without any date of a dose: critical. Suggested, filtered: zoledronate 5 mg once (recommended), alendronate, to
    start {denosumab-months} months after the last dose where that lies ahead. Where both are dropped, as by the renal estimate:
    denosumab again, with referral to a specialist where it is not recommended or the estimate is below {egfr-specialist}; where
    denosumab is dropped too, the referral alone. After {denosumab-sequence-months} months: DXA, imaging of the spine, CTX and
    P1NP recommended, and the drugs without a recommendation. The detail asks for CTX and P1NP three and six months later, and
    says where the date of the last dose is assumed, or an order for denosumab is open.
    """
    course = chart.course(DENOSUMAB)
    if course is None or not risk.adult(chart) or _followed(chart, course) or _draft_covers(chart):
        return
    last_dose = course.last_dose
    late = last_dose is not None and chart.today > _late_from(last_dose)
    if not (course.stopped or late):
        return
    indicator, variant = _urgency(chart, last_dose)
    long_ago = variant == "long-ago"
    offered = _follow_on(chart, last_dose, long_ago=long_ago)
    yield Finding(
        indicator=indicator,
        variant=variant,
        values={
            "last_dose": last_dose,
            "assumed": course.last_dose_basis in ("order", "statement"),
            "months": months_between(last_dose, chart.today) if last_dose else None,
            "due": add_months(last_dose, limit("denosumab-months")) if last_dose else None,
            "stopped": course.stopped,
            "follow_on": DRUGS[offered.options[0].key] if offered.options and offered.options[0].kind == "drug" else None,
            "resume": any(o.key == DENOSUMAB.key for o in offered.options),
            "order": next((d.drug for d in chart.drafted(ANTI_OSTEOPOROSIS)), None),
        },
        facts=tuple(_denosumab_evidence(chart, course)),
        options=(*(_STOCK_TAKING if long_ago else ()), *offered.options),
        any_number=long_ago,
        dropped=offered.dropped,
        notes=("denosumab-open-order",) if course.pending else (),
        about=next(iter(chart.drafted(ANTI_OSTEOPOROSIS)), None),
    )


def _draft_covers(chart: Chart) -> bool:
    """On order-sign the card speaks only where an anti-osteoporosis drug is being ordered that does not close the gap."""
    if chart.hook not in ORDER_HOOKS:
        return False
    drafts = chart.drafted(ANTI_OSTEOPOROSIS)
    return not drafts or bool(chart.drafted(ANTIRESORPTIVE))


def _urgency(chart: Chart, last_dose: date | None) -> tuple[Indicator, str]:
    """Planned before the effect ends, critical while bone rebounds, stock-taking after two years; undated: critical."""
    if last_dose is None:
        return CRITICAL, "undated"
    if chart.today <= _late_from(last_dose):
        return WARNING, "plan"
    if chart.today <= add_months(last_dose, limit("denosumab-sequence-months")):
        return CRITICAL, "overdue"
    return WARNING, "long-ago"


def _follow_on(chart: Chart, last_dose: date | None, *, long_ago: bool) -> Offer:
    """A bisphosphonate in sequence (of zoledronate one infusion: turnover decides about the next); where the kidneys (or
    anything else) forbid both, denosumab again; else a referral."""
    recommend = not long_ago
    due = add_months(last_dose, limit("denosumab-months")) if last_dose else chart.today
    start = due if due > chart.today else None
    once = {} if long_ago else {ZOLEDRONATE.key: f"{ZOLEDRONATE.key}-once"}
    first = offer(chart, AFTER_DENOSUMAB, start=start, recommend=recommend, regimens=once)
    if first.options:
        return first
    again = offer(chart, (DENOSUMAB,), start=start, recommend=recommend)
    besides: tuple[Option, ...] = again.options
    if not again.recommended or renal(chart).below(limit("egfr-specialist")):
        besides += (service("referral-osteoporosis"),)
    return Offer(besides, first.dropped + again.dropped)


def _denosumab_evidence(chart: Chart, course: Course) -> Iterator[Fact]:
    yield facts.last_dose(course)
    if course.stopped:
        yield facts.stopped(course)
    yield from (facts.started(c) for c in chart.courses(ANTIRESORPTIVE) if c.active and c.unconfirmed and c is not course)
    lowest = renal(chart).lowest
    if lowest is not None:
        yield facts.measured(lowest)
    for key in ("ctx", "p1np"):
        marker = chart.newest(key, since=course.last_dose)
        if marker is not None:
            yield facts.measured(marker)


# -- anabolic drugs ---------------------------------------------------------------------------------------------------


@card(
    "anabolic-sequence",
    section="C",
    hooks=(PATIENT_VIEW, DISCHARGE),
    cites=("OVCF2021-T8", "ELD2023-07b", "ELD2023-08b", "OPREF-T4", "OPREF-T5", "OPREF-T7"),
    reads=(*COURSES, *options.READS),
    needs=(Data.MEDICATIONS,),
)
def anabolic_sequence(chart: Chart) -> Iterator[Finding]:
    """What an anabolic drug built is lost again unless an antiresorptive follows: as soon as the course has ended, planned
    within {course-end-notice-days} days before it must end.

    When: an adult, and teriparatide, abaloparatide or romosozumab (1) ended within the last {anabolic-follow-on-months} months,
    or was stopped without a date; or (2) is being taken and reaches its limit of {teriparatide-months}, {abaloparatide-months}
    or {romosozumab-months} months in total, time off it not counted, today or within {course-end-notice-days} days. The drug
    that works longest is spoken of.

    Not when: for (1), an antiresorptive was taken since (an injection, or a drug whose use reaches {follow-on-reach-months}
    month past the end or until today), or another anabolic is being taken; for (2), the start is not known. Past the limit
    `course-limit` speaks.

    Then: warning for (1), info for (2). Suggested, filtered: denosumab, zoledronate, alendronate, the first without a warning
    recommended; for (2) to start on the day of the limit. Referral to a specialist recommended where no drug is left or the
    renal estimate is below {egfr-specialist}. The detail says where the date of the end is missing.
    """
    if not risk.adult(chart):
        return
    for course in chart.courses(ANABOLIC):
        finding = _after_anabolic(chart, course)
        if finding is not None:
            yield finding
            return


def _after_anabolic(chart: Chart, course: Course) -> Finding | None:
    ended = course.ended(chart.today)
    undated = course.stopped and ended is None
    if undated or (ended is not None and add_months(ended, limit("anabolic-follow-on-months")) >= chart.today):
        day = ended or course.start
        taken_over = _taken_over(chart, day) if day else None
        running = [c for c in chart.courses(ANABOLIC) if c.drug is not course.drug and c.on_treatment(chart.today)]
        if taken_over or running or (day is None and risk.on_treatment(chart)):
            return None
        chosen = offer(chart, AFTER_ANABOLIC)
        evidence = [facts.stopped(course, ended)]
        values = {"drug": course.drug, "ended": ended, "limit": None}
        return Finding(
            indicator=WARNING,
            variant="ended",
            values=values,
            facts=tuple(evidence),
            options=(*_specialist_first(chart, chosen.options), *chosen.options),
            dropped=chosen.dropped,
        )
    if ended is not None or not course.on_treatment(chart.today):
        return None
    end = limit_day(course, chart.today)
    if end is None or not chart.today <= end <= add_days(chart.today, limit("course-end-notice-days")):
        return None
    chosen = offer(chart, AFTER_ANABOLIC, start=end)
    values = {"drug": course.drug, "ended": None, "limit": end}
    return Finding(
        indicator=INFO,
        variant="ending",
        values=values,
        facts=(facts.started(course),),
        options=(*_specialist_first(chart, chosen.options), *chosen.options),
        dropped=chosen.dropped,
    )


def _taken_over(chart: Chart, day: date) -> Course | None:
    """The antiresorptive that followed an anabolic ended on ``day``."""
    return antiresorptive_after(chart, day, reaching=min(add_months(day, limit("follow-on-reach-months")), chart.today))


def _specialist_first(chart: Chart, options: tuple[Option, ...]) -> tuple[Option, ...]:
    """A referral where no drug is left, or where the kidneys leave none to recommend."""
    return SPECIALIST if not options or renal(chart).below(limit("egfr-specialist")) else ()


# -- bisphosphonates --------------------------------------------------------------------------------------------------


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
