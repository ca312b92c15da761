"""An invented population as a Bulk Data export: the same files for the same seed. For trials and measurements; it predicts
nothing. What concerns bone is written in the lines of the stories, the rest of a chart is filled up as hospitals' charts
are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Any

import orjson

from cards.chart.calendar import add_months
from cds_service.population.private import written
from fhir_fixtures import lines

Resource = dict[str, Any]
Story = Callable[[Random, date], list[str]]

CHUNK = 1_000
"""Patients in one file of each type."""
TYPES = (
    *("Patient", "Observation", "Condition", "MedicationRequest", "MedicationStatement", "MedicationAdministration"),
    *("MedicationDispense", "AllergyIntolerance", "Procedure", "ServiceRequest", "FamilyMemberHistory", "ImagingStudy"),
    *("DiagnosticReport", "CarePlan", "Encounter", "Appointment", "Communication", "EpisodeOfCare"),
)
"""Those that the rules and the key figures read; a type of which nobody has any is an empty file."""

_FAMILY = "Baker Chen Diaz Evans Fischer Garcia Huang Ito Jensen Khan Li Martin Novak Olsen Park Rossi Silva Wang Young Zhang"
_GIVEN = "Ada Bo Clara David Emma Fang George Hui Ines Jun Karl Lan Mei Nora Oscar Ping Rosa Sara Ting Wei"


def make(folder: Path, patients: int, resources: int, seed: int, today: date) -> None:
    """Write the export: ``resources`` for each patient, more only where the story itself has more. OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for first in range(0, patients, CHUNK):
        _chunk(folder, range(first, min(first + CHUNK, patients)), resources, seed, today)


def _chunk(folder: Path, numbers: range, resources: int, seed: int, today: date) -> None:
    told: dict[str, list[bytes]] = {kind: [] for kind in TYPES}
    for number in numbers:
        for each in chart(number, resources, seed, today):
            told[each["resourceType"]].append(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE))
    for kind, some in told.items():
        with written(folder / f"{kind}.{numbers.start // CHUNK:04}.ndjson") as file:
            file.writelines(some)


def chart(number: int, resources: int, seed: int, today: date) -> list[Resource]:
    """All resources of one patient."""
    chance = Random(f"{seed}/{number}")  # noqa: S311  no secret hangs on it
    name = f"p{number:07}"
    (story,) = chance.choices(list(STORIES), list(STORIES.values()))
    words = "female" if chance.random() < 0.7 else "male"
    youngest = 20 if story is _healthy else 50
    born = today - timedelta(days=chance.randrange(youngest * 365, 95 * 365))
    who = lines.patient(f"{words} born {born}", today, name) | _who(number, chance)
    told = [who, *lines.record(story(chance, today), f"{name}-", name)]
    return [*told, *islice(_filling(name, chance, today), max(resources - len(told), 0))]


def _who(number: int, chance: Random) -> Resource:
    return {
        "name": [{"use": "official", "family": chance.choice(_FAMILY.split()), "given": [chance.choice(_GIVEN.split())]}],
        "identifier": [{"system": "https://hospital.example.org/mrn", "value": f"M{number:07}"}],
        "telecom": [{"system": "phone", "value": f"+1 555 01{chance.randrange(100):02}"}],
    }


# -- stories ------------------------------------------------------------------------------------------------------------


def _before(chance: Random, today: date, low: int, high: int) -> date:
    """A day from ``low`` to ``high`` days ago."""
    return today - timedelta(days=chance.randint(low, high))


def _laboratory(chance: Random, day: date) -> str:
    creatinine, calcium, vitamin = chance.uniform(0.6, 1.4), chance.gauss(9.4, 0.3), chance.gauss(28, 9)
    return (
        f"creatinine {creatinine:.2f} mg/dL, calcium {calcium:.1f} mg/dL (range 8.6-10.2), albumin 4.2 g/dL, "
        f"25(OH)D {max(vitamin, 5):.0f} ng/mL, height {chance.randint(148, 178)} cm on {day}"
    )


def _dxa(chance: Random, day: date, low: float, high: float) -> str:
    hip = chance.uniform(low, high)
    return f"T-score total-hip {hip:.1f}, T-score lumbar-spine {hip - 0.3:.1f} on {day}"


