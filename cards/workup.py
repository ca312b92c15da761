"""Section A, diagnosis and assessment: causes, vertebrae, referral."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from math import floor

from msgspec import Struct
from msgspec.structs import replace

from cards import facts, kidney, minerals, risk
from cards.calendar import add_months
from cards.chart import Chart, Course, Hook, Measurement
from cards.concepts import ANABOLIC, ANALYTES, DIAGNOSTIC_SITES, SERVICES, Data
from cards.kidney import renal
from cards.minerals import calcium
from cards.options import service
from cards.rule import DISCHARGE, INFO, PATIENT_VIEW, PROBLEM_CREATE, WARNING, Finding, Rest, card
from cards.thresholds import limit, measure

BASIC_LABS: dict[str, tuple[str, ...]] = {
    "blood-count": ("hemoglobin", "wbc", "platelets"),
    "esr": ("esr",),
    "calcium": ("calcium", "calcium-corrected", "calcium-ionized"),
    "phosphate": ("phosphate",),
    "alp": ("alp",),
    "albumin": ("albumin",),
    "creatinine": ("creatinine", "egfr"),
    "liver": ("alt", "ast"),
    "vitamin-d": ("vitamin-d",),
    "pth": ("pth",),
}
"""The basic work-up: what to order, and which results show that it was done (POP2022-D6, OPREF-D3)."""


@card(
    "secondary-causes",
    section="A",
    hooks=(PATIENT_VIEW, PROBLEM_CREATE),
    cites=("POP2022-D6", "POP2022-D7", "POP2022-D8", "OVCF2021-D4", "OPREF-D3"),
    reads=(*risk.READS, Data.TURNOVER, Data.WORK_UP, *minerals.READS, Data.RENAL, Data.VITAMIN_D, Data.ORDERS),
    needs=(Data.CONDITIONS,),
)
def secondary_causes(chart: Chart) -> Iterator[Finding]:
    """New osteoporosis, or one about to be treated, has basic labs first; very high turnover, high calcium with high PTH or a
    low Z-score point to another disease.

    When: an adult, and any of these. (1) Osteoporosis that is first known within {newly-known-days} days or about to be
    treated, and a basic test without a result within {yearly-months} months and not ordered: blood count, ESR, calcium (of any
    kind), phosphate, ALP, albumin, creatinine or eGFR, liver enzymes, 25(OH)D, PTH. First known is the earliest date of
    osteoporosis on the problem list; where it is not there, of a T-score of {t-osteoporosis} or lower, a QCT below
    {qct-osteoporosis} mg/cm3 or a fragility fracture. An entry without a date is new only while it is being entered. (2) The
    newest CTX or P1NP of {yearly-months} months above {turnover-factor} times the laboratory's upper limit, off anabolics. (3)
    The newest PTH of {yearly-months} months above the laboratory's limit with high calcium. (4) The lowest of the newest
    Z-score of each diagnostic site {z-low} or lower.

    Not when: for (1), results of a group of data could not be had: nothing is then known to be missing of it.

    Then: warning for (2) to (4), else info. Suggested: one order per missing test of (1), and what the finding calls for where
    neither ordered nor known within {yearly-months} months: for (2) PTH, ALP, electrophoresis; for (3) phosphate, 24 h urine
    calcium; for (4) PTH, TSH, electrophoresis, celiac antibodies. Any number may be chosen, none is recommended above the
    others. The detail names urinalysis and urinary calcium and phosphate, and results on record that could not be used.
    """
    if not risk.adult(chart):
        return
    abnormal = list(_abnormal(chart))
    new = risk.osteoporosis(chart) and (_newly_known(chart) or risk.about_to_be_treated(chart))
    missing = [key for key in BASIC_LABS if _missing(chart, key)] if new else []
    if not abnormal and not missing:
        return
    clues = {key for clue, _ in abnormal for key in _FURTHER[clue] if _wanted(chart, key)}
    wanted = [*missing, *sorted(clues - set(missing))]
    yield Finding(
        indicator=WARNING if abnormal else INFO,
        variant="abnormal" if abnormal else "missing",
        values={
            "tests": [SERVICES[key] for key in missing],
            "clues": [clue for clue, _ in abnormal],
            "abnormal": abnormal[0][1][0] if abnormal else None,
            "known": _first_known(chart) if new else None,
        },
        facts=tuple(facts.measured(m) for _, some in abnormal for m in some),
        options=tuple(service(key) for key in wanted),
        any_number=True,
        left_out=chart.left_out(*(analyte for key in missing for analyte in BASIC_LABS[key])),
    )


_FURTHER = {
    "turnover": ("pth", "alp", "electrophoresis"),
    "hyperparathyroidism": ("phosphate", "urine-calcium"),
    "z-score": ("pth", "tsh", "electrophoresis", "celiac"),
}


def _missing(chart: Chart, key: str) -> bool:
    """No result within {yearly-months} months and none ordered; where results could not be had, nothing is known to be
    missing."""
    if any(chart.group_failed(analyte) for analyte in BASIC_LABS[key]):
        return False
    since = chart.months_ago(limit("yearly-months"))
    done = any(chart.newest(analyte, since=since) for analyte in BASIC_LABS[key]) or chart.done(key, since=since)
    return not done and not chart.ordered(key)


def _wanted(chart: Chart, key: str) -> bool:
    """A test that a clue asks for: neither ordered nor, where its result would be read, known within {yearly-months} months."""
    if key in BASIC_LABS:
        return _missing(chart, key)
    since = chart.months_ago(limit("yearly-months"))
    known = key in ANALYTES and chart.newest(key, since=since) is not None
    return not (known or chart.ordered(key) or chart.done(key, since=since))


def _newly_known(chart: Chart) -> bool:
    """Osteoporosis first known within {newly-known-days} days, or just being entered without a date."""
    known = _first_known(chart)
    if known is None:
        return chart.hook is Hook.PROBLEM_CREATE and chart.problem("osteoporosis") is not None
    return known >= chart.days_ago(limit("newly-known-days"))


def _first_known(chart: Chart) -> date | None:
    """When osteoporosis was first recorded, or else shown by a first T-score, QCT or fracture."""
    if chart.problem("osteoporosis") is not None:
        return min((p.when for p in chart.problems.get("osteoporosis", ()) if p.when), default=None)
    low = [m.when for m in chart.values("t-score") if m.site in DIAGNOSTIC_SITES and m.value <= measure("t-osteoporosis")]
    low += [m.when for m in chart.values("qct-vbmd") if m.below(measure("qct-osteoporosis"))]
    return min([*low, *(f.when for f in chart.fractures if f.when)], default=None)


def _abnormal(chart: Chart) -> Iterator[tuple[str, list[Measurement]]]:
    """What points to another disease: the clue, and the values that give it."""
    since = chart.months_ago(limit("yearly-months"))
    on_anabolic = any(c.on_treatment(chart.today) for c in chart.courses(ANABOLIC))
    markers = [m for key in ("ctx", "p1np") if (m := chart.newest(key, since=since)) and _far_above(m)]
    if markers and not on_anabolic:
        yield "turnover", markers
    pth, reading = chart.newest("pth", since=since), calcium(chart)
    high_pth = pth is not None and pth.high is not None and pth.at_most(pth.high) is False
    if high_pth and pth is not None and reading is not None and reading.high:
        yield "hyperparathyroidism", [reading.value, pth]
    z = min(
        (v[0] for site in sorted(DIAGNOSTIC_SITES) if (v := chart.values("z-score", site=site))),
        key=lambda m: m.value,
        default=None,
    )
    if z is not None and z.value <= measure("z-low"):
        yield "z-score", [z]


def _far_above(marker: Measurement) -> bool:
    return marker.high is not None and marker.at_most(limit("turnover-factor") * marker.high) is False


# -- vertebrae --------------------------------------------------------------------------------------------------------


class _Loss(Struct, frozen=True):
    """A loss of height in cm, and between which measurements."""

    cm: float
    before: Measurement
    now: Measurement
    recent: bool


def height_loss(chart: Chart) -> _Loss | None:
    """{height-loss-recent} cm or more within {height-window-months} months, or {height-loss-ever} cm below the tallest adult
    height (newest height of {height-newest-months} months)."""
    now = chart.newest("height", since=chart.months_ago(limit("height-newest-months")))
    if now is None or now.comparator:
        return None
    earlier = [m for m in chart.values("height") if m.when < now.when and not m.comparator and not _of_a_child(chart, m.when)]
    near = [m for m in earlier if m.when >= add_months(now.when, -limit("height-window-months"))]
    tallest_near = max(near, key=lambda m: m.value, default=None)
    if tallest_near is not None and round(tallest_near.value - now.value, 1) >= measure("height-loss-recent"):
        return _Loss(tallest_near.value - now.value, tallest_near, now, recent=True)
    tallest = max(earlier, key=lambda m: m.value, default=None)
    if tallest is not None and round(tallest.value - now.value, 1) >= measure("height-loss-ever"):
        return _Loss(tallest.value - now.value, tallest, now, recent=False)
    return None


def _of_a_child(chart: Chart, day: date) -> bool:
    age = chart.patient.age_on(day)
    return age is not None and age < limit("adult-years")


def _rest(loss: _Loss) -> Rest:
    """An override of lost height holds until the height falls further, in whole centimeters: no one measures finer. What was
    overridden at a lower height than today's holds, too: as far as {height-spread} cm below, beyond which one was mistyped."""
    height = floor(loss.now.value)
    lower = tuple(f"{height - cm} cm" for cm in range(1, limit("height-spread")))
    return Rest(limit("height-override-months"), f"{height} cm", lower)


