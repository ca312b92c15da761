"""Section C, sequence and course: how long a drug is given, and whether it is taken."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards import facts, kidney, minerals, risk
from cards.calendar import add_days, add_months, months_between
from cards.chart import ORDER_HOOKS, Chart, Course, Draft
from cards.concepts import (
    ANABOLIC,
    COURSES,
    DENOSUMAB,
    ZOLEDRONATE,
    Data,
    Drug,
    Mechanism,
)
from cards.courses import limit_day, longest_months, used_up
from cards.options import AFTER_ANABOLIC, Offer, discard, offer, service
from cards.rule import INFO, ORDER_SIGN, PATIENT_VIEW, REFILL, WARNING, Finding, card
from cards.thresholds import limit

_OPTIONS_READ = (*kidney.READS, *minerals.READS, Data.VITAMIN_D, Data.ALLERGIES, Data.WORK_UP)
_TABLETS = frozenset({Mechanism.BISPHOSPHONATE, Mechanism.SERM})
_LIMITED = frozenset({Mechanism.PTH_ANALOG, Mechanism.SCLEROSTIN_INHIBITOR, Mechanism.CALCITONIN})


@card(
    "denosumab-review",
    section="C",
    hooks=(PATIENT_VIEW, REFILL),
    cites=("ELD2023-07c", "OVCF2021-T6"),
    reads=(*risk.READS, Data.ORDERS),
    needs=(Data.MEDICATIONS,),
)
def denosumab_review(chart: Chart) -> Iterator[Finding]:
    """After {denosumab-review-years} to {denosumab-long-years} years of denosumab the fracture risk is assessed anew; never
    stopped without the follow-on.

    When: an adult on denosumab 60 mg that began {denosumab-review-years} years ago or more and was not stopped.

    Not when: its last dose no longer works (`denosumab-due`, `denosumab-sequence`).

    Then: info; warning from {denosumab-long-years} years on. Suggested: DXA where no T-score of the last {hip-t-window-months}
    months is on record, and FRAX, without those that are ordered. The detail gives the reasons for a high risk, and never says
    stop without the follow-on.
    """
    course = chart.course(DENOSUMAB)
    if (
        course is None
        or course.start is None
        or course.stopped
        or not course.on_treatment(chart.today)
        or not risk.adult(chart)
    ):
        return
    if add_months(course.start, limit("denosumab-review-years") * 12) > chart.today:
        return
    long = add_months(course.start, limit("denosumab-long-years") * 12) <= chart.today
    since = chart.months_ago(limit("hip-t-window-months"))
    measured = any(m.when >= since for m in risk.newest_t_scores(chart))
    tests = [key for key in (() if measured else ("dxa",)) + ("frax",) if not chart.ordered(key)]
    yield Finding(
        indicator=WARNING if long else INFO,
        variant="long" if long else "review",
        values={
            "start": course.start,
            "months": months_between(course.start, chart.today),
            "reasons": risk.risk(chart).reasons if risk.risk(chart).high else (),
            "hip": risk.hip_t(chart, since),
            "measured": measured,
        },
        facts=(facts.started(course), facts.last_dose(course), *map(facts.measured, risk.newest_t_scores(chart))),
        options=tuple(service(key) for key in tests),
        any_number=True,
    )


# -- course limits ----------------------------------------------------------------------------------------------------


@card(
    "course-limit",
    section="C",
    hooks=(PATIENT_VIEW, ORDER_SIGN, REFILL),
    cites=("ELD2023-08b", "ELD2023-11d", "OVCF2021-T6", "OPREF-T4", "OPREF-T5", "OPREF-T7", "OPREF-T8"),
    reads=(*COURSES, *_OPTIONS_READ),
    needs=(Data.MEDICATIONS,),
    drugs=_LIMITED,
)
def course_limit(chart: Chart) -> Iterator[Finding]:
    """Teriparatide {teriparatide-months} months, abaloparatide {abaloparatide-months}, both together {pth-analogs-months},
    romosozumab {romosozumab-months} months or {romosozumab-doses} doses, calcitonin {calcitonin-months} months, in total over
    life: then stop, and an antiresorptive in sequence.

    When: an adult, and one of these drugs (elcatonin counts as calcitonin) (1) is ordered or refilled to start, today or on its
    stated date, on or after the day on which its limit (or that of both PTH analogs together) is reached, or as a dose beyond
    the {romosozumab-doses} of romosozumab; or (2) is being taken, was not stopped, and its limit was reached before today. Time
    off the drug is not counted. When an order is signed only (1).

    Not when: the start of the course is not known.

    Then: warning. Suggested, filtered, as if the drug were left off: denosumab, zoledronate, alendronate, the first without a
    warning recommended; where none is left referral to a specialist recommended; after calcitonin none of these. When an order
    is signed they take its place, or it is taken back. The detail says that courses elsewhere come on top.
    """
    if not risk.adult(chart):
        return
    for draft in chart.drafted(_LIMITED):
        from_day = max(draft.start or chart.today, chart.today)
        used = used_up(chart, draft.drug, from_day) if draft.drug else None
        if used is not None and draft.drug is not None:
            yield _beyond_limit(chart, draft.drug, used, draft, from_day)
    if chart.hook in ORDER_HOOKS:
        return
    refilled = {draft.drug for draft in chart.drafted(_LIMITED)}
    yesterday = add_days(chart.today, -1)
    for course in chart.courses(_LIMITED):
        used = used_up(chart, course.drug, yesterday) if course.on_treatment(chart.today) and not course.stopped else None
        if used is not None and course.drug not in refilled:
            yield _beyond_limit(chart, course.drug, used, None, yesterday)


def _beyond_limit(chart: Chart, drug: Drug, course: Course, draft: Draft | None, on: date) -> Finding:
    """The drug and the course that used up its time: its own, or that of both PTH analogs together."""
    calcitonin = drug.mechanism is Mechanism.CALCITONIN
    ordering = draft if chart.hook in ORDER_HOOKS else None
    chosen = Offer() if calcitonin else offer(chart.without(drug), AFTER_ANABOLIC, replaces=(ordering,) if ordering else ())
    nothing = () if calcitonin or chosen.options else (service("referral-osteoporosis", recommended=True),)
    day = limit_day(course, chart.today) if course.drug is drug else None
    reached = day is not None and day <= on
    together = drug.mechanism is Mechanism.PTH_ANALOG and not reached
    return Finding(
        indicator=WARNING,
        variant="calcitonin" if calcitonin else "together" if together else "active" if reached else "doses",
        values={
            "drug": drug,
            "active": draft is None,
            "start": course.start,
            "months": limit("pth-analogs-months") if together else longest_months(drug),
            "doses": len(course.doses),
        },
        facts=((facts.drafted(draft),) if draft else ()) + (facts.started(course),),
        options=(*chosen.options, *nothing, *((discard(ordering),) if ordering else ())),
        dropped=chosen.dropped,
        about=draft,
    )


# -- adherence --------------------------------------------------------------------------------------------------------


@card(
    "adherence-gap",
    section="C",
    hooks=(PATIENT_VIEW, REFILL),
    cites=("ELD2023-09a", "OVCF2021-M4", "POP2022-T5", "OPREF-P3"),
    reads=(*COURSES, *_OPTIONS_READ),
    needs=(Data.MEDICATIONS,),
)
def adherence_gap(chart: Chart) -> Iterator[Finding]:
    """Tablets whose supply ran out more than {adherence-gap-days} days ago, or that were given up within the first year without
    anything after them: find out why, teach, and offer an injection.

    When: an adult with an oral bisphosphonate or SERM, and (1) the course is active, but what was dispensed ran out more than
    {adherence-gap-days} days and at most {off-treatment-months} months ago; or (2) the course ended within the last
    {adherence-back-months} months, less than {adherence-least-months} months after its start.

    Not when: another antiresorptive or anabolic works today, oncologic strengths included; for (2), one was taken after the
    end.

    Then: info; warning when the supply or the course ended more than {adherence-warning-days} days ago. Recommended: education.
    Besides, filtered, as if the tablets were left off: zoledronate, denosumab, the first without a warning recommended. Any
    number may be chosen.
    """
    if not risk.adult(chart) or risk.on_oncologic(chart):
        return
    for course in chart.courses(_TABLETS):
        found = _gap(chart, course) if course.drug.oral else None
        if found is None:
            continue
        variant, since = found
        chosen = offer(chart.without(course.drug), (ZOLEDRONATE, DENOSUMAB))
        late = since < chart.days_ago(limit("adherence-warning-days"))
        yield Finding(
            indicator=WARNING if late else INFO,
            variant=variant,
            values={"drug": course.drug, "since": since, "days": (chart.today - since).days, "start": course.start},
            facts=(facts.started(course), facts.stopped(course, since) if variant == "given-up" else facts.supply(course)),
            options=(service("education", recommended=True), *chosen.options),
            any_number=True,
            dropped=chosen.dropped,
        )
        return


def _gap(chart: Chart, course: Course) -> tuple[str, date] | None:
    """("lapsed", last day of supply) or ("given-up", end), where nothing else took over."""
    others = [c for c in risk.treatments(chart) if c is not course]
    if others:
        return None
    out = course.supply_until
    if not course.stopped and course.active and out is not None:
        gap = out < chart.days_ago(limit("adherence-gap-days"))
        return ("lapsed", out) if gap and out >= chart.months_ago(limit("off-treatment-months")) else None
    ended = course.ended(chart.today)
    if ended is None or course.start is None or ended < chart.months_ago(limit("adherence-back-months")):
        return None
    early = ended < add_months(course.start, limit("adherence-least-months"))
    followed = risk.antiresorptive_after(chart, ended, reaching=add_days(ended, 1), besides=course.drug)
    built = any(c.covered_until and c.covered_until > ended for c in chart.courses(ANABOLIC))
    return ("given-up", ended) if early and followed is None and not built else None
