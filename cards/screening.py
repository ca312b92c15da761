"""Section A, diagnosis and assessment: whose bone should be measured, and what harms it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cards import facts, kidney, minerals, risk
from cards.chart import ORDER_HOOKS, Chart, Course, Dosing, Draft, Measurement
from cards.concepts import DIAGNOSTIC_SITES, Data, Drug, Mechanism, Name
from cards.kidney import renal
from cards.options import service
from cards.rule import (
    DISCHARGE,
    INFO,
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

# -- drugs that harm bone ---------------------------------------------------------------------------------------------

_HORMONE_BLOCKERS = frozenset({Mechanism.AROMATASE_INHIBITOR, Mechanism.GNRH})
_OTHERS = frozenset(
    {
        Mechanism.PPI,
        Mechanism.ANTIEPILEPTIC,
        Mechanism.THIAZOLIDINEDIONE,
        Mechanism.HEPARIN,
        Mechanism.NUCLEOTIDE,
        Mechanism.THYROID_HORMONE,
    }
)
HARMFUL = _HORMONE_BLOCKERS | _OTHERS | {Mechanism.GLUCOCORTICOID}


class _Harm(Struct, frozen=True):
    """A drug that costs bone, drafted or taken. ``daily``: prednisone equivalent in mg; ``unreadable``: nobody can tell it."""

    drug: Drug
    draft: Draft | None = None
    course: Course | None = None
    daily: float | None = None
    unreadable: bool = False


def prednisone_equivalent(drug: Drug, dosing: Dosing | None) -> float | None:
    """The daily dose of a systemic glucocorticoid as prednisone in mg; unknown (None) where dose or timing cannot be read. As
    much as {prednisone-5-equals-prednisone} mg of prednisone: prednisolone {prednisone-5-equals-prednisolone},
    methylprednisolone {prednisone-5-equals-methylprednisolone}, dexamethasone {prednisone-5-equals-dexamethasone},
    betamethasone {prednisone-5-equals-betamethasone}, hydrocortisone {prednisone-5-equals-hydrocortisone}, cortisone
    {prednisone-5-equals-cortisone}, triamcinolone {prednisone-5-equals-triamcinolone}, deflazacort
    {prednisone-5-equals-deflazacort} mg. What is inhaled, or given to the nose, skin, eye, ear or rectum or into a joint is not
    systemic."""
    daily = dosing.daily if dosing else None
    if daily is None:
        return None
    return daily * measure("prednisone-5-equals-prednisone") / measure(f"prednisone-5-equals-{drug.key}")


def long_glucocorticoid(chart: Chart) -> Course | None:
    """A systemic glucocorticoid of {glucocorticoid-mg} mg prednisone equivalent a day or more ({glucocorticoid-tolerance} %
    tolerance) that is taken today and was for {glucocorticoid-days} days or more in total."""
    for course in chart.courses({Mechanism.GLUCOCORTICOID}):
        daily = prednisone_equivalent(course.drug, course.dosing)
        if _long(chart, course, limit("glucocorticoid-days")) and daily is not None and _enough(daily):
            return course
    return None


def _enough(daily: float) -> bool:
    return daily >= measure("glucocorticoid-mg") * (1 - measure("glucocorticoid-tolerance") / 100)


def _long(chart: Chart, course: Course, days: int) -> bool:
    """Taken today, and for at least this long; where no length is asked for, whatever the record says of the start."""
    taken = course.on_treatment(chart.today)
    return taken and (days == 0 or (course.exposure_days is not None and course.exposure_days >= days))


@card(
    "bone-loss-medication",
    section="A",
    hooks=(PATIENT_VIEW, ORDER_SELECT, ORDER_SIGN),
    cites=("OPREF-M3", "POP2022-D8", "POP2022-L3"),
    reads=(*risk.READS, *kidney.READS, *minerals.READS, Data.VITAMIN_D, Data.ALLERGIES, Data.WORK_UP),
    needs=(Data.BONE_DENSITY,),
    drugs=HARMFUL,
)
def bone_loss_medication(chart: Chart) -> Iterator[Finding]:
    """A glucocorticoid of {glucocorticoid-mg} mg prednisone equivalent a day or more for {glucocorticoid-days} days, aromatase
    inhibitors and GnRH drugs cost bone: measure it, and treat osteoporosis. Other drugs count where bone is weak already. As
    little of them as possible.

    When: an adult takes one of these drugs today (when the chart is opened: one card for all of them, about the first, with the
    others named) or it is being ordered (one card per order). (1) A systemic glucocorticoid of {glucocorticoid-mg} mg
    prednisone equivalent a day or more, or of a dose that cannot be read, taken for {glucocorticoid-days} days or more in
    total; an order counts unless it is written for less, without an end it is taken to go on. (2) An aromatase inhibitor, or a
    GnRH analog or antagonist. (3) Only with osteoporosis or low bone mass: a proton pump inhibitor taken for more than
    {ppi-days} days or heparin or enoxaparin for more than {heparin-days} (an order of these counts where it has been taken that
    long already), an enzyme-inducing antiepileptic, a thiazolidinedione, tenofovir disoproxil, adefovir, or levothyroxine where
    the newest TSH of {tsh-window-months} months lies below the laboratory's own range. And besides: bone density was not
    measured within {harm-bmd-months} months, or there is osteoporosis that no antiresorptive or anabolic treats (oncologic
    strengths count as treatment).

    Not when: the glucocorticoid is inhaled, nasal, topical, for the eye or into a joint, of a lower dose or for a shorter time.

    Then: warning where osteoporosis is untreated and the dose can be read, else info. Suggested: DXA where bone density was not
    measured within {harm-bmd-months} months and none is ordered; where osteoporosis is untreated and `start-treatment` fires in
    the same answer, its drugs with its recommendation, and then DXA is not the recommended one. A dose that cannot be read is
    asked for. A DXA that is ordered already is named, to see that it is done.
    """
    if not risk.adult(chart):
        return
    unmeasured = not bmd_since(chart, limit("harm-bmd-months"))
    untreated = risk.osteoporosis(chart) and not (risk.on_treatment(chart) or risk.on_oncologic(chart))
    weak = risk.osteoporosis(chart) or risk.low_bone_mass(chart)
    if not (unmeasured or untreated):
        return
    harms = [harm for harm in _harms(chart) if weak or harm.drug.mechanism not in _OTHERS]
    if chart.hook in ORDER_HOOKS:
        for harm in harms:
            yield _costs_bone(chart, [harm], unmeasured=unmeasured, untreated=untreated)
    elif harms:
        yield _costs_bone(chart, sorted(harms, key=_weight), unmeasured=unmeasured, untreated=untreated)


def _weight(harm: _Harm) -> tuple[bool, bool]:
    """Sort key: what harms by itself before what only harms weak bone, the dose that can be read before the other."""
    return harm.drug.mechanism in _OTHERS, harm.unreadable


def _costs_bone(chart: Chart, harms: list[_Harm], *, unmeasured: bool, untreated: bool) -> Finding:
    """One card about the first of the drugs, which names the others. The drugs for bone are those of `start-treatment`, if it
    speaks: where another card answers the osteoporosis, this one must not answer it otherwise."""
    harm = harms[0]
    started = chart.found.get("start-treatment") if untreated else None
    measure_first = unmeasured and not chart.ordered("dxa")
    return Finding(
        indicator=WARNING if untreated and not harm.unreadable else INFO,
        variant="dose-unknown" if harm.unreadable else "untreated" if untreated else "unmeasured",
        values={
            "drug": harm.drug,
            "mechanism": str(harm.drug.mechanism),
            "others": [each.drug for each in harms[1:]],
            "daily": harm.daily,
            "unmeasured": unmeasured,
            "untreated": untreated,
            "ordered": chart.ordered("dxa"),
            "start": harm.course.start if harm.course else None,
            "active": harm.draft is None,
        },
        facts=(facts.drafted(harm.draft),) if harm.draft else tuple(facts.started(h.course) for h in harms if h.course),
        options=(
            *((service("dxa", recommended=not started),) if measure_first else ()),
            *(started[0].options if started else ()),
        ),
        any_number=not started,
        dropped=started[0].dropped if started else (),
        about=harm.draft,
    )


def _harms(chart: Chart) -> Iterator[_Harm]:
    if chart.hook in ORDER_HOOKS:
        for draft in chart.drafted(HARMFUL):
            if draft.drug is not None and (harm := _drafted_harm(chart, draft, draft.drug)):
                yield harm
        return
    for course in chart.courses(HARMFUL):
        if course.drug.mechanism is Mechanism.GLUCOCORTICOID:
            if _long(chart, course, limit("glucocorticoid-days")):
                daily = prednisone_equivalent(course.drug, course.dosing)
                if daily is None or _enough(daily):
                    yield _Harm(course.drug, course=course, daily=daily, unreadable=daily is None)
        elif _long(chart, course, _least_days(course.drug)) and _counts(chart, course.drug):
            yield _Harm(course.drug, course=course)


def _drafted_harm(chart: Chart, draft: Draft, drug: Drug) -> _Harm | None:
    """A drafted harm; a glucocorticoid only at its dose and length (without an end it is taken to go on)."""
    if drug.mechanism is Mechanism.GLUCOCORTICOID:
        days = draft.dosing.days if draft.dosing else None
        if days is not None and days < limit("glucocorticoid-days"):
            return None
        daily = prednisone_equivalent(drug, draft.dosing)
        if daily is not None and not _enough(daily):
            return None
        return _Harm(drug, draft, daily=daily, unreadable=daily is None)
    course = chart.course(drug)
    waits = _least_days(drug)
    if waits and (course is None or not _long(chart, course, waits)):
        return None
    return _Harm(drug, draft) if _counts(chart, drug) else None


def _least_days(drug: Drug) -> int:
    """How long a drug must have been taken before it counts."""
    return {Mechanism.PPI: limit("ppi-days") + 1, Mechanism.HEPARIN: limit("heparin-days") + 1}.get(drug.mechanism, 0)


def _counts(chart: Chart, drug: Drug) -> bool:
    """Levothyroxine harms where TSH lies below the laboratory's range."""
    if drug.mechanism is not Mechanism.THYROID_HORMONE:
        return True
    tsh = chart.newest("tsh", since=chart.months_ago(limit("tsh-window-months")))
    return tsh is not None and tsh.low is not None and tsh.below(tsh.low) is True


