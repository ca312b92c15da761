"""Section B, treatment decisions: when treatment does not do what it should."""

from __future__ import annotations

from collections.abc import Iterator

from cards import facts, kidney, minerals, risk
from cards.calendar import add_months
from cards.chart import Chart, Course, Fracture
from cards.concepts import DENOSUMAB, ROMOSOZUMAB, TERIPARATIDE, ZOLEDRONATE, Data, Drug, Mechanism
from cards.kidney import renal
from cards.options import Offer, offer, service
from cards.rule import PATIENT_VIEW, PROBLEM_CREATE, WARNING, Finding, card
from cards.thresholds import limit

_OPTIONS_READ = (*kidney.READS, *minerals.READS, Data.VITAMIN_D, Data.ALLERGIES, Data.WORK_UP)


def stronger(drug: Drug) -> tuple[Drug, ...]:
    """What is stronger than a drug that failed: an injection after tablets, an anabolic after an antiresorptive."""
    if drug.oral:
        return (ZOLEDRONATE, DENOSUMAB, TERIPARATIDE)
    if drug.mechanism is Mechanism.BISPHOSPHONATE:
        return (TERIPARATIDE, ROMOSOZUMAB, DENOSUMAB)
    if drug.mechanism is Mechanism.RANKL_INHIBITOR:
        return (ROMOSOZUMAB, TERIPARATIDE)
    return (DENOSUMAB, ZOLEDRONATE)


@card(
    "treatment-failure",
    section="B",
    hooks=(PATIENT_VIEW, PROBLEM_CREATE),
    cites=("OVCF2021-T5",),
    reads=(*risk.READS, *_OPTIONS_READ),
    needs=(Data.MEDICATIONS, Data.CONDITIONS),
)
def treatment_failure(chart: Chart) -> Iterator[Finding]:
    """A fragility fracture at least {failure-months} months into the current course calls for stronger treatment, not for
    stopping: adherence and secondary causes first.

    When: an adult on treatment, with a fragility fracture {failure-months} months or more after the start of that course, while
    the drug was being taken. The newest such fracture counts, and of several drugs the one that works longest.

    Not when: the fracture came in the first {failure-months} months or in a pause of the drug; of denosumab when
    `denosumab-sequence` fires.

    Then: warning. Suggested, filtered: after tablets zoledronate, denosumab, teriparatide; after an injected bisphosphonate
    teriparatide, romosozumab, denosumab; after denosumab romosozumab, teriparatide; after anything else denosumab, zoledronate.
    Tablets and daily injections are taken to be given up for the new drug; what an injection of months still does counts
    against it. With a renal estimate below {egfr-specialist}, or where no drug is left: referral to a specialist recommended,
    drugs as options only. After denosumab the detail warns of the loss at the hip under a PTH analog.
    """
    if not risk.adult(chart):
        return
    for course in risk.treatments(chart):
        broken = _failed(chart, course)
        if broken is None or (course.drug is DENOSUMAB and "denosumab-sequence" in chart.found):
            continue
        chosen = _stronger_instead(chart, course)
        yield Finding(
            indicator=WARNING,
            variant="denosumab" if course.drug is DENOSUMAB else "stronger",
            values={"drug": course.drug, "fracture": broken, "start": course.start},
            facts=(facts.fracture(broken), facts.started(course)),
            options=chosen.options,
            dropped=chosen.dropped,
        )
        return


def _failed(chart: Chart, course: Course) -> Fracture | None:
    """The newest fragility fracture on the drug (not in a pause of it), {failure-months} months or more after the course
    began."""
    if course.start is None or not course.spans:
        return None
    from_day = add_months(course.start, limit("failure-months"))
    *paused, (last, _) = course.spans
    spans = (*paused, (last, chart.today))
    on_drug = [f for f in chart.fractures if f.when and any(begin <= f.when <= end for begin, end in spans)]
    return next((f for f in on_drug if f.when and f.when >= from_day), None)


def _stronger_instead(chart: Chart, course: Course) -> Offer:
    """What may follow the drug that failed. Below 30 nothing is recommended but a specialist, who also helps where nothing is
    left. Tablets are given up on the day; what an injection of months still does stays on the chart."""
    kept = chart if course.drug.covers_months else chart.without(course.drug)
    below_30 = bool(renal(chart).below(limit("egfr-specialist")))
    chosen = offer(kept, stronger(course.drug), recommend=not below_30)
    if chosen.options and not below_30:
        return chosen
    return Offer((service("referral-osteoporosis", recommended=True), *chosen.options), chosen.dropped)


@card(
    "bmd-response",
    section="B",
    hooks=(PATIENT_VIEW,),
    cites=("OPREF-M1", "EXT-05"),
    reads=(*risk.READS, *_OPTIONS_READ),
    needs=(Data.MEDICATIONS, Data.BONE_DENSITY),
)
def bmd_response(chart: Chart) -> Iterator[Finding]:
    """On treatment for {bmd-response-months} months or more and bone density fell beyond the least significant change:
    adherence, secondary causes, then a stronger drug.

    When: an adult on an antiresorptive or anabolic that began {bmd-response-months} months ago or more, on treatment today or
    with an active course that stopped working within the last {lapsed-supply-months} months; and BMD of one site fell from the
    baseline to the newest DXA by more than the least significant change ({lsc-total-hip} % at the total hip,
    {lsc-lumbar-spine} % at the lumbar spine, {lsc-femoral-neck} % at the femoral neck). Baseline: the newest DXA of the site
    from {bmd-baseline-before-months} months before to {bmd-baseline-after-months} months after the start, else the first on
    treatment.

    Not when: the two scans name different devices or sides; an oncologic strength; of denosumab when `denosumab-sequence`
    fires.

    Then: warning. Suggested: the stronger drugs that `treatment-failure` names, filtered in the same way, with a referral where
    the renal estimate is below {egfr-specialist} or no drug is left; CTX and P1NP. The detail says where the supply has run out
    in the meantime.
    """
    if not risk.adult(chart):
        return
    since, least = chart.months_ago(limit("lapsed-supply-months")), limit("bmd-response-months")
    for course in chart.courses(risk.TREATMENT):
        now = course.on_treatment(chart.today) or (course.active and course.covered_until and course.covered_until >= since)
        if not now or course.drug.oncologic or course.start is None or add_months(course.start, least) > chart.today:
            continue
        fall = risk.bmd_fall(chart, course.start)
        if fall is None:
            continue
        lapsed = not course.on_treatment(chart.today)
        if course.drug is DENOSUMAB and "denosumab-sequence" in chart.found:
            continue
        chosen = _stronger_instead(chart, course)
        yield Finding(
            indicator=WARNING,
            values={
                "drug": course.drug,
                "site": fall.site,
                "percent": fall.percent,
                "baseline": fall.baseline,
                "newest": fall.newest,
                "lapsed": lapsed,
            },
            facts=(facts.measured(fall.baseline), facts.measured(fall.newest), facts.started(course)),
            options=(*chosen.options, service("ctx"), service("p1np")),
            any_number=True,
            dropped=chosen.dropped,
            notes=("supply-lapsed",) if lapsed else (),
        )
        return
