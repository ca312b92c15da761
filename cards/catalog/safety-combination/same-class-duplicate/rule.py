"""The rule of `same-class-duplicate`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards.chart import ORDER_HOOKS, Chart, Course, Draft, facts
from cards.chart.facts import Fact
from cards.definitions.overlap import other_drug, still_works, works_on
from cards.engine.findings import WARNING, Finding
from cards.engine.orders import Order, finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import Drug, Mechanism

_NOT_TOGETHER = frozenset({Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR, Mechanism.PTH_ANALOG})


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
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
            if draft.drug and _clash(draft.drug, course.drug) and still_works(chart, course, draft):
                yield _duplicate(chart, draft, course.drug, course, facts.on_board(course))


def _both_taken(chart: Chart) -> Iterator[Finding]:
    """Two of them that go on and work today, without grace: the one begun last beside each that was there before it."""
    going_on = [o.course for o in orders_of(chart, _NOT_TOGETHER) if o.course and works_on(o.course, chart.today)]
    going_on.sort(key=lambda course: course.start or date.min)
    for index, newer in enumerate(going_on):
        for older in going_on[:index]:
            if _clash(newer.drug, older.drug):
                yield finding_about(
                    chart,
                    Order(newer.drug, course=newer),
                    WARNING,
                    [facts.on_board(older)],
                    values=other_drug(older.drug, older),
                    notes=("not-confirmed",) if older.unconfirmed or newer.unconfirmed else (),
                )


def _clashing(drug: Drug) -> frozenset[Mechanism]:
    antiresorptive = {Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR}
    return frozenset(antiresorptive if drug.mechanism in antiresorptive else {drug.mechanism})


def _clash(one: Drug, other: Drug) -> bool:
    return one.ingredient != other.ingredient and other.mechanism in _clashing(one)


def _duplicate(chart: Chart, draft: Draft, other: Drug, course: Course | None, evidence: Fact) -> Finding:
    return finding_about(chart, Order(draft.drug or other, draft=draft), WARNING, [evidence], values=other_drug(other, course))