# -- bone density -----------------------------------------------------------------------------------------------------


def bmd_since(chart: Chart, months: int | None) -> bool:
    """A T-score, Z-score or BMD of a diagnostic site, a QCT value, or a DXA or QCT that was done although no value is on
    record: ever, or within the time named.

    ``months``: the time; None for ever.
    """
    since = chart.months_ago(months) if months is not None else None
    dxa = any(m.site in DIAGNOSTIC_SITES for key in ("t-score", "z-score", "bmd") for m in chart.values(key, since=since))
    return dxa or bool(chart.values("qct-vbmd", since=since)) or chart.done("dxa", "qct", since=since) is not None


_RISK_PROBLEMS = (
    "hypogonadism",
    "rheumatoid-arthritis",
    "lupus",
    "hyperparathyroidism",
    "hyperthyroidism",
    "cushing",
    "malabsorption",
    "ckd-3",
    "ckd-4",
    "ckd-5",
    "diabetes",
    "immobility",
    "smoking",
)


def risk_factors(chart: Chart) -> list[Fact]:
    """The risk factors of bmd-screening that are on record (OPREF-D2)."""
    found = [facts.problem(p) for key in _RISK_PROBLEMS if (p := chart.active_problem(key))]
    if early := chart.problem("early-menopause"):
        found.append(facts.problem(early))
    if chart.parental_hip_fracture:
        found.append(Fact(Name("hip fracture of a parent", "父母髋部骨折史")))
    bmi = body_mass_index(chart)
    if bmi is not None and bmi.below(limit("bmi-low")):
        found.append(facts.measured(bmi))
    alcohol = chart.newest("alcohol")
    if alcohol is not None and alcohol.below(limit("alcohol-units")) is False:
        found.append(facts.measured(alcohol))
    kidneys = renal(chart)
    if kidneys.below(limit("ckd-3-egfr")) and kidneys.lowest and not chart.active_problem("ckd-3", "ckd-4", "ckd-5"):
        found.append(facts.measured(kidneys.lowest))
    return found


