"""The rule of `referral`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec.structs import replace

from cards.chart import Chart, Course, FractureEntry, Hook, Measurement, facts
from cards.chart.facts import Fact
from cards.definitions import bone_loss, ckd, density, diagnosis, person, treatment, workup
from cards.definitions.denosumab import OPEN, Kind, state
from cards.definitions.indication import bone_tumor, indicated
from cards.definitions.kidney import renal
from cards.definitions.young import telling_fractures
from cards.engine.findings import INFO, WARNING, Earlier, Finding
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB

_SPECIALIST = ("POP2022-T8",)
_LIAISON = ("ELD2023-11a", "OPREF-M4", "OPREF-V1")
_KIDNEY = ("EXT-28",)
"""The recommendations behind referral to a specialist, to a fracture liaison service and to nephrology."""

_MRI, _FLS = "spine-mri", "referral-fls"
_OF_TUMOR = frozenset({_MRI, "referral-oncology"})
_NEPHROLOGY = frozenset({"low-turnover", "high-pth"})
_OSTEOPOROSIS = frozenset({"young", "young-fracture", "kidney", "second-failure"})
"""Which reasons call for whom; in kidney failure a drug about to start calls for nephrology, too."""
_STANDING = _OSTEOPOROSIS | _NEPHROLOGY
"""What a specialist who saw the patient knows, unless something happened since."""


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """Unusual or difficult osteoporosis should be referred to a specialist; after a fragility fracture, a fracture liaison
    service takes over at discharge.

    When: an adult, and any of these: (1) osteoporosis under {t-group-years}; (2) a renal estimate below {egfr-specialist} in a
    patient about to be treated; (3) `treatment-failure` or `bmd-response` fires in the same answer, and an earlier drug with a
    different ingredient ended after a fragility fracture on it or a loss of BMD beyond the least significant change; (4) at
    discharge, a fragility fracture within {new-fracture-days} days; (5) myeloma, bone metastasis or primary bone cancer on
    record of a patient for whom treatment is indicated, or would be advised beside a glucocorticoid, an aromatase inhibitor or
    androgen deprivation (as `bone-loss-medication` has it) and no oncologic strength is given, who is treated or who has had
    denosumab: then the other cards recommend no drug; and of one in whom a vertebra broke within {new-fracture-days} days,
    treated or not; (6) under
    {t-group-years} and not postmenopausal, a vertebral fracture or two long bones that nothing explains, where
    `low-bmd-for-age` does not say so; (7) on dialysis or with a renal estimate below {egfr-dialysis}, a bone patient with a
    PTH below {pth-dialysis-low} times its upper limit (bone turnover may be low) or above {pth-dialysis-high} times.

    Not when: the referral in question is already ordered; for (1) to (3), (6) and (7), it was carried out within
    {review-rest-months} months, and not before the newest fracture, bone density of (3) or PTH of (7), unless denosumab has
    ended or is late with a low PTH in (7).

    Then: info, for a PTH above {pth-dialysis-high} times the limit warning; a warning, too, for the vertebra of (5) as long as
    no MRI of the spine was done since; for a low PTH of a patient about to be treated, and of one whose denosumab has ended
    or is late: within a week, since `denosumab-sequence` leaves it to nephrology what follows. Suggested: for (4), referral
    to a fracture liaison service; for (1) to (3) and (6), to an osteoporosis specialist; for (7), and for (2) in kidney
    failure, to nephrology; for (2) to nephrology alone where `pth-analog-contraindication` refers there for the kidneys; for
    (5), to oncology; the vertebra of (5) is imaged by MRI, where none was done since or is ordered, and both are recommended.
    Otherwise the liaison service is, and the first of the others. Any number may be chosen.
    """
    if not person.adult(chart):
        return
    reasons, evidence = [], []
    if diagnosis.osteoporosis(chart) and _young(chart, n):
        reasons.append("young")
        evidence.append(facts.age(chart))
    elif "low-bmd-for-age" not in earlier and (broken := telling_fractures(chart)):
        reasons.append("young-fracture")
        evidence += [facts.age(chart), facts.fracture(broken[0])]
    kidneys = renal(chart)
    if (
        kidneys.below(n.egfr_specialist)
        and kidneys.lowest
        and treatment.about_to_be_treated(chart, starting="start-treatment" in earlier)
    ):
        reasons.append("kidney")
        evidence.append(facts.measured(kidneys.lowest))
    turnover, very_high = _in_kidney_failure(chart)
    if turnover or very_high:
        reasons.append("low-turnover" if turnover else "high-pth")
        evidence += [facts.measured(m) for m in (turnover or very_high, kidneys.lowest) if m]
    failed = _failed_earlier(chart, earlier)
    if failed is not None:
        reasons.append("second-failure")
        evidence.append(facts.stopped(failed, failed.ended(chart.today)))
    tumor = bone_tumor(chart)
    collapsed = _collapsed(chart, n) if tumor is not None else None
    if tumor is not None and collapsed is not None:
        reasons += ["vertebra", "tumor"]
        evidence += [facts.problem(tumor), facts.fracture_entry(collapsed)]
    elif tumor is not None and _for_oncology(chart):
        reasons.append("tumor")
        evidence += [facts.problem(tumor), *map(facts.fracture, chart.fractures[:1]), *_harm(chart)]
    discharge = [f for f in chart.fractures if f.at_latest and f.at_latest >= chart.days_ago(n.new_fracture_days)]
    if chart.hook is Hook.DISCHARGE and discharge:
        reasons.append("fracture-liaison")
        evidence.append(facts.fracture(discharge[0]))
    if not reasons:
        return
    discharge_due, others = "fracture-liaison" in reasons, set(reasons) - {"fracture-liaison"}
    unseen = collapsed is not None and chart.done("spine-mri", since=collapsed.when) is None
    keys = [_MRI] if unseen else []
    keys += [_FLS] if discharge_due else []
    keys += ["referral-oncology"] if "tumor" in others else []
    alone = "kidney" in others and earlier.suggests("pth-analog-contraindication", "referral-nephrology")
    keys += ["referral-nephrology"] if others & _NEPHROLOGY or ("kidney" in others and (alone or ckd.failing(chart))) else []
    keys += ["referral-osteoporosis"] if others & _OSTEOPOROSIS - ({"kidney"} if alone else set()) else []
    before = state(chart)
    gap = turnover is not None and before is not None and before.kind in OPEN - {Kind.LONG_AGO}
    told = turnover or very_high
    pressing = gap or very_high is not None or (turnover is not None and "kidney" in reasons)
    since = max(chart.months_ago(n.review_rest_months), _newest(chart, told, lost=failed is not None))
    seen = set(reasons) <= _STANDING and not gap
    wanted = [key for key in keys if not chart.ordered(key) and not (seen and chart.done(key, since=since))]
    if not wanted:
        return
    starred = {_FLS, *[key for key in wanted if key != _FLS][:1], *(_OF_TUMOR if unseen else ())}
    yield Finding(
        indicator=WARNING if unseen or (pressing and "referral-nephrology" in wanted) else INFO,
        variant=next((each for each in ("high-pth", "low-turnover") if each in reasons), reasons[0]),
        values={
            "reasons": reasons,
            "nephrology": alone,
            "estimate": kidneys.lowest if "kidney" in reasons else None,
            "fracture": discharge[0] if discharge_due else None,
            "tumor": tumor,
            "collapsed": facts.fracture_entry(collapsed) if collapsed is not None else None,
            "unseen": unseen,
            "pth": told,
            "gap": gap,
            "given": before is not None,
            "by_label": bool(ckd.asked_for_by_label(chart)),
            "broken": telling_fractures(chart)[0] if "young-fracture" in reasons else None,
            "earlier": failed,
        },
        cites=(
            *(_LIAISON if discharge_due else ()),
            *(_SPECIALIST if others else ()),
            *(_KIDNEY if others & {"low-turnover", "high-pth"} else ()),
        ),
        facts=tuple(evidence),
        options=tuple(service(key, recommended=key in starred) for key in wanted),
        any_number=True,
    )


def _for_oncology(chart: Chart) -> bool:
    """Whether a drug for bone is due, taken or (denosumab) was given, of which the tumor decides."""
    due = indicated(chart) or (bone_loss.advised_beside(chart) is not None and not treatment.on_oncologic(chart))
    return due or treatment.on_treatment(chart) or chart.course(DENOSUMAB) is not None


def _harm(chart: Chart) -> Iterator[Fact]:
    """What calls for a drug before there is osteoporosis: the drug that harms bone, or the operation, and the T-score."""
    harm = bone_loss.advised_beside(chart)
    if harm is None:
        return
    yield facts.started(harm) if isinstance(harm, Course) else facts.problem(harm)
    lowest = density.lowest_t(chart)
    if lowest is not None:
        yield facts.measured(lowest)


def _collapsed(chart: Chart, n: Numbers) -> FractureEntry | None:
    """A vertebra that broke lately, whatever it is taken for: with a tumor of bone none is a fragility fracture."""
    since = chart.days_ago(n.new_fracture_days)
    entries = (each for each in chart.broken if each.site == "vertebra" and not each.subsequent)
    lately = [each for each in entries if (day := each.latest or each.when) is not None and day >= since]
    return max(lately, key=lambda each: each.when or since, default=None)


def _newest(chart: Chart, pth: Measurement | None, *, lost: bool) -> date:
    """The last day of what a specialist must have seen: a fracture, this PTH, a bone density."""
    days = [f.at_latest for f in chart.fractures if f.at_latest] + ([pth.when] if pth else [])
    return max([*days, *(m.when for m in chart.values("bmd") if lost)], default=date.min)


def _young(chart: Chart, n: Numbers) -> bool:
    """Under 50, or a woman before menopause."""
    return chart.age is not None and chart.age < n.t_group_years


def _in_kidney_failure(chart: Chart) -> tuple[Measurement | None, Measurement | None]:
    """The PTH of a bone patient that says possibly low turnover, and the one that is very high."""
    if not workup.bone_patient(chart):
        return None, None
    return ckd.low_turnover(chart), ckd.very_high_pth(chart)


def _failed_earlier(chart: Chart, earlier: Earlier) -> Course | None:
    """When treatment fails now: an earlier drug that ended with a fracture or a loss of bone."""
    failing = [finding for code in ("treatment-failure", "bmd-response") for finding in earlier.of(code)]
    now = {finding.values["drug"].ingredient for finding in failing} | {c.drug.ingredient for c in treatment.treatments(chart)}
    for course in treatment.courses(chart) if failing else ():
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
