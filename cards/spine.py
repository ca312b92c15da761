"""Section G, vertebral fracture: care, and what forbids augmentation."""

from __future__ import annotations

from collections.abc import Iterator

from cards import facts, risk
from cards.chart import Chart, Fracture, Measurement
from cards.concepts import COURSES, Data, Mechanism
from cards.options import discard, service
from cards.rule import (
    CRITICAL,
    DISCHARGE,
    ORDER_SELECT,
    ORDER_SIGN,
    PATIENT_VIEW,
    PROBLEM_CREATE,
    WARNING,
    Fact,
    Finding,
    Option,
    card,
)
from cards.thresholds import limit, measure


@card(
    "vertebral-fracture-care",
    section="G",
    hooks=(PATIENT_VIEW, PROBLEM_CREATE, DISCHARGE),
    cites=(
        "OVCF2021-D2",
        "OVCF2021-D5",
        "OVCF2021-S1",
        "OVCF2021-S2",
        "OVCF2021-S5",
        "OVCF2021-S6",
        "OVCF2021-T4",
        "OVCF2021-E1",
        "ELD2023-11a",
        "ELD2023-11b",
        "ELD2023-11d",
        "ELD2023-12c",
        "OPREF-T8",
        "OPREF-V1",
    ),
    reads=(*risk.READS, Data.IMAGING, Data.REPORTS, Data.ORDERS, Data.FUNCTION),
    needs=(Data.CONDITIONS,),
)
def vertebral_fracture_care(chart: Chart) -> Iterator[Finding]:
    """A new vertebral fracture: MRI tells whether it is fresh; care without or with surgery by the criteria; pain relieved,
    posture taught, bone treated at once.

    When: an adult has a vertebral fragility fracture of the last {new-fracture-days} days.

    Then: warning. MRI of the spine (recommended) unless one was done since the fracture or is ordered; CT before an
    augmentation; orthosis, referral to physiotherapy and to spine surgery unless ordered; any number. The detail gives the
    criteria for non-operative care, augmentation and open surgery; calcitonin for three months at most where the newest pain
    score within {pain-window-months} months is NRS {pain-nrs} or VAS {pain-vas-mm} mm or more (without such a score: only for
    such pain or around an operation); early augmentation from {very-old-years} years on; log-rolling, brace, posture,
    thrombosis prevention in long bed rest. It says to start drugs where `start-treatment` fires, to review and continue them on
    treatment or where `treatment-failure` fires, else to settle without delay which.
    """
    broken = new_vertebral_fracture(chart)
    if broken is None or not risk.adult(chart):
        return
    seen = chart.done("spine-mri", since=broken.when) is not None or chart.ordered("spine-mri")
    pain = pain_score(chart, limit("pain-window-months"))
    severe = pain is not None and pain.below(pain_limit(pain)) is False
    yield Finding(
        indicator=WARNING,
        variant="mri" if not seen else "care",
        values={
            "fracture": broken,
            "pain": pain,
            "severe": severe,
            "drugs": _drugs(chart),
            "old": (chart.age or 0) >= limit("very-old-years"),
        },
        facts=(facts.fracture(broken), *((facts.measured(pain),) if pain else ())),
        options=tuple(_care(chart, seen)),
        any_number=True,
    )


def new_vertebral_fracture(chart: Chart) -> Fracture | None:
    """The newest vertebral fragility fracture, if it is of the last {new-fracture-days} days."""
    since = chart.days_ago(limit("new-fracture-days"))
    return next((f for f in chart.fractures if f.site == "vertebra" and f.when and f.when >= since), None)


def _drugs(chart: Chart) -> str:
    """What is to be said of drugs without contradicting the card that speaks of them: begin, continue, or see there."""
    if "treatment-failure" in chart.found or risk.on_treatment(chart):
        return "continue"
    return "start" if "start-treatment" in chart.found else "other"


def _care(chart: Chart, seen: bool) -> Iterator[Option]:
    if not seen:
        yield service("spine-mri", recommended=True)
    yield Option("service", "spine-ct", label="before-augmentation")
    for key in ("orthosis", "referral-physiotherapy", "referral-orthopedics"):
        if not chart.ordered(key):
            yield service(key)


def pain_score(chart: Chart, months: int) -> Measurement | None:
    """The newest NRS or VAS; of one day the one that tells of more pain."""
    since = chart.months_ago(months)
    found = [m for key in ("pain-nrs", "pain-vas") if (m := chart.newest(key, since=since))]
    return max(found, key=lambda m: (m.when, m.value if m.key == "pain-nrs" else m.value / 10), default=None)


def pain_limit(pain: Measurement) -> int:
    """From where on pain counts as moderate, on the scale of this score."""
    return limit("pain-nrs" if pain.key == "pain-nrs" else "pain-vas-mm")


