"""Section C, sequence and course: what must follow a drug, and when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards import facts, options, risk
from cards.calendar import add_days, add_months, months_between
from cards.chart import ORDER_HOOKS, Chart, Course, Hook
from cards.concepts import (
    ANABOLIC,
    ANTI_OSTEOPOROSIS,
    ANTIRESORPTIVE,
    COURSES,
    DENOSUMAB,
    DRUGS,
    ZOLEDRONATE,
    Data,
)
from cards.courses import limit_day
from cards.kidney import renal
from cards.options import AFTER_ANABOLIC, AFTER_DENOSUMAB, SPECIALIST, Offer, offer, service
from cards.risk import antiresorptive_after
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
from cards.thresholds import limit

_STOCK_TAKING = tuple(service(key, recommended=True) for key in ("dxa", "vertebral-imaging", "ctx", "p1np"))
"""Two years after the last denosumab: density, vertebrae and turnover first."""


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
