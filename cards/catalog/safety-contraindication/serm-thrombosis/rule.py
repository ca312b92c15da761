"""The rule of `serm-thrombosis`."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from cards.chart import Chart, facts
from cards.chart.facts import Fact
from cards.definitions.diagnosis import osteoporosis
from cards.engine.findings import CRITICAL, WARNING, Finding
from cards.engine.options import ranking
from cards.engine.orders import Order, finding_about, going_on, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import Drug, Mechanism

_SERM_OR_HORMONE = frozenset({Mechanism.SERM, Mechanism.HORMONE_THERAPY})


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Raloxifene, bazedoxifene and oral hormone therapy are not given to anyone who ever had a venous thromboembolism, and a
    SERM and hormone therapy not together.

    When: a SERM or hormone therapy is ordered or taken, and (1) a venous thromboembolism is on record, whatever its date; or
    (2) the other of the two goes on or is drafted beside it (of two that are drafted, or both taken, the SERM is spoken of).

    Not when: vaginal hormone therapy; for (2), both in one product.

    Then: after a thrombosis critical for an oral drug (warning on patient-view), warning for a transdermal one (info on
    patient-view); for the two together warning (info on patient-view), and no other drug. After a thrombosis drugs ranked as
    for starting treatment take their place (for hormone therapy only with osteoporosis), the first without a warning
    recommended. The draft can be deleted (recommended if it is critical and no drug is recommended).
    """
    clot = chart.problem("venous-thromboembolism")
    orders = [order for order in orders_of(chart, _SERM_OR_HORMONE) if order.route != "vaginal"]
    if clot is None:
        yield from _together(chart, orders)
        return
    for order in orders:
        for_bone = order.drug.mechanism is Mechanism.SERM or osteoporosis(chart)  # hormones are given for more than bone
        by_mouth = order.drug.oral and order.route != "topical"
        yield finding_about(
            chart,
            order,
            CRITICAL if by_mouth else WARNING,
            [facts.problem(clot)],
            values={"problem": clot, "oral": by_mouth},
            alternatives=ranking(chart) if for_bone else (),
        )


def _together(chart: Chart, orders: list[Order]) -> Iterator[Finding]:
    """A SERM and a hormone at one time: each pair once, of the SERM where both are judged."""
    told: set[Drug] = set()
    for order in sorted(orders, key=lambda each: each.drug.mechanism is not Mechanism.SERM):
        other = None if order.drug in told else next(iter(_others(chart, order)), None)
        if other is None:
            continue
        drug, fact = other
        told.add(drug)
        found = finding_about(chart, order, WARNING, [fact], variant="together", values={"other": drug})
        yield replace(found, cites=("EXT-47",))


def _others(chart: Chart, order: Order) -> Iterator[tuple[Drug, Fact]]:
    """The drugs of the other kind that go on or are drafted, but for what one product holds together."""
    wanted = _SERM_OR_HORMONE - {order.drug.mechanism}
    sources = order.course.sources if order.course else (order.draft.id,) if order.draft else ()
    for course in going_on(chart, wanted):
        vaginal = course.dosing is not None and course.dosing.route == "vaginal"
        if not vaginal and not set(course.sources).intersection(sources):
            yield course.drug, facts.on_board(course)
    for draft in (*chart.drafted(wanted), *chart.drafted_beside(wanted)):
        vaginal = draft.dosing is not None and draft.dosing.route == "vaginal"
        if draft.drug is not None and not vaginal and draft.id not in sources:
            yield draft.drug, facts.drafted(draft)
