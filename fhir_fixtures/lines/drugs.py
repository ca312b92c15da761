"""Lines about drugs: given, dispensed, ordered, taken; and orders that are being written."""

from __future__ import annotations

from typing import Any

from fhir_fixtures.lines.notes import Notes, all_read, split_off, status
from fhir_fixtures.lines.pieces import ATC, PATIENT, RXNORM, UCUM, Resource, concept, look_up, quantity, service_request
from fhir_fixtures.lines.problems import problem_code

DRAFTED_TEST = "test "
_UNKNOWN: Resource = {
    "effectivePeriod": {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }
}
"""When a dose was given, which FHIR demands and nobody wrote down."""


def given(notes: Notes, drug: str, days: str | None) -> list[Resource]:
    dose = notes.get("dose") or look_up("drugs", drug).get("dose")
    told: Resource = {"text": notes["sig"]} if "sig" in notes else {"dose": quantity(dose)} if dose else {}
    done: Resource = {"resourceType": "MedicationAdministration", "status": status(notes, "completed"), "subject": PATIENT}
    done |= medication(drug, notes) | ({"dosage": told} if told else {})
    return [done | {"effectiveDateTime": day} for day in days.split(", ")] if days else [done | _UNKNOWN]


def dispensed(notes: Notes, drug: str, day: str | None, supply: str | None) -> list[Resource]:
    handed: Resource = {"resourceType": "MedicationDispense", "status": status(notes, "completed"), "subject": PATIENT}
    handed |= {"whenHandedOver": day} if day else {}
    if supply:
        handed["daysSupply"] = {"value": int(supply), "unit": "d", "system": UCUM, "code": "d"}
    return [handed | medication(drug, notes) | _said(drug, notes)]


def ordered(notes: Notes, drug: str, day: str | None) -> list[Resource]:
    written = order(medication(drug, notes), sig(look_up("drugs", drug), notes), status(notes, "active"))
    return [written | ({"authoredOn": day} if day else {}) | _reason(notes)]


def taken(notes: Notes, drug: str, start: str | None, since: str | None, end: str | None) -> list[Resource]:
    period = {key: day for key, day in (("start", start or since), ("end", end)) if day}
    stated: Resource = {"resourceType": "MedicationStatement", "subject": PATIENT}
    stated |= {"status": status(notes, "completed" if end else "active")} | medication(drug, notes)
    if said := _said(drug, notes):
        stated["dosage"] = said["dosageInstruction"]
    return [stated | ({"effectivePeriod": period} if period else {})]


def _said(drug: str, notes: Notes) -> Resource:
    """The sig of what is taken or handed over, where the notes say one."""
    return sig(look_up("drugs", drug), notes) if any(key in notes for key in ("sig", "dose", "every", "route")) else {}


def draft(line: str) -> tuple[Resource, bool]:
    """A draft order, and whether it is selected."""
    text, notes = split_off(line)
    if text.startswith(DRAFTED_TEST):
        drafted = service_request(text.removeprefix(DRAFTED_TEST), "draft")
    elif text == "unknown drug":
        drafted = order({"medicationReference": {"reference": "Medication/nowhere"}}, {}, "draft")
    else:
        drafted = order(medication(text, notes), sig(look_up("drugs", text), notes), "draft")
    drafted |= _reason(notes)
    if "from" in notes:
        drafted["dispenseRequest"] = {"validityPeriod": {"start": notes["from"]}}
    selected = "not selected" not in notes
    all_read(line, notes)
    return drafted, selected


def _reason(notes: Notes) -> Resource:
    return {"reasonCode": [{"coding": problem_code(notes["because"])["coding"]}]} if "because" in notes else {}


# -- the pieces of an order ---------------------------------------------------------------------------------------------


def medication(drug: str, notes: Notes) -> Resource:
    """The drug with its codes and text, or as the notes say: with one code, by text only, in a contained Medication."""
    word: dict[str, Any] = look_up("drugs", drug)
    systems = () if "text only" in notes else tuple(s for s in ((ATC, "ATC"), (RXNORM, "RxNorm")) if _wanted(s[1], notes))
    named = concept(word | {"text": notes.get("called", word["text"])}, *((uri, name.lower()) for uri, name in systems))
    if "contained" in notes:
        contained = {"resourceType": "Medication", "id": "m", "code": named}
        return {"contained": [contained], "medicationReference": {"reference": "#m"}}
    return {"medicationCodeableConcept": named}


def _wanted(system: str, notes: Notes) -> bool:
    return f"{system} only" in notes or not any(f"{each} only" in notes for each in ("ATC", "RxNorm"))


def sig(word: Resource, notes: Notes) -> Resource:
    """The usual sig of a drug, with what the notes say otherwise."""
    if "sig" in notes:
        return {"dosageInstruction": [{"text": notes["sig"]}]}
    word = word | {key: notes[key] for key in ("dose", "every", "route") if key in notes}
    if "no sig" in notes or "dose" not in word:
        return {}
    period, unit = word["every"].split(" ")
    dosage = {
        "timing": {"repeat": {"frequency": 1, "period": int(period), "periodUnit": unit}},
        "route": {"text": word["route"]},
        "doseAndRate": [{"doseQuantity": quantity(word["dose"])}],
    }
    return {"dosageInstruction": [dosage]}


def order(medicine: Resource, instruction: Resource, state: str) -> Resource:
    return (
        {"resourceType": "MedicationRequest", "status": state, "intent": "order", "subject": PATIENT} | medicine | instruction
    )
