"""The rule of `vitamin-k-warfarin`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from cards.chart import ORDER_HOOKS, REFILL, Chart, Course, Draft, facts
from cards.definitions.overlap import other_drug
from cards.engine.findings import CRITICAL, Finding
from cards.engine.options import discard, service
from cards.engine.orders import Order, finding_about, going_on, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import Drug, Mechanism

_VITAMIN = {Mechanism.VITAMIN_K2}
_ANTAGONIST = {Mechanism.VITAMIN_K_ANTAGONIST}


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Vitamin K2 is not given with warfarin or another vitamin K antagonist: it undoes the anticoagulation.

    When: vitamin K2 is ordered or taken, and a vitamin K antagonist goes on (or a problem tells so where the medications do
    not speak of it) or is ordered as well; or, on orders and refills, a vitamin K antagonist is ordered while vitamin K2 goes
    on or is ordered without being selected. The vitamin is always the one to stop.

    Not when: the other was stopped. Direct oral anticoagulants do not matter.

    Then: critical, on the chart view warning. INR, recommended where the vitamin is already taken. The draft can be deleted
    (recommended unless INR is); of two drafts only that of the vitamin: without the antagonist nothing keeps the blood from
    clotting.
    """
    for order in orders_of(chart, _VITAMIN):
        yield from _together(chart, order, "vitamin", _ANTAGONIST)
    if chart.hook in ORDER_HOOKS | {REFILL} and not chart.drafted(_VITAMIN):
        for order in orders_of(chart, _ANTAGONIST):
            yield from _together(chart, order, "antagonist", _VITAMIN)


def _together(chart: Chart, order: Order, variant: str, mechanisms: Iterable[Mechanism]) -> Iterator[Finding]:
    """One finding about the order beside the first drug of these mechanisms, if there is one."""
    for drug, course, draft, evidence in _beside(chart, mechanisms):
        taken = order.draft is None or variant == "antagonist"
        found = finding_about(
            chart,
            order,
            CRITICAL,
            [evidence],
            variant=variant,
            values=other_drug(drug, course),
            also=(service("inr", recommended=taken and course is not None),),
            any_number=True,
        )
        if variant == "antagonist" and draft is not None:
            kept = (option for option in found.options if option.kind != "discard")
            found = replace(found, options=(discard(draft, recommended=True), *kept))
        elif variant == "antagonist":  # what is drafted keeps the blood from clotting, and what is taken is to stop
            stays = (replace(o, recommended=o.recommended and o.kind != "discard") for o in found.options)
            found = replace(found, options=tuple(stays))
        yield found
        return


def _beside(chart: Chart, mechanisms: Iterable[Mechanism]) -> Iterator[tuple[Drug, Course | None, Draft | None, facts.Fact]]:
    """The drugs of these mechanisms that go on, with their course, and those that are being ordered, with the draft."""
    for course in going_on(chart, mechanisms):
        yield course.drug, course, None, facts.on_board(course)
    for draft in (*chart.drafted(mechanisms), *chart.drafted_beside(mechanisms)):
        if draft.drug is not None:
            yield draft.drug, None, draft, facts.drafted(draft)
