"""Lines about what was measured, asked and done: bone density, laboratory, scores, smoking, tests and treatments."""

from __future__ import annotations

from fhir_fixtures.lines.notes import Notes, status
from fhir_fixtures.lines.pieces import (
    HL7,
    LOCAL,
    LOINC,
    PATIENT,
    SNOMED,
    Resource,
    coded,
    look_up,
    quantity,
    service_code,
    service_request,
    words,
)

SMOKING = {"current": "449868002", "former": "8517006", "never": "266919005"}


def density(notes: Notes, kind: str, site: str, comparator: str, value: str, day: str) -> list[Resource]:
    where = look_up("sites", site)
    code = coded(LOINC, where["t" if kind == "T-score" else "bmd"])
    if "text" in where:
        code["text"] = where["text"]
    observation = _valued(notes, kind, code, day, comparator, f"{value} {'{T-score}' if kind == 'T-score' else 'g/cm2'}")
    if "site" in notes:
        observation["bodySite"] = {"text": notes["site"]}
    elif "region" in where:
        observation["bodySite"] = {"text": where["region"]}
    elif "site" in where:
        observation["bodySite"] = coded(SNOMED, where["site"])
    return [observation]


def measured(notes: Notes, what: str, comparator: str, value: str, unit: str | None, day: str) -> list[Resource]:
    unit = unit or look_up("units", what)
    if what in words()["local"]:
        code = coded(LOCAL, words()["local"][what])
    else:
        codes = look_up("measurements", what)
        code = coded(LOINC, codes.get(unit, codes[""]))
    return [_valued(notes, what, code | {"text": what}, day, comparator, f"{value} {unit}")]


def smoking(notes: Notes, habit: str, day: str) -> list[Resource]:
    return [
        _observation(notes, "smoking", coded(LOINC, "72166-2"), day) | {"valueCodeableConcept": coded(SNOMED, SMOKING[habit])}
    ]


def test(notes: Notes, service: str, kind: str, day: str) -> list[Resource]:
    if kind == "ordered":
        planned = {"occurrenceDateTime": notes["from"]} if "from" in notes else {}
        return [service_request(service, status(notes, "active")) | {"authoredOn": day} | planned]
    done: Resource = {"resourceType": "Procedure", "status": status(notes, "completed"), "subject": PATIENT}
    return [done | {"code": service_code(service), "performedDateTime": day}]


def report(notes: Notes, service: str, day: str) -> list[Resource]:
    told: Resource = {"resourceType": "DiagnosticReport", "status": status(notes, "final"), "subject": PATIENT}
    concluded = {"conclusion": notes["says"]} if "says" in notes else {}
    return [told | {"code": service_code(service), "effectiveDateTime": day} | concluded]


# -- the pieces of an Observation ---------------------------------------------------------------------------------------


def _valued(notes: Notes, what: str, code: Resource, day: str, comparator: str, written: str) -> Resource:
    value = quantity(written) | ({"comparator": comparator} if comparator else {})
    if "no unit" in notes:
        value = {"value": value["value"]} | ({"comparator": comparator} if comparator else {})
    observation = _observation(notes, what, code, day) | {"valueQuantity": value}
    if "range" in notes:
        low, high = notes["range"].split("-")
        observation["referenceRange"] = [{"low": value | {"value": float(low)}, "high": value | {"value": float(high)}}]
    if "assay" in notes:
        observation["method"] = {"text": notes["assay"]}
    return observation


def _observation(notes: Notes, what: str, code: Resource, day: str) -> Resource:
    category = next((name for name, members in words()["categories"].items() if what in members), "laboratory")
    return {
        "resourceType": "Observation",
        "status": status(notes, "final"),
        "category": [coded(f"{HL7}observation-category", category)],
        "code": code | ({"text": notes["called"]} if "called" in notes else {}),
        "subject": PATIENT,
        "effectiveDateTime": f"{day}T{notes['at']}:00+00:00" if "at" in notes else day,
    }
