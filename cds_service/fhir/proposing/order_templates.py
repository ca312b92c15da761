"""The resources that suggestions propose, built once and kept as JSON. That each is valid R4, and written in FHIR's order, the
tests hold against the models of ``fhir.resources`` (``tests/output/test_orders.py``); they cost a start too much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal, get_args

import orjson

from cards.definitions.accepted import Accepted
from cards.engine.options import TOGETHER
from cards.vocabulary import ANALYTES, PROBLEMS, SERVICE_CATEGORIES, SERVICES, Name
from cards.vocabulary.regimens import REGIMENS, Regimen
from cards.words.phrases import LANGUAGES, PHRASES, unit

System = Literal["international", "us"]
Concept = dict[str, Any]

URIS = {
    "atc": "http://www.whocc.no/atc",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "loinc": "http://loinc.org",
    "snomed": "http://snomed.info/sct",
    "icd10": "http://hl7.org/fhir/sid/icd-10",
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "cpt": "http://www.ama-assn.org/go/cpt",
    "ucum": "http://unitsofmeasure.org",
}
PREFERRED: dict[System, tuple[str, ...]] = {
    "international": ("atc", "icd10", "loinc", "snomed", "rxnorm"),
    "us": ("rxnorm", "icd10cm", "loinc", "snomed", "cpt", "atc"),
}
"""The code systems of a site's orders, the first one first: some clients read only the first coding."""

CODES = {
    "status": "draft",
    "intent": "order",
    "priority": "stat",
    "clinical": "active",
    "verification": "confirmed",
    "category": "problem-list-item",
}
"""The codes of required bindings, pinned here: no validator at hand checks them. A problem is filed when a clinician accepts
it, who thereby confirms it."""

_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
_ROUTES = {
    "oral": ("26643006", Name("oral", "口服")),
    "subcutaneous": ("34206005", Name("subcutaneous", "皮下注射")),
    "intravenous": ("47625008", Name("intravenous", "静脉注射")),
    "infusion": ("47625008", Name("intravenous infusion", "静脉滴注")),
}
_CATEGORIES = {
    "laboratory": ("108252007", "Laboratory procedure"),
    "imaging": ("363679005", "Imaging"),
    "education": ("409073007", "Education"),
}
"""ServiceRequest.category, by which EHRs route an order: SNOMED CT codes of the value set in the FHIR core specification."""

_SUBJECT = {"reference": "Patient/of-the-request"}


@cache
def templates() -> Mapping[tuple[str, str, str, str], bytes]:
    """The resources as JSON, by option kind, key, language and system."""
    choices = [(language, system) for language in LANGUAGES for system in get_args(System)]
    return {(*which, *choice): orjson.dumps(_BUILDERS[which[0]](which[1], *choice)) for which in _kinds() for choice in choices}


def called(kind: str, key: str) -> Name:
    """What an order is about, in both languages."""
    if kind == "drug":
        return REGIMENS[key].label
    if kind == "problem":
        return PHRASES["problem"][key]
    return ANALYTES[key].name if key in TOGETHER else SERVICES[key]


@cache
def reason(key: str, language: str, system: System) -> Concept:
    """Why something is ordered: a problem, coded where the table has a code of it."""
    return _concept("problem", key, PROBLEMS[key][language], system)


def _kinds() -> Iterator[tuple[str, str]]:
    """All that can be proposed. A service without a code in the table is ordered by its text."""
    yield from (("drug", key) for key in REGIMENS)
    yield from (("service", key) for key in SERVICES)
    yield from (("problem", key) for key in PHRASES["problem"])


def _drug(key: str, language: str, system: System) -> dict[str, Any]:
    regimen = REGIMENS[key]
    return {
        "resourceType": "MedicationRequest",
        "status": CODES["status"],
        "intent": CODES["intent"],
        "medicationCodeableConcept": _concept("drug", key, regimen.product[language], system),
        "subject": _SUBJECT,
        "dosageInstruction": [_dosage(regimen, language)],
    }


def _dosage(regimen: Regimen, language: str) -> dict[str, Any]:
    return {
        "text": regimen.label[language],
        "patientInstruction": regimen.instruction[language],
        "timing": {"repeat": {"count": 1} if regimen.once else _bounds(regimen) | repeat(regimen)},
        "route": route(regimen, language),
        "doseAndRate": [{"doseQuantity": dose(regimen, language)}],
    }


def _bounds(regimen: Regimen) -> dict[str, Any]:
    """For how long, as a part of Timing.repeat."""
    weeks = {"value": regimen.weeks, "unit": "wk", "system": URIS["ucum"], "code": "wk"}
    return {"boundsDuration": weeks} if regimen.weeks else {}


def repeat(regimen: Regimen | Accepted) -> dict[str, Any]:
    """How often, as Timing.repeat."""
    count, period = regimen.every
    return {"frequency": regimen.times, "period": count, "periodUnit": period}


def dose(regimen: Regimen | Accepted, language: str) -> dict[str, Any]:
    """A single dose, as a Quantity in UCUM."""
    return {"value": regimen.dose, "unit": unit(regimen.unit, language), "system": URIS["ucum"], "code": regimen.unit}


def route(regimen: Regimen | Accepted, language: str) -> Concept:
    """The way in, as a CodeableConcept."""
    code, name = _ROUTES[regimen.route]
    return {"coding": [{"system": URIS["snomed"], "code": code}], "text": name[language]}


def _service(key: str, language: str, system: System) -> dict[str, Any]:
    resource: dict[str, Any] = {"resourceType": "ServiceRequest", "status": CODES["status"], "intent": CODES["intent"]}
    if category := SERVICE_CATEGORIES.get(key):
        code, display = _CATEGORIES[category]
        resource["category"] = [{"coding": [{"system": URIS["snomed"], "code": code, "display": display}]}]
    return resource | {"code": _concept("service", key, called("service", key)[language], system), "subject": _SUBJECT}


def _problem(key: str, language: str, system: System) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "clinicalStatus": _coded("condition-clinical", CODES["clinical"]),
        "verificationStatus": _coded("condition-ver-status", CODES["verification"]),
        "category": [_coded("condition-category", CODES["category"])],
        "code": _concept("problem", key, called("problem", key)[language], system),
        "subject": _SUBJECT,
    }


_BUILDERS = {"drug": _drug, "service": _service, "problem": _problem}


def _coded(system: str, code: str) -> Concept:
    return {"coding": [{"system": _TERMINOLOGY + system, "code": code}]}


def _concept(kind: str, key: str, text: str, system: System) -> Concept:
    """A CodeableConcept with the codes of the table in the site's order; without a code, text alone."""
    codings = {short: (code, display) for k, each, short, code, display in order_codes() if (k, each) == (kind, key)}
    coding = [
        {"system": URIS[short], "code": codings[short][0]} | ({"display": codings[short][1]} if codings[short][1] else {})
        for short in PREFERRED[system]
        if short in codings
    ]
    return {"coding": coding, "text": text} if coding else {"text": text}


@cache
def order_codes() -> list[tuple[str, str, str, str, str]]:
    """order_codes.tsv: kind, key, system, code, display ("" where not known)."""
    text = files("cds_service.fhir.terminology").joinpath("order_codes.tsv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    rows = []
    for line in lines[1:]:
        kind, key, system, code, display = line.split("\t")
        rows.append((kind, key, system, code, display))
    return rows
