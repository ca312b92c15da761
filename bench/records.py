"""Records to time the service with: seeded, about 1 kB a resource, three quarters Observations, as EHRs write them.

One woman of 76 with osteoporosis whose denosumab is overdue, so that many rules have something to say. A third of what
was measured is read by some rule: the rest is blood counts, metabolic panels and vital signs, as in a hospital's chart.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from random import Random
from typing import Any

import orjson

from fhir_fixtures.prefetch import answer, templates

Resource = dict[str, Any]

TODAY = date(2026, 6, 15)
SEED = 7
LOINC, SNOMED, ATC = "http://loinc.org", "http://snomed.info/sct", "http://www.whocc.no/atc"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
SUBJECT = {"reference": "Patient/bench", "display": "Example, Patient"}

READ = (  # code, display, unit, lowest and highest value: what the rules look at
    ("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 0.6, 1.1),
    ("62238-1", "Glomerular filtration rate [CKD-EPI]/1.73 sq M", "mL/min/{1.73_m2}", 62, 95),
    ("17861-6", "Calcium [Mass/volume] in Serum or Plasma", "mg/dL", 8.7, 10.0),
    ("1751-7", "Albumin [Mass/volume] in Serum or Plasma", "g/dL", 3.6, 4.8),
    ("62292-8", "25-hydroxyvitamin D [Mass/volume]", "ng/mL", 14, 45),
    ("2731-8", "Parathyrin intact [Mass/volume]", "pg/mL", 20, 60),
    ("41171-0", "Collagen crosslinked C-telopeptide [Mass/volume]", "pg/mL", 100, 600),
    ("38267-1", "DXA Lumbar spine [T-score]", "{T-score}", -3.2, -1.8),
    ("29463-7", "Body weight", "kg", 50, 62),
    ("8302-2", "Body height", "cm", 155, 158),
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 12.1, 14.5),
    ("6690-2", "Leukocytes [#/volume] in Blood", "10*3/uL", 4.2, 9.5),
    ("1742-6", "Alanine aminotransferase [Enzymatic activity]", "U/L", 10, 35),
    ("1920-8", "Aspartate aminotransferase [Enzymatic activity]", "U/L", 10, 35),
)
UNREAD = tuple(
    (f"{code}", display, unit, 1, 200)
    for code, display, unit in (
        ("4544-3", "Hematocrit [Volume Fraction] of Blood", "%"),
        ("789-8", "Erythrocytes [#/volume] in Blood", "10*6/uL"),
        ("787-2", "MCV [Entitic volume]", "fL"),
        ("785-6", "MCH [Entitic mass]", "pg"),
        ("2345-7", "Glucose [Mass/volume] in Serum or Plasma", "mg/dL"),
        ("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%"),
        ("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL"),
        ("2085-9", "Cholesterol in HDL [Mass/volume]", "mg/dL"),
        ("2571-8", "Triglyceride [Mass/volume] in Serum or Plasma", "mg/dL"),
        ("786-4", "MCHC [Mass/volume]", "g/dL"),
        ("788-0", "Erythrocyte distribution width [Ratio]", "%"),
        ("770-8", "Neutrophils/100 leukocytes in Blood", "%"),
        ("736-9", "Lymphocytes/100 leukocytes in Blood", "%"),
        ("5905-5", "Monocytes/100 leukocytes in Blood", "%"),
        ("713-8", "Eosinophils/100 leukocytes in Blood", "%"),
        ("706-2", "Basophils/100 leukocytes in Blood", "%"),
        ("3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma", "mg/dL"),
        ("2075-0", "Chloride [Moles/volume] in Serum or Plasma", "mmol/L"),
        ("2028-9", "Carbon dioxide, total [Moles/volume]", "mmol/L"),
        ("1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma", "mg/dL"),
        ("2885-2", "Protein [Mass/volume] in Serum or Plasma", "g/dL"),
        ("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L"),
        ("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L"),
        ("8480-6", "Systolic blood pressure", "mm[Hg]"),
        ("8867-4", "Heart rate", "/min"),
        ("8310-5", "Body temperature", "Cel"),
        ("2708-6", "Oxygen saturation in Arterial blood", "%"),
        ("9279-1", "Respiratory rate", "/min"),
    )
)
CONDITIONS = (
    (ICD10CM, "M81.0", "Age-related osteoporosis without current pathological fracture"),
    (ICD10CM, "M80.08XA", "Age-related osteoporosis with current pathological fracture, vertebra(e)"),
    (ICD10CM, "I10", "Essential (primary) hypertension"),
    (ICD10CM, "E78.5", "Hyperlipidemia, unspecified"),
    (SNOMED, "38341003", "Hypertensive disorder, systemic arterial (disorder)"),
    (SNOMED, "195662009", "Acute viral pharyngitis (disorder)"),
)
DRUGS = (
    (ATC, "C09AA02", "enalapril 10 mg tablet"),
    (ATC, "C10AA05", "atorvastatin 20 mg tablet"),
    (ATC, "A12AX", "calcium 600 mg with vitamin D 400 IU tablet"),
    (ATC, "M05BA04", "alendronic acid 70 mg tablet"),
)


def resources(count: int, *, only_read: bool = False) -> list[Resource]:
    """The patient, the story and then whatever a chart holds. ``only_read``: every Observation is one that the rules read."""
    return list(islice(_all(Random(SEED), READ if only_read else READ + UNREAD), count))  # noqa: S311  no secret hangs on it


def _all(chance: Random, tests: tuple[tuple[str, str, str, float, float], ...]) -> Iterator[Resource]:
    yield {
        "resourceType": "Patient",
        "id": "bench",
        "gender": "female",
        "birthDate": "1950-02-11",
        "name": [{"family": "Example", "given": ["Patient"]}],
    }
    yield _condition(0, chance, CONDITIONS[0], date(2019, 3, 4))
    yield _condition(1, chance, CONDITIONS[1], date(2022, 5, 20))
    yield from (_dose(2 + number, date(2023, 1, 10) + timedelta(182 * number)) for number in range(6))
    number = 8
    while True:
        when = TODAY - timedelta(chance.randrange(5, 3600))
        if number % 4:
            yield _observation(number, chance, chance.choice(tests), when)
        elif number % 8:
            yield _condition(number, chance, chance.choice(CONDITIONS[2:]), when)
        else:
            yield _request(number, chance, chance.choice(DRUGS), when)
        number += 1


def _common(kind: str, number: int, when: date) -> Resource:
    return {
        "resourceType": kind,
        "id": f"{kind.lower()}-{number:06}",
        "meta": {
            "versionId": "3",
            "lastUpdated": f"{when}T09:12:44.120+08:00",
            "profile": [f"http://hl7.org/fhir/us/core/StructureDefinition/us-core-{kind.lower()}"],
        },
        "subject": SUBJECT,
        "encounter": {"reference": f"Encounter/{number // 9}"},
    }


def _concept(system: str, code: str, display: str) -> Resource:
    local = {"system": "https://ehr.example.org/codes/catalog", "code": f"K{code}", "display": display.upper()}
    return {"coding": [{"system": system, "code": code, "display": display}, local], "text": display}


def _observation(number: int, chance: Random, test: tuple[str, str, str, float, float], when: date) -> Resource:
    code, display, unit, low, high = test
    quantity = {"unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    return _common("Observation", number, when) | {
        "status": "final",
        "category": [_concept("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory", "Laboratory")],
        "code": _concept(LOINC, code, display),
        "effectiveDateTime": f"{when}T08:05:00+08:00",
        "issued": f"{when}T10:31:07.000+08:00",
        "performer": [{"reference": "Organization/laboratory"}],
        "valueQuantity": {"value": round(chance.uniform(low, high), 2), **quantity},
        "referenceRange": [{"low": {"value": low, **quantity}, "high": {"value": high, **quantity}}],
    }


def _condition(number: int, chance: Random, code: tuple[str, str, str], when: date) -> Resource:
    return _common("Condition", number, when) | {
        "clinicalStatus": _concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "Active"),
        "verificationStatus": _concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed", "Confirmed"),
        "code": _concept(*code),
        "onsetDateTime": f"{when}",
        "recordedDate": f"{when}",
        "recorder": {"reference": f"Practitioner/{chance.randrange(40)}", "display": "Attending physician"},
    }


def _request(number: int, chance: Random, drug: tuple[str, str, str], when: date) -> Resource:
    return _common("MedicationRequest", number, when) | {
        "status": "completed",
        "intent": "order",
        "medicationCodeableConcept": _concept(*drug),
        "authoredOn": f"{when}T11:00:00+08:00",
        "requester": {"reference": f"Practitioner/{chance.randrange(40)}", "display": "Attending physician"},
        "dosageInstruction": [{"text": "1 tablet by mouth once daily", "timing": {"repeat": {"frequency": 1, "period": 1}}}],
    }


def _dose(number: int, when: date) -> Resource:
    return _common("MedicationAdministration", number, when) | {
        "status": "completed",
        "medicationCodeableConcept": _concept(ATC, "M05BX04", "denosumab 60 mg injection"),
        "effectiveDateTime": f"{when}T10:00:00+08:00",
        "dosage": {"route": {"text": "subcutaneous"}, "dose": {"value": 60, "unit": "mg"}},
    }


def fetching(fhir_server: str) -> bytes:
    """A patient-view request with the patient alone: all else is to be fetched from ``fhir_server``."""
    request = {"hook": "patient-view", "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "fhirServer": fhir_server}
    context = {"userId": "Practitioner/1", "patientId": "bench"}
    return orjson.dumps(request | {"context": context, "prefetch": {"patient": resources(1)[0]}})


def body(hook: str, count: int, *, only_read: bool = False, unrelated: bool = False) -> bytes:
    """A hook request with ``count`` resources prefetched: each under the key that asks for it, what no key asks for with the
    first group of Observations, where a server that does not filter by code would put it. ``unrelated``: what is ordered is
    none of ours."""
    record = resources(count, only_read=only_read)
    asked = templates(hook)
    prefetch = {key: answer(template, record) or {} for key, template in asked.items()}
    placed = {entry["resource"]["id"] for found in prefetch.values() for entry in found.get("entry", ())}
    first = next(key for key, template in asked.items() if template.startswith("Observation?"))
    rest = [{"resource": r, "search": {"mode": "match"}} for r in record if r["id"] not in placed and r["id"] != "bench"]
    prefetch[first]["entry"] = [*prefetch[first].get("entry", ()), *rest]
    context: Resource = {"userId": "Practitioner/1", "patientId": "bench"}
    if hook != "patient-view":
        drug = DRUGS[0] if unrelated else (ATC, "M05BA08", "zoledronic acid 5 mg infusion")
        draft = _request(0, Random(SEED), drug, TODAY) | {"status": "draft"}  # noqa: S311
        context["draftOrders"] = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": draft}]}
    request = {"hook": hook, "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "context": context}
    return orjson.dumps(request | {"prefetch": prefetch})
