"""The rule of `same-class-duplicate`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from msgspec.structs import replace

from cards.chart import Chart, Course, Draft, facts
from cards.chart.calendar import add_months
from cards.chart.facts import Fact
from cards.definitions.basket import Said, Together, dose, said_of, together
from cards.definitions.denosumab import closes_gap, next_due
from cards.definitions.minerals import borderline, calcium
from cards.definitions.overlap import basket, begins, covered_of, other_drug, still_works, works_on
from cards.engine.findings import CRITICAL, INFO, WARNING, Finding, Indicator
from cards.engine.orders import CHECKED, WRITTEN, Order, finding_about, order_of, orders_of, refilled
from cards.engine.switch import leaving
from cards.thresholds import Numbers
from cards.vocabulary import ANABOLIC, DENOSUMAB, ZOLEDRONATE, Data, Drug, Mechanism

_ALIKE = (
    frozenset({Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR}),
    ANABOLIC,
    frozenset({Mechanism.ACTIVE_VITAMIN_D}),
    frozenset({Mechanism.SERM}),
    frozenset({Mechanism.CALCITONIN}),
)
"""Mechanisms of which one is enough: drugs that slow the loss of bone, drugs that build it, active forms of vitamin D, SERMs,
calcitonins."""

_NOT_TOGETHER = frozenset[Mechanism]().union(*_ALIKE)

_NO_GAP = "no-gap"
_KEPT = ("switch", _NO_GAP)
"""Variants in which the order stays."""

_NAMED = 3
"""Of the orders before it for the same drug, those that are shown as evidence; the rest are counted."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """No drug is ordered twice at once, and drugs that work alike are not combined: two bisphosphonates, denosumab and a
    bisphosphonate, two anabolic drugs, two active forms of vitamin D, two SERMs, two calcitonins, denosumab or zoledronate in a
    strength for osteoporosis and in one for tumors. A renewal of the same drug, or the next drug once the last has worn off, is
    no duplicate.

    When: (1) on orders and refills, two such drugs are drafted together, or one is drafted that would begin (on its stated
    start, else today) while another such drug still works, without grace, or is an injection that nobody has stopped and of
    which no dose is dated, so that it may still work; (2) on the chart view, two such drugs go on and both work today, without
    grace: the one begun last is the one spoken of; (3) on orders and refills, one drug for bone, calcium or vitamin D is
    drafted twice or more. An oncologic strength counts beside the other while it is on the list as active, and for
    {oncologic-dose-months} months after its last dose.

    Not when: a draft and the list have the same ingredient, but for an oncologic strength beside the one for osteoporosis; the
    other drug is one taken daily to monthly and was stopped; the draft begins on or after the day on which the other has worn
    off; of two drafts, the later begins when the dose or the stated time of the earlier is over, by a share of
    {dose-interval-tolerance} sooner; the drugs of one pack; vitamin D that calcium or a bisphosphonate contains, beside other
    vitamin D (`dose-check` adds it up).

    Then: warning on orders and refills, info on the chart view, a card for each pair; of a draft beside several other drugs
    that are drafted, or that are taken, one that names them all. Critical on orders and refills (warning on the chart view) for
    an oncologic strength beside the other; for two active forms of vitamin D with a calcium that is high, above
    {calcium-borderline} mg/dL where the laboratory gives no range, or that could not be had or read; in (3) where the drafts
    add up to what no accepted regimen gives in the same time (amounts may differ by a share of {dose-tolerance}, intervals by
    {dose-interval-tolerance}), and for an option beside a draft that nobody can add up: it is no option then. Info on an order
    where the other drug, taken daily to monthly, is to be given up for it: a fracture on it as in `treatment-failure`, a fall
    of bone density as in `bmd-response`, a hip T-score out of reach as in `treatment-target`, a check of orders that speaks
    against it, or the longest time on it; the card then only says to stop it. Info, too, where denosumab that goes on or is
    late stands beside an infusion from before its last dose: the dose keeps its date, and no more of the other is given; and
    where it, or zoledronate after it, closes the gap beside tablets from before that dose. No
    alternative; any other draft can be deleted,
    of two drafts the later one (recommended where it is critical). The detail says until when an injection works, that its last
    dose must be found where none is dated, or since when a drug is taken, how a planned switch is ordered, that denosumab must
    leave no gap, and on the chart view where a course is not confirmed, and of zoledronate beside denosumab when denosumab is
    due and until when zoledronate covers.
    """
    if chart.hook not in WRITTEN:
        yield from _both_taken(chart)
        return
    leaves, asked_again = leaving(chart), refilled(chart)
    for draft, beside in basket(chart, _NOT_TOGETHER):
        if draft.drug is not None:
            yield from _drafted_together(chart, draft, draft.drug, beside)
            taken = [each for each in chart.courses(_clashing(draft.drug)) if each.drug not in asked_again]
            yield from _beside_courses(chart, n, draft, draft.drug, taken, leaves)
    said: dict[Draft, Said] = chart.known.setdefault(said_of, {})  # beside every option on trial stand the same drafts
    written = (*chart.drafted(CHECKED), *chart.drafted_beside(CHECKED))
    said.update({draft: said_of(draft) for draft in written if draft not in said})
    totals: dict[tuple[int, ...], Together] = {}
    for draft, drug, same in _written_twice(chart):
        asked = tuple(map(id, same))
        if asked not in totals:
            totals[asked] = together(chart, [said[each] for each in same])
        yield _ordered_twice(chart, draft, drug, same, totals[asked])


def _beside_courses(
    chart: Chart, n: Numbers, draft: Draft, drug: Drug, taken: list[Course], leaves: Callable[[Course, date], bool]
) -> Iterator[Finding]:
    """A draft with what is taken and that it must not be given with: one finding for all of which the same is said. Of the
    other strength of its own ingredient each is one. ``taken``: but for what is refilled, which is judged as a draft beside
    this one."""
    clashing: dict[tuple[str, str], list[Course]] = {}
    for course in taken:
        lately = _oncologic(drug, course.drug) and _given_lately(n, course, begins(chart, draft))
        if _clash(drug, course.drug) and (lately or still_works(chart, course, draft)):
            dated = _keeps_its_date(chart, drug, course) or _replaces_old_tablets(chart, drug, course)
            variant = _NO_GAP if dated else _variant(drug, course.drug)
            switch = variant not in ("oncologic", _NO_GAP) and leaves(course, begins(chart, draft))
            alone = course.drug.key if variant == "oncologic" else ""
            clashing.setdefault(("switch" if switch else variant, alone), []).append(course)
    for (variant, _), courses in clashing.items():
        evidence = [facts.on_board(course) for course in courses]
        others = [course.drug for course in courses]
        yield _duplicate(chart, draft, others, courses, evidence, keeps=variant if variant in _KEPT else "")


def _written_twice(chart: Chart) -> Iterator[tuple[Draft, Drug, list[Draft]]]:
    """Each draft but the first of a drug, with all for the same drug that would work with it, before it and after it: of each
    is said how many they are in all."""
    found: list[tuple[Draft, Drug, list[Draft], frozenset[int]]] = []
    for draft, beside in basket(chart, CHECKED):
        drug = draft.drug
        same = [some for some in beside if drug and some[0].drug and _one_drug(drug, some[0].drug)]
        before = [other for some in same for other in some if not (_mixed_in(draft) or _mixed_in(other))]
        if drug and before:
            found.append((draft, drug, before, frozenset(map(id, before))))
    for draft, drug, before, _ in found:
        own = id(draft)
        yield draft, drug, [*before, draft, *[later for later, _, _, earlier in found if own in earlier]]


def _mixed_in(draft: Draft) -> bool:
    """Vitamin D in a product of calcium or a bisphosphonate: it is there beside a dose of its own, and `dose-check` adds up."""
    return bool(draft.product) and draft.drug is not None and draft.drug.mechanism is Mechanism.VITAMIN_D


def _drafted_together(chart: Chart, draft: Draft, drug: Drug, beside: list[list[Draft]]) -> Iterator[Finding]:
    """A draft with the drugs before it that it must not be given with: one finding for all of which the same is said."""
    clashing: dict[str, list[Draft]] = {}
    for first, *_ in beside:
        if first.drug and _clash(drug, first.drug):
            clashing.setdefault(_variant(drug, first.drug), []).append(first)
    for others in clashing.values():
        evidence = [facts.drafted(other, dose(chart, other)) for other in others]
        yield _duplicate(chart, draft, [other.drug for other in others if other.drug], [], evidence)


def _ordered_twice(chart: Chart, draft: Draft, drug: Drug, same: list[Draft], total: Together) -> Finding:
    """A draft of an ingredient among those of the same, the first of which are named."""
    too_much = total.accepted is False or (draft.proposed and total.accepted is None)
    found = finding_about(
        chart,
        Order(drug, draft=draft),
        CRITICAL if too_much else WARNING,
        (),
        variant="twice",
        values={
            "count": len(same),
            "total": total.amount,
            "period": total.period,
            "accepted": total.accepted,
        },
    )
    named = (draft, *[each for each in same[: _NAMED + 1] if each is not draft][:_NAMED])
    return replace(found, facts=tuple(facts.drafted(each, dose(chart, each)) for each in named if not each.proposed))


def _both_taken(chart: Chart) -> Iterator[Finding]:
    """Two of them that go on and work today, without grace: the one begun last beside each that was there before it."""
    going_on = [o.course for o in orders_of(chart, _NOT_TOGETHER) if o.course and works_on(o.course, chart.today)]
    going_on.sort(key=lambda course: course.start or date.min)
    for index, begun in enumerate(going_on):
        for before in going_on[:index]:
            if _clash(begun.drug, before.drug):
                dated = _keeps_its_date(chart, before.drug, begun)
                newer, older = (before, begun) if dated else (begun, before)
                dated = dated or _keeps_its_date(chart, newer.drug, older)
                yield finding_about(
                    chart,
                    Order(newer.drug, course=newer),
                    INFO if dated else _graded(chart, newer.drug, older.drug),
                    [facts.on_board(older), *_near_the_limit(chart, newer.drug)],
                    variant=_NO_GAP if dated else _variant(newer.drug, older.drug),
                    values=other_drug(older.drug, older)
                    | _next_denosumab(chart, newer, older)
                    | {
                        "others": [older.drug],
                        "anabolic": newer.drug.mechanism in ANABOLIC,
                        "given": None,
                        "undated": None,
                        "calcium": _calcium_speaks(chart, newer.drug),
                    },
                    notes=("not-confirmed",) if older.unconfirmed or newer.unconfirmed else (),
                )


def _keeps_its_date(chart: Chart, drug: Drug, other: Course) -> bool:
    """Whether the drug is the denosumab that must leave no gap, and the other an infusion from before its last dose: that one
    works, and nobody knows whether it holds the bone when denosumab wears off."""
    infused = other.last_dose_at_latest
    injection = other.drug.covers_months is not None and not other.may_work and not other.drug.oncologic
    return drug is DENOSUMAB and injection and _before_denosumab(chart, infused) and closes_gap(chart, DENOSUMAB)


def _replaces_old_tablets(chart: Chart, drug: Drug, other: Course) -> bool:
    """Whether the drug closes the gap after denosumab, and the other are tablets from before its last dose that nobody took off
    the list: they are no reason to wait."""
    tablets = other.drug.mechanism is Mechanism.BISPHOSPHONATE and other.drug.oral
    closing = drug in (DENOSUMAB, ZOLEDRONATE) and closes_gap(chart, drug)
    return closing and tablets and _before_denosumab(chart, other.start_at_latest)


def _before_denosumab(chart: Chart, day: date | None) -> bool:
    own = chart.course(DENOSUMAB)
    last = own.last_dose_at_latest if own else None
    return last is not None and day is not None and day <= last


def _next_denosumab(chart: Chart, *taken: Course) -> dict[str, Any]:
    """Where zoledronate and denosumab both work: when denosumab is due, and until when zoledronate covers."""
    by_key = {course.drug.key: course for course in taken}
    infused = by_key.get(ZOLEDRONATE.key)
    both = infused is not None and DENOSUMAB.key in by_key
    return {"next_denosumab": next_due(chart) if both else None, "infused_until": infused.covered_until if infused else None}


def _clashing(drug: Drug) -> frozenset[Mechanism]:
    return next((alike for alike in _ALIKE if drug.mechanism in alike), frozenset())


def _clash(one: Drug, other: Drug) -> bool:
    return other.mechanism in _clashing(one) and (one.ingredient != other.ingredient or _oncologic(one, other))


def _one_drug(one: Drug, other: Drug) -> bool:
    return one.ingredient == other.ingredient and one.oncologic == other.oncologic


def _oncologic(one: Drug, other: Drug) -> bool:
    """Whether they are the strengths of one ingredient for osteoporosis and for tumors."""
    return one.ingredient == other.ingredient and one.oncologic != other.oncologic


def _variant(one: Drug, other: Drug) -> str:
    if _oncologic(one, other):
        return "oncologic"
    return "active-vitamin-d" if one.mechanism is Mechanism.ACTIVE_VITAMIN_D else ""


def _graded(chart: Chart, one: Drug, other: Drug) -> Indicator:
    return CRITICAL if _oncologic(one, other) or _calcium_speaks(chart, one) else WARNING


def _calcium_speaks(chart: Chart, drug: Drug) -> str:
    """How calcium speaks against two active forms of vitamin D: "near" its limit or above, "unread", or "" if it does not."""
    if drug.mechanism is not Mechanism.ACTIVE_VITAMIN_D:
        return ""
    return "near" if _near_the_limit(chart, drug) else "unread" if chart.doubts((Data.CALCIUM,)) else ""


def _given_lately(n: Numbers, course: Course, day: date) -> bool:
    """Whether an oncologic strength goes on, or was given so lately that the other one would come on top of it."""
    if not course.drug.oncologic:
        return False
    last = course.last_dose_at_latest
    return course.active or (last is not None and day < add_months(last, n.oncologic_dose_months))


def _near_the_limit(chart: Chart, drug: Drug) -> list[Fact]:
    """A calcium that is high or close to it, which two active forms of vitamin D would raise further."""
    reading = calcium(chart)
    near = reading is not None and (reading.high or borderline(chart) is not None)
    active = drug.mechanism is Mechanism.ACTIVE_VITAMIN_D
    return [facts.measured(reading.value)] if reading is not None and active and near else []


def _duplicate(
    chart: Chart, draft: Draft, others: list[Drug], courses: list[Course], evidence: list[Fact], *, keeps: str = ""
) -> Finding:
    """``courses``: what is taken, of which nothing is drafted; ``keeps``: why the order stays, as it is to take the place of
    them ("switch"), or must leave no gap."""
    other = others[0]
    drug = draft.drug or other
    values = other_drug(other, courses[0] if courses else None)
    values |= {"others": others, "alike": all(each.mechanism == drug.mechanism for each in others)}
    values |= {"covered": max((day for each in courses if (day := covered_of(each))), default=None)}
    values |= {"undated": next((each.drug for each in courses if each.may_work), None)}
    values |= _worn_off(chart, draft, courses)
    values["anabolic"] = drug.mechanism in ANABOLIC
    values["calcium"] = _calcium_speaks(chart, drug)
    evidence = [*evidence, *_near_the_limit(chart, drug)]
    graded, variant = (INFO, keeps) if keeps else (_graded(chart, drug, other), _variant(drug, other))
    about = order_of(chart, draft) if courses else Order(drug, draft=draft)
    values |= _next_denosumab(chart, *([about.course] if about.course else ()), *courses)
    values |= {"next_denosumab": next_due(chart)} if keeps == _NO_GAP else {}
    found = finding_about(chart, about, graded, evidence, variant=variant, values=values, keep=bool(keeps))
    return found if courses or draft.proposed else replace(found, facts=(facts.drafted(draft, dose(chart, draft)), *evidence))


def _worn_off(chart: Chart, draft: Draft, courses: list[Course]) -> dict[str, Any]:
    """Of an oncologic strength that has worn off and counts all the same the last dose, in place of the day it works until."""
    course = next(iter(courses), None)
    if course is None or works_on(course, begins(chart, draft)) or course.drug.covers_months is None:
        return {"given": None}
    return {"given": course.last_dosed, "covered": None}
