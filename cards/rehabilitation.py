"""Section H, rehabilitation and life."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards import facts, risk
from cards.chart import Chart, Draft, Measurement
from cards.concepts import SERVICES, Data, Mechanism
from cards.intake import fall_evidence
from cards.options import discard, service
from cards.rule import DISCHARGE, INFO, ORDER_SELECT, ORDER_SIGN, PATIENT_VIEW, WARNING, Fact, Finding, Option, card
from cards.screening import body_mass_index
from cards.spine import new_vertebral_fracture, pain_limit, pain_score
from cards.thresholds import limit


def _concerned(chart: Chart) -> bool:
    """Osteoporosis, low bone mass, a fragility fracture, or on treatment."""
    weak = risk.osteoporosis(chart) or risk.low_bone_mass(chart) or bool(chart.fractures)
    return risk.adult(chart) and (weak or risk.on_treatment(chart))


# -- assessment -------------------------------------------------------------------------------------------------------

_ASSESSMENTS: dict[str, tuple[str, ...]] = {
    "assess-pain": ("pain-nrs", "pain-vas"),
    "assess-muscle": ("mmt", "rom"),
    "assess-mood": ("phq9", "hama", "hamd"),
    "assess-daily-living": ("barthel", "odi"),
    "assess-quality-of-life": ("sf36",),
    "assess-fall-risk": ("berg", "morse"),
}
"""What is assessed, and which results show that it was (REHAB2024-01 to -07)."""


@card(
    "rehab-assessment",
    section="H",
    hooks=(PATIENT_VIEW,),
    cites=(
        "REHAB2024-01",
        "REHAB2024-02",
        "REHAB2024-03",
        "REHAB2024-05",
        "REHAB2024-06",
        "REHAB2024-07",
        "REHAB2024-08",
        "ELD2023-05a",
        "ELD2023-10b",
        "OPREF-S2",
    ),
    reads=(*risk.READS, Data.FUNCTION, Data.ORDERS),
    needs=(Data.FUNCTION,),
)
def rehab_assessment(chart: Chart) -> Iterator[Finding]:
    """Pain, strength and movement, mood, daily living, quality of life and fall risk are assessed once a year.

    When: an adult has osteoporosis and for any of these there is within {function-window-months} months neither a result nor an
    assessment done, nor one ordered: pain (NRS, VAS); muscle strength or range of motion; mood (PHQ-9, HAMA, HAMD); daily
    living (Barthel, Oswestry); quality of life (SF-36); fall risk (Berg, Morse).

    Then: info. One order for each assessment that is missing, any number.
    """
    if not risk.adult(chart) or not risk.osteoporosis(chart):
        return
    since = chart.months_ago(limit("function-window-months"))
    missing = [key for key, results in _ASSESSMENTS.items() if not _assessed(chart, key, results, since)]
    if missing:
        yield Finding(
            indicator=INFO,
            values={"missing": missing, "all": len(missing) == len(_ASSESSMENTS)},
            options=tuple(service(key) for key in missing),
            any_number=True,
            left_out=chart.left_out(*(result for key in missing for result in _ASSESSMENTS[key])),
        )


def _assessed(chart: Chart, key: str, results: tuple[str, ...], since: date) -> bool:
    return (
        any(chart.newest(result, since=since) for result in results)
        or chart.ordered(key)
        or chart.done(key, since=since) is not None
    )


@card(
    "fall-risk",
    section="H",
    hooks=(PATIENT_VIEW, DISCHARGE),
    cites=(
        "ELD2023-05a",
        "ELD2023-05b",
        "POP2022-L2",
        "OVCF2021-R1",
        "OPREF-P3",
        "OPREF-F1",
        "REHAB2024-07",
        "REHAB2024-19",
    ),
    reads=(*risk.READS, Data.FUNCTION),
    needs=(Data.FUNCTION,),
)
def fall_risk(chart: Chart) -> Iterator[Finding]:
    """A high or moderate risk of falling: exercise, a safe home, fewer sedatives, vitamin D; aids by preference.

    When: an adult who has osteoporosis, low bone mass or a fragility fracture, is on treatment, or is {fall-risk-years} or
    older, and (1) the risk of falling is high, that is, within {fall-window-months} months Morse {morse-high} or more, Berg
    {berg-low} or less, timed up and go {tug-seconds} s or more, {falls-a-year} falls or more, recurrent falls on record as
    active, or a fall with a fragility fracture within {high-energy-window-days} days of it; or (2) it is moderate: Morse
    {morse-moderate} or more, and nothing of (1).

    Then: warning in (1), info in (2). Balance and strength training, home safety assessment and referral to a falls clinic,
    each unless ordered; any number. The detail adds fewer sedatives, vitamin D, walking aid and hip protector by preference,
    shoes or insoles.
    """
    old = (chart.age or 0) >= limit("fall-risk-years")
    if not risk.adult(chart) or not (_concerned(chart) or old):
        return
    high = fall_evidence(chart) or list(_fall_with_injury(chart))
    morse = chart.newest("morse", since=chart.months_ago(limit("fall-window-months")))
    moderate = morse is not None and morse.below(limit("morse-moderate")) is False
    if not high and not moderate:
        return
    yield Finding(
        indicator=WARNING if high else INFO,
        variant="high" if high else "moderate",
        values={"evidence": list(dict.fromkeys(fact.name for fact in high)), "morse": morse},
        facts=tuple(high) or ((facts.measured(morse),) if morse else ()),
        options=tuple(service(key) for key in ("exercise", "home-safety", "referral-falls") if not chart.ordered(key)),
        any_number=True,
        left_out=chart.left_out("morse", "berg", "tug", "falls"),
    )


def _fall_with_injury(chart: Chart) -> Iterator[Fact]:
    """One fall within the year that broke a bone within a week of it."""
    since = chart.months_ago(limit("fall-window-months"))
    for fall in chart.problems.get("fall", ()):
        for broken in chart.fractures:
            if (
                fall.when
                and broken.when
                and fall.when >= since
                and abs((broken.when - fall.when).days) <= limit("high-energy-window-days")
            ):
                yield facts.problem(fall)
                yield facts.fracture(broken)
                return


# -- pain, mood, daily living -----------------------------------------------------------------------------------------


@card(
    "pain-rehabilitation",
    section="H",
    hooks=(PATIENT_VIEW,),
    cites=(
        "ELD2023-10a",
        "ELD2023-10b",
        "ELD2023-10c",
        "OVCF2021-R2",
        "REHAB2024-09",
        "REHAB2024-10",
        "REHAB2024-15",
        "REHAB2024-17",
        "REHAB2024-19",
        "REHAB2024-21",
    ),
    reads=(*risk.READS, Data.FUNCTION),
    needs=(Data.FUNCTION,),
)
def pain_rehabilitation(chart: Chart) -> Iterator[Finding]:
    """Moderate or severe pain of the last months: orthosis, physical agents with their grade, traditional exercise.

    When: an adult has osteoporosis, low bone mass or a fragility fracture or is on treatment, and the newest pain score within
    {pain-window-months} months is NRS {pain-nrs} or VAS {pain-vas-mm} mm or more; of one day the one that tells of more pain
    counts.

    Then: info. Spinal orthosis, high-intensity laser, pulsed electromagnetic fields, shock waves, whole-body vibration,
    referral to rehabilitation, each unless ordered; any number. Left out, and said so: shock waves with a coagulation disorder
    or under an anticoagulant or heparin; shock waves and vibration with a vertebral fracture of the last {new-fracture-days}
    days; all four agents with a tumor of bone (metastasis, myeloma, primary, giant cell) or in an active pregnancy.
    """
    if not _concerned(chart):
        return
    pain = pain_score(chart, limit("pain-window-months"))
    if pain is None or pain.below(pain_limit(pain)) is not False:
        return
    unsafe = _unsafe_agents(chart)
    keys = ("orthosis", "laser", "pemf", "shock-wave", "vibration", "referral-rehabilitation")
    yield Finding(
        indicator=INFO,
        values={"pain": pain, "unsafe": unsafe},
        facts=(facts.measured(pain),),
        options=tuple(service(key) for key in keys if key not in unsafe and not chart.ordered(key)),
        any_number=True,
        left_out=chart.left_out("pain-nrs", "pain-vas"),
    )


def _unsafe_agents(chart: Chart) -> dict[str, str]:
    """Physical agents that the record speaks against, with the reason (a phrase key): usual contraindications of the devices,
    which the guideline leaves to the indication."""
    found: dict[str, str] = {}
    bleeding = chart.active_problem("coagulopathy") is not None or any(
        c.on_treatment(chart.today) for c in chart.courses({Mechanism.ANTICOAGULANT, Mechanism.HEPARIN})
    )
    if bleeding:
        found["shock-wave"] = "bleeding"
    if new_vertebral_fracture(chart) is not None:
        found |= dict.fromkeys(("shock-wave", "vibration"), "new-fracture")
    for reason, applies in (
        ("tumor", chart.active_problem("bone-metastasis", "myeloma", "bone-cancer", "giant-cell-tumor") is not None),
        ("pregnancy", risk.pregnant(chart)),
    ):
        if applies:
            found |= dict.fromkeys(("laser", "pemf", "shock-wave", "vibration"), reason)
    return found


@card(
    "mood-support",
    section="H",
    hooks=(PATIENT_VIEW,),
    cites=("ELD2023-09b", "REHAB2024-03", "REHAB2024-20"),
    reads=(*risk.READS, Data.FUNCTION),
    needs=(Data.FUNCTION,),
)
def mood_support(chart: Chart) -> Iterator[Finding]:
    """Low mood or anxiety on a scale calls for counseling and therapy. A positive PHQ-9 item 9 speaks of suicide and stands by
    itself.

    When: an adult has osteoporosis, low bone mass or a fragility fracture or is on treatment, and of the newest scores within
    {mood-window-months} months PHQ-9 is {phq9-moderate} or more, HAMD {hamd} or more, HAMA {hama} or more, or item 9 of PHQ-9
    is {phq9-item9} or more, whatever the total.

    Then: warning with a positive item 9 (which is named, and asks to talk today) or PHQ-9 of {phq9-severe} or more, else info.
    Referral to psychiatry or psychology (recommended in a warning), cognitive behavioral therapy; any number.
    """
    if not _concerned(chart):
        return
    since = chart.months_ago(limit("mood-window-months"))
    scores = [
        m
        for key, cut in (("phq9", "phq9-moderate"), ("hamd", "hamd"), ("hama", "hama"))
        if (m := _at_least(chart, key, cut, since))
    ]
    item9 = _at_least(chart, "phq9-item9", "phq9-item9", since)
    if not scores and item9 is None:
        return
    severe = any(m.key == "phq9" and m.below(limit("phq9-severe")) is False for m in scores)
    urgent = item9 is not None
    yield Finding(
        indicator=WARNING if severe or urgent else INFO,
        variant="self-harm" if urgent else "severe" if severe else "moderate",
        values={"score": scores[0] if scores else item9, "item9": item9},
        facts=tuple(facts.measured(m) for m in (*scores, *((item9,) if item9 else ()))),
        options=(service("referral-psychology", recommended=urgent or severe), service("cognitive-therapy")),
        any_number=True,
    )


def _at_least(chart: Chart, key: str, threshold: str, since: date) -> Measurement | None:
    value = chart.newest(key, since=since)
    return value if value is not None and value.below(limit(threshold)) is False else None


@card(
    "daily-living",
    section="H",
    hooks=(PATIENT_VIEW,),
    cites=("REHAB2024-05", "REHAB2024-18"),
    reads=(*risk.READS, Data.FUNCTION),
    needs=(Data.FUNCTION,),
)
def daily_living(chart: Chart) -> Iterator[Finding]:
    """Where much of daily life is hard or needs help: occupational therapy.

    When: an adult has osteoporosis, low bone mass or a fragility fracture or is on treatment, and the newest Barthel index
    within {function-window-months} months is {barthel} or less (of the scale up to a hundred; a low value that may be of the
    scale up to twenty is left out, and said so), or the newest Oswestry disability index {odi} % or more.

    Then: info. Referral to occupational therapy (recommended).
    """
    if not _concerned(chart):
        return
    since = chart.months_ago(limit("function-window-months"))
    barthel, odi = chart.newest("barthel", since=since), chart.newest("odi", since=since)
    found = [m for m in (barthel,) if m and m.at_most(limit("barthel"))]
    found += [m for m in (odi,) if m and m.below(limit("odi")) is False]
    if found:
        yield Finding(
            indicator=INFO,
            values={"score": found[0]},
            facts=tuple(map(facts.measured, found)),
            options=(service("referral-occupational-therapy", recommended=True),),
            left_out=chart.left_out("barthel"),
        )


# -- physical agents --------------------------------------------------------------------------------------------------

_NOT_RECOMMENDED = ("lipus", "tens", "nmes", "iontophoresis")


@card(
    "physical-agent-evidence",
    section="H",
    hooks=(ORDER_SELECT, ORDER_SIGN),
    cites=(
        "REHAB2024-09",
        "REHAB2024-10",
        "REHAB2024-11",
        "REHAB2024-12",
        "REHAB2024-13",
        "REHAB2024-14",
        "REHAB2024-15",
        "REHAB2024-16",
        "REHAB2024-17",
    ),
    reads=(*risk.READS, Data.VITAMIN_D),
)
def physical_agent_evidence(chart: Chart) -> Iterator[Finding]:
    """Some physical agents are not recommended for osteoporosis, ultraviolet only in vitamin D deficiency; others are.

    When: for an adult (1) low-intensity pulsed ultrasound, TENS, neuromuscular stimulation or iontophoresis is ordered, or (2)
    ultraviolet while the newest 25(OH)D within {vitamin-d-window-months} months is not below {vitamin-d-deficient} ng/mL or
    there is none; and the reason of the order is osteoporosis, low bone mass or a fracture, or it states none and the patient
    has osteoporosis.

    Not when: another reason is stated; in (2), 25(OH)D could not be had.

    Then: info. In (1) the draft can be deleted; in (2) 25(OH)D where none is on record or ordered. The detail names the agents
    that are recommended or serve as adjuncts, with their grade.
    """
    if not risk.adult(chart):
        return
    since = chart.months_ago(limit("vitamin-d-window-months"))
    vitamin_d = chart.newest("vitamin-d", since=since)
    deficient = vitamin_d is not None and vitamin_d.below(limit("vitamin-d-deficient"))
    for draft in chart.drafts:
        ultraviolet = draft.service == "ultraviolet" and not deficient and Data.VITAMIN_D not in chart.failed
        if (draft.service in _NOT_RECOMMENDED or ultraviolet) and _for_bone(chart, draft):
            yield Finding(
                indicator=INFO,
                variant=draft.service,
                values={"agent": SERVICES[draft.service], "vitamin_d": vitamin_d},
                facts=(facts.drafted(draft), *((facts.measured(vitamin_d),) if ultraviolet and vitamin_d else ())),
                options=_instead(chart, draft, ultraviolet and vitamin_d is None),
                about=draft,
            )


def _instead(chart: Chart, draft: Draft, unmeasured: bool) -> tuple[Option, ...]:
    """The order taken back where it is not recommended; before ultraviolet, vitamin D measured."""
    if draft.service in _NOT_RECOMMENDED:
        return (discard(draft),)
    return (service("vitamin-d"),) if unmeasured and not chart.ordered("vitamin-d") else ()


def _for_bone(chart: Chart, draft: Draft) -> bool:
    """Ordered for osteoporosis: as the reason says, or, without a reason, in someone who has it."""
    if draft.reasons:
        return bool(draft.reasons & {"osteoporosis", "osteopenia", "fracture"})
    return risk.osteoporosis(chart)


# -- education --------------------------------------------------------------------------------------------------------


@card(
    "lifestyle-education",
    section="H",
    hooks=(PATIENT_VIEW,),
    cites=(
        "ELD2023-03a",
        "ELD2023-03b",
        "ELD2023-03c",
        "ELD2023-04c",
        "ELD2023-06a",
        "ELD2023-06b",
        "ELD2023-06c",
        "ELD2023-06d",
        "ELD2023-09a",
        "ELD2023-10c",
        "ELD2023-12a",
        "POP2022-L1",
        "POP2022-L2",
        "OVCF2021-L1",
        "OVCF2021-R2",
        "OVCF2021-R3",
        "REHAB2024-22",
    ),
    reads=(*risk.READS, Data.BODY, Data.FUNCTION, Data.ORDERS),
    needs=(Data.PROCEDURES,),
)
def lifestyle_education(chart: Chart) -> Iterator[Finding]:
    """With osteoporosis or low bone mass, education once a year: food, exercise, sun, no tobacco, little alcohol.

    When: an adult has osteoporosis or low bone mass, and no education is on record as done within {education-months} months.

    Not when: it is ordered.

    Then: info. An order of education (recommended). The detail names current smoking, {alcohol-units} alcoholic drinks a day or
    more, and a BMI below {bmi-low} kg/m2 where on record; gentler exercise from {very-old-years} years on; after a fragility
    fracture of the last {new-fracture-days} days no exercise but as the doctor says.
    """
    if not risk.adult(chart) or not (risk.osteoporosis(chart) or risk.low_bone_mass(chart)):
        return
    if chart.done("education", since=chart.months_ago(limit("education-months"))) or chart.ordered("education"):
        return
    smoking = chart.active_problem("smoking")
    alcohol = chart.newest("alcohol")
    drinks = alcohol if alcohol and alcohol.below(limit("alcohol-units")) is False else None
    bmi = body_mass_index(chart)
    thin = bmi if bmi and bmi.below(limit("bmi-low")) else None
    named = [facts.problem(smoking)] if smoking else []
    yield Finding(
        indicator=INFO,
        values={
            "smoking": smoking is not None,
            "alcohol": drinks,
            "bmi": thin,
            "very_old": (chart.age or 0) >= limit("very-old-years"),
            "fresh": any(f.when and f.when >= chart.days_ago(limit("new-fracture-days")) for f in chart.fractures),
        },
        facts=(*named, *(facts.measured(m) for m in (drinks, thin) if m)),
        options=(service("education", recommended=True),),
    )