def body_mass_index(chart: Chart) -> Measurement | None:
    """The newest BMI: as reported, or from the newest weight and height of {bmi-window-months} months."""
    reported = chart.newest("bmi")
    since = chart.months_ago(limit("bmi-window-months"))
    weight, height = (chart.newest(key, since=since) for key in ("weight", "height"))
    if weight is None or height is None or (reported is not None and reported.when >= weight.when):
        return reported
    value = weight.value / (height.value / 100) ** 2
    return Measurement("bmi", value, weight.when, weight.source, computed="weight / height²")


@card(
    "bmd-screening",
    section="A",
    hooks=(PATIENT_VIEW, PROBLEM_CREATE, DISCHARGE),
    cites=("OPREF-S1", "OPREF-D2", "OPREF-D6", "POP2022-D4", "ELD2023-02b", "ELD2023-12a", "REHAB2024-04"),
    reads=(*risk.READS, *kidney.READS, Data.FAMILY_HISTORY, Data.FUNCTION, Data.BODY, Data.ORDERS, Data.REPORTS),
    needs=(Data.BONE_DENSITY,),
)
def bmd_screening(chart: Chart) -> Iterator[Finding]:
    """Bone density is measured in women from {screening-woman-years}, men from {screening-man-years}, younger ones with a risk
    factor, after a fragility fracture, with drugs that cost bone, and with osteoporosis: and never was in this patient.

    When: an adult without any DXA or QCT on record, of whatever date, and the first of these that holds: (1) any fragility
    fracture; (2) osteoporosis, or on treatment; (3) a systemic glucocorticoid of {glucocorticoid-mg} mg prednisone equivalent a
    day or more taken for {glucocorticoid-days} days, an aromatase inhibitor or a GnRH analog or antagonist taken today, or
    long-term glucocorticoid use as an active problem; (4) a woman of {screening-woman-years} or older, a man of
    {screening-man-years} or older; (5) a risk factor in a postmenopausal woman or an adult man. Risk factors: hip fracture of a
    parent; newest BMI below {bmi-low} (as reported, or from weight and height of twenty-four months); current smoking;
    {alcohol-units} or more alcoholic drinks a day; early menopause; hypogonadism, rheumatoid arthritis, lupus,
    hyperparathyroidism, hyperthyroidism, Cushing syndrome, malabsorption, diabetes, long immobility as active problems; chronic
    kidney disease of stage 3 or more, coded or by a renal estimate below {ckd-3-egfr}.

    Not when: a DXA or QCT is ordered, or `bone-loss-medication` fires in the same answer and asks for it.

    Then: warning after a fragility fracture, else info. Recommended: DXA of spine and hip. QCT as an option only where a CT of
    the spine is ordered anyway. The detail says that a check-up from forty includes bone density and that ultrasound of the
    heel does not replace DXA, and names T-scores and BMD on record that could not be used.
    """
    if not risk.adult(chart) or bmd_since(chart, None) or chart.ordered("dxa", "qct") or "bone-loss-medication" in chart.found:
        return
    reason, evidence = _screening_reason(chart)
    if not reason:
        return
    yield Finding(
        indicator=WARNING if reason == "fracture" else INFO,
        variant=reason,
        values={"evidence": [facts.said(fact) for fact in evidence], "when": evidence[0].when if evidence else None},
        facts=(facts.age(chart), *evidence) if chart.age is not None else tuple(evidence),
        options=(service("dxa", recommended=True), *((service("qct"),) if chart.ordered("spine-ct") else ())),
        any_number=True,
        left_out=chart.left_out("t-score", "bmd"),
    )


