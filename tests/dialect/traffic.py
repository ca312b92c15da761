"""What EHRs send, in the shapes that their public documentation shows; every value is invented here.

``EPIC``: fhir.epic.com, "CDS Hooks Tutorial" (request, medication references, feedback). ``ORACLE``: the CDS Hooks page of
github.com/cerner/fhir.cerner.com. ``SANDBOX``: what github.com/cds-hooks/sandbox was seen to send.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

SERVER = "https://fhir.example.org/instance-oauth/api/FHIR/R4"
PATIENT = "eXampl3.PatientOfOurs"
ATC = "http://www.whocc.no/atc"


def _outcome(url: str) -> Json:
    """A search without results: a searchset whose only entry says so."""
    issue = {
        "severity": "warning",
        "code": "processing",
        "details": {
            "coding": [
                {"system": "urn:oid:1.2.3.4.5.657369", "code": "4101", "display": "Resource request returns no results."}
            ],
            "text": "Resource request returns no results.",
        },
    }
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 0,
        "link": [{"relation": "self", "url": f"{SERVER}/{url}?patient={PATIENT}"}],
        "entry": [{"resource": {"resourceType": "OperationOutcome", "issue": [issue]}, "search": {"mode": "outcome"}}],
    }


def _found(*resources: Json) -> Json:
    entries = [{"fullUrl": f"{SERVER}/{each['resourceType']}/{each['id']}", "resource": each} for each in resources]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(entries),
        "entry": [each | {"search": {"mode": "match"}} for each in entries],
    }


def _patient(reference: str = f"{SERVER}/Patient/{PATIENT}") -> Json:
    return {"reference": reference, "display": "Probe, Frau"}


OSTEOPOROSIS: Json = {
    "resourceType": "Condition",
    "id": "eC0nd",
    "clinicalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]},
    "category": [{"coding": [{"code": "problem-list-item"}], "text": "Problem List Item"}],
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M81.0"}], "text": "Osteoporosis"},
    "subject": _patient(),
    "onsetDateTime": "2020-01-01",
}
EGFR: Json = {
    "resourceType": "Observation",
    "id": "eObs1",
    "status": "final",
    "category": [{"coding": [{"code": "laboratory"}], "text": "Laboratory"}],
    "code": {"coding": [{"system": "http://loinc.org", "code": "62238-1"}], "text": "eGFR"},
    "subject": _patient(),
    "effectiveDateTime": "2026-06-01T08:00:00Z",
    "valueQuantity": {"value": 20, "unit": "mL/min/1.73m2", "system": "http://unitsofmeasure.org", "code": "mL/min/{1.73_m2}"},
}


def epic(hook: str, keys: Any) -> Json:
    """A request: prefetch keys that the health system configured, an ``-user`` that nobody asked for, extensions, a scope that
    is not SMART's."""
    person = {"resourceType": "Patient", "id": PATIENT, "active": True, "gender": "female", "birthDate": "1954-01-01"}
    prefetch: Json = {key: _outcome(key) for key in keys}
    prefetch |= {
        "-user": {"resourceType": "PractitionerRole", "id": "eUser", "active": True},
        "patient": person | {"deceasedBoolean": False},
        "conditions": _found(OSTEOPOROSIS),
        "renal": _found(EGFR),
    }
    body: Json = {
        "hookInstance": "f399c67c-c703-11ea-af16-460231621f93",
        "fhirServer": SERVER,
        "hook": hook,
        "fhirAuthorization": {
            "access_token": "opaque",
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "PATIENT.READ Observation.Search (Labs) (R4) Condition.Search (Problems) (R4)",
            "subject": "aeac3da7-0000-45af-ad41-42e5e701141d",
        },
        "context": {"patientId": PATIENT, "encounterId": "eEnc.1", "userId": "PractitionerRole/e-User"},
        "prefetch": prefetch,
        "extension": {
            "com.epic.cdshooks.request.bpa-trigger-action": "23",
            "com.epic.cdshooks.request.cds-hooks-specification-version": "1.0",
            "com.epic.cdshooks.request.fhir-version": "R4",
        },
    }
    if hook in ("order-select", "order-sign"):
        body["context"]["draftOrders"] = _drafts()
    if hook == "order-select":
        body["context"]["selections"] = ["MedicationRequest/eDraft.1"]
    return body


