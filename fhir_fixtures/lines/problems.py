"""Lines about problems: fractures, other diagnoses, allergies, relatives."""

from __future__ import annotations

from fhir_fixtures.lines.notes import Notes, status
from fhir_fixtures.lines.pieces import ATC, HL7, ICD10, ICD10CM, PATIENT, SNOMED, Resource, coded, concept, look_up, words

REACTIONS = {"anaphylaxis": "39579001", "dyspepsia": "162031009", "urticaria": "126485001"}
"""Codes of SNOMED CT."""
RELATIVES = {"mother": "MTH", "father": "FTH", "sister": "SIS"}


def fracture(notes: Notes, site: str, day: str | None) -> list[Resource]:
    word = look_up("fractures", site)
    osteoporotic = "osteoporotic" in notes
    code = coded(ICD10, word["osteoporotic" if osteoporotic else "icd10"])
    return [_condition(notes, code | {"text": word["text"] + (", osteoporotic" if osteoporotic else "")}, day)]


def problem(notes: Notes, name: str, day: str | None) -> list[Resource]:
    return [_condition(notes, problem_code(name), day)]


def problem_code(name: str) -> Resource:
    """The CodeableConcept of a problem: coded, or in words alone."""
    word = look_up("problems", name)
    if isinstance(word, str):
        word = {"icd10": word, "text": name.replace("-", " ")}
    return concept(word, (ICD10, "icd10"), (ICD10CM, "icd10cm"), (SNOMED, "snomed"))


def _condition(notes: Notes, code: Resource, day: str | None) -> Resource:
    for note, system in (("ICD-10", ICD10), ("code", ICD10CM)):
        if note in notes:
            code = code | coded(system, notes[note])
    verification = next((v for v in ("refuted", "entered-in-error") if v in notes), "confirmed")
    found = {
        "resourceType": "Condition",
        "verificationStatus": coded(f"{HL7}condition-ver-status", verification),
        "category": [coded(f"{HL7}condition-category", "problem-list-item")],
        "code": code | ({"text": notes["called"]} if "called" in notes else {}),
        "subject": PATIENT,
    }
    if verification != "entered-in-error":
        found["clinicalStatus"] = coded(f"{HL7}condition-clinical", "resolved" if "resolved" in notes else "active")
    if day:
        found["onsetDateTime"] = day
    if notes.get("resolved"):
        found["abatementDateTime"] = notes["resolved"]
    return found


def encounter(notes: Notes, name: str, day: str | None) -> list[Resource]:
    """An encounter of one day, or one that goes on, of the type that the problem's code names."""
    told = {
        "resourceType": "Encounter",
        "status": status(notes, "finished"),
        "class": coded(f"{HL7}v3-ActCode", "AMB")["coding"][0],
    }
    period = {"start": day} if "in-progress" in notes else {"start": day, "end": day}
    return [told | {"type": [problem_code(name)], "subject": PATIENT} | ({"period": period} if day else {})]


def care_plan(notes: Notes, name: str, day: str | None, end: str | None) -> list[Resource]:
    """A care plan that began on that day, of the category that the problem's code names."""
    told = {"resourceType": "CarePlan", "status": status(notes, "completed" if end else "active"), "intent": "plan"}
    period = ({"start": day} if day else {}) | ({"end": end} if end else {})
    return [told | {"subject": PATIENT, "category": [problem_code(name)]} | ({"period": period} if period else {})]


def allergy(notes: Notes, kind: str, name: str) -> list[Resource]:
    a_class = name in words()["classes"]
    word = look_up("classes" if a_class else "drugs", name)
    code = coded(ATC, word["atc"]) | {"text": word["text"] if a_class else name}
    found: Resource = {"resourceType": "AllergyIntolerance", "type": kind, "patient": PATIENT, "code": code}
    found["clinicalStatus"] = coded(f"{HL7}allergyintolerance-clinical", "inactive" if "inactive" in notes else "active")
    verification = next((v for v in ("refuted", "unconfirmed") if v in notes), "confirmed")
    found["verificationStatus"] = coded(f"{HL7}allergyintolerance-verification", verification)
    if "untyped" in notes:
        del found["type"]
    if critical := next((each for each in ("high", "low") if each in notes), ""):
        found["criticality"] = critical
    if reaction := next((each for each in REACTIONS if each in notes), ""):
        found["reaction"] = [{"manifestation": [coded(SNOMED, REACTIONS[reaction]) | {"text": reaction}]}]
    return [found]


def family(notes: Notes, relative: str, site: str) -> list[Resource]:
    relation = coded(f"{HL7}v3-RoleCode", RELATIVES[relative])
    told = {"resourceType": "FamilyMemberHistory", "status": status(notes, "completed"), "patient": PATIENT}
    broken = coded(ICD10, look_up("fractures", site)["icd10"])
    return [told | {"relationship": relation, "condition": [{"code": broken}]}]
