"""The rule of `vertebral-augmentation`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from cards.chart import Chart, SetAside, facts
from cards.chart.facts import Fact
from cards.definitions import person
from cards.definitions.denosumab import OPEN, in_rebound, rebound, state
from cards.definitions.pain import pain_score
from cards.engine.findings import CRITICAL, WARNING, Finding, Undecided
from cards.engine.options import discard, service
from cards.engine.trial import ruled_out
from cards.thresholds import Numbers
from cards.vocabulary import ANTICOAGULANTS, DENOSUMAB, DENOSUMAB_ONCOLOGY, ZOLEDRONATE, Data


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """Vertebroplasty and kyphoplasty are contraindicated by severe coagulopathy, spinal infection or sepsis, a painless old
    fracture, allergy to the filler, unfitness for surgery or the rebound after denosumab, in which they break the neighbors;
    they are never prophylactic. Other findings call for caution.

    When: vertebroplasty or kyphoplasty is ordered for an adult, and at least one of these applies. Contraindications: (1) INR
    above {inr-severe} or platelets below {platelets-severe} x 10^9/L (newest value within {coagulation-window-months} month),
    or a coagulation disorder on record as active; (2) spinal infection or sepsis, active; (3) allergy to bone cement; (4) unfit
    for surgery on record as active; (5) all vertebral fractures on record are dated and more than {recent-fracture-days} days
    old, and the newest pain score within {pain-window-months} months is NRS {painless-nrs} or VAS {painless-vas-mm} mm or less;
    (10) a rebound fracture after denosumab, or today the time of one: {rebound-from-months} to {rebound-to-months} months after
    a dose of 60 or 120 mg without a follow-on in time. Reasons for caution: (6) no vertebral fragility fracture on record; (7)
    an anticoagulant or heparin is being taken; (8) another active infection; (9) no MRI of the spine done within {mri-days}
    days (not judged where imaging or reports could not be had).

    Not when: without a date of birth it cannot be determined whether a recorded vertebral fracture counts; then
    `incomplete-data` says that (5) and (6) could not be judged.

    Then: critical with any of (1) to (5) or (10): delete the draft (recommended), and the detail also names (6) to (9).
    Otherwise warning: MRI if (9) applies and none is ordered; the draft can be deleted.
    """
    if not person.adult(chart):
        return
    forbidding, careful = list(_forbidding(chart, n)), list(_careful(chart, n))
    reasons = forbidding or careful
    unjudged = _of_unknown_age(chart)
    for draft in (d for d in chart.drafts if d.service == "vertebral-augmentation"):
        if unjudged and not forbidding:
            yield Undecided(unjudged, about=draft, missing=(Data.PATIENT,))
        if not reasons:
            continue
        unseen = not forbidding and "no-mri" in dict(careful) and not chart.ordered("spine-mri")
        yield Finding(
            indicator=CRITICAL if forbidding else WARNING,
            variant="forbidden" if forbidding else "careful",
            values={
                "reasons": list(dict(reasons)),
                "others": list(dict(careful)) if forbidding else [],
                "first": _first(chart) if "rebound" in dict(reasons) else [],
                "inr_limit": n.inr_severe,
                "platelets_limit": n.platelets_severe,
            },
            cites=_cites(dict(reasons), careful=bool(careful)),
            facts=(facts.drafted(draft), *(fact for _, some in reasons for fact in some)),
            options=(*((service("spine-mri"),) if unseen else ()), discard(draft, recommended=bool(forbidding))),
            any_number=unseen,
            about=draft,
        )


def _cites(reasons: Mapping[str, list[Fact]], *, careful: bool) -> tuple[str, ...]:
    """What the reasons rest on."""
    guideline = ("OVCF2021-S2", "OVCF2021-S3", "OVCF2021-S4", "OVCF2021-S7") if careful else ("OVCF2021-S3",)
    return ("EXT-24", *guideline) if "rebound" in reasons else guideline


def _of_unknown_age(chart: Chart) -> tuple[SetAside, ...]:
    """Vertebral fractures that cannot be judged because the age is unknown."""
    return tuple(each for each in person.of_unknown_age(chart) if each.key == "vertebra")


def _forbidding(chart: Chart, n: Numbers) -> Iterator[tuple[str, list[Fact]]]:
    since = chart.months_ago(n.coagulation_window_months)
    inr, platelets = chart.newest("inr", since=since), chart.newest("platelets", since=since)
    if inr is not None and inr.at_most(n.inr_severe) is False:
        yield "coagulopathy", [facts.measured(inr)]
    if platelets is not None and platelets.below(n.platelets_severe):
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
    yield from _rebound(chart)
    vertebrae = [f for f in chart.fractures if f.site == "vertebra"]
    pain = pain_score(chart, n.pain_window_months)
    old = [f for f in vertebrae if f.at_latest and f.at_latest < chart.days_ago(n.recent_fracture_days)]
    painless = pain is not None and pain.at_most(n.painless_nrs if pain.key == "pain-nrs" else n.painless_vas_mm)
    if vertebrae and len(old) == len(vertebrae) and painless and pain is not None:
        yield "painless-old", [facts.fracture(old[0]), facts.measured(pain)]


def _rebound(chart: Chart) -> Iterator[tuple[str, list[Fact]]]:
    """A fracture of the rebound, treated since or not; or a gap that is open today, whatever the order is for."""
    broken = rebound(chart)
    courses = [c for drug in (DENOSUMAB, DENOSUMAB_ONCOLOGY) if (c := chart.course(drug))]
    if broken is not None:
        yield "rebound", [*map(facts.fracture, broken.fractures), facts.last_dose(broken.course)]
    elif in_rebound(chart):
        yield "rebound", [facts.last_dose(max(courses, key=lambda course: course.last_dose or date.min))]


def _first(chart: Chart) -> list[str]:
    """What closes an open gap after denosumab 60 mg, of what nothing rules out."""
    found = state(chart)
    open_gap = found is not None and found.kind in OPEN
    return [drug.key for drug in (DENOSUMAB, ZOLEDRONATE) if open_gap and ruled_out(chart, drug) is None]


def _careful(chart: Chart, n: Numbers) -> Iterator[tuple[str, list[Fact]]]:
    broken = any(f.site == "vertebra" for f in chart.fractures) or bool(_of_unknown_age(chart))
    if not broken and not chart.doubts((Data.CONDITIONS,)):
        yield "prophylactic", []
    thinner = next((c for c in chart.courses(ANTICOAGULANTS) if c.on_treatment(chart.today)), None)
    if thinner is not None:
        yield "bleeding", [facts.taken(thinner)]
    infection = chart.active_problem("infection")
    if infection is not None:
        yield "infection-elsewhere", [facts.problem(infection)]
    if not {Data.IMAGING, Data.REPORTS} & chart.failed and chart.done("spine-mri", since=chart.days_ago(n.mri_days)) is None:
        yield "no-mri", []
