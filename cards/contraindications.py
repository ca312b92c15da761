"""Section F, order safety: conditions that forbid a drug, or ask for care."""

from __future__ import annotations

from collections.abc import Iterator

from cards import facts, kidney, minerals, options
from cards.chart import Chart, Draft, Measurement
from cards.concepts import (
    ANTI_OSTEOPOROSIS,
    ANTIRESORPTIVE,
    COURSES,
    DENOSUMAB,
    TERIPARATIDE,
    ZOLEDRONATE,
    Data,
    Mechanism,
)
from cards.minerals import calcium
from cards.options import ranking, service
from cards.orders import BISPHOSPHONATE, ORDERS_AND_VIEW, REFERRAL, finding_about, orders_of
from cards.risk import adult, osteoporosis, pregnant
from cards.rule import CRITICAL, WARNING, Finding, Undecided, card
from cards.thresholds import limit

_INJECTIONS = (ZOLEDRONATE, DENOSUMAB)
_SERM_OR_HORMONE = frozenset({Mechanism.SERM, Mechanism.HORMONE_THERAPY})


@card(
    "romosozumab-cardiovascular",
    section="F",
    hooks=ORDERS_AND_VIEW,
    cites=("ELD2023-08a", "OPREF-T7"),
    reads=(Data.CONDITIONS, Data.FUNCTION, *COURSES, *options.READS),
    needs=(Data.CONDITIONS,),
    drugs={Mechanism.SCLEROSTIN_INHIBITOR},
)
def romosozumab_cardiovascular(chart: Chart) -> Iterator[Finding]:
    """Romosozumab is not given after a myocardial infarction or stroke; with two risk factors the heart is assessed first."""
    event = chart.problem("myocardial-infarction", "stroke")
    factors = [p for key in ("hypertension", "diabetes", "smoking", "dyslipidemia") if (p := chart.active_problem(key))]
    ckd = chart.active_problem("ckd-3", "ckd-4", "ckd-5", "dialysis")
    factors += [ckd] if ckd else []
    for order in orders_of(chart, {Mechanism.SCLEROSTIN_INHIBITOR}):
        if event is not None:
            alternatives = (DENOSUMAB, ZOLEDRONATE, TERIPARATIDE)
            yield finding_about(
                chart,
                order,
                CRITICAL,
                [facts.problem(event)],
                variant="event",
                values={"problem": event},
                alternatives=alternatives,
            )
        elif len(factors) >= 2:
            yield finding_about(
                chart, order, WARNING, map(facts.problem, factors), variant="factors", values={"problems": factors}
            )


@card(
    "serm-thrombosis",
    section="F",
    hooks=ORDERS_AND_VIEW,
    cites=("OPREF-T6",),
    reads=(Data.CONDITIONS, *COURSES, *options.READS),
    needs=(Data.CONDITIONS,),
    drugs=_SERM_OR_HORMONE,
)
def serm_thrombosis(chart: Chart) -> Iterator[Finding]:
    """Raloxifene, bazedoxifene and oral hormone therapy are not given to anyone who ever had a venous thromboembolism."""
    clot = chart.problem("venous-thromboembolism")
    if clot is None:
        return
    for order in orders_of(chart, _SERM_OR_HORMONE):
        if order.route == "vaginal":
            continue
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


@card(
    "oral-bisphosphonate-esophagus",
    section="F",
    hooks=ORDERS_AND_VIEW,
    cites=("OPREF-T2", "OPREF-P5"),
    reads=(Data.CONDITIONS, *COURSES, *options.READS),
    needs=(Data.CONDITIONS,),
    drugs=BISPHOSPHONATE,
)
def oral_bisphosphonate_esophagus(chart: Chart) -> Iterator[Finding]:
    """An oral bisphosphonate is not given where the esophagus empties badly or the patient cannot sit upright; with an
    irritated esophagus or ulcer an injection is the better choice."""
    absolute = chart.active_problem("esophageal-delay", "cannot-sit-upright")
    relative = chart.active_problem("esophagitis", "dysphagia", "peptic-ulcer")
    found = absolute or relative
    if found is None:
        return
    for order in orders_of(chart, BISPHOSPHONATE):
        if order.drug.oral:
            yield finding_about(
                chart,
                order,
                CRITICAL if absolute else WARNING,
                [facts.problem(found)],
                variant="absolute" if absolute else "relative",
                values={"problem": found},
                alternatives=_INJECTIONS,
            )


_EVER = ("bone-cancer", "paget", "bone-metastasis", "myeloma", "skeletal-radiation")
"""What forbids a PTH analog for good; hyperparathyroidism and high calcium only while they last, by the problem list or by
the newest value: a normal calcium beside an active entry may be no more than a good day."""


