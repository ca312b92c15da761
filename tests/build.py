"""From a clinical case, in lines that a clinician can read, to FHIR R4 resources and a hook request.

A line of a record is one of these; dates are YYYY-MM-DD, words come from ``cases/vocabulary.toml``, and whatever stands in
round brackets refines the line (several: separated by commas):

    denosumab given 2025-05-17, 2025-11-17          doses given (status completed; or: not-done, entered-in-error)
    alendronate dispensed 2026-01-01 for 90 days    handed over, with the supply it makes
    alendronate ordered 2020-06-15                  an order (status active; or: completed, stopped, cancelled, draft ...),
                                                    with the usual sig, or as for a draft: (dose 35 mg), (no sig) ...
    alendronate taken since 2020-06-15              a statement, still taken (status active; or: on-hold ...)
    teriparatide taken 2024-01-01 to 2026-01-01     a statement that ended (status completed; or: stopped ...)
    denosumab taken                                 a statement without any date
    T-score total-hip -2.7 on 2025-03-01            bone density (T-score, BMD) with its site
    creatinine 0.8 mg/dL on 2026-05-01              a result; with a comparator: eGFR <60 mL/min/{1.73_m2} on ...
                                                    (range 8.6-10.2) the laboratory's own, (assay X), (at 09:30)
    fracture hip on 2025-12-01                      by its ICD-10 code; (osteoporotic), (refuted), (code S72.001D)
    problem osteoporosis since 2020-01-01           undated without "since"; (resolved 2024-01-01), (refuted)
    allergy alendronate                             or: intolerance alendronate, allergy bisphosphonates; (refuted), (inactive),
                                                    (high): its criticality, (anaphylaxis): the reaction
    test dxa ordered 2026-06-01                     a request; test dxa done 2026-06-01: a completed procedure
    family mother hip                               a relative's fracture, by its site in the vocabulary
    smoking former on 2026-01-01                    the smoking status: current, former or never

A draft (on medication-refill: the refilled order) is a drug or ``test dxa``; (from 2026-07-01) dates its start, (not
selected) leaves it out of order-select's selections. It is written with the usual sig of vocabulary.toml, unless the notes say
otherwise: (dose 35 mg), (every 1 d), (route oral), (sig 70 mg daily) for free text, (no sig). (because myeloma) is its reason;
(text only) and (contained) say how the drug is named.
A line that cannot be read raises ``ValueError``: a case must never test less than it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from tests.pieces import (
    ALLERGY,
    ATC,
    CONDITION,
    ICD10,
    ICD10CM,
    LOCAL,
    LOINC,
    PATIENT,
    SNOMED,
    UCUM,
    WORDS,
    amount,
    coded,
    look_up,
    medication,
    order,
    service_code,
    service_request,
    sig,
)

Resource = dict[str, Any]
Notes = dict[str, str]

DAY = r"\d{4}-\d\d-\d\d"
VALUED = {"range", "assay", "at", "code", "resolved", "from", "dose", "every", "route", "sig", "because"}
BARE = {"text only", "contained", "no sig", "resolved", "refuted", "unconfirmed", "inactive", "osteoporotic", "not selected"}
BARE |= {"high", "anaphylaxis"}
STATUSES = {"active", "completed", "stopped", "on-hold", "cancelled", "draft", "not-done", "in-progress", "unknown"}
STATUSES |= {"final", "preliminary", "amended", "corrected", "entered-in-error"}


def patient(words: str, today: date) -> Resource:
    """``female 72`` (the birthday is today) or ``male born 1950-03-01``; without age ``female``; ``female 72, deceased`` or
    ``female 72, deceased 2026-06-01``."""
    found = re.fullmatch(rf"(female|male|unknown)(?: (\d+)| born ({DAY}))?(?:(, deceased)(?: ({DAY}))?)?", words)
    if not found:
        raise ValueError(f"cannot read the patient {words!r}")
    sex, age, born, deceased, died = found.groups()
    resource: Resource = {"resourceType": "Patient", "id": "p1", "gender": sex, "name": [{"family": "Case", "given": ["Test"]}]}
    if age:
        born = today.replace(year=today.year - int(age), day=min(today.day, 28) if today.month == 2 else today.day).isoformat()
    if deceased:
        resource |= {"deceasedDateTime": died} if died else {"deceasedBoolean": True}
    return resource | ({"birthDate": born} if born else {})


def record(lines: Iterable[str], ids: str = "r") -> list[Resource]:
    """The resources of a record, with ids by type and position: Observation/r3 is the third line."""
    resources = []
    for number, line in enumerate(lines, 1):
        for part, resource in enumerate(_read(line)):
            resources.append(resource | {"id": f"{ids}{number}" + (f"-{part}" if part else "")})
    return resources


def collection(resources: Iterable[Resource]) -> Resource:
    """The Bundle in which a hook's context carries resources."""
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource} for resource in resources]}


