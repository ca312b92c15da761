"""The rule of `bmd-screening`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.chart.facts import Fact
from cards.definitions import diagnosis, person, treatment
from cards.definitions.bone_loss import HORMONE_BLOCKERS, long_glucocorticoid
from cards.definitions.density import bmd_known, unknown_bmd
from cards.definitions.goals import very_old
from cards.definitions.indication import bone_tumor
from cards.definitions.kidney import renal
from cards.definitions.person import body_mass_index, orchiectomy
from cards.engine.findings import INFO, WARNING, Earlier, Finding
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import Name

_RISK_PROBLEMS = (
    "hypogonadism",
    "rheumatoid-arthritis",
    "lupus",
    "hyperparathyroidism",
    "secondary-hyperparathyroidism",
    "hyperthyroidism",
    "cushing",
    "malabsorption",
    "celiac-disease",
    "ckd-3",
    "ckd-4",
    "ckd-5",
    "diabetes",
    "immobility",
    "paraplegia",
    "smoking",
)
_TEST = ("OPREF-S1", "OPREF-D6", "POP2022-D4", "ELD2023-02b", "REHAB2024-04")
_CITES = {
    "fracture": _TEST,
    "osteoporosis": _TEST,
    "drug": (*_TEST, "ELD2023-12a"),
    "age": (*_TEST, "ELD2023-12a"),
    "risk-factor": (*_TEST, "OPREF-D2", "ELD2023-12a"),
}
"""The recommendations behind each reason."""


def risk_factors(chart: Chart, n: Numbers) -> list[Fact]:
    """The risk factors for `bmd-screening` that are on record (OPREF-D2)."""
    found = [facts.problem(p) for key in _RISK_PROBLEMS if (p := chart.active_problem(key))]
    if early := chart.problem("early-menopause"):
        found.append(facts.problem(early))
    if surgery := orchiectomy(chart):
        found.append(facts.problem(surgery))
    if chart.parental_hip_fracture:
        found.append(Fact(Name("hip fracture of a parent", "父母髋部骨折史")))
    bmi = body_mass_index(chart)
    if bmi is not None and bmi.below(n.bmi_low):
        found.append(facts.measured(bmi))
    alcohol = chart.newest("alcohol")
    if alcohol is not None and alcohol.below(n.alcohol_units) is False:
        found.append(facts.measured(alcohol))
    kidneys = renal(chart)
    if kidneys.below(n.ckd_3_egfr) and kidneys.lowest and not chart.active_problem("ckd-3", "ckd-4", "ckd-5"):
        found.append(facts.measured(kidneys.lowest))
    return found


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """Bone density should be measured in women from {screening-woman-years}, in men from {screening-man-years}, in younger
    adults with a risk factor, after a fragility fracture, on drugs that harm bone, and in osteoporosis, but no result is on
    record for this patient.

    When: an adult with no T-score or Z-score of a diagnostic site and no QCT value ever recorded, and the first of these that
    applies: (1) any fragility fracture; (2)
    osteoporosis, or on treatment; (3) a systemic glucocorticoid of {glucocorticoid-mg} mg prednisone equivalent a day or more
    taken for {glucocorticoid-days} days, an aromatase inhibitor or a GnRH analog or antagonist taken today, or long-term
    glucocorticoid use as an active problem; (4) a woman of {screening-woman-years} or older, a man of {screening-man-years} or
    older; (5) a risk factor in a postmenopausal woman or an adult man. Risk factors: hip fracture in a parent; newest BMI below
    {bmi-low} (as reported, or from weight and height within twenty-four months); current smoking; {alcohol-units} or more
    alcoholic drinks a day; early menopause; bilateral orchiectomy; hypogonadism, rheumatoid arthritis, lupus,
    hyperparathyroidism, hyperthyroidism, Cushing syndrome, malabsorption, diabetes, paraplegia or prolonged immobility as an
    active problem; chronic kidney disease stage 3 or higher, coded or by a renal estimate below {ckd-3-egfr}.

    Not when: a DXA or QCT is ordered, or `bone-loss-medication` fires in the same answer and requests it;
    myeloma, bone metastasis or primary bone cancer is on record (`referral`); from {oldest-years} years on,
    {old-dementia-years} with dementia: treatment does not wait for it.

    Then: warning after a fragility fracture, otherwise info. Where bone density was measured within {unread-result-months}
    months and the result is not known (a report that cannot be read, a DXA without a result on record, BMD without a T-score, a
    T-score of the femur above {t-osteoporosis} without its region), the card asks for the result and orders nothing. Otherwise,
    recommended: DXA of spine and hip. QCT is an option only if a CT of the spine is already ordered. The detail says that
    check-ups from age forty include bone density and that heel ultrasound does not replace DXA, and lists recorded T-scores and
    BMD values that could not be used.
    """
    if not person.adult(chart) or bmd_known(chart) or chart.ordered("dxa", "qct") or _requested(earlier):
        return
    reason, evidence = _screening_reason(chart, n)
    if not reason or bone_tumor(chart) is not None or very_old(chart):
        return
    unknown = unknown_bmd(chart)
    asks = unknown is not None and unknown.at_latest >= chart.months_ago(n.unread_result_months)
    tests = (service("dxa", recommended=True), *((service("qct"),) if chart.ordered("spine-ct") else ()))
    yield Finding(
        indicator=WARNING if reason == "fracture" else INFO,
        variant=reason,
        values={
            "evidence": [facts.said(fact) for fact in evidence],
            "when": evidence[0].dated if evidence else None,
            "unknown": unknown.why if unknown else "",
            "scan": unknown.dated if unknown else None,
            "value": unknown.value if unknown else None,
            "asks": asks,
        },
        cites=_CITES[reason],
        facts=(facts.age(chart), *evidence) if chart.age is not None else tuple(evidence),
        options=() if asks else tests,
        any_number=True,
        left_out=chart.left_out("t-score", "bmd"),
    )


def _requested(earlier: Earlier) -> bool:
    """Whether the card of a drug that harms bone orders the scan. Of one that was done and told nothing it does not speak."""
    return any(option.key == "dxa" for each in earlier.of("bone-loss-medication") for option in each.options)


def _screening_reason(chart: Chart, n: Numbers) -> tuple[str, list[Fact]]:
    age = chart.age or 0
    factors = risk_factors(chart, n)
    if chart.fractures:
        return "fracture", [facts.fracture(chart.fractures[0])]
    if diagnosis.osteoporosis(chart) or treatment.on_treatment(chart):
        known = chart.problem("osteoporosis")
        return "osteoporosis", [facts.problem(known)] if known else [facts.taken(c) for c in treatment.treatments(chart)]
    harm = long_glucocorticoid(chart) or next((c for c in chart.courses(HORMONE_BLOCKERS) if c.on_treatment(chart.today)), None)
    if harm is not None:
        return "drug", [facts.taken(harm)]
    if documented := chart.active_problem("long-term-glucocorticoid"):
        return "drug", [facts.problem(documented)]
    if chart.patient.female and age >= n.screening_woman_years:
        return "age", factors
    if chart.patient.sex == "male" and age >= n.screening_man_years:
        return "age", factors
    if factors and (person.postmenopausal(chart) or (chart.patient.sex == "male" and age >= n.adult_years)):
        return "risk-factor", factors
    return "", []
