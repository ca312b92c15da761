"""The words of the lines (the ``*.toml`` beside this file, else the vocabulary), and the pieces of FHIR R4 resources that they
become."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

Resource = dict[str, Any]

PATIENT = {"reference": "Patient/p1"}
"""Whose record it is, until ``record`` or ``drafts`` is told another name."""

LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
ATC, RXNORM = "http://www.whocc.no/atc", "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD10, ICD10CM = "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm"
UCUM, LOCAL = "http://unitsofmeasure.org", "urn:osteoporosis-cds:observation"
HL7 = "http://terminology.hl7.org/CodeSystem/"


@cache
def words() -> dict[str, Any]:
    """Kind ("drugs", "problems", ...) -> word -> what it stands for."""
    tables = (each for each in files(__package__).iterdir() if each.name.endswith(".toml"))
    return {kind: table for each in tables for kind, table in tomllib.loads(each.read_text(encoding="utf-8")).items()}


def look_up(kind: str, name: str) -> Any:
    """What a word stands for, by the tables of this folder or else by the vocabulary; ValueError where neither has it."""
    if name in words()[kind]:
        return words()[kind][name]
    from fhir_fixtures.lines import vocabulary  # with it come all tables of codes

    if (known := vocabulary.word(kind, name)) is None:
        raise ValueError(f"{name!r} is not among the {kind} of cards/vocabulary, nor of fhir_fixtures/lines/*.toml")
    return known


def coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def concept(word: Resource, *systems: tuple[str, str]) -> Resource:
    """The text of a word, with a coding for each of ``systems`` (URI, key in the word) that it has a code in."""
    codings = [{"system": uri, "code": word[key]} for uri, key in systems if key in word]
    return ({"coding": codings} if codings else {}) | {"text": word["text"]}


def quantity(written: str) -> Resource:
    """``70 mg`` as a Quantity with its UCUM unit."""
    value, unit = written.split(" ")
    return {"value": float(value), "unit": unit, "system": UCUM, "code": unit}


def service_request(service: str, status: str) -> Resource:
    return {
        "resourceType": "ServiceRequest",
        "status": status,
        "intent": "order",
        "subject": PATIENT,
        "code": service_code(service),
    }


def service_code(service: str) -> Resource:
    return concept(look_up("services", service), (LOINC, "loinc"), (SNOMED, "snomed"))


def of_patient(resource: Resource, patient: str) -> Resource:
    """The resource as one of this patient's record."""
    field = "patient" if "patient" in resource else "subject"
    return resource | {field: {"reference": f"Patient/{patient}"}}