def _osteoporosis(chance: Random, today: date) -> list[str]:
    day = _before(chance, today, 400, 2500)
    return [
        f"problem osteoporosis since {day}",
        _dxa(chance, day, -3.6, -2.5),
        _laboratory(chance, _before(chance, today, 20, 500)),
    ]


def _healthy(chance: Random, today: date) -> list[str]:
    return [_laboratory(chance, _before(chance, today, 20, 900))] if chance.random() < 0.6 else []


def _screened(chance: Random, today: date) -> list[str]:
    return [_dxa(chance, _before(chance, today, 100, 3000), -2.4, 0.5), *_healthy(chance, today)]


def _untreated(chance: Random, today: date) -> list[str]:
    return _osteoporosis(chance, today)


def _alendronate(chance: Random, today: date) -> list[str]:
    return [*_osteoporosis(chance, today), f"alendronate taken since {_before(chance, today, 100, 3000)}"]


def _holiday(chance: Random, today: date) -> list[str]:
    end = _before(chance, today, 200, 1500)
    return [*_osteoporosis(chance, today), f"alendronate taken {add_months(end, -72)} to {end} (stopped)"]


def _denosumab(chance: Random, today: date) -> list[str]:
    """From just given to long overdue."""
    last = _before(chance, today, 5, 420)
    doses = [add_months(last, -6 * number) for number in range(chance.randint(1, 8))]
    return [*_osteoporosis(chance, today), f"denosumab given {', '.join(map(str, sorted(doses)))}"]


def _zoledronate(chance: Random, today: date) -> list[str]:
    last = _before(chance, today, 20, 900)
    return [*_osteoporosis(chance, today), f"zoledronate given {add_months(last, -12)}, {last}"]


def _teriparatide(chance: Random, today: date) -> list[str]:
    begun = _before(chance, today, 100, 730)
    return [*_osteoporosis(chance, today), f"teriparatide taken since {begun}"]


def _fracture(chance: Random, today: date) -> list[str]:
    site = chance.choice(["hip", "vertebra", "vertebra", "distal-forearm"])
    return [f"fracture {site} on {_before(chance, today, 5, 700)}", *_healthy(chance, today)]


def _treated_fracture(chance: Random, today: date) -> list[str]:
    day = _before(chance, today, 60, 700)
    return [f"fracture hip on {day}", f"zoledronate given {day + timedelta(days=30)}", *_healthy(chance, today)]


def _glucocorticoid(chance: Random, today: date) -> list[str]:
    return [f"prednisone ordered {_before(chance, today, 20, 300)} (dose 7.5 mg, every 1 d)", *_healthy(chance, today)]


def _hospice(chance: Random, today: date) -> list[str]:
    return [*_osteoporosis(chance, today), f"encounter hospice on {_before(chance, today, 5, 90)}"]


STORIES: dict[Story, float] = {
    _healthy: 50,
    _screened: 12,
    _untreated: 5,
    _alendronate: 8,
    _holiday: 3,
    _denosumab: 8,
    _zoledronate: 3,
    _teriparatide: 2,
    _fracture: 5,
    _treated_fracture: 2,
    _glucocorticoid: 1,
    _hospice: 1,
}
"""And how many of a hundred have which."""

# -- the rest of a chart ------------------------------------------------------------------------------------------------

