"""Lines for what the cards do not read, beside those of the stories: visits, appointments, messages, transfers, codes, answers.

visit fls on 2025-04-04            a finished Encounter: fls, clinic or other; (telephone), (cancelled)
stay fls from 2025-01-10 to 2025-01-20
appointment fls on 2025-05-02      (fulfilled), (noshow)
message fls on 2025-05-02          a completed Communication to the patient
stay other to rehab from 2025-01-10 to 2025-01-20    the same, and where to from there: rehab, other-hcf
transferred on 2025-04-04          an EpisodeOfCare that ended for a transfer
code cpt 97112 done 2025-05-02     a Procedure (asked: a ServiceRequest); (not-done), (in-progress); "undated"
observed 73830-2 on 2025-02-01     a final Observation without a value
plan cpt 97110 begun 2025-05-02    an activity of a CarePlan in progress
plan cpt 97110 begun under a plan of 2025-05-02    the same, dated by the plan alone
alendronate proposed 2025-02-01    a MedicationRequest that is a proposal
answer CARD accepted on 2025-02-01 offering drug/alendronate
answer CARD overridden REASON on 2025-02-01; answer CARD shown on 2025-02-01
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from cards.indicators import Answer
from fhir_fixtures import lines

Json = dict[str, Any]
DATE = lines.DATE
TYPES = {"fls": "Fracture liaison service", "clinic": "Bone clinic", "other": "General practice"}
SYSTEMS = {"cpt": "http://www.ama-assn.org/go/cpt", "snomed": "http://snomed.info/sct"}
DISPOSITION = "http://terminology.hl7.org/CodeSystem/discharge-disposition"
PATIENT = {"reference": "Patient/p1"}


def _class(code: str) -> Json:
    return {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code}


def visit(kind: str, day: str, note: str | None) -> Json:
    status = note if note == "cancelled" else "finished"
    told = {"resourceType": "Encounter", "status": status, "class": _class("VR" if note == "telephone" else "AMB")}
    return told | {"type": [{"text": TYPES[kind]}], "subject": PATIENT, "period": {"start": day, "end": day}}


def stay(kind: str, gone: str | None, begin: str, end: str) -> Json:
    told = {"resourceType": "Encounter", "status": "finished", "class": _class("IMP"), "type": [{"text": TYPES[kind]}]}
    if gone:
        told["hospitalization"] = {"dischargeDisposition": {"coding": [{"system": DISPOSITION, "code": gone}]}}
    return told | {"subject": PATIENT, "period": {"start": begin, "end": end}}


def appointment(kind: str, day: str, note: str) -> Json:
    told = {"resourceType": "Appointment", "status": note, "serviceType": [{"text": TYPES[kind]}], "start": f"{day}T09:00:00Z"}
    return told | {"participant": [{"actor": PATIENT, "status": "accepted"}]}


def message(kind: str, day: str) -> Json:
    told = {"resourceType": "Communication", "status": "completed", "category": [{"text": TYPES[kind]}], "subject": PATIENT}
    return told | {"recipient": [PATIENT], "sent": f"{day}T09:00:00Z"}


def transferred(day: str) -> Json:
    told = {"resourceType": "EpisodeOfCare", "status": "finished", "type": [{"text": "Transfer to another hospital"}]}
    return told | {"patient": PATIENT, "period": {"end": day}}


def code(system: str, value: str, kind: str, day: str, note: str | None) -> Json:
    concept = {"coding": [{"system": SYSTEMS[system], "code": value}]}
    if kind == "asked":
        return {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "code": concept,
            "subject": PATIENT,
            "authoredOn": day,
        }
    told: Json = {"resourceType": "Procedure", "status": note or "completed", "code": concept, "subject": PATIENT}
    return told | ({} if day == "undated" else {"performedDateTime": day})


def observed(value: str, day: str) -> Json:
    concept = {"coding": [{"system": "http://loinc.org", "code": value}]}
    told = {"resourceType": "Observation", "status": "final", "code": concept, "subject": PATIENT, "effectiveDateTime": day}
    return told | {"valueCodeableConcept": {"text": "no risk"}}


def plan(system: str, value: str, whole: str | None, day: str) -> Json:
    detail = {"status": "in-progress", "code": {"coding": [{"system": SYSTEMS[system], "code": value}]}}
    if whole is None:
        detail["scheduledPeriod"] = {"start": day}
    return {
        **({"period": {"start": day}} if whole else {}),
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "subject": PATIENT,
        "activity": [{"detail": detail}],
    }


def proposed(drug: str, day: str) -> Json:
    (told,) = lines.record([f"{drug} ordered {day}"])
    return told | {"intent": "proposal"}


SENTENCES = [
    (rf"visit (\w+) on ({DATE})(?: \((\w+)\))?", visit),
    (rf"stay (\w+)(?: to (\S+))? from ({DATE}) to ({DATE})", stay),
    (rf"appointment (\w+) on ({DATE}) \((\w+)\)", appointment),
    (rf"message (\w+) on ({DATE})", message),
    (rf"transferred on ({DATE})", transferred),
    (rf"code (\w+) (\w+) (done|asked) ({DATE}|undated)(?: \(([\w-]+)\))?", code),
    (rf"observed (\S+) on ({DATE})", observed),
    (rf"plan (\w+) (\w+) begun (under a plan of )?({DATE})", plan),
    (rf"(\w+) proposed ({DATE})", proposed),
]
ANSWER = re.compile(rf"answer (\S+) (accepted|overridden|shown)(?: ([\w-]+))? on ({lines.DAY})(?: offering (\S+))?")


def record(told: Iterable[str]) -> list[Json]:
    """The resources of lines of both kinds, without the answers."""
    found = []
    for number, line in enumerate(told, 1):
        if ANSWER.fullmatch(line):
            continue
        for pattern, make in SENTENCES:
            if match := re.fullmatch(pattern, line):
                found.append(make(*match.groups()) | {"id": f"x{number}"})
                break
        else:
            found += lines.record([line], f"r{number}-")
    return found


def answers(told: Iterable[str]) -> tuple[Answer, ...]:
    found = []
    for line in told:
        if match := ANSWER.fullmatch(line):
            card, said, reason, day, offered = match.groups()
            said = "" if said == "shown" else said
            found.append(Answer(card, date.fromisoformat(day), said, reason or "", (offered,) if offered else ()))
    return tuple(found)
