"""The rule of `calcium-contraindicated`."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from cards.chart import ORDER_HOOKS, REFILL, Chart, Draft, Measurement, facts
from cards.chart.facts import Fact
from cards.definitions import ckd, person
from cards.definitions.minerals import calcium, calcium_excess, denial
from cards.engine.findings import CRITICAL, WARNING, Finding
from cards.engine.options import discard, service
from cards.engine.orders import Order, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import PROBLEMS, Mechanism

_CALCIUM = frozenset({Mechanism.CALCIUM})
_NEPHROLOGY = "referral-nephrology"
_VITAMIN_D = frozenset({Mechanism.VITAMIN_D})


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """No calcium supplements in hypercalcemia or hypercalciuria.

    When: calcium is drafted for an adult, or its refill is asked for, or, on patient-view, it is being taken (active, or
    covering today), and, in this order: (1) the newest calcium is high; (2) the newest 24 h urine calcium within
    {urine-calcium-window-months} months is above the laboratory's own limit, otherwise above {urine-calcium-man-mg} mg in a
    man, above {urine-calcium-woman-mg} mg in anyone else; (3) hypercalcemia or hypercalciuria is on record as active (a code
    that covers both high and low calcium does not count). Plain vitamin D, too, drafted or refilled while (1) holds, but not
    with hyperparathyroidism on record as active and a calcium at most {calcium-surgery} mg/dL above its limit. Active forms
    are `active-vitamin-d-contraindicated`. Calcium that is drafted in kidney failure with a PTH below {pth-dialysis-low}
    times its upper limit counts, too, since bone turnover may be low; but not with low calcium, nor for {ckd-calcium-months}
    months after denosumab.

    Then: critical on a draft and at a refill, warning on patient-view, for vitamin D and for a low PTH, of which nephrology
    decides (recommended). Delete the draft (recommended); orders
    for calcium with albumin and PTH, in (2) also for 24 h urine calcium; any number may be chosen. Vitamin D pauses, too; with
    urine calcium alone only its active forms (`vitamin-d-low` gives the usual dose). In (3), a calcium within
    range that is no older than the entry of hypercalcemia is shown next to it, since the entry may be out of date.
    """
    found = calcium_excess(chart)
    if not person.adult(chart):
        return
    if found is None:
        yield from _low_turnover(chart)
        return
    variant, fact = found
    male = chart.patient.sex == "male"
    denied = denial(chart, chart.active_problem("hypercalcemia")) if variant == "problem" else None
    if chart.hook in ORDER_HOOKS:
        for draft in chart.drafted(_CALCIUM):
            yield _no_calcium(variant, fact, draft, denied=denied, male=male)
    elif chart.hook is REFILL:
        for order in orders_of(chart, _CALCIUM)[:1]:
            refilled = _no_calcium(variant, fact, order.draft, *_taking(order), denied=denied, male=male)
            yield replace(refilled, indicator=CRITICAL)
    elif taken := [c for c in chart.courses(_CALCIUM) if c.active or c.on_treatment(chart.today)]:
        yield _no_calcium(variant, fact, None, facts.taken(taken[0]), denied=denied, male=male)
    if variant == "blood" and chart.hook in ORDER_HOOKS | {REFILL} and not _mild(chart, n):
        packs = {draft.id for draft in chart.drafted(_CALCIUM)}
        alone = (o for o in orders_of(chart, _VITAMIN_D) if o.draft is None or o.draft.id not in packs)
        for order in alone:
            held = _no_calcium(variant, fact, order.draft, *_taking(order), denied=None, male=male)
            yield replace(held, indicator=WARNING, values={**held.values, "vitamin_d": order.drug})


def _low_turnover(chart: Chart) -> Iterator[Finding]:
    """Calcium that is drafted before nephrology has decided."""
    pth = ckd.first_to_nephrology(chart)
    if pth is None or chart.hook not in ORDER_HOOKS:
        return
    for draft in chart.drafted(_CALCIUM):
        held = _no_calcium("low-turnover", facts.measured(pth), draft, denied=None, male=False)
        referral = () if chart.ordered(_NEPHROLOGY) else (service(_NEPHROLOGY, recommended=True),)
        yield replace(held, indicator=WARNING, options=(discard(draft), *referral), cites=("EXT-28",))


def _taking(order: Order) -> tuple[Fact, ...]:
    return (facts.taken(order.course),) if order.course else ()


def _mild(chart: Chart, n: Numbers) -> bool:
    """Hyperparathyroidism that is known, and a calcium little above its limit: vitamin D in a low dose may go on."""
    reading = calcium(chart)
    known = chart.active_problem("hyperparathyroidism") is not None
    return known and reading is not None and reading.beyond(n.calcium_surgery) is False


def _no_calcium(variant: str, fact: Fact, draft: Draft | None, *more: Fact, denied: Measurement | None, male: bool) -> Finding:
    return Finding(
        indicator=CRITICAL if draft else WARNING,
        variant=variant,
        values={
            "active": draft is None,
            "vitamin_d": None,
            "male": male,
            "of_urine": variant == "urine" or fact.name == PROBLEMS["hypercalciuria"],
            "denied": denied is not None,
            "fact": fact.name,
            "value": fact.value,
            "unit": fact.unit,
            "when": fact.dated,
        },
        facts=((facts.drafted(draft),) if draft else more) + (fact, *((facts.measured(denied),) if denied else ())),
        notes=("hypercalcemia-listed",) if denied else (),
        options=(
            *((discard(draft, recommended=True),) if draft else ()),
            *(service(key) for key in ("calcium", "pth", *(("urine-calcium",) if variant == "urine" else ()))),
        ),
        any_number=True,
        about=draft,
    )
