"""The rule of `referral`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec.structs import replace

from cards.chart import Chart, Course, Hook, facts
from cards.definitions import density, diagnosis, person, treatment
from cards.definitions.indication import bone_tumor, indicated
from cards.definitions.kidney import renal
from cards.engine.findings import INFO, Earlier, Finding
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB

_SPECIALIST = ("POP2022-T8",)
_LIAISON = ("ELD2023-11a", "OPREF-M4", "OPREF-V1")
"""The recommendations behind referral to a specialist and to a fracture liaison service."""


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """Unusual or difficult osteoporosis should be referred to a specialist; after a fragility fracture, a fracture liaison
    service takes over at discharge.

    When: an adult, and any of these: (1) osteoporosis under {t-group-years}; (2) a renal estimate below {egfr-specialist} in a
    patient about to be treated; (3) `treatment-failure` or `bmd-response` fires in the same answer, and an earlier drug with a
    different ingredient ended after a fragility fracture on it or a loss of BMD beyond the least significant change; (4) at
    discharge, a fragility fracture within {new-fracture-days} days; (5) myeloma, bone metastasis or primary bone cancer on
    record of a patient for whom treatment is indicated, who is treated or who has had denosumab: then the other cards recommend
    no drug.

    Not when: the referral in question is already ordered.

    Then: info. Suggested: for (4), referral to a fracture liaison service; for (1) to (3), to an osteoporosis specialist;
    for (5), to oncology. The first is recommended, and both may be chosen.
    """
    if not person.adult(chart):
        return
    reasons, evidence = [], []
    if diagnosis.osteoporosis(chart) and _young(chart, n):
        reasons.append("young")
        evidence.append(facts.age(chart))
    kidneys = renal(chart)
    if (
        kidneys.below(n.egfr_specialist)
        and kidneys.lowest
        and treatment.about_to_be_treated(chart, starting="start-treatment" in earlier)
    ):
        reasons.append("kidney")
        evidence.append(facts.measured(kidneys.lowest))
    failed = _failed_earlier(chart, earlier)
    if failed is not None:
        reasons.append("second-failure")
        evidence.append(facts.stopped(failed, failed.ended(chart.today)))
    tumor = bone_tumor(chart)
    if tumor is not None and (indicated(chart) or treatment.on_treatment(chart) or chart.course(DENOSUMAB) is not None):
        reasons.append("tumor")
        evidence += [facts.problem(tumor), *map(facts.fracture, chart.fractures[:1])]
    discharge = [f for f in chart.fractures if f.at_latest and f.at_latest >= chart.days_ago(n.new_fracture_days)]
    if chart.hook is Hook.DISCHARGE and discharge:
        reasons.append("fracture-liaison")
        evidence.append(facts.fracture(discharge[0]))
    if not reasons:
        return
    discharge_due, others = "fracture-liaison" in reasons, set(reasons) - {"fracture-liaison"}
    keys = ["referral-fls"] if discharge_due else []
    keys += ["referral-oncology"] if "tumor" in others else []
    keys += ["referral-osteoporosis"] if others - {"tumor"} else []
    wanted = [key for key in keys if not chart.ordered(key)]
    if not wanted:
        return
    yield Finding(
        indicator=INFO,
        variant=reasons[0],
        values={
            "reasons": reasons,
            "estimate": kidneys.lowest if "kidney" in reasons else None,
            "fracture": discharge[0] if discharge_due else None,
            "tumor": tumor,
            "earlier": failed,
        },
        cites=(*(_LIAISON if discharge_due else ()), *(_SPECIALIST if others else ())),
        facts=tuple(evidence),
        options=tuple(service(key, recommended=index == 0) for index, key in enumerate(wanted)),
        any_number=True,
    )


def _young(chart: Chart, n: Numbers) -> bool:
    """Under 50, or a woman before menopause."""
    return chart.age is not None and chart.age < n.t_group_years


def _failed_earlier(chart: Chart, earlier: Earlier) -> Course | None:
    """When treatment fails now: an earlier drug that ended with a fracture or a loss of bone."""
    failing = [finding for code in ("treatment-failure", "bmd-response") for finding in earlier.of(code)]
    now = {finding.values["drug"].ingredient for finding in failing} | {c.drug.ingredient for c in treatment.treatments(chart)}
    for course in chart.courses(treatment.TREATMENT) if failing else ():
        start, end = course.start, course.ended(chart.today)
        if course.drug.ingredient in now or course.drug.oncologic or end is None or start is None:
            continue
        if any(f.when and start < f.when <= end for f in chart.fractures) or _lost_on(chart, start, end):
            return course
    return None


def _lost_on(chart: Chart, start: date, end: date) -> bool:
    """Whether bone density had fallen beyond the least significant change when the drug ended."""
    until = {**chart.measured, "bmd": tuple(m for m in chart.values("bmd") if m.when <= end)}
    return density.bmd_fall(replace(chart, measured=until), start) is not None
