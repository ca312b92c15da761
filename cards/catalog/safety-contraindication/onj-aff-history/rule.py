"""The rule of `onj-aff-history`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Problem, facts
from cards.definitions.femur import IMAGING
from cards.engine.findings import CRITICAL, Finding
from cards.engine.options import service
from cards.engine.orders import REFERRAL, Order, finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import ANTIRESORPTIVE, DENOSUMAB, TERIPARATIDE, Mechanism

_HOLDING_BACK_RESORPTION = ANTIRESORPTIVE | {Mechanism.SCLEROSTIN_INHIBITOR}


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """After osteonecrosis of the jaw or an atypical femur fracture, drugs that suppress resorption are not ordered without a
    specialist.

    When: a bisphosphonate, denosumab, SERM, hormone therapy or romosozumab is ordered or taken, and osteonecrosis of the jaw or
    an atypical femur fracture is on record, whatever its date.

    Then: critical (warning on patient-view). Teriparatide as an option, not recommended, but not in place of denosumab that was
    given before, of which the last safe day is named; referral to an osteoporosis specialist; after an atypical femur fracture
    X-ray of both femora, unless ordered or done since; deleting the draft is recommended.
    """
    event = chart.problem("osteonecrosis-jaw", "atypical-femur-fracture")
    if event is None:
        return
    other = event.key == "atypical-femur-fracture" and not _imaged(chart, event)
    for order in orders_of(chart, _HOLDING_BACK_RESORPTION):
        yield finding_about(
            chart,
            order,
            CRITICAL,
            [facts.problem(event)],
            values={"problem": event, "other": other},
            alternatives=() if _after_denosumab(chart, order) else (TERIPARATIDE,),
            recommend=False,
            also=(service(REFERRAL), *((service(IMAGING),) if other else ())),
        )


def _after_denosumab(chart: Chart, order: Order) -> bool:
    """Whether denosumab works or has just worn off: an anabolic alone does not hold the bone then, and a specialist chooses."""
    return order.drug is DENOSUMAB and chart.course(DENOSUMAB) is not None


def _imaged(chart: Chart, fracture: Problem) -> bool:
    """Whether the femora were imaged since, or are to be."""
    day = fracture.at_latest
    return chart.ordered(IMAGING) or (day is not None and chart.done(IMAGING, since=day) is not None)