@card(
    "vertebral-augmentation",
    section="G",
    hooks=(ORDER_SELECT, ORDER_SIGN),
    cites=("OVCF2021-S2", "OVCF2021-S3", "OVCF2021-S4", "OVCF2021-S7"),
    reads=(*COURSES, Data.ALLERGIES, Data.WORK_UP, Data.FUNCTION, Data.IMAGING, Data.REPORTS, Data.ORDERS),
    needs=(Data.CONDITIONS,),
)
def vertebral_augmentation(chart: Chart) -> Iterator[Finding]:
    """Vertebroplasty and kyphoplasty are forbidden by severe coagulopathy, infection of the spine or blood, a painless old
    fracture, allergy to the filler or unfitness for surgery; never prophylactic. Others call for care.

    When: vertebroplasty or kyphoplasty is ordered for an adult, and at least one of: forbidding, (1) INR above {inr-severe} or
    platelets below {platelets-severe} x 10^9/L, the newest within {coagulation-window-months} month, or a coagulation disorder
    on record as active; (2) spinal infection or sepsis, active; (3) allergy to bone cement; (4) unfit for surgery on record as
    active; (5) all vertebral fractures on record are dated and more than {recent-fracture-days} days old, and the newest pain
    score within {pain-window-months} months is NRS {painless-nrs} or VAS {painless-vas-mm} mm or less; calling for care, (6) no
    vertebral fragility fracture on record; (7) an anticoagulant or heparin is being taken; (8) another active infection; (9) no
    MRI of the spine done within {mri-days} days (not judged where imaging or reports could not be had).

    Then: critical with any of (1) to (5): delete the draft (recommended), and the detail names (6) to (9) besides. Else
    warning: MRI where (9) holds and none is ordered; the draft can be deleted.
    """
    if not risk.adult(chart):
        return
    forbidding, careful = list(_forbidding(chart)), list(_careful(chart))
    reasons = forbidding or careful
    for draft in (d for d in chart.drafts if reasons and d.service == "vertebral-augmentation"):
        unseen = not forbidding and "no-mri" in dict(careful) and not chart.ordered("spine-mri")
        yield Finding(
            indicator=CRITICAL if forbidding else WARNING,
            variant="forbidden" if forbidding else "careful",
            values={"reasons": list(dict(reasons)), "others": list(dict(careful)) if forbidding else []},
            facts=(facts.drafted(draft), *(fact for _, some in reasons for fact in some)),
            options=(*((service("spine-mri"),) if unseen else ()), discard(draft, recommended=bool(forbidding))),
            any_number=unseen,
            about=draft,
        )


def _forbidding(chart: Chart) -> Iterator[tuple[str, list[Fact]]]:
    since = chart.months_ago(limit("coagulation-window-months"))
    inr, platelets = chart.newest("inr", since=since), chart.newest("platelets", since=since)
    if inr is not None and inr.at_most(measure("inr-severe")) is False:
        yield "coagulopathy", [facts.measured(inr)]
    if platelets is not None and platelets.below(measure("platelets-severe")):
        yield "coagulopathy", [facts.measured(platelets)]
    for key, reason in (
        ("coagulopathy", "coagulopathy"),
        ("spinal-infection", "infection"),
        ("sepsis", "infection"),
        ("filler-allergy", "filler"),
        ("unfit-for-surgery", "unfit"),
    ):
        problem = chart.active_problem(key)
        if problem is not None:
            yield reason, [facts.problem(problem)]
    vertebrae = [f for f in chart.fractures if f.site == "vertebra"]
    pain = pain_score(chart, limit("pain-window-months"))
    old = [f for f in vertebrae if f.when and f.when < chart.days_ago(limit("recent-fracture-days"))]
    painless = pain is not None and pain.at_most(limit("painless-nrs" if pain.key == "pain-nrs" else "painless-vas-mm"))
    if vertebrae and len(old) == len(vertebrae) and painless and pain is not None:
        yield "painless-old", [facts.fracture(old[0]), facts.measured(pain)]


def _careful(chart: Chart) -> Iterator[tuple[str, list[Fact]]]:
    if not any(f.site == "vertebra" for f in chart.fractures):
        yield "prophylactic", []
    thinner = next(
        (c for c in chart.courses({Mechanism.ANTICOAGULANT, Mechanism.HEPARIN}) if c.on_treatment(chart.today)), None
    )
    if thinner is not None:
        yield "bleeding", [facts.taken(thinner)]
    infection = chart.active_problem("infection")
    if infection is not None:
        yield "infection-elsewhere", [facts.problem(infection)]
    if (
        not {Data.IMAGING, Data.REPORTS} & chart.failed
        and chart.done("spine-mri", since=chart.days_ago(limit("mri-days"))) is None
    ):
        yield "no-mri", []