@card(
    "vertebral-imaging",
    section="A",
    hooks=(PATIENT_VIEW,),
    cites=("OVCF2021-M3", "OVCF2021-D1", "OVCF2021-D6", "OPREF-D4", "OPREF-D5", "POP2022-D5", "REHAB2024-04"),
    reads=(*risk.READS, Data.BODY, Data.ORDERS, Data.IMAGING, Data.REPORTS),
    needs=(Data.CONDITIONS,),
)
def vertebral_imaging(chart: Chart) -> Iterator[Finding]:
    """Lost height, or new back pain in someone at risk, may be a vertebral fracture: lateral X-ray of the spine, and MRI where
    pain on provocation persists with a clean X-ray.

    When: an adult with osteoporosis, low bone mass or a fragility fracture, on treatment, or of {vertebral-risk-years} or
    older; and (1) the newest height, of {height-newest-months} months, lies {height-loss-recent} cm or more below the tallest
    of the {height-window-months} months before it, or {height-loss-ever} cm or more below the tallest height as an adult; or
    (2) back pain as an active problem that began (or was recorded) within {new-pain-days} days, with osteoporosis or from
    {vertebral-risk-years} on.

    Not when: X-ray, MRI or CT of the spine is ordered, or was done since the newest height for (1), since the onset of the pain
    for (2). Lost height alone also rests for {height-override-months} months after an override with a reason by the same user,
    unless the height, in whole centimeters, falls further; back pain is news.

    Then: warning. Recommended: lateral X-ray of thoracic and lumbar spine, or vertebral fracture assessment. The detail says
    that MRI is still needed when the X-ray is clean and pain on provocation persists.
    """
    age = chart.age or 0
    old = age >= limit("vertebral-risk-years")
    weak = risk.osteoporosis(chart)
    if not risk.adult(chart) or not (weak or risk.low_bone_mass(chart) or chart.fractures or risk.on_treatment(chart) or old):
        return
    loss, pain = height_loss(chart), chart.active_problem("back-pain")
    new_pain = pain if pain and pain.when and pain.when >= chart.days_ago(limit("new-pain-days")) and (weak or old) else None
    keys = ("vertebral-imaging", "spine-mri", "spine-ct")
    if chart.ordered(*keys):
        return
    seen_pain = new_pain is not None and chart.done(*keys, since=new_pain.when) is not None
    seen_loss = loss is not None and chart.done(*keys, since=loss.now.when) is not None
    loss, new_pain = (None if seen_loss else loss), (None if seen_pain else new_pain)
    if loss is None and new_pain is None:
        return
    evidence = [facts.measured(loss.before), facts.measured(loss.now)] if loss else []
    evidence += [facts.problem(new_pain)] if new_pain else []
    yield Finding(
        indicator=WARNING,
        variant="height" if loss else "pain",
        values={
            "loss": loss.cm if loss else None,
            "recent": bool(loss and loss.recent),
            "before": loss.before if loss else None,
            "now": loss.now if loss else None,
            "pain": new_pain,
        },
        facts=tuple(evidence),
        options=(service("vertebral-imaging", recommended=True),),
        rests=_rest(loss) if loss and new_pain is None else None,
    )


