"""Sections G and H on charts made by hand: both sides of every number, and what keeps a card silent."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from cards.chart import Chart, Draft, Fracture, Hook, Measurement, Patient, Problem, Service
from cards.engine.findings import Finding
from cards.engine.run import run

TODAY = date(2026, 6, 15)
OSTEOPOROSIS: dict[str, tuple[Problem, ...]] = {"osteoporosis": (Problem("osteoporosis", "Condition/o", date(2024, 1, 1)),)}


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def chart(*measured: tuple[str, float], age: int = 72, days: int = 30, **more: Any) -> Chart:
    values: dict[str, tuple[Measurement, ...]] = {k: (Measurement(k, v, ago(days), f"Observation/{k}"),) for k, v in measured}
    patient = Patient("female", TODAY.replace(year=TODAY.year - age))
    told_of: dict[str, Any] = {"problems": OSTEOPOROSIS, **more}
    return Chart(today=TODAY, patient=patient, measured=values, **told_of)


def problems(*keys: str) -> dict[str, tuple[Problem, ...]]:
    return OSTEOPOROSIS | {key: (Problem(key, f"Condition/{key}", ago(30)),) for key in keys}


def told(code: str, patient: Chart) -> Finding | None:
    return next((finding for finding in run(patient) if finding.code == code), None)


@pytest.mark.parametrize(
    ("code", "key", "value", "expected"),
    [
        ("fall-risk", "morse", 45, "warning"),
        ("fall-risk", "morse", 44, "info"),
        ("fall-risk", "morse", 25, "info"),
        ("fall-risk", "morse", 24, None),
        ("fall-risk", "berg", 40, "warning"),
        ("fall-risk", "berg", 41, None),
        ("fall-risk", "tug", 12, "warning"),
        ("fall-risk", "tug", 11.9, None),
        ("fall-risk", "falls", 2, "warning"),
        ("fall-risk", "falls", 1, None),
        ("pain-rehabilitation", "pain-nrs", 4, "info"),
        ("pain-rehabilitation", "pain-nrs", 3, None),
        ("pain-rehabilitation", "pain-vas", 40, "info"),
        ("pain-rehabilitation", "pain-vas", 39, None),
        ("mood-support", "phq9", 10, "info"),
        ("mood-support", "phq9", 9, None),
        ("mood-support", "phq9", 20, "warning"),
        ("mood-support", "phq9", 19, "info"),
        ("mood-support", "phq9-item9", 1, "warning"),
        ("mood-support", "phq9-item9", 0, None),
        ("mood-support", "hamd", 17, "info"),
        ("mood-support", "hamd", 16, None),
        ("mood-support", "hama", 14, "info"),
        ("mood-support", "hama", 13, None),
        ("daily-living", "barthel", 60, "info"),
        ("daily-living", "barthel", 61, None),
        ("daily-living", "odi", 41, "info"),
        ("daily-living", "odi", 40, None),
    ],
)
def test_both_sides_of_each_score(code: str, key: str, value: float, expected: str | None) -> None:
    found = told(code, chart((key, value)))
    assert (found.indicator.value if found else None) == expected


@pytest.mark.parametrize(
    ("code", "key", "value", "inside", "outside"),
    [
        ("fall-risk", "morse", 60, 365, 366),
        ("pain-rehabilitation", "pain-nrs", 8, 92, 93),
        ("mood-support", "phq9", 15, 182, 183),
        ("daily-living", "barthel", 40, 365, 366),
    ],
)
def test_both_ends_of_each_window(code: str, key: str, value: float, inside: int, outside: int) -> None:
    assert told(code, chart((key, value), days=inside))
    assert told(code, chart((key, value), days=outside)) is None


def test_fall_risk_speaks_from_65_without_osteoporosis() -> None:
    assert told("fall-risk", chart(("morse", 50), age=65, problems={}))
    assert told("fall-risk", chart(("morse", 50), age=64, problems={})) is None


def test_of_one_day_the_worse_pain_counts() -> None:
    assert told("pain-rehabilitation", chart(("pain-nrs", 6), ("pain-vas", 20)))
    assert told("pain-rehabilitation", chart(("pain-nrs", 2), ("pain-vas", 60)))


def test_agents_that_the_record_speaks_against_are_not_proposed() -> None:
    fresh = told("pain-rehabilitation", chart(("pain-nrs", 6), fractures=(Fracture("vertebra", ago(20)),)))
    assert fresh
    assert {"orthosis", "pemf", "laser"} <= {o.key for o in fresh.options}
    assert not {"vibration", "shock-wave"} & {o.key for o in fresh.options}
    tumor = told("pain-rehabilitation", chart(("pain-nrs", 6), problems=problems("bone-metastasis")))
    assert tumor
    assert [o.key for o in tumor.options] == ["orthosis", "referral-rehabilitation"]


def test_education_and_assessment_are_due_once_a_year() -> None:
    for days, due in ((365, False), (366, True)):
        taught = {"education": (Service("education", True, "Procedure/e", ago(days)),)}
        assert bool(told("lifestyle-education", chart(services=taught))) is due
        found = told("rehab-assessment", chart(("phq9", 3), days=days))
        assert found
        assert ("assess-mood" in {o.key for o in found.options}) is due


@pytest.mark.parametrize(("days", "fires"), [(90, True), (91, False)])
def test_a_vertebral_fracture_is_new_for_90_days(days: int, fires: bool) -> None:
    assert bool(told("vertebral-fracture-care", chart(fractures=(Fracture("vertebra", ago(days)),)))) is fires


def test_an_mri_since_the_fracture_is_not_asked_for_again() -> None:
    fracture = (Fracture("vertebra", ago(40)),)
    for days, asked in ((39, False), (41, True)):
        done = {"spine-mri": (Service("spine-mri", True, "ImagingStudy/m", ago(days)),)}
        found = told("vertebral-fracture-care", chart(fractures=fracture, services=done))
        assert found
        assert ("spine-mri" in {o.key for o in found.options}) is asked


def signing(service: str, *measured: tuple[str, float], days: int = 10, mri: int = 5, **more: Any) -> Chart:
    """This order being signed; with a vertebral fracture of last month and an MRI since, unless said otherwise."""
    done = {"spine-mri": (Service("spine-mri", True, "ImagingStudy/m", ago(mri)),)}
    draft = Draft("ServiceRequest/d1", service=service, text="order")
    usual: dict[str, Any] = {"fractures": (Fracture("vertebra", ago(30)),), "services": done}
    return chart(*measured, days=days, hook=Hook.ORDER_SIGN, drafts=(draft,), **(usual | more))


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        (signing("vertebral-augmentation"), None),
        (signing("vertebral-augmentation", ("inr", 1.5)), None),
        (signing("vertebral-augmentation", ("inr", 1.6)), "critical"),
        (signing("vertebral-augmentation", ("platelets", 50)), None),
        (signing("vertebral-augmentation", ("platelets", 49)), "critical"),
        (signing("vertebral-augmentation", ("platelets", 49), days=32), None),
        (signing("vertebral-augmentation", problems=problems("coagulopathy")), "critical"),
        (signing("vertebral-augmentation", problems=problems("spinal-infection")), "critical"),
        (signing("vertebral-augmentation", problems=problems("sepsis")), "critical"),
        (signing("vertebral-augmentation", problems=problems("filler-allergy")), "critical"),
        (signing("vertebral-augmentation", problems=problems("unfit-for-surgery")), "critical"),
        (signing("vertebral-augmentation", problems=problems("infection")), "warning"),
        (signing("vertebral-augmentation", fractures=()), "warning"),
        (signing("vertebral-augmentation", mri=90), None),
        (signing("vertebral-augmentation", mri=91), "warning"),
        (signing("vertebral-augmentation", ("pain-nrs", 1), fractures=(Fracture("vertebra", ago(366)),)), "critical"),
        (signing("vertebral-augmentation", ("pain-nrs", 2), fractures=(Fracture("vertebra", ago(366)),)), None),
        (signing("vertebral-augmentation", ("pain-nrs", 1), fractures=(Fracture("vertebra", ago(365)),)), None),
        (signing("vertebral-augmentation", ("inr", 3), age=17), None),
    ],
)
def test_what_speaks_against_augmentation(patient: Chart, expected: str | None) -> None:
    found = told("vertebral-augmentation", patient)
    assert (found.indicator.value if found else None) == expected


@pytest.mark.parametrize("agent", ["lipus", "tens", "nmes", "iontophoresis"])
def test_agents_that_are_not_recommended_are_taken_back(agent: str) -> None:
    found = told("physical-agent-evidence", signing(agent))
    assert found
    assert [o.kind for o in found.options] == ["discard"]
    assert told("physical-agent-evidence", signing(agent, problems={}, fractures=())) is None


@pytest.mark.parametrize("agent", ["pemf", "vibration", "shock-wave", "laser"])
def test_agents_that_are_recommended_draw_no_card(agent: str) -> None:
    assert told("physical-agent-evidence", signing(agent)) is None


@pytest.mark.parametrize(("level", "fires"), [(19.9, False), (20, True)])
def test_ultraviolet_is_for_vitamin_d_deficiency(level: float, fires: bool) -> None:
    assert bool(told("physical-agent-evidence", signing("ultraviolet", ("vitamin-d", level)))) is fires
