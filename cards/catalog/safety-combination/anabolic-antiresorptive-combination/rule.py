"""The rule of `anabolic-antiresorptive-combination`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from cards.chart import Chart, Course, Draft, facts
from cards.definitions.basket import dose
from cards.definitions.denosumab import closes_gap
from cards.definitions.overlap import basket, begins, other_drug, still_works
from cards.engine.findings import INFO, WARNING, Finding
from cards.engine.options import ranking, service
from cards.engine.orders import REFERRAL, Order, finding_about, order_of, refilled
from cards.engine.switch import leaving
from cards.engine.trial import ruled_out
from cards.thresholds import Numbers
from cards.vocabulary import ANABOLIC, ANTIRESORPTIVE, DENOSUMAB, Drug, Mechanism


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """An anabolic together with an antiresorptive has no clear added benefit: give one after the other instead.

    When: (1) an anabolic is ordered or refilled that would begin (on its stated start, otherwise today) while an antiresorptive
    still works (no grace period), or an antiresorptive is ordered or refilled while an anabolic still works; (2) both are
    drafted and would overlap.

    Not when: teriparatide or abaloparatide while denosumab works (`denosumab-to-anabolic`); an anabolic after an injected
    bisphosphonate; the other drug is taken daily to monthly and was stopped; in (2), the later draft begins when the dose or
    the stated duration of the earlier one is over, with a tolerance of {dose-interval-tolerance} of that time.

    Then: (1) info, one card per order, which can be deleted (not a refill of what is taken); no alternative. If the order is to
    replace a drug that can be ended (a fracture on it as in `treatment-failure`, a fall of bone density as in `bmd-response`, a
    hip T-score out of reach as in `treatment-target`, the longest time on it, or a check of orders that speaks against it), it
    only says to stop that drug. What `denosumab-due` and `denosumab-sequence` recommend (the next dose, or what closes the gap)
    stays and does not wait for the end of an anabolic, which does not hold the bone after denosumab: a specialist decides on
    the anabolic, unless it is to be ended as above. (2) warning, one card per pair, or one for a draft beside several others: a
    draft that order safety forbids can be deleted, or else the draft ranked lower for this patient, or, before any other, an
    option of the service's own that is on trial; never the one that is due after denosumab and may be given.
    """
    leaves = leaving(chart)
    asked_again = refilled(chart)
    for draft in chart.drafted(ANTIRESORPTIVE | ANABOLIC):
        if draft.drug is None:
            continue
        others = ANTIRESORPTIVE if draft.drug.mechanism in ANABOLIC else ANABOLIC
        for course in chart.courses(others):
            after_denosumab = course.drug is DENOSUMAB and draft.drug.mechanism is Mechanism.PTH_ANALOG
            followed = draft.drug.mechanism in ANABOLIC and _given_before(course)
            beside = still_works(chart, course, draft) and course.drug not in asked_again
            if beside and not after_denosumab and not followed:
                about = other_drug(course.drug, course)
                order, evidence = order_of(chart, draft), [facts.on_board(course)]
                closes = _closes(chart, draft)
                switch = leaves(course, begins(chart, draft))
                closes = closes and not switch
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
    yield from _drafted_together(chart)


def _closes(chart: Chart, draft: Draft) -> bool:
    """Whether it is the antiresorptive that is due after denosumab, or its next dose."""
    return draft.drug is not None and draft.drug.mechanism in ANTIRESORPTIVE and closes_gap(chart, draft.drug)


def _given_before(course: Course) -> bool:
    """An injected bisphosphonate, of which nothing is left to stop."""
    return course.drug.mechanism is Mechanism.BISPHOSPHONATE and course.drug.covers_months is not None


def _drafted_together(chart: Chart) -> Iterator[Finding]:
    """Of an anabolic and an antiresorptive that are both drafted the one to keep is what closes a gap after denosumab, else the
    higher-ranked drug; a drug that is not in the ranking comes last. One finding for each draft to give up, with one draft of
    each drug to keep."""
    place_of = _places(chart)
    both: dict[int, tuple[Draft, dict[str, Draft]]] = {}
    for draft, beside in basket(chart, ANTIRESORPTIVE | ANABOLIC):
        for others in beside:
            if not _opposed(draft, others[0]):
                continue
            keeps = place_of(draft) <= place_of(others[0])
            for given_up in others if keeps else (draft,):
                kept = draft if keeps else others[0]
                both.setdefault(id(given_up), (given_up, {}))[1].setdefault(kept.drug.key if kept.drug else "", kept)
    for given_up, kept_by_drug in both.values():
        yield _both_drafted(chart, given_up, sorted(kept_by_drug.values(), key=place_of), place_of)


def _opposed(one: Draft, other: Draft) -> bool:
    return bool(one.drug and other.drug) and _anabolic(one) is not _anabolic(other)


def _anabolic(draft: Draft) -> bool:
    return draft.drug is not None and draft.drug.mechanism in ANABOLIC


def _both_drafted(chart: Chart, given_up: Draft, kept: Sequence[Draft], place_of: Callable[[Draft], _Place]) -> Finding:
    """``kept``: one draft of each drug, the highest-ranked first."""
    drug, others = given_up.drug or DENOSUMAB, [draft.drug or DENOSUMAB for draft in kept]
    evidence = [facts.drafted(draft, dose(chart, draft)) for draft in kept]
    about = other_drug(others[0], None) | {"others": others, "barred": [place_of(each).barred for each in (given_up, kept[0])]}
    found = finding_about(chart, Order(drug, draft=given_up), WARNING, evidence, variant="drafted", values=about)
    return found if given_up.proposed else replace(found, facts=(facts.drafted(given_up, dose(chart, given_up)), *evidence))


class _Place(NamedTuple):
    """What is on trial comes after what is drafted, what is forbidden after what is not, what is due after denosumab first, a
    drug that is not ranked last."""

    proposed: bool
    barred: bool
    not_due: bool
    rank: int


def _places(chart: Chart) -> Callable[[Draft], _Place]:
    """The place of a draft, reckoned once a drug: of drafts for one drug the same is to be said."""
    ranked = [drug.ingredient for drug in ranking(chart)]
    known: dict[tuple[str, bool], _Place] = {}

    def place_of(draft: Draft) -> _Place:
        drug = draft.drug or DENOSUMAB
        asked = (drug.key, draft.proposed)
        if asked not in known:
            rank = ranked.index(drug.ingredient) if drug.ingredient in ranked else len(ranked)
            known[asked] = _Place(draft.proposed, _barred(chart, drug), not _closes(chart, draft), rank)
        return known[asked]

    return place_of


def _barred(chart: Chart, drug: Drug) -> bool:
    """Whether order safety forbids the drug, however often it is ordered here; not asked while a proposal is tried out."""
    if chart.drafts[0].proposed:  # an option on trial is the only one that is not beside
        return False
    return ruled_out(chart, drug, tuple([each for each in (*chart.drafts, *chart.beside) if each.drug is drug])) is not None
