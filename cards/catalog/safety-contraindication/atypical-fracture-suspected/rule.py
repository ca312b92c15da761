"""The rule of `atypical-fracture-suspected`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import ORDER_HOOKS, Chart, facts
from cards.chart.facts import Fact
from cards.definitions.basket import dose
from cards.definitions.denosumab import late_from
from cards.definitions.femur import IMAGING, SUSPECT, Suspicion, suspicion, unread_doses
from cards.engine.findings import CRITICAL, INFO, WARNING, Finding, Option, Undecided
from cards.engine.options import discard, service
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB

_TESTS = {
    "vitamin-d": ("vitamin-d",),
    "calcium": ("calcium", "calcium-corrected", "calcium-ionized"),
    "alp": ("alp",),
}
"""What to order, and which results show that it has been done."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """Pain in the thigh or groin after years of antiresorptives may be an incomplete fracture of the femur: pause the drug and
    image both femora.

    When: active, and begun or recorded within {femur-sign-days} days: a stress lesion of the femur (lateral cortical
    thickening, stress reaction, incomplete fracture); otherwise pain in thigh or groin; otherwise in the hip where neither
    osteoarthritis, hip fracture, trochanteric bursitis nor sciatica of that side (or of no named side) is on record. With
    {femur-exposure-months} months or more on bisphosphonates and denosumab in all, in any strength, each zoledronate counting
    {zoledronate-months}; {femur-exposure-risk-months} months with a long-term glucocorticoid or a confirmed low ALP; on one
    now, or off for less than {femur-off-months} months. On orders: only where one of them is drafted.

    Not when: an atypical femur fracture is on record (`onj-aff-history`); for pain, both femora were imaged since and the
    report could be read.

    Then: critical for a lesion, warning for pain, info where femora were imaged since and no report could be read; on
    patient-view no milder. Recommended: X-ray of both femora, unless ordered; with a lesion orthopedics, otherwise as an
    option; 25(OH)D, calcium and ALP without a result of {femur-test-months} months; deleting the drafts, but not denosumab for
    pain alone: its dose is given after the film, at the latest four weeks after it was due. Where only a film is to be read
    nothing is ordered, and deleting is an option. No antiresorptive or anabolic is recommended before the film. A
    glucocorticoid's dose that is of a wrong type and would decide: `incomplete-data`.
    """
    found = suspicion(chart)
    drafts = chart.drafted(SUSPECT) if chart.hook in ORDER_HOOKS else []
    if found is None and (unread := unread_doses(chart)):
        yield from (Undecided(unread, about=draft) for draft in drafts or (None,))
    if found is None or (chart.hook in ORDER_HOOKS and not drafts):
        return
    concerned = [draft.drug for draft in drafts if draft.drug] or [course.drug for course in found.taken]
    goes_on = not found.seen and any(drug.ingredient == DENOSUMAB.ingredient for drug in concerned)
    paused = [drug for drug in concerned if found.seen or drug.ingredient != DENOSUMAB.ingredient]
    course = chart.course(DENOSUMAB)
    last_dose = course.last_dose if course is not None else None
    yield Finding(
        indicator=CRITICAL if found.seen else INFO if found.film else WARNING,
        variant="lesion" if found.seen else "film" if found.film else "pain-denosumab" if goes_on and not paused else "pain",
        values={
            "sign": found.sign,
            "film": found.film,
            "months": found.months,
            "paused": paused,
            "denosumab": goes_on,
            "writing": bool(drafts),
            "safe": late_from(chart.numbers, last_dose) if last_dose is not None else None,
        },
        facts=(*(facts.drafted(draft, dose(chart, draft)) for draft in drafts), *_evidence(found)),
        options=(
            *(_orders(chart, n, found) if found.seen or not found.film else ()),
            *(discard(draft, recommended=found.film is None) for draft in drafts if draft.drug in paused),
        ),
        any_number=True,
    )


def _evidence(found: Suspicion) -> Iterator[Fact]:
    yield facts.problem(found.sign)
    yield from (facts.started(course) if course.start else facts.on_board(course) for course in found.taken)
    if found.course is not None:
        yield facts.taken(found.course)
    if found.row is not None:
        yield from found.row.evidence


def _orders(chart: Chart, n: Numbers, found: Suspicion) -> Iterator[Option]:
    since = chart.months_ago(n.femur_test_months)
    if not chart.ordered(IMAGING):
        yield service(IMAGING, recommended=True)
    if not chart.ordered("referral-orthopedics"):
        yield service("referral-orthopedics", recommended=found.seen)
    for key, analytes in _TESTS.items():
        if not chart.ordered(key) and not any(chart.newest(each, since=since) for each in analytes):
            yield service(key, recommended=True)
