"""The rule of `anabolic-antiresorptive-combination`."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from cards.chart import Chart, Course, Draft, facts
from cards.definitions.basket import dose
from cards.definitions.denosumab import closes_gap
from cards.definitions.overlap import basket, begins, other_drug, still_works
from cards.engine.findings import INFO, WARNING, Finding
from cards.engine.options import ranking, service
from cards.engine.orders import REFERRAL, Order, finding_about
from cards.engine.switch import to_be_replaced
from cards.thresholds import Numbers
from cards.vocabulary import ANABOLIC, ANTIRESORPTIVE, DENOSUMAB, Mechanism


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """An anabolic together with an antiresorptive has no clear added benefit: give one after the other instead.

    When: (1) an anabolic is ordered that would begin (on its stated start, otherwise today) while an antiresorptive still works
    (no grace period), or an antiresorptive is ordered while an anabolic still works; (2) both are drafted and would overlap.

    Not when: teriparatide or abaloparatide while denosumab works (`denosumab-to-anabolic`); an anabolic after an injected
    bisphosphonate; the other drug is taken daily to monthly and was stopped; in (2), the later draft begins when the dose or
    the stated duration of the earlier one is over, with a tolerance of {dose-interval-tolerance} of that time.

    Then: (1) info, one card per order, which can be deleted; no alternative. If the order is to replace a drug that can
    be ended (a fracture on it as in `treatment-failure`, a fall of bone density as in `bmd-response`, its lifetime total, or
    a check of orders that speaks against it), it only says to stop that drug. What `denosumab-due` and `denosumab-sequence`
    recommend (the next dose, or what closes the gap) stays and does not wait for the end of an anabolic, which does not hold
    the bone after denosumab: a specialist decides on the anabolic. (2) warning, one card per pair: the draft ranked lower for
    this patient can be deleted, or, before any other, an option of the service's own that is on trial; never the one that is
    due after denosumab.
    """
    for draft in chart.drafted(ANTIRESORPTIVE | ANABOLIC):
        if draft.drug is None:
            continue
        others = ANTIRESORPTIVE if draft.drug.mechanism in ANABOLIC else ANABOLIC
        for course in chart.courses(others):
            after_denosumab = course.drug is DENOSUMAB and draft.drug.mechanism is Mechanism.PTH_ANALOG
            followed = draft.drug.mechanism in ANABOLIC and _given_before(course)
            if still_works(chart, course, draft) and not after_denosumab and not followed:
                about = other_drug(course.drug, course)
                order, evidence = Order(draft.drug, draft=draft), [facts.on_board(course)]
                closes = _closes(chart, draft)
                switch = not closes and to_be_replaced(chart, course, by=begins(chart, draft))
                yield finding_about(
                    chart,
                    order,
                    INFO,
                    evidence,
                    variant="denosumab" if closes else "switch" if switch else "",
                    values=about,
                    also=(service(REFERRAL),) if closes else (),
                    keep=closes or switch,
                )
                break
    for draft, before in basket(chart, ANTIRESORPTIVE | ANABOLIC):
        for other in before:
            if draft.drug and other.drug and (draft.drug.mechanism in ANABOLIC) is not (other.drug.mechanism in ANABOLIC):
                yield _both_drafted(chart, draft, other)


def _closes(chart: Chart, draft: Draft) -> bool:
    """Whether it is the antiresorptive that is due after denosumab, or its next dose."""
    return draft.drug is not None and draft.drug.mechanism in ANTIRESORPTIVE and closes_gap(chart, draft.drug)


def _given_before(course: Course) -> bool:
    """An injected bisphosphonate, of which nothing is left to stop."""
    return course.drug.mechanism is Mechanism.BISPHOSPHONATE and course.drug.covers_months is not None


def _both_drafted(chart: Chart, *both: Draft) -> Finding:
    """The one to keep is what closes a gap after denosumab, else the higher-ranked drug; a drug that is not in the ranking
    comes last."""
    ranked = [drug.ingredient for drug in ranking(chart)]
    kept, given_up = sorted(both, key=lambda draft: (draft.proposed, not _closes(chart, draft), _place(ranked, draft)))
    drug, other = given_up.drug or DENOSUMAB, kept.drug or DENOSUMAB
    evidence = [facts.drafted(kept, dose(chart, kept))]
    about = other_drug(other, None)
    found = finding_about(chart, Order(drug, draft=given_up), WARNING, evidence, variant="drafted", values=about)
    return found if given_up.proposed else replace(found, facts=(facts.drafted(given_up, dose(chart, given_up)), *evidence))


def _place(ranked: list[str], draft: Draft) -> int:
    return ranked.index(draft.drug.ingredient) if draft.drug and draft.drug.ingredient in ranked else len(ranked)