def drafts(lines: Iterable[str]) -> list[tuple[Resource, bool]]:
    """Draft orders, and whether each is selected."""
    found = []
    for number, line in enumerate(lines, 1):
        text, notes = _notes(line)
        if service := re.fullmatch(r"test (\S+)", text):
            draft = service_request(service[1], "draft")
        elif text == "unknown drug":
            draft = order({"medicationReference": {"reference": "Medication/nowhere"}}, {}, "draft")
        else:
            draft = order(_coded(medication(text), notes), _sig(look_up("drugs", text), notes), "draft")
        if "because" in notes:
            draft["reasonCode"] = [{"coding": [{"system": ICD10, "code": look_up("problems", notes["because"])}]}]
        if "from" in notes:
            draft["dispenseRequest"] = {"validityPeriod": {"start": notes["from"]}}
        found.append((draft | {"id": f"d{number}"}, "not selected" not in notes))
    return found


def _coded(medicine: Resource, notes: Notes) -> Resource:
    """The medication of a draft: with codes and text, by text only, or in a contained Medication."""
    concept = medicine["medicationCodeableConcept"]
    if "text only" in notes:
        return {"medicationCodeableConcept": {"text": concept["text"]}}
    if "contained" in notes:
        contained = {"resourceType": "Medication", "id": "m", "code": concept}
        return {"contained": [contained], "medicationReference": {"reference": "#m"}}
    return medicine


def _sig(word: Resource, notes: Notes) -> Resource:
    """The sig of a draft: the usual one, with what the notes say otherwise."""
    if "no sig" in notes:
        return {}
    if "sig" in notes:
        return {"dosageInstruction": [{"text": notes["sig"]}]}
    return sig(word | {key: notes[key] for key in ("dose", "every", "route") if key in notes})


# -- the sentences ------------------------------------------------------------------------------------------------------


def _read(line: str) -> list[Resource]:
    text, notes = _notes(line)
    for pattern, sentence in SENTENCES:
        if found := re.fullmatch(pattern, text):
            return sentence(notes, *found.groups())
    raise ValueError(f"cannot read the line {line!r}")


def _notes(line: str) -> tuple[str, Notes]:
    """Split off the bracketed refinements: {"range": "8.6-10.2", "refuted": ""}."""
    text = line.strip()
    notes: Notes = {}
    while found := re.fullmatch(r"(.*\S) \(([^()]+)\)", text):
        text = found[1]
        for note in found[2].split(", "):
            name, _, value = note.partition(" ")
            if (value and name not in VALUED and note not in BARE) or (not value and note not in BARE | STATUSES):
                raise ValueError(f"cannot read ({note}) in the line {line!r}")
            notes |= {name: value} if name in VALUED else {note: ""}
    return text, notes


def _status(notes: Notes, usual: str) -> str:
    """The status given in brackets, else the usual one."""
    return next((note for note in notes if note in STATUSES), usual)


def _given(notes: Notes, drug: str, days: str) -> list[Resource]:
    status = _status(notes, "completed")
    return [
        {"resourceType": "MedicationAdministration", "status": status, "subject": PATIENT, "effectiveDateTime": day}
        | medication(drug)
        | amount(drug)
        for day in days.split(", ")
    ]