def _screening_reason(chart: Chart) -> tuple[str, list[Fact]]:
    age = chart.age or 0
    factors = risk_factors(chart)
    if chart.fractures:
        return "fracture", [facts.fracture(chart.fractures[0])]
    if risk.osteoporosis(chart) or risk.on_treatment(chart):
        known = chart.problem("osteoporosis")
        return "osteoporosis", [facts.problem(known)] if known else [facts.taken(c) for c in risk.treatments(chart)]
    harm = long_glucocorticoid(chart) or next(
        (c for c in chart.courses(_HORMONE_BLOCKERS) if c.on_treatment(chart.today)), None
    )
    if harm is not None:
        return "drug", [facts.taken(harm)]
    if documented := chart.active_problem("long-term-glucocorticoid"):
        return "drug", [facts.problem(documented)]
    if chart.patient.female and age >= limit("screening-woman-years"):
        return "age", factors
    if chart.patient.sex == "male" and age >= limit("screening-man-years"):
        return "age", factors
    if factors and (risk.postmenopausal(chart) or (chart.patient.sex == "male" and age >= limit("adult-years"))):
        return "risk-factor", factors
    return "", []


@card(
    "low-bone-mass",
    section="A",
    hooks=(PATIENT_VIEW,),
    cites=("OVCF2021-D3", "ELD2023-02a", "OPREF-S2", "REHAB2024-08"),
    reads=(*risk.READS, Data.ORDERS),
    needs=(Data.BONE_DENSITY, Data.CONDITIONS),
)
def low_bone_mass(chart: Chart) -> Iterator[Finding]:
    """Low bone mass alone does not decide about drugs: FRAX tells whether the fracture risk is high.

    When: a postmenopausal woman or a man of {t-group-years} or older, with a lowest T-score above {t-osteoporosis} and below
    {t-low}, or a newest lumbar QCT of {qct-osteoporosis} to {qct-normal} mg/cm3.

    Not when: osteoporosis is documented or met by criteria; on treatment; a FRAX (major or hip) of the last {frax-months}
    months is on record, which then decides (`start-treatment` where it is high); FRAX is ordered. Low bone mass that is only
    documented, without a value, does not fire.

    Then: info. Recommended: FRAX, with a link to the calculator.
    """
    if not risk.t_group(chart) or risk.osteoporosis(chart) or risk.on_treatment(chart) or chart.ordered("frax"):
        return
    lowest, qct = risk.low_t(chart), chart.newest("qct-vbmd")
    by_qct = qct if qct and measure("qct-osteoporosis") <= qct.value <= measure("qct-normal") else None
    since = chart.months_ago(limit("frax-months"))
    if (lowest is None and by_qct is None) or chart.newest("frax-major", since=since) or chart.newest("frax-hip", since=since):
        return
    decisive = lowest or by_qct
    yield Finding(
        indicator=INFO,
        variant="t-score" if lowest else "qct",
        values={"value": decisive},
        facts=tuple(facts.measured(m) for m in (lowest, by_qct) if m),
        options=(service("frax", recommended=True),),
    )