@card(
    "pth-analog-contraindication",
    section="F",
    hooks=ORDERS_AND_VIEW,
    cites=("OPREF-T4",),
    reads=(Data.CONDITIONS, *minerals.READS, Data.WORK_UP, *COURSES, *options.READS),
    needs=(Data.CONDITIONS,),
    drugs={Mechanism.PTH_ANALOG},
)
def pth_analog_contraindication(chart: Chart) -> Iterator[Finding | Undecided]:
    """Teriparatide and abaloparatide are not given with bone tumors, Paget disease, radiation of the skeleton,
    hyperparathyroidism, high calcium, an unexplained high alkaline phosphatase, or while the growth plates are open."""
    newest = calcium(chart)
    problem = chart.problem(*_EVER) or chart.active_problem("hyperparathyroidism", "hypercalcemia")
    denies = problem is not None and problem.key == "hypercalcemia" and newest is not None and newest.high is False
    high = newest.value if newest and newest.high else _unexplained_alp(chart)
    for order in orders_of(chart, {Mechanism.PTH_ANALOG}):
        if not adult(chart):
            yield finding_about(chart, order, CRITICAL, [facts.age(chart)], variant="child")
        elif problem is not None:
            yield finding_about(
                chart,
                order,
                CRITICAL,
                [facts.problem(problem), *([facts.measured(newest.value)] if newest and denies else [])],
                variant="problem",
                values={"problem": problem},
                alternatives=_INJECTIONS,
                notes=("hypercalcemia-listed",) if denies else (),
            )
        elif high is not None:
            yield finding_about(
                chart,
                order,
                CRITICAL,
                [facts.measured(high)],
                variant="alp" if high.key == "alp" else "calcium",
                values={"value": high},
                alternatives=_INJECTIONS,
                notes=("calcium-uncorrected",) if newest and newest.uncorrected and high is newest.value else (),
            )
        elif open_question := _calcium_open(chart, order.draft):
            yield open_question


def _unexplained_alp(chart: Chart) -> Measurement | None:
    """An alkaline phosphatase of a year above the laboratory's range, with no healing fracture to explain it."""
    alp = chart.newest("alp", since=chart.months_ago(limit("alp-window-months")))
    above = alp is not None and alp.high is not None and alp.at_most(alp.high) is False
    return alp if above and not chart.fractures_since(limit("alp-fracture-months")) else None


def _calcium_open(chart: Chart, draft: Draft | None) -> Undecided | None:
    """A calcium on record that does not show whether it is high, or that a failed query keeps from a draft."""
    newest = calcium(chart)
    if newest is not None:
        return Undecided((), (facts.measured(newest.value),), draft) if newest.high is None else None
    since = chart.months_ago(limit("calcium-window-months"))
    unread = kidney.unreadable(chart, "calcium", "calcium-corrected", "calcium-ionized", since=since)
    missing = (Data.CALCIUM,) if Data.CALCIUM in chart.failed else ()
    if draft is not None and (unread or missing):
        return Undecided(unread, (), draft, missing)
    return None


_HOLDING_BACK_RESORPTION = ANTIRESORPTIVE | {Mechanism.SCLEROSTIN_INHIBITOR}


@card(
    "onj-aff-history",
    section="F",
    hooks=ORDERS_AND_VIEW,
    cites=("OPREF-T2",),
    reads=(Data.CONDITIONS, *COURSES, *options.READS),
    needs=(Data.CONDITIONS,),
    drugs=_HOLDING_BACK_RESORPTION,
)
def onj_aff_history(chart: Chart) -> Iterator[Finding]:
    """After osteonecrosis of the jaw or an atypical femur fracture, drugs that hold back resorption are not ordered
    without a specialist."""
    event = chart.problem("osteonecrosis-jaw", "atypical-femur-fracture")
    if event is None:
        return
    for order in orders_of(chart, _HOLDING_BACK_RESORPTION):
        yield finding_about(
            chart,
            order,
            CRITICAL,
            [facts.problem(event)],
            values={"problem": event},
            alternatives=(TERIPARATIDE,),
            recommend=False,
            also=(service(REFERRAL),),
        )


@card(
    "pregnancy",
    section="F",
    hooks=ORDERS_AND_VIEW,
    cites=("OPREF-P1",),
    reads=(Data.CONDITIONS, *COURSES),
    needs=(Data.CONDITIONS,),
    drugs=ANTI_OSTEOPOROSIS,
)
def pregnancy(chart: Chart) -> Iterator[Finding]:
    """In pregnancy no anti-osteoporosis drug but calcium and vitamin D."""
    entry = chart.active_problem("pregnancy")
    if entry is None or not pregnant(chart):
        return
    for order in orders_of(chart, ANTI_OSTEOPOROSIS):
        yield finding_about(chart, order, CRITICAL, [facts.problem(entry)], values={"problem": entry})
