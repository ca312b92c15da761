"""Section F, order safety: drugs that do not go together, or not in this order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from cards import facts, options
from cards.calendar import add_months
from cards.chart import ORDER_HOOKS, Chart, Course, Draft
from cards.concepts import ANABOLIC, ANTIRESORPTIVE, COURSES, DENOSUMAB, TERIPARATIDE, ZOLEDRONATE, Data, Drug, Mechanism
from cards.orders import BISPHOSPHONATE, ORDERS, ORDERS_AND_VIEW, Order, finding_about, orders_of
from cards.rule import INFO, WARNING, Fact, Finding, card
from cards.thresholds import limit

_NOT_TOGETHER = frozenset({Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR, Mechanism.PTH_ANALOG})


@card(
    "same-class-duplicate",
    section="F",
    hooks=ORDERS_AND_VIEW,
    cites=("OVCF2021-T7",),
    reads=COURSES,
    needs=(Data.MEDICATIONS,),
    drugs=_NOT_TOGETHER,
)
def same_class_duplicate(chart: Chart) -> Iterator[Finding]:
    """Drugs of one mechanism are not combined: two bisphosphonates, denosumab and a bisphosphonate, two PTH analogs. A renewal
    of the same drug, or the next drug once the last has worn off, is no duplicate.

    When: (1) on orders, two such drugs are drafted together, or one is drafted that would begin (on its stated start, else
    today) while another such drug still works, without grace; (2) on the chart view, two such drugs go on and both work today,
    without grace: the one begun last is the one spoken of.

    Not when: both are the same ingredient; the other drug is one taken daily to monthly and was stopped; the draft begins on or
    after the day on which the other has worn off.

    Then: warning on orders, info on the chart view, a card for each pair. No alternative; the draft can be deleted. The detail
    says until when an injection works, or since when a drug is taken, how a planned switch is ordered, that denosumab must
    leave no gap, and on the chart view where a course is not confirmed.
    """
    if chart.hook not in ORDER_HOOKS:
        yield from _both_taken(chart)
        return
    drafts = chart.drafted(_NOT_TOGETHER)
    for index, draft in enumerate(drafts):
        for other in drafts[:index]:
            if draft.drug and other.drug and _clash(draft.drug, other.drug):
                yield _duplicate(chart, draft, other.drug, None, facts.drafted(other))
        for course in chart.courses(_clashing(draft.drug)) if draft.drug else ():
            if draft.drug and _clash(draft.drug, course.drug) and _still_works(chart, course, draft):
                yield _duplicate(chart, draft, course.drug, course, facts.on_board(course))


def _both_taken(chart: Chart) -> Iterator[Finding]:
    """Two of them that go on and work today, without grace: the one begun last beside each that was there before it."""
    going_on = [o.course for o in orders_of(chart, _NOT_TOGETHER) if o.course and _works_on(o.course, chart.today)]
    going_on.sort(key=lambda course: course.start or date.min)
    for index, newer in enumerate(going_on):
        for older in going_on[:index]:
            if _clash(newer.drug, older.drug):
                yield finding_about(
                    chart,
                    Order(newer.drug, course=newer),
                    WARNING,
                    [facts.on_board(older)],
                    values=_about(older.drug, older),
                    notes=("not-confirmed",) if older.unconfirmed or newer.unconfirmed else (),
                )


def _works_on(course: Course, day: date) -> bool:
    return course.covered_until is not None and day < course.covered_until


def _clashing(drug: Drug) -> frozenset[Mechanism]:
    antiresorptive = {Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR}
    return frozenset(antiresorptive if drug.mechanism in antiresorptive else {drug.mechanism})


def _clash(one: Drug, other: Drug) -> bool:
    return one.ingredient != other.ingredient and other.mechanism in _clashing(one)


def _still_works(chart: Chart, course: Course, draft: Draft) -> bool:
    """Whether the course covers the day on which the draft would begin (without grace; a stopped tablet works no more)."""
    if course.stopped and course.drug.covers_months is None:
        return False
    return _works_on(course, max(draft.start or chart.today, chart.today))


def _about(other: Drug, course: Course | None) -> dict[str, Any]:
    """What the texts say of the other drug: until when an injection works or since when it is taken; no course, a draft."""
    injected = course is not None and course.drug.covers_months is not None
    return {
        "other": other,
        "drafted": course is None,
        "covered": course.covered_until if course and injected else None,
        "since": course.start if course and not injected else None,
    }


def _duplicate(chart: Chart, draft: Draft, other: Drug, course: Course | None, evidence: Fact) -> Finding:
    return finding_about(chart, Order(draft.drug or other, draft=draft), WARNING, [evidence], values=_about(other, course))


@card(
    "anabolic-antiresorptive-combination",
    section="F",
    hooks=ORDERS,
    cites=("OVCF2021-T7",),
    reads=COURSES,
    needs=(Data.MEDICATIONS,),
    drugs=ANTIRESORPTIVE | ANABOLIC,
)
def anabolic_antiresorptive_combination(chart: Chart) -> Iterator[Finding]:
    """An anabolic together with an antiresorptive has no clear added benefit: one after the other instead.

    When: an anabolic is ordered that would begin (on its stated start, else today) while an antiresorptive still works, without
    grace; or an antiresorptive while an anabolic does.

    Not when: teriparatide or abaloparatide while denosumab works (`denosumab-to-anabolic`); the other is taken daily to monthly
    and was stopped.

    Then: info, one card for an order. No alternative; the draft can be deleted.
    """
    for draft in chart.drafted(ANTIRESORPTIVE | ANABOLIC):
        if draft.drug is None:
            continue
        others = ANTIRESORPTIVE if draft.drug.mechanism in ANABOLIC else ANABOLIC
        for course in chart.courses(others):
            after_denosumab = course.drug is DENOSUMAB and draft.drug.mechanism is Mechanism.PTH_ANALOG
            if _still_works(chart, course, draft) and not after_denosumab:
                about = _about(course.drug, course)
                yield finding_about(chart, Order(draft.drug, draft=draft), INFO, [facts.on_board(course)], values=about)
                break


@card(
    "denosumab-to-anabolic",
    section="F",
    hooks=ORDERS,
    cites=("EXT-01",),
    reads=(*COURSES, *options.READS),
    needs=(Data.MEDICATIONS,),
    drugs={Mechanism.PTH_ANALOG},
)
def denosumab_to_anabolic(chart: Chart) -> Iterator[Finding]:
    """Teriparatide or abaloparatide right after denosumab costs hip bone for a while: an antiresorptive first.

    When: teriparatide or abaloparatide is ordered and the last dose of denosumab 60 mg lies within
    {denosumab-to-anabolic-months} months.

    Not when: a bisphosphonate was infused, or a tablet of one taken, after that dose.

    Then: warning. Zoledronate or denosumab in its place, the first without a warning recommended, to start {denosumab-months}
    months after the last dose or, when that is past, now; the draft can be deleted. The detail leaves an overlap to a
    specialist.
    """
    course = chart.course(DENOSUMAB)
    if course is None or course.last_dose is None or course.last_dose < chart.months_ago(limit("denosumab-to-anabolic-months")):
        return
    if any(_taken_after(c, course.last_dose) for c in chart.courses(BISPHOSPHONATE)):
        return
    for draft in chart.drafted({Mechanism.PTH_ANALOG}):
        due = add_months(course.last_dose, limit("denosumab-months"))
        yield finding_about(
            chart,
            Order(draft.drug or TERIPARATIDE, draft=draft),
            WARNING,
            [facts.last_dose(course)],
            values={"last_dose": course.last_dose, "due": due},
            alternatives=(ZOLEDRONATE, DENOSUMAB),
            start=due,
        )


def _taken_after(course: Course, day: date) -> bool:
    """Whether an infusion was given, or a tablet taken, after ``day``; an earlier infusion that still works is none."""
    last = course.last_dose if course.drug.covers_months else course.covered_until
    return last is not None and last > day