@card(
    "low-bmd-for-age",
    section="A",
    hooks=(PATIENT_VIEW,),
    cites=("POP2022-D2", "OPREF-P2"),
    reads=(Data.BONE_DENSITY, Data.CONDITIONS, Data.PROCEDURES, Data.ORDERS),
    needs=(Data.BONE_DENSITY,),
)
def low_bmd_for_age(chart: Chart) -> Iterator[Finding]:
    """Before menopause, under {t-group-years} and in children the Z-score judges bone: {z-low} or lower is below what is
    expected for the age; a T-score alone does not count.

    When: under {t-group-years} (age known; children too) and not postmenopausal, and the lowest of the newest Z-score of each
    diagnostic site is {z-low} or lower; or no Z-score of these sites is on record, but a T-score is.

    Not when: a Z-score above {z-low} is on record, whatever the T-score.

    Then: info. With a low Z-score recommended: referral to an osteoporosis specialist; for an adult besides it, as options:
    calcium, 25(OH)D, PTH, TSH, without those that are ordered; for a child the referral only. With a T-score only, the detail
    asks for the Z-score of the same scan, and referral is an option.
    """
    if chart.age is None or chart.age >= limit("t-group-years") or risk.postmenopausal(chart):
        return
    z = min(
        (v[0] for site in sorted(DIAGNOSTIC_SITES) if (v := chart.values("z-score", site=site))),
        key=lambda m: m.value,
        default=None,
    )
    low = z is not None and z.value <= measure("z-low")
    t = min(risk.newest_t_scores(chart), key=lambda m: m.value, default=None) if z is None else None
    if not low and t is None:
        return
    child = chart.age < limit("adult-years")
    tests = () if child or not low else ("calcium", "vitamin-d", "pth", "tsh")
    wanted = [key for key in ("referral-osteoporosis", *tests) if not chart.ordered(key)]
    options: tuple[Option, ...] = tuple(service(key, recommended=low and key.startswith("referral")) for key in wanted)
    yield Finding(
        indicator=INFO,
        variant=("child" if child else "adult") if low else "t-only",
        values={"z_score": z if low else None, "t_score": t, "child": child},
        facts=tuple(facts.measured(m) for m in (z, t) if m),
        options=options,
        any_number=True,
    )