_TESTS = (
    ("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 0.6, 1.2),
    ("17861-6", "Calcium [Mass/volume] in Serum or Plasma", "mg/dL", 8.7, 10.1),
    ("29463-7", "Body weight", "kg", 45, 95),
    ("8302-2", "Body height", "cm", 150, 178),
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 12.1, 15.5),
    ("1742-6", "Alanine aminotransferase [Enzymatic activity/volume]", "U/L", 10, 35),
    ("4544-3", "Hematocrit [Volume Fraction] of Blood", "%", 36, 46),
    ("789-8", "Erythrocytes [#/volume] in Blood", "10*6/uL", 4, 5),
    ("787-2", "MCV [Entitic mean volume] in Red Blood Cells", "fL", 82, 96),
    ("2345-7", "Glucose [Mass/volume] in Serum or Plasma", "mg/dL", 75, 180),
    ("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", "%", 5, 8),
    ("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL", 140, 260),
    ("2571-8", "Triglyceride [Mass/volume] in Serum or Plasma", "mg/dL", 60, 240),
    ("3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma", "mg/dL", 8, 24),
    ("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", 136, 144),
    ("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L", 3.6, 5),
    ("8480-6", "Systolic blood pressure", "mm[Hg]", 105, 165),
    ("8867-4", "Heart rate", "/min", 55, 95),
    ("8310-5", "Body temperature", "Cel", 36, 37.4),
    ("2708-6", "Oxygen saturation in Arterial blood", "%", 92, 99),
)
_CONDITIONS = (
    ("I10", "Essential (primary) hypertension"),
    ("E78.5", "Hyperlipidemia, unspecified"),
    ("E11.9", "Type 2 diabetes mellitus without complications"),
    ("M17.9", "Osteoarthritis of knee, unspecified"),
    ("J06.9", "Acute upper respiratory infection, unspecified"),
    ("H26.9", "Unspecified cataract"),
)
_DRUGS = (
    ("C09AA02", "enalapril 10 mg tablet"),
    ("C10AA05", "atorvastatin 20 mg tablet"),
    ("A10BA02", "metformin 500 mg tablet"),
    ("C08CA01", "amlodipine 5 mg tablet"),
)


def _filling(name: str, chance: Random, today: date) -> Iterator[Resource]:
    """Three quarters results, then problems, orders and encounters."""
    for number in count():
        day = _before(chance, today, 5, 3600)
        kind = number % 12
        made = _result if kind < 9 else (_problem, _order, _encounter)[kind - 9]
        yield made(f"{name}-f{number}", name, chance, day)


def _common(kind: str, key: str, name: str, day: date) -> Resource:
    meta = {
        "versionId": "2",
        "lastUpdated": f"{day}T09:12:44.120Z",
        "profile": [f"http://hl7.org/fhir/StructureDefinition/{kind}"],
    }
    return {"resourceType": kind, "id": key, "meta": meta, "subject": {"reference": f"Patient/{name}"}}


def _concept(system: str, code: str, display: str) -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def _result(key: str, name: str, chance: Random, day: date) -> Resource:
    code, display, unit, low, high = chance.choice(_TESTS)
    quantity = {"unit": unit, "system": "http://unitsofmeasure.org", "code": unit}
    category = _concept("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory", "Laboratory")
    return _common("Observation", key, name, day) | {
        "status": "final",
        "category": [category],
        "code": _concept("http://loinc.org", code, display),
        "effectiveDateTime": f"{day}T08:05:00Z",
        "issued": f"{day}T10:31:07Z",
        "valueQuantity": {"value": round(chance.uniform(low, high), 2), **quantity},
        "referenceRange": [{"low": {"value": low, **quantity}, "high": {"value": high, **quantity}}],
    }


def _problem(key: str, name: str, chance: Random, day: date) -> Resource:
    return _common("Condition", key, name, day) | {
        "clinicalStatus": _concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "Active"),
        "verificationStatus": _concept("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed", "Confirmed"),
        "code": _concept("http://hl7.org/fhir/sid/icd-10-cm", *chance.choice(_CONDITIONS)),
        "onsetDateTime": f"{day}",
        "recordedDate": f"{day}",
    }


def _order(key: str, name: str, chance: Random, day: date) -> Resource:
    return _common("MedicationRequest", key, name, day) | {
        "status": "completed",
        "intent": "order",
        "medicationCodeableConcept": _concept("http://www.whocc.no/atc", *chance.choice(_DRUGS)),
        "authoredOn": f"{day}T11:00:00Z",
        "dosageInstruction": [{"text": "once daily", "timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}}],
    }


def _encounter(key: str, name: str, chance: Random, day: date) -> Resource:
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": chance.choice(("AMB", "IMP"))}
    period = {"start": f"{day}T08:00:00Z", "end": f"{day}T09:00:00Z"}
    return _common("Encounter", key, name, day) | {"status": "finished", "class": kind, "period": period}
