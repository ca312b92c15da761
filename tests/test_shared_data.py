"""Patients that others made (Synthea, US Core): foreign to us, and the answers must make sense all the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.hooks.cards import spoken_for
from fhir_fixtures import lines
from fhir_fixtures.prefetch import answer, templates
from tests.protocol.checks import check_response
from tests.test_order_safety import NORMAL

Resource = dict[str, Any]

SHARED = Path(__file__).parents[2] / "shared" / "data"
PATIENTS = sorted(path.stem for path in (SHARED / "synthea").glob("*.json"))
TODAY = date(2024, 1, 15)
"""More than five years after the last of them began alendronate."""

ON_ALENDRONATE = ["patient_00", "patient_01", "patient_02", "patient_08", "patient_12", "patient_17"]

pytestmark = pytest.mark.skipif(not PATIENTS, reason="the shared data are not here")


def resources(name: str) -> list[Resource]:
    bundle = json.loads((SHARED / "synthea" / f"{name}.json").read_text(encoding="utf-8"))
    return [entry["resource"] for entry in bundle["entry"]]


@cache
def _client() -> Any:
    return create_app(Settings(today_is=TODAY)).test_client()


def cards(record: list[Resource], language: str = "en", hook: str = "patient-view", **context: Any) -> dict[str, Resource]:
    """The cards of a record by code, the response checked."""
    patient = next(r["id"] for r in record if r["resourceType"] == "Patient")
    body = {
        "hook": hook,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/example", "patientId": patient, **context},
        "prefetch": {key: answer(template, record) for key, template in templates(hook).items()},
    }
    answered = _client().post(f"/cds-services/osteoporosis-{hook}", json=body, headers={"Accept-Language": language})
    assert answered.status_code == 200
    check_response(answered.json, body)
    return {code: card for card in reversed(answered.json["cards"]) for code, _ in spoken_for(card)}


def without(record: list[Resource], unwanted: Callable[[Resource], bool]) -> list[Resource]:
    return [resource for resource in record if not unwanted(resource)]


def is_alendronate(resource: Resource) -> bool:
    return resource["resourceType"] == "MedicationRequest" and "lendron" in json.dumps(
        resource.get("medicationCodeableConcept", {})
    )


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", PATIENTS)
def test_every_patient_gets_a_valid_answer(name: str, language: str) -> None:
    cards(resources(name), language)


@pytest.mark.parametrize("name", ON_ALENDRONATE)
def test_alendronate_for_years_is_reviewed_and_not_started_again(name: str) -> None:
    given = cards(resources(name))
    assert {"bisphosphonate-review", "treatment-failure"} & given.keys(), "a failure on it is reviewed before its length"
    assert "start-treatment" not in given
    assert "tests-due" in given


@pytest.mark.parametrize("name", ON_ALENDRONATE)
def test_without_alendronate_documented_osteoporosis_asks_for_treatment(name: str) -> None:
    """All are 50 or older with osteoporosis on the list: the T-group with osteoporosis and no drug at all."""
    given = cards(without(resources(name), is_alendronate))
    assert "start-treatment" in given
    assert "bisphosphonate-review" not in given
    assert "osteoporosis-diagnosis" not in given


@pytest.mark.parametrize("name", ON_ALENDRONATE)
def test_signing_their_alendronate_anew_says_that_the_kidneys_are_unknown(name: str) -> None:
    """Their last creatinine is years old."""
    record = resources(name)
    old = next(filter(is_alendronate, record))
    draft = {**old, "id": "draft-1", "status": "draft"}
    drafts = {"resourceType": "Bundle", "entry": [{"resource": draft}]}
    assert "renal-function-unknown" in cards(record, hook="order-sign", draftOrders=drafts)


def test_us_core_bone_density_is_read() -> None:
    """The T-score example of the left hip is -0.3 or so: read it, and there is nothing to treat."""
    example = json.loads((SHARED / "us_core_dxa" / "dxa-hip-l-t-score-bmd.json").read_text(encoding="utf-8"))
    patient = example["subject"]["reference"].removeprefix("Patient/")
    record = [{"resourceType": "Patient", "id": patient, "gender": "female", "birthDate": "1950-01-01"}, example]
    assert "osteoporosis-diagnosis" not in cards(record)
    example["valueQuantity"]["value"] = -2.6
    assert "osteoporosis-diagnosis" in cards(record)


LABS = {"38483-4", "49765-1", "33914-3", "2160-0", "17861-6", "62238-1"}
"""Creatinine, calcium and eGFR of the record: Synthea writes figures at random."""


@pytest.mark.parametrize("drug", ["alendronate", "zoledronate", "denosumab"])
@pytest.mark.parametrize("name", PATIENTS)
def test_a_plain_correct_order_in_a_whole_history_with_normal_labs_draws_no_warning(name: str, drug: str) -> None:
    record = [r for r in without(resources(name), is_alendronate) if not is_lab(r)]
    patient = next(r["id"] for r in record if r["resourceType"] == "Patient")
    labs = lines.record((line.format(day="2024-01-02") for line in NORMAL), patient=patient)
    ((draft, _),) = lines.drafts([drug], patient=patient)
    orders = {"resourceType": "Bundle", "entry": [{"resource": draft}]}
    given = cards([*record, *labs], hook="order-sign", draftOrders=orders)
    assert {code: card["summary"] for code, card in given.items() if card["indicator"] != "info"} == {}


def is_lab(resource: Resource) -> bool:
    codings = resource.get("code", {}).get("coding", []) if resource["resourceType"] == "Observation" else []
    return any(coding.get("code") in LABS for coding in codings)
