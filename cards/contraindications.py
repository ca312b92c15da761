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
from cards.minerals import calcium, denial
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
    """Romosozumab is not given after a myocardial infarction or stroke; with {cardiovascular-factors} cardiovascular risk
    factors the heart is assessed first.

    When: romosozumab is ordered or taken, and (1) a myocardial infarction or stroke is on record, of whatever date or undated
    (a transient ischemic attack does not count); or (2) without such an event, {cardiovascular-factors} or more of these are on
    record as active: hypertension, diabetes, dyslipidemia, current smoking, chronic kidney disease (a coded stage of three or
    more, or dialysis).

    Then: (1) critical, on the chart view warning: denosumab, zoledronate or teriparatide in its place, the first without a
    warning recommended; (2) warning, on the chart view info, without an alternative. The draft can be deleted (recommended in
    (1) where no drug is). The detail says where the event is undated.
    """
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
        elif len(factors) >= limit("cardiovascular-factors"):
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
    """Raloxifene, bazedoxifene and oral hormone therapy are not given to anyone who ever had a venous thromboembolism.

    When: a SERM or hormone therapy is ordered or taken and a venous thromboembolism is on record, of whatever date.

    Not when: vaginal hormone therapy.

    Then: critical for a drug by mouth, on the chart view warning; warning for one through the skin, on the chart view info. In
    its place drugs by the ranking for a start of treatment, for hormone therapy only with osteoporosis, the first without a
    warning recommended. The draft can be deleted (recommended where it is critical and no drug is).
    """
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
    irritated esophagus or an ulcer an injection is the better choice.

    When: an oral bisphosphonate is ordered or taken, and on record as active is (1) esophageal stricture or achalasia, or
    inability to sit upright; or (2) without these, Barrett esophagus, esophagitis or reflux disease, dysphagia, or a peptic
    ulcer.

    Then: (1) critical, on the chart view warning; (2) warning, on the chart view info. Zoledronate or denosumab in its place,
    the first without a warning recommended. The draft can be deleted (recommended in (1) where no drug is).
    """
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
    hyperparathyroidism, high calcium, an unexplained high alkaline phosphatase, or while the growth plates are open.

    When: one of them is ordered or taken, and, the first that holds: (1) the patient is under {adult-years}; (2) on record is,
    ever, primary bone cancer, Paget disease, bone metastasis, myeloma or radiotherapy to the skeleton; or, active,
    hyperparathyroidism or hypercalcemia (the latter also beside a newer calcium within range, which is then shown); (3) the
    newest calcium within {calcium-window-months} months is high; (4) the newest alkaline phosphatase within {alp-window-months}
    months is above the laboratory's own range, and no fragility fracture within {alp-fracture-months} months explains it.

    Not when: none of these holds, but a calcium on record could not be read or does not tell whether it is high: then
    `incomplete-data` says so on an order.

    Then: critical, on the chart view warning. Zoledronate or denosumab in its place, the first without a warning recommended
    (for a child nothing). The draft can be deleted (recommended where no drug is). The detail says where the calcium is
    uncorrected.
    """
    newest = calcium(chart)
    high = newest.value if newest and newest.high else None
    listed = chart.active_problem("hypercalcemia") if high is None else None
    problem = chart.problem(*_EVER) or chart.active_problem("hyperparathyroidism") or listed
    denied = denial(chart, listed) if problem is listed else None
    calcium_told = [facts.measured(m) for m in (high, denied) if m]
    high = high or _unexplained_alp(chart)
    for order in orders_of(chart, {Mechanism.PTH_ANALOG}):
        if not adult(chart):
            yield finding_about(chart, order, CRITICAL, [facts.age(chart)], variant="child")
        elif problem is not None:
            yield finding_about(
                chart,
                order,
                CRITICAL,
                [facts.problem(problem), *calcium_told],
                variant="problem",
                values={"problem": problem},
                alternatives=_INJECTIONS,
                notes=("hypercalcemia-listed",) if denied else (),
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
    """After osteonecrosis of the jaw or an atypical femur fracture, drugs that hold back resorption are not ordered without a
    specialist.

    When: a bisphosphonate, denosumab, SERM, hormone therapy or romosozumab is ordered or taken, and osteonecrosis of the jaw or
    an atypical femur fracture is on record, of whatever date.

    Then: critical, on the chart view warning. Teriparatide as an option that is not recommended, referral to an osteoporosis
    specialist; deleting the draft is recommended.
    """
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
    """In pregnancy no anti-osteoporosis drug but calcium and vitamin D.

    When: an anti-osteoporosis drug (bisphosphonate, denosumab, PTH analog, romosozumab, SERM, hormone therapy, calcitonin,
    strontium, vitamin K2) is ordered or taken in an active pregnancy: a woman under {pregnancy-age-years} or of unknown age, an
    active entry without an end whose onset or date of recording lies within {pregnancy-days} days or is not known.

    Then: critical, on the chart view warning, without an alternative; deleting the draft is recommended. The detail asks to end
    an entry that is out of date.
    """
    entry = chart.active_problem("pregnancy")
    if entry is None or not pregnant(chart):
        return
    for order in orders_of(chart, ANTI_OSTEOPOROSIS):
        yield finding_about(chart, order, CRITICAL, [facts.problem(entry)], values={"problem": entry})