# -- referral ---------------------------------------------------------------------------------------------------------


@card(
    "referral",
    section="A",
    hooks=(PATIENT_VIEW, DISCHARGE, PROBLEM_CREATE),
    cites=("POP2022-T8", "ELD2023-11a", "OPREF-M4", "OPREF-V1"),
    reads=(*risk.READS, *kidney.READS, Data.ORDERS),
    needs=(Data.CONDITIONS,),
)
def referral(chart: Chart) -> Iterator[Finding]:
    """Unusual or difficult osteoporosis belongs to a specialist; after a fragility fracture a fracture liaison service takes
    over at discharge.

    When: an adult, and any of these: (1) osteoporosis under {t-group-years}; (2) a renal estimate below {egfr-specialist} and
    about to be treated; (3) `treatment-failure` or `bmd-response` fires in the same answer, and an earlier drug of another
    ingredient ended after a fragility fracture on it or a loss of BMD beyond the least significant change; (4) at discharge, a
    fragility fracture within {new-fracture-days} days.

    Not when: the referral in question is ordered already.

    Then: info. Suggested: for (4) referral to a fracture liaison service, for (1) to (3) to an osteoporosis specialist; the
    first of them recommended, both may be chosen.
    """
    if not risk.adult(chart):
        return
    reasons, evidence = [], []
    if risk.osteoporosis(chart) and _young(chart):
        reasons.append("young")
        evidence.append(facts.age(chart))
    kidneys = renal(chart)
    if kidneys.below(limit("egfr-specialist")) and kidneys.lowest and risk.about_to_be_treated(chart):
        reasons.append("kidney")
        evidence.append(facts.measured(kidneys.lowest))
    earlier = _failed_earlier(chart)
    if earlier is not None:
        reasons.append("second-failure")
        evidence.append(facts.stopped(earlier, earlier.ended(chart.today)))
    discharge = [f for f in chart.fractures if f.when and f.when >= chart.days_ago(limit("new-fracture-days"))]
    if chart.hook is Hook.DISCHARGE and discharge:
        reasons.append("fracture-liaison")
        evidence.append(facts.fracture(discharge[0]))
    if not reasons:
        return
    keys = ["referral-fls"] if "fracture-liaison" in reasons else []
    keys += ["referral-osteoporosis"] if set(reasons) - {"fracture-liaison"} else []
    wanted = [key for key in keys if not chart.ordered(key)]
    if not wanted:
        return
    yield Finding(
        indicator=INFO,
        variant=reasons[0],
        values={
            "reasons": reasons,
            "estimate": kidneys.lowest if "kidney" in reasons else None,
            "fracture": discharge[0] if "fracture-liaison" in reasons else None,
            "earlier": earlier,
        },
        facts=tuple(evidence),
        options=tuple(service(key, recommended=index == 0) for index, key in enumerate(wanted)),
        any_number=True,
    )


def _young(chart: Chart) -> bool:
    """Under 50, or a woman before menopause."""
    return chart.age is not None and chart.age < limit("t-group-years")


def _failed_earlier(chart: Chart) -> Course | None:
    """Where treatment fails now: an earlier drug that had ended with a fracture or a loss of bone."""
    failing = [finding for code in ("treatment-failure", "bmd-response") for finding in chart.found.get(code, ())]
    now = {finding.values["drug"].ingredient for finding in failing} | {c.drug.ingredient for c in risk.treatments(chart)}
    for course in chart.courses(risk.TREATMENT) if failing else ():
        start, end = course.start, course.ended(chart.today)
        if course.drug.ingredient in now or course.drug.oncologic or end is None or start is None:
            continue
        if any(f.when and start < f.when <= end for f in chart.fractures) or _lost_on(chart, start, end):
            return course
    return None


def _lost_on(chart: Chart, start: date, end: date) -> bool:
    """Whether bone density had fallen beyond the least significant change when the drug ended."""
    until = {**chart.measured, "bmd": tuple(m for m in chart.values("bmd") if m.when <= end)}
    return risk.bmd_fall(replace(chart, measured=until), start) is not None
