"""The drafts of the public CDS Hooks sandbox, over HTTP: what is dangerous is caught, and the suggestion can be used there."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.config import Settings
from fhir_fixtures import load
from tests.protocol.checks import check_response

Json = dict[str, Any]

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
TODAY = date(2026, 6, 15)


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app(Settings(today_is=TODAY)).test_client()


def typed(patient: str, code: str, text: str, *, frequency: int = 1) -> Json:
    """A prescription as the sandbox's form makes it: ``category`` is no array, the dose is in pills, only daily dosing."""
    return {
        "resourceType": "MedicationRequest",
        "id": "request-123",
        "status": "draft",
        "intent": "order",
        "category": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/medicationrequest-category", "code": "community"}]
        },
        "subject": {"reference": f"Patient/{patient}"},
        "medicationCodeableConcept": {"text": text, "coding": [{"system": RXNORM, "code": code, "display": text}]},
        "dosageInstruction": [
            {
                "timing": {
                    "repeat": {"frequency": frequency, "period": 1, "periodUnit": "d", "boundsPeriod": {"start": "2026-06-15"}}
                },
                "doseAndRate": [{"doseQuantity": {"value": 1, "code": "{pill}"}}],
            }
        ],
        "dispenseRequest": {"expectedSupplyDuration": {"value": 30, "unit": "days"}},
    }


def answer(client: FlaskClient, draft: Json, hook: str) -> tuple[Json, Json]:
    """The request with this draft in place of the fixture's, and the response."""
    request, body = answer_unchecked(client, draft, hook)
    check_response(body, request)
    return request, body


def answer_unchecked(client: FlaskClient, draft: Json, hook: str = "order-sign") -> tuple[Json, Json]:
    fixture = load("safe-order")
    request = fixture.request()
    request["hook"] = hook
    request["context"]["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": draft}]}
    if hook == "order-select":
        request["context"]["selections"] = ["MedicationRequest/request-123"]
    response = client.post(f"/cds-services/osteoporosis-{hook}", json=request)
    assert response.status_code == 200
    return request, json.loads(response.data)


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_alendronate_70_mg_daily_is_critical_and_can_be_amended_s9(client: FlaskClient, hook: str) -> None:
    draft = typed("safe-order", "904431", "alendronate 70 MG Oral Tablet")
    _, body = answer(client, draft, hook)
    (card,) = body["cards"]
    assert (card["source"]["topic"]["code"], card["indicator"]) == ("dose-check", "critical")
    mend, discard = card["suggestions"]
    assert mend["isRecommended"] is True
    (action,) = mend["actions"]
    resource = action["resource"]
    assert (action["type"], resource["id"]) == ("update", "request-123")
    assert resource["medicationCodeableConcept"]["text"]
    assert resource["medicationCodeableConcept"]["coding"][0]["code"] == "904431"
    dosage = resource["dosageInstruction"][0]
    assert dosage["timing"]["repeat"] == {
        "frequency": 1,
        "period": 1,
        "periodUnit": "wk",
        "boundsPeriod": {"start": "2026-06-15"},
    }
    assert dosage["doseAndRate"][0]["doseQuantity"]["value"] == 70
    assert {key: resource[key] for key in draft if key != "dosageInstruction"} == {
        key: draft[key] for key in draft if key != "dosageInstruction"
    }
    assert [each["resourceId"] for each in discard["actions"]] == ["MedicationRequest/request-123"]


def test_what_a_draft_holds_of_nothing_does_not_come_back(client: FlaskClient) -> None:
    """No null and nothing empty is in an answer (T2), but where one list says more of each element of another."""
    draft = typed("safe-order", "904431", "alendronate 70 MG Oral Tablet")
    draft["medicationCodeableConcept"]["coding"][0]["userSelected"] = None
    named = {"line": ["a", None], "_line": [None, {"id": "b"}]}
    draft |= {"note": [], "groupIdentifier": {"value": ""}, "contained": [{}, named], "priority": None}
    _, body = answer_unchecked(client, draft)
    resource = body["cards"][0]["suggestions"][0]["actions"][0]["resource"]
    assert resource["medicationCodeableConcept"]["coding"] == [
        {key: value for key, value in draft["medicationCodeableConcept"]["coding"][0].items() if value is not None}
    ]
    assert resource["contained"] == [named]
    assert not {"note", "groupIdentifier", "priority"} & resource.keys()


