"""The service, and requests to it: a woman of 72 whose last denosumab dose is eight months ago."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.app import create_app
from cds_service.config import Settings
from cds_service.hooks.cards import spoken_for
from cds_service.hooks.request import HOOKS
from tests.protocol import fhir_server
from tests.protocol.fhir_server import FhirServer, bundle

TODAY = "2026-06-15"
PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1954-01-01", "name": [{"family": "Zhang"}]}
SUBJECT = {"reference": "Patient/p1"}
DENOSUMAB = {"coding": [{"system": "http://www.whocc.no/atc", "code": "M05BX04"}], "text": "denosumab 60 mg"}
OSTEOPOROSIS = {
    "resourceType": "Condition",
    "id": "c1",
    "subject": SUBJECT,
    "clinicalStatus": {"coding": [{"code": "active"}]},
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "M81.0"}]},
    "onsetDateTime": "2020-01-01",
}
DOSE = {
    "resourceType": "MedicationAdministration",
    "id": "a1",
    "status": "completed",
    "subject": SUBJECT,
    "medicationCodeableConcept": DENOSUMAB,
    "effectiveDateTime": "2025-10-10",
}
RECORD = {"patient": PATIENT, "conditions": bundle(OSTEOPOROSIS), "administrations": bundle(DOSE)}
ALENDRONATE = {
    "resourceType": "MedicationRequest",
    "id": "m1",
    "status": "draft",
    "intent": "order",
    "subject": SUBJECT,
    "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "M05BA04"}]},
    "dosageInstruction": [
        {
            "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}},
            "doseAndRate": [{"doseQuantity": {"value": 70, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}}],
        }
    ],
}
ASPIRIN = ALENDRONATE | {"medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "B01AC06"}]}}
LOW_EGFR = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "subject": SUBJECT,
    "code": {"coding": [{"system": "http://loinc.org", "code": "62238-1"}]},
    "effectiveDateTime": "2026-06-01",
    "valueQuantity": {"value": 20, "system": "http://unitsofmeasure.org", "code": "mL/min/{1.73_m2}"},
}

Json = dict[str, Any]


class Service:
    """The service as a client sees it."""

    def __init__(self, **settings: Any) -> None:
        self.http: FlaskClient = create_app(Settings(**({"today_is": TODAY} | settings))).test_client()
        self.templates: dict[str, dict[str, str]] = {
            service["hook"]: service["prefetch"] for service in self.http.get("/cds-services").json["services"]
        }

    def request(self, hook: str = "patient-view", *, drafts: tuple[Json, ...] = (), **members: Any) -> Json:
        """A request with all keys prefetched. ``drafts``: what the context has in its Bundle; ``members`` replace parts."""
        context: Json = {"userId": "Practitioner/7", "patientId": "p1"}
        if field := HOOKS[hook].bundle:
            context[field] = bundle(*drafts)
        prefetch = dict.fromkeys(self.templates[hook]) | RECORD
        return {
            "hook": hook,
            "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
            "context": context,
            "prefetch": prefetch,
        } | members

    def post(self, body: Any, hook: str = "patient-view", **options: Any) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(
            f"/cds-services/osteoporosis-{hook}", **({"data": content, "content_type": "application/json"} | options)
        )

    def cards(self, body: Json, **options: Any) -> dict[str, Json]:
        """The cards of the answer by their code, and by those of the cards that they speak for."""
        answer = self.post(body, body["hook"], **options)
        assert answer.status_code == 200, answer.text
        return {code: card for card in reversed(answer.json["cards"]) for code, _ in spoken_for(card)}


@pytest.fixture(scope="session")
def service() -> Service:
    return Service()


@pytest.fixture
def server() -> Iterator[FhirServer]:
    with fhir_server.running() as running:
        yield running


@pytest.fixture
def serve() -> Callable[..., Service]:
    return Service
