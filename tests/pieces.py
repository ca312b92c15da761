"""The words of ``cases/vocabulary.toml``, and the pieces of FHIR R4 resources that they become."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

Resource = dict[str, Any]

WORDS: dict[str, Any] = tomllib.loads((Path(__file__).parent / "cases" / "vocabulary.toml").read_text(encoding="utf-8"))
PATIENT = {"reference": "Patient/p1"}
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
ATC, RXNORM = "http://www.whocc.no/atc", "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10, ICD10CM = "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm"
UCUM, LOCAL = "http://unitsofmeasure.org", "urn:osteoporosis-cds:observation"
CONDITION = "http://terminology.hl7.org/CodeSystem/condition-"
ALLERGY = "http://terminology.hl7.org/CodeSystem/allergyintolerance-"


def look_up(kind: str, name: str) -> Any:
    if name not in WORDS[kind]:
        raise ValueError(f"{name!r} is not among the {kind} of vocabulary.toml")
    return WORDS[kind][name]


def coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def medication(drug: str) -> Resource:
    word = look_up("drugs", drug)
    codings = [{"system": system, "code": word[key]} for system, key in ((ATC, "atc"), (RXNORM, "rxnorm")) if key in word]
    return {"medicationCodeableConcept": ({"coding": codings} if codings else {}) | {"text": word["text"]}}


def quantity(dose: str) -> Resource:
    value, unit = dose.split(" ")
    return {"value": float(value), "unit": unit, "system": UCUM, "code": unit}


def amount(drug: str) -> Resource:
    dose = look_up("drugs", drug).get("dose")
    return {"dosage": {"dose": quantity(dose)}} if dose else {}


def sig(word: Resource) -> Resource:
    if "dose" not in word:
        return {}
    period, unit = word["every"].split(" ")
    repeat = {"frequency": 1, "period": int(period), "periodUnit": unit}
    dosage = {
        "timing": {"repeat": repeat},
        "route": {"text": word["route"]},
        "doseAndRate": [{"doseQuantity": quantity(word["dose"])}],
    }
    return {"dosageInstruction": [dosage]}


def order(medication: Resource, sig: Resource, status: str) -> Resource:
    return {"resourceType": "MedicationRequest", "status": status, "intent": "order", "subject": PATIENT} | medication | sig


def service_code(service: str) -> Resource:
    word = look_up("services", service)
    codings = [{"system": system, "code": word[key]} for system, key in ((LOINC, "loinc"), (SNOMED, "snomed")) if key in word]
    return ({"coding": codings} if codings else {}) | {"text": word["text"]}


def service_request(service: str, status: str) -> Resource:
    return {
        "resourceType": "ServiceRequest",
        "status": status,
        "intent": "order",
        "subject": PATIENT,
        "code": service_code(service),
    }