def _drafts() -> Json:
    """The medication stands beside the order that refers to it."""
    order = {
        "resourceType": "MedicationRequest",
        "id": "eDraft.1",
        "status": "draft",
        "intent": "order",
        "category": [{"coding": [{"code": "outpatient"}], "text": "Outpatient"}],
        "medicationReference": {"reference": "Medication/eMed.1", "display": "ALENDRONATE 70 MG PO TABS"},
        "subject": _patient(f"Patient/{PATIENT}"),
        "dosageInstruction": [
            {
                "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}},
                "doseAndRate": [{"doseQuantity": {"value": 70, "unit": "mg", "code": "mg"}}],
            }
        ],
    }
    medication = {
        "resourceType": "Medication",
        "id": "eMed.1",
        "code": {"coding": [{"system": ATC, "code": "M05BA04"}], "text": "alendronate (FOSAMAX) tablet 70 mg"},
    }
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}, {"resource": medication}]}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def epic_override(card: str, code: str) -> Json:
    """A reason of ours, chosen there; the member has another name than in the specification."""
    reason = {"code": code, "display": "x", "system": "urn:osteoporosis-cds:bare-code"}
    return {"card": card, "outcome": "overridden", "outcomeTimestamp": _now(), "overrideReasons": {"reason": reason}}


def epic_own_reason(card: str) -> Json:
    """A reason of the EHR's own list."""
    names = {"reasonCategory": "45", "reasonDisplay": "Does not meet criteria", "reasonTitle": "Does not meet criteria"}
    extension = {f"com.epic.cdshooks.feedback.overrideReason.{name}": value for name, value in names.items()}
    told = {"extension": extension, "userComment": "User entered"}
    return {"card": card, "outcome": "overridden", "outcomeTimestamp": _now(), "overrideReasons": told}


def epic_accepted(card: str, *suggestions: str) -> Json:
    ids = [{"id": each} for each in suggestions]
    return {"acceptedSuggestions": ids, "card": card, "outcome": "accepted", "outcomeTimestamp": _now()}


def oracle() -> Json:
    """patient-view alone, no prefetch: the service asks the FHIR server that was registered."""
    return {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "fhirServer": "https://fhir-ehr.example.org/r4/tenant",
        "fhirAuthorization": {
            "access_token": "opaque",
            "token_type": "Bearer",
            "expires_in": 570,
            "scope": "patient/Patient.read patient/Encounter.read",
            "subject": "client",
            "patient": "12724066",
        },
        "context": {"userId": "Practitioner/4122630", "patientId": "12724066", "encounterId": "97953477"},
    }


def sandbox() -> Json:
    """order-select before a drug is chosen: a Bundle without type, an order without drug and intent, category as an object."""
    draft = {
        "resourceType": "MedicationRequest",
        "id": "request-123",
        "status": "draft",
        "category": {"coding": [{"code": "outpatient"}]},
        "subject": {"reference": f"Patient/{PATIENT}"},
    }
    return {
        "hookInstance": "7ac4f4a7-6d1f-4dd1-b7cc-b1b1b2b1b2b1",
        "hook": "order-select",
        "hookVersion": "1.0",
        "fhirServer": "https://open.example.org/r4",
        "context": {
            "userId": "Practitioner/COREPRACTITIONER1",
            "patientId": PATIENT,
            "selections": ["MedicationRequest/request-123"],
            "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": draft}]},
        },
        "prefetch": {"patient": {"resourceType": "Patient", "id": PATIENT, "gender": "female", "birthDate": "1954-01-01"}},
    }