def _dispensed(notes: Notes, drug: str, day: str, supply: str | None) -> list[Resource]:
    handed = {
        "resourceType": "MedicationDispense",
        "status": _status(notes, "completed"),
        "subject": PATIENT,
        "whenHandedOver": day,
    }
    if supply:
        handed["daysSupply"] = {"value": int(supply), "unit": "d", "system": UCUM, "code": "d"}
    return [handed | medication(drug)]


def _ordered(notes: Notes, drug: str, day: str) -> list[Resource]:
    return [order(medication(drug), _sig(look_up("drugs", drug), notes), _status(notes, "active")) | {"authoredOn": day}]


def _taken(notes: Notes, drug: str, start: str | None, since: str | None, end: str | None) -> list[Resource]:
    period = {key: day for key, day in (("start", start or since), ("end", end)) if day}
    stated: Resource = {
        "resourceType": "MedicationStatement",
        "subject": PATIENT,
        "status": _status(notes, "completed" if end else "active"),
    }
    return [stated | medication(drug) | ({"effectivePeriod": period} if period else {})]


def _density(notes: Notes, kind: str, site: str, comparator: str, value: str, day: str) -> list[Resource]:
    where = look_up("sites", site)
    unit = "{T-score}" if kind == "T-score" else "g/cm2"
    code = {"coding": [{"system": LOINC, "code": where["t" if kind == "T-score" else "bmd"]}]}
    if "text" in where:
        code["text"] = where["text"]
    observation = _observation(notes, code, comparator, value, unit, day)
    if "site" in where:
        observation["bodySite"] = {"coding": [{"system": SNOMED, "code": where["site"]}]}
    if "region" in where:
        observation["bodySite"] = {"text": where["region"]}
    return [observation]


def _measured(notes: Notes, what: str, comparator: str, value: str, unit: str, day: str) -> list[Resource]:
    if what in WORDS["local"]:
        coding = {"system": LOCAL, "code": WORDS["local"][what]}
    else:
        codes = look_up("measurements", what)
        coding = {"system": LOINC, "code": codes.get(unit, codes[""])}
    return [_observation(notes, {"coding": [coding], "text": what}, comparator, value, unit, day)]


def _observation(notes: Notes, code: Resource, comparator: str, value: str, unit: str, day: str) -> Resource:
    quantity: Resource = {"value": float(value), "unit": unit, "system": UCUM, "code": unit} | (
        {"comparator": comparator} if comparator else {}
    )
    observation: Resource = {"resourceType": "Observation", "status": _status(notes, "final"), "subject": PATIENT, "code": code}
    observation |= {"effectiveDateTime": f"{day}T{notes['at']}:00+00:00" if "at" in notes else day, "valueQuantity": quantity}
    if "range" in notes:
        low, high = notes["range"].split("-")
        observation["referenceRange"] = [{"low": quantity | {"value": float(low)}, "high": quantity | {"value": float(high)}}]
    if "assay" in notes:
        observation["method"] = {"text": notes["assay"]}
    return observation


def _fracture(notes: Notes, site: str, day: str) -> list[Resource]:
    word = look_up("fractures", site)
    system, code = (
        (ICD10CM, notes["code"]) if "code" in notes else (ICD10, word["osteoporotic" if "osteoporotic" in notes else "icd10"])
    )
    text = word["text"] + (", osteoporotic" if "osteoporotic" in notes else "")
    return [_condition(notes, {"coding": [{"system": system, "code": code}], "text": text}) | {"onsetDateTime": day}]


def _problem(notes: Notes, name: str, day: str | None) -> list[Resource]:
    word = look_up("problems", name)
    if isinstance(word, str):
        coding, text = {"system": ICD10, "code": word}, name.replace("-", " ")
    elif set(word) == {"text"}:
        return [_condition(notes, {"text": word["text"]}) | ({"onsetDateTime": day} if day else {})]
    else:
        name, system = next((n, s) for n, s in (("snomed", SNOMED), ("icd10cm", ICD10CM), ("icd10", ICD10)) if n in word)
        coding, text = {"system": system, "code": word[name]}, word["text"]
    return [_condition(notes, {"coding": [coding], "text": text}) | ({"onsetDateTime": day} if day else {})]


