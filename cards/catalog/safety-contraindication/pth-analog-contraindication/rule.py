"""The rule of `pth-analog-contraindication`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Draft, facts
from cards.chart.facts import Fact
from cards.definitions import kidney
from cards.definitions.basket import dose
from cards.definitions.indication import bone_tumor
from cards.definitions.kidney import renal, renal_facts
from cards.definitions.minerals import (
    Phosphatase,
    borderline,
    calcium,
    denial,
    high_urine_calcium,
    phosphatase,
    unmeasured_before_analog,
)
from cards.definitions.person import adult, of_unknown_age
from cards.definitions.workup import rows
from cards.definitions.workup.row import PTH_ANALOGS, Row
from cards.engine.findings import CRITICAL, WARNING, Finding, Undecided
from cards.engine.ladder import BY_INJECTION
from cards.engine.options import service
from cards.engine.orders import Order, finding_about, going_on, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import ANALYTES, SERVICES, Data, Mechanism

_RENAL = "mineral-bone-disorder"
_BONE = (_RENAL, "osteomalacia", "phosphate-loss", "osteogenesis-imperfecta", "bone-dysplasia")
"""Bone diseases other than osteoporosis, while they last."""
_ROWS = ("osteomalacia", "low-phosphate", "low-alp")
"""Findings of the work-up that mean one of them."""
_PARATHYROID = ("hyperparathyroidism", "secondary-hyperparathyroidism")
_EVER = ("paget", "skeletal-radiation")
"""What, beside a tumor of bone (``bone_tumor``), rules out a PTH analog permanently. Hyperparathyroidism and high calcium
do so only while they last, according to the problem list or the newest value: a normal calcium with an active entry may be
a chance finding."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """Teriparatide and abaloparatide are not given with bone tumors, Paget disease, earlier radiotherapy, hyperparathyroidism,
    high calcium, unexplained high alkaline phosphatase, severe renal impairment, or open growth plates; with stones, high
    urine calcium or digoxin they are weighed.

    When: one of them is ordered or taken, and one of these applies (the first counts): (1) the patient is under {adult-years};
    (2) on record at any time: primary bone cancer, Paget disease, bone metastasis, myeloma or radiotherapy (of any site but
    skin or eye); or, on record as active: hyperparathyroidism, hypercalcemia (the latter also with a newer calcium within
    range, which is then shown), osteomalacia, hypophosphatasia, hereditary phosphate loss, renal osteodystrophy, osteogenesis
    imperfecta, fibrous dysplasia or osteopetrosis; or the work-up finds osteomalacia, phosphate loss or a low ALP that was
    confirmed; (3) the newest calcium within {calcium-window-months} months is high; (4) the newest alkaline phosphatase
    within {work-up-window-months} months is above the laboratory's own range, without one above {alp-high} U/L, and no
    fragility fracture within {alp-fracture-months} months explains it; (5) dialysis, or a renal estimate below
    {pth-analog-egfr} mL/min; (6) kidney stones that are active or of the last {pth-analog-stone-months} months, 24 h urine
    calcium within {urine-calcium-window-months} months above {urine-calcium-man-mg} mg in a man, above
    {urine-calcium-woman-mg} mg in anyone else, a calcium above {calcium-borderline} mg/dL of which the laboratory gives no
    range, or digoxin, taken or drafted; (7) on an order of a first course, or one taken up again, no calcium, PTH or ALP
    within {work-up-window-months} months shows that none of (2) to (4) applies.

    Not when: none of (1) to (5) applies, but a calcium or ALP on record could not be read or does not show whether it is high,
    or a renal estimate leaves its limit open: then `incomplete-data` says so on an order, as it does if the age is unknown;
    (6) and (7) are said all the same, (7) not of what could not be read or had.

    Then: critical, (6) and (7) warning; one step milder on patient-view. Zoledronate or denosumab instead, the first without a
    warning recommended (nothing for a child, nor in (6) for a drug that is taken). No drug, but a referral that is
    recommended: with primary bone cancer, metastasis or myeloma to oncology, which chooses the drug and its dose; with
    another disease of bone to endocrinology or nephrology; in (5) to nephrology. The draft can be deleted (recommended if
    no drug is recommended). The detail says if the calcium is uncorrected. In (6) 24 h urine calcium, with digoxin calcium,
    may be ordered beside; in (7) what is missing, which is recommended, unless it is ordered.
    """
    orders = orders_of(chart, {Mechanism.PTH_ANALOG})
    if not orders:
        return
    newest = calcium(chart)
    high = newest.value if newest and newest.high else None
    listed = chart.active_problem("hypercalcemia") if high is None else None
    tumor = bone_tumor(chart)
    problem = tumor or chart.problem(*_EVER) or chart.active_problem(*_PARATHYROID) or listed
    bone, row = chart.active_problem(*_BONE), _of_bone(chart)
    denied = denial(chart, listed) if problem is listed else None
    calcium_told = [facts.measured(m) for m in (high, denied) if m]
    alp = None if high else _unexplained_alp(chart, n)
    kidneys, cautions = renal(chart), list(_cautions(chart, n))
    for order in orders:
        if not adult(chart):
            yield finding_about(chart, order, CRITICAL, [facts.age(chart)], variant="child")
        elif problem is not None:
            yield finding_about(
                chart,
                order,
                CRITICAL,
                [facts.problem(problem), *calcium_told],
                variant="tumor" if tumor else "problem",
                values={"problem": problem},
                alternatives=() if tumor else BY_INJECTION,
                also=(service("referral-oncology", recommended=True),) if tumor else (),
                notes=("hypercalcemia-listed",) if denied else (),
            )
        elif bone is not None or row is not None:
            renal_bone = bone is not None and bone.key == _RENAL
            yield finding_about(
                chart,
                order,
                CRITICAL,
                [*([facts.problem(bone)] if bone else []), *(row.evidence if row else ())],
                variant="bone",
                values={"problem": bone, "row": row, "renal": renal_bone},
                also=(service("referral-nephrology" if renal_bone else "referral-endocrinology", recommended=True),),
            )
        elif high is not None:
            yield finding_about(
                chart,
                order,
                CRITICAL,
                [facts.measured(high)],
                variant="calcium",
                values={"value": high},
                alternatives=BY_INJECTION,
                notes=("calcium-uncorrected",) if newest and newest.uncorrected else (),
            )
        elif alp is not None:
            yield finding_about(
                chart,
                order,
                CRITICAL,
                [facts.measured(alp.value)],
                variant="alp",
                values={"value": alp.value, "ceiling": alp.ceiling, "explained": n.alp_fracture_months},
                alternatives=BY_INJECTION,
                left_out=of_unknown_age(chart),
            )
        elif kidneys.below(n.pth_analog_egfr) and kidneys.lowest is not None:
            yield finding_about(
                chart,
                order,
                CRITICAL,
                map(facts.measured, kidneys.estimates),
                variant="kidney",
                values={"estimate": kidneys.lowest, "limit": n.pth_analog_egfr, "dialysis": kidneys.dialysis},
                also=(service("referral-nephrology", recommended=True),),
            )
        else:
            yield from _open(chart, n, order)
            missing = _unmeasured(chart, order)
            tests = tuple(service(key, recommended=True) for key in missing if not chart.ordered(key))
            if missing and not cautions:
                yield finding_about(
                    chart,
                    order,
                    WARNING,
                    [],
                    variant="unmeasured",
                    values={"missing": [SERVICES[key] for key in missing], "months": n.work_up_window_months},
                    also=tests,
                    any_number=True,
                    correctable=True,
                    left_out=chart.left_out(*missing),
                )
            elif cautions:
                yield finding_about(
                    chart,
                    order,
                    WARNING,
                    [fact for _, fact in cautions],
                    variant="caution",
                    values={
                        "reasons": [reason for reason, _ in cautions],
                        "fact": cautions[0][1],
                        "said": facts.said(cautions[0][1]),
                        "missing": [SERVICES[key] for key in missing],
                        "months": n.work_up_window_months,
                    },
                    alternatives=BY_INJECTION if order.draft is not None else (),
                    also=(
                        *(service(key) for key in dict.fromkeys(_TEST[reason] for reason, _ in cautions) if key not in missing),
                        *tests,
                    ),
                )


def _unmeasured(chart: Chart, order: Order) -> tuple[str, ...]:
    """What nobody has measured before a first dose, though a high value of it would forbid the drug. Of what could not be had
    or read `incomplete-data` speaks; what the service itself offers waits for these tests by its label."""
    if order.draft is None or order.draft.proposed or going_on(chart, {Mechanism.PTH_ANALOG}):
        return ()
    since = chart.months_ago(chart.numbers.work_up_window_months)
    lost = {key for key, analytes in _MEASURED.items() if kidney.unreadable(chart, *analytes, since=since)}
    lost |= {key for key, analytes in _MEASURED.items() if ANALYTES[analytes[0]].group in chart.failed}
    if phosphatase(chart) is not None:
        lost.add("alp")
    return tuple(key for key in unmeasured_before_analog(chart).split("-") if key and key not in lost)


_MEASURED = {"calcium": ("calcium", "calcium-corrected", "calcium-ionized"), "pth": ("pth",), "alp": ("alp",)}
"""The tests of ``unmeasured_before_analog``, with what they measure."""


def _open(chart: Chart, n: Numbers, order: Order) -> Iterator[Undecided]:
    """What is not known and might rule the drug out: the first that applies."""
    kidneys = renal(chart)
    if order.draft is not None and chart.age is None:
        yield Undecided(about=order.draft, missing=(Data.PATIENT,))
    elif (open_question := _calcium_open(chart, n, order.draft)) or (open_question := _alp_open(chart, order.draft)):
        yield open_question
    elif kidneys.undecided(n.pth_analog_egfr):
        yield Undecided(kidneys.unreadable, renal_facts(kidneys), order.draft)


def _of_bone(chart: Chart) -> Row | None:
    """What the work-up found that is another disease of bone than osteoporosis."""
    found = (row for row in rows(chart, about_to_be_treated=True) if row.key in _ROWS)
    return next((row for row in found if row.drops >= PTH_ANALOGS), None)


_TEST = {"stones": "urine-calcium", "urine": "urine-calcium", "borderline": "urine-calcium", "digoxin": "calcium"}


def _cautions(chart: Chart, n: Numbers) -> Iterator[tuple[str, Fact]]:
    """What calls for caution: the reason, and the fact that shows it."""
    stones = chart.active_problem("kidney-stones") or chart.problem("kidney-stones")
    if stones and (stones.active or (stones.at_latest and stones.at_latest >= chart.months_ago(n.pth_analog_stone_months))):
        yield "stones", facts.problem(stones)
    urine = high_urine_calcium(chart)
    if urine is not None:
        yield "urine", facts.measured(urine)
    near = borderline(chart)
    if near is not None:
        yield "borderline", facts.measured(near)
    for course in going_on(chart, {Mechanism.CARDIAC_GLYCOSIDE}):
        yield "digoxin", facts.taken(course)
    for draft in (*chart.drafted({Mechanism.CARDIAC_GLYCOSIDE}), *chart.drafted_beside({Mechanism.CARDIAC_GLYCOSIDE})):
        yield "digoxin", facts.drafted(draft, dose(chart, draft))


def _unexplained_alp(chart: Chart, n: Numbers) -> Phosphatase | None:
    """A high alkaline phosphatase, with no healing fracture to explain it."""
    alp = phosphatase(chart)
    return alp if alp and alp.high and not chart.fractures_since(n.alp_fracture_months) else None


def _alp_open(chart: Chart, draft: Draft | None) -> Undecided | None:
    """For a draft, a recorded ALP that does not show whether it is high, or that could not be read. What the service itself
    offers waits for a normal ALP anyway."""
    alp = phosphatase(chart)
    if draft is None or draft.proposed or (alp is not None and alp.high is not None):
        return None
    unread = kidney.unreadable(chart, "alp", since=chart.months_ago(chart.numbers.work_up_window_months))
    if alp is None and not unread:
        return None
    return Undecided(unread, (facts.measured(alp.value),) if alp else (), draft)


def _calcium_open(chart: Chart, n: Numbers, draft: Draft | None) -> Undecided | None:
    """A recorded calcium that does not show whether it is high, or, for a draft, one that a failed query may have hidden."""
    newest = calcium(chart)
    if newest is not None:
        return Undecided((), (facts.measured(newest.value),), draft) if newest.high is None else None
    since = chart.months_ago(n.calcium_window_months)
    unread = kidney.unreadable(chart, "calcium", "calcium-corrected", "calcium-ionized", since=since)
    missing = (Data.CALCIUM,) if Data.CALCIUM in chart.failed else ()
    if draft is not None and (unread or missing):
        return Undecided(unread, (), draft, missing)
    return None