def test_what_was_amended_draws_no_card(client: FlaskClient) -> None:
    _, body = answer(client, typed("safe-order", "904431", "alendronate 70 MG Oral Tablet"), "order-sign")
    mended = body["cards"][0]["suggestions"][0]["actions"][0]["resource"]
    assert answer(client, mended, "order-sign")[1]["cards"] == []


@pytest.mark.parametrize(
    ("code", "text", "indicator"),
    [
        ("905024", "risedronate sodium 35 MG Oral Tablet", "critical"),
        ("904932", "ibandronate 150 MG Oral Tablet", "critical"),
        ("1490065", "raloxifene hydrochloride 60 MG Oral Tablet", None),
        ("904396", "alendronate 10 MG Oral Tablet", None),
    ],
)
def test_other_tablets_of_the_form(client: FlaskClient, code: str, text: str, indicator: str | None) -> None:
    _, body = answer(client, typed("safe-order", code, text), "order-sign")
    assert [card["indicator"] for card in body["cards"]] == ([indicator] if indicator else [])


def test_the_form_before_a_drug_is_chosen_draws_no_card(client: FlaskClient) -> None:
    draft = typed("safe-order", "", "")
    del draft["medicationCodeableConcept"], draft["intent"]
    assert answer(client, draft, "order-select")[1] == {"cards": []}


def test_an_early_injection_starts_when_it_is_due_and_keeps_its_end() -> None:
    fixture = load("denosumab-due")
    draft: Json = {
        "resourceType": "MedicationRequest",
        "id": "d1",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": f"Patient/{fixture.patient_id}"},
        "medicationCodeableConcept": {"text": "denosumab 60 mg/mL prefilled syringe"},
        "dosageInstruction": [
            {
                "additionalInstruction": [{"text": "in the upper arm"}],
                "timing": {"code": {"text": "monthly"}, "repeat": {"frequency": 1, "period": 1, "periodUnit": "mo"}},
                "doseAndRate": [{"doseQuantity": {"value": 60, "unit": "mg"}}],
            }
        ],
        "dispenseRequest": {"validityPeriod": {"start": "2026-01-01", "end": "2027-01-01"}, "numberOfRepeatsAllowed": 1},
        "note": [{"text": "kept"}],
    }
    given = fixture.as_of.replace(day=1)
    dose: Json = {
        "resourceType": "MedicationAdministration",
        "id": "a1",
        "status": "completed",
        "effectiveDateTime": given.isoformat(),
    }
    dose |= {"subject": draft["subject"], "medicationCodeableConcept": {"text": "denosumab 60 mg"}}
    request = fixture.request() | {"hook": "order-sign"}
    request["context"]["draftOrders"] = {"resourceType": "Bundle", "entry": [{"resource": draft}]}
    request["prefetch"]["administrations"] = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": dose}]}
    client = create_app(Settings(today_is=fixture.as_of)).test_client()
    body = json.loads(client.post("/cds-services/osteoporosis-order-sign", json=request).data)
    check_response(body, request)
    card = next(each for each in body["cards"] if each["source"]["topic"]["code"] == "dose-check")
    resource = card["suggestions"][0]["actions"][0]["resource"]
    start = resource["dispenseRequest"]["validityPeriod"]["start"]
    assert resource["dispenseRequest"] == {"validityPeriod": {"start": start, "end": "2027-01-01"}, "numberOfRepeatsAllowed": 1}
    assert start > fixture.as_of.isoformat()
    dosage = resource["dosageInstruction"][0]
    assert dosage["timing"] == {"repeat": {"frequency": 1, "period": 6, "periodUnit": "mo", "boundsPeriod": {"start": start}}}
    assert dosage["additionalInstruction"] == [{"text": "in the upper arm"}]
    assert resource["note"] == [{"text": "kept"}]