def _condition(notes: Notes, code: Resource) -> Resource:
    verification = next((v for v in ("refuted", "entered-in-error", "unconfirmed") if v in notes), "confirmed")
    found = {
        "resourceType": "Condition",
        "subject": PATIENT,
        "code": code,
        "verificationStatus": coded(CONDITION + "ver-status", verification),
    }
    if verification != "entered-in-error":
        found["clinicalStatus"] = coded(CONDITION + "clinical", "resolved" if "resolved" in notes else "active")
    if notes.get("resolved"):
        found["abatementDateTime"] = notes["resolved"]
    return found


def _allergy(notes: Notes, kind: str, name: str) -> list[Resource]:
    word = WORDS["drugs"].get(name) or look_up("classes", name)
    code = {"coding": [{"system": ATC, "code": word["atc"]}], "text": word["text"] if name in WORDS["classes"] else name}
    found = {"resourceType": "AllergyIntolerance", "type": kind, "patient": PATIENT, "code": code}
    found["clinicalStatus"] = coded(ALLERGY + "clinical", "inactive" if "inactive" in notes else "active")
    if "high" in notes:
        found["criticality"] = "high"
    if "anaphylaxis" in notes:
        found["reaction"] = [{"manifestation": [coded(SNOMED, "39579001")]}]
    return [found | {"verificationStatus": coded(ALLERGY + "verification", "refuted" if "refuted" in notes else "confirmed")}]


def _test(notes: Notes, service: str, kind: str, day: str) -> list[Resource]:
    if kind == "ordered":
        return [service_request(service, _status(notes, "active")) | {"authoredOn": day}]
    done = {
        "resourceType": "Procedure",
        "status": _status(notes, "completed"),
        "subject": PATIENT,
        "code": service_code(service),
    }
    return [done | {"performedDateTime": day}]


RELATIVES = {"mother": "MTH", "father": "FTH", "sister": "SIS"}
SMOKING = {"current": "449868002", "former": "8517006", "never": "266919005"}


def _family(notes: Notes, relative: str, site: str) -> list[Resource]:
    relation = coded("http://terminology.hl7.org/CodeSystem/v3-RoleCode", RELATIVES[relative])
    told = {"resourceType": "FamilyMemberHistory", "status": _status(notes, "completed"), "patient": PATIENT}
    fracture = coded(ICD10, look_up("fractures", site)["icd10"])
    return [told | {"relationship": relation, "condition": [{"code": fracture}]}]


def _smoking(notes: Notes, status: str, day: str) -> list[Resource]:
    observed = {"resourceType": "Observation", "status": _status(notes, "final"), "subject": PATIENT, "effectiveDateTime": day}
    return [observed | {"code": coded(LOINC, "72166-2"), "valueCodeableConcept": coded(SNOMED, SMOKING[status])}]


SENTENCES: list[tuple[str, Callable[..., list[Resource]]]] = [
    (rf"(\S+) given ({DAY}(?:, {DAY})*)", _given),
    (rf"(\S+) dispensed ({DAY})(?: for (\d+) days)?", _dispensed),
    (rf"test (\S+) (ordered|done) ({DAY})", _test),
    (rf"(\S+) ordered ({DAY})", _ordered),
    (rf"(\S+) taken(?: ({DAY})(?= to)| since ({DAY}))?(?: to ({DAY}))?", _taken),
    (rf"(T-score|BMD) (\S+) ([<>]=?|)(-?[\d.]+) on ({DAY})", _density),
    (rf"(\S+) ([<>]=?|)(-?[\d.]+) (\S+) on ({DAY})", _measured),
    (rf"fracture (\S+) on ({DAY})", _fracture),
    (rf"problem (\S+)(?: since ({DAY}))?", _problem),
    (r"(allergy|intolerance) (\S+)", _allergy),
    (r"family (mother|father|sister) (\S+)", _family),
    (rf"smoking (current|former|never) on ({DAY})", _smoking),
]
