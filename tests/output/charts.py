"""Patients at random, from a seed: every combination that a card might have to put into words."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from cards.chart import (
    Allergy,
    Chart,
    Dosing,
    Draft,
    Exposure,
    Fracture,
    Hook,
    Measurement,
    Patient,
    Problem,
    Service,
    SetAside,
)
from cards.definitions import courses
from cards.definitions.bone_loss import HARMFUL as HARM
from cards.thresholds import shipped
from cards.vocabulary import ANALYTES, ANTI_OSTEOPOROSIS, DIAGNOSTIC_SITES, DRUGS, PROBLEMS, SERVICES, Data, Mechanism

TODAY = date(2026, 6, 15)
OURS = [
    d for d in DRUGS.values() if d.mechanism in ANTI_OSTEOPOROSIS or d.mechanism in (Mechanism.CALCIUM, Mechanism.VITAMIN_D)
]
HARMFUL = [d for d in DRUGS.values() if d.mechanism in HARM]
COMMON = [DRUGS[key] for key in ("denosumab", "denosumab", "alendronate", "zoledronate", "teriparatide", "romosozumab")]
LIKELY: dict[str, tuple[float, float]] = {
    "t-score": (-4.5, 0.5),
    "egfr": (5, 90),
    "creatinine": (0.6, 4),
    "calcium": (6.5, 11.5),
    "albumin": (2.5, 4.5),
    "vitamin-d": (5, 45),
    "ctx": (50, 900),
    "p1np": (10, 120),
    "frax-major": (1, 40),
    "frax-hip": (0.5, 8),
    "alp": (40, 400),
    "weight": (40, 90),
    "height": (145, 185),
    "qct-vbmd": (40, 160),
    "inr": (0.8, 3),
    "platelets": (20, 300),
    "pain-nrs": (0, 10),
    "pain-vas": (0, 100),
    "phq9": (0, 27),
    "phq9-item9": (0, 1),
    "hamd": (0, 40),
    "hama": (0, 40),
    "barthel": (20, 100),
    "odi": (0, 100),
    "morse": (0, 100),
    "berg": (20, 56),
    "tug": (5, 25),
    "alcohol": (0, 6),
    "z-score": (-3.5, 1),
    "bmd": (0.4, 1.1),
    "tsh": (0.05, 6),
    "pth": (10, 150),
    "urine-calcium": (50, 400),
    "falls": (0, 4),
    "bmi": (15, 35),
}
SITED = ("t-score", "z-score", "bmd")
HIGH = {"alp": 120.0, "ctx": 300.0, "p1np": 60.0, "pth": 65.0}
LOW = {"tsh": 0.4}
SET_ASIDE = ("unit-unknown", "no-unit", "implausible", "unreadable", "future")


def chart(seed: int) -> Chart:
    """One patient; the same for the same seed."""
    rng = Random(seed)
    drafting = rng.random() < 0.4
    other = (Hook.PATIENT_VIEW, Hook.PATIENT_VIEW, Hook.PATIENT_VIEW, Hook.PROBLEM_CREATE, Hook.DISCHARGE, Hook.REFILL)
    problems = {key: (_problem(rng, key),) for key in PROBLEMS if rng.random() < 0.05}
    exposures = [_exposure(rng) for _ in range(rng.randrange(4))]
    measured = {key: _measured(rng, key) for key in LIKELY if rng.random() < 0.5}
    if rng.random() < 0.3:
        exposures, measured["ctx"] = _steady(rng)
    if rng.random() < 0.3:
        exposures += [_harmful(rng)]
    if rng.random() < 0.05:
        exposures, measured["bmd"] = _years_of_denosumab(rng)
    return Chart(
        today=TODAY,
        hook=rng.choice((Hook.ORDER_SELECT, Hook.ORDER_SIGN) if drafting else other),
        patient=Patient(rng.choice(("female", "female", "male", "")), _birth(rng)),
        measured=measured,
        problems=problems,
        fractures=tuple(
            Fracture(
                rng.choice(("vertebra", "hip", "distal-forearm")), _maybe_day(rng), "Condition/f", presumed=rng.random() < 0.5
            )
            for _ in range(rng.choice((0, 0, 1, 2)))
        ),
        drug_courses=courses.build(shipped().shared, exposures, problems, TODAY),
        allergies=(Allergy(rng.choice(OURS), None, "AllergyIntolerance/1", rng.random() < 0.5),) if rng.random() < 0.1 else (),
        services={key: (Service(key, True, "", _day(rng)),) for key in SERVICES if rng.random() < 0.1},
        drafts=tuple(_draft(rng, n) for n in range(rng.choice((1, 1, 2)))) if drafting else (),
        set_aside=tuple(_set_aside(rng) for _ in range(rng.choice((0, 0, 1, 5)))),
        failed=frozenset(rng.sample(list(Data), rng.choice((0, 0, 0, 1, 3)))) - {Data.PATIENT},
        formulary=rng.choice((None, None, frozenset(DRUGS), frozenset({"alendronate"}))),
    )


def _birth(rng: Random) -> date | None:
    years = rng.randint(10, 45) if rng.random() < 0.1 else rng.randint(45, 95)
    return TODAY - timedelta(days=years * 365 + rng.randrange(365)) if rng.random() < 0.97 else None


def _day(rng: Random, earliest: int = 4000, latest: int = 0) -> date:
    return TODAY - timedelta(days=rng.randint(latest, rng.choice((earliest, max(earliest // 10, latest)))))


def _maybe_day(rng: Random) -> date | None:
    return _day(rng) if rng.random() < 0.8 else None


def _measured(rng: Random, key: str) -> tuple[Measurement, ...]:
    low, high = LIKELY[key]
    found = [
        Measurement(
            key,
            round(rng.uniform(low, high), ANALYTES[key].digits),
            _day(rng, 1200),
            f"Observation/{key}",
            rng.choice(("", "", "", "<", ">=")) if key in ("egfr", "vitamin-d") else "",
            given="1 [odd]*unit*" if rng.random() < 0.2 else "",
            site=rng.choice(sorted(DIAGNOSTIC_SITES)) if key in SITED else None,
            low=LOW.get(key),
            high=HIGH.get(key),
        )
        for _ in range(rng.randrange(1, 4))
    ]
    return tuple(sorted(found, key=lambda m: m.when, reverse=True))


def _problem(rng: Random, key: str) -> Problem:
    return Problem(key, f"Condition/{key}", _maybe_day(rng), active=rng.random() < 0.8)


def _exposure(rng: Random) -> Exposure:
    kind = rng.choice(("statement", "request", "administration", "dispense"))
    status = rng.choice(("active", "stopped") if kind in ("statement", "request") else ("completed",))
    start = _maybe_day(rng) if kind in ("statement", "request") else _day(rng)
    supply = 90.0 if kind == "dispense" else None
    drug = rng.choice(OURS if rng.random() < 0.4 else COMMON)
    return Exposure(drug, kind, status, f"Medication/{kind}", start, supply_days=supply, authored=start)


def _steady(rng: Random) -> tuple[list[Exposure], tuple[Measurement, ...]]:
    """One drug taken for some months or years, with a turnover marker before and after."""
    start = _day(rng, 5000, 130)
    before, after = start - timedelta(days=5), start + timedelta(days=100)
    markers = tuple(Measurement("ctx", rng.uniform(100, 800), day, "Observation/ctx") for day in (after, before))
    end = start + (TODAY - start) * rng.random() if rng.random() < 0.4 else None
    status = "stopped" if end else "active"
    return [Exposure(rng.choice(COMMON[2:]), "statement", status, "MedicationStatement/1", start, end)], markers


def _harmful(rng: Random) -> Exposure:
    """Something hard on bone, or calcium, that has been taken for months or years."""
    drug = rng.choice([*HARMFUL, DRUGS["calcium"]])
    return Exposure(drug, "statement", "active", "MedicationStatement/h", _maybe_day(rng), dosing=_dosing(rng, drug.key))


def _dosing(rng: Random, key: str) -> Dosing | None:
    amount = rng.choice((600.0, 2000.0)) if key == "calcium" else rng.choice((2.5, 10.0))
    return Dosing(amount, every_days=1) if rng.random() < 0.7 else None


def _years_of_denosumab(rng: Random) -> tuple[list[Exposure], tuple[Measurement, ...]]:
    """Denosumab on time for years, with the bone density of its beginning and of today."""
    last, doses = _day(rng, 150), rng.randint(3, 24)
    days = [last - timedelta(days=182 * n) for n in range(doses)]
    site = rng.choice(sorted(DIAGNOSTIC_SITES))
    density = tuple(Measurement("bmd", rng.uniform(0.5, 1), day, "Observation/bmd", site=site) for day in (last, days[-1]))
    return [Exposure(DRUGS["denosumab"], "administration", "completed", "x/1", day) for day in days], density


def _draft(rng: Random, number: int) -> Draft:
    if rng.random() < 0.2:
        service = rng.choice(("vertebral-augmentation", "lipus", "tens", "nmes", "iontophoresis", "ultraviolet", "dxa"))
        return Draft(f"ServiceRequest/d{number}", service=service, text="*odd* order")
    drug = rng.choice(OURS if rng.random() < 0.6 else COMMON) if rng.random() < 0.9 else None
    if rng.random() < 0.1:
        drug = rng.choice(HARMFUL)
    dosing = _dosing(rng, drug.key) if drug in HARMFUL and drug is not None else None
    text = "<b>Odd</b> *brand* 5 mg"
    return Draft(f"MedicationRequest/d{number}", drug, text=text, unidentified=drug is None, dosing=dosing)


def _set_aside(rng: Random) -> SetAside:
    key = rng.choice((*LIKELY, ""))
    data = ANALYTES[key].group if key else rng.choice(list(Data))
    return SetAside(data, rng.choice(SET_ASIDE), key, "Observation/odd", _maybe_day(rng), "mg/<b>cup</b>")
