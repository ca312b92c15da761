"""Requests that are small and dear: each abuse is a valid request of about the size asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from cards.vocabulary import Data
from cds_service.fhir.fetching.queries import build

Json = dict[str, Any]

SUBJECT = {"reference": "Patient/p1"}
PATIENT = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1954-01-01"}
ALENDRONATE = {"coding": [{"system": "http://www.whocc.no/atc", "code": "M05BA04"}]}
CALCIUM = {"coding": [{"system": "http://loinc.org", "code": "17861-6"}]}
DAY = "2026-06-01"


def bundle(*resources: Any) -> Json:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": each} for each in resources]}


def view(**prefetch: Any) -> Json:
    """A patient-view request that brings this."""
    return request("patient-view", {}, prefetch)


def request(hook: str, context: Json, prefetch: Json) -> Json:
    return {
        "hook": hook,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/7", "patientId": "p1"} | context,
        "prefetch": {"patient": PATIENT} | prefetch,
    }


def order(**fields: Any) -> Json:
    return {
        "resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order", "subject": SUBJECT,
        "authoredOn": DAY, "medicationCodeableConcept": ALENDRONATE,
    } | fields  # fmt: skip


def result(**fields: Any) -> Json:
    return {
        "resourceType": "Observation", "id": "o1", "status": "final", "subject": SUBJECT, "code": CALCIUM,
        "effectiveDateTime": DAY, "valueQuantity": {"value": 2.3, "unit": "mmol/L", "code": "mmol/L"},
    } | fields  # fmt: skip


def problem(text: str, **fields: Any) -> Json:
    return {
        "resourceType": "Condition", "id": "c1", "subject": SUBJECT, "code": {"text": text},
        "clinicalStatus": {"coding": [{"code": "active"}]}, "recordedDate": DAY,
    } | fields  # fmt: skip


def sig(text: str) -> list[Json]:
    return [{"text": text}]


def many(size: int, make: Callable[[int], Json]) -> list[Json]:
    """As many resources as fit."""
    each = len(json.dumps(make(10_000), ensure_ascii=False).encode()) + 16
    return [make(number) for number in range(max(size // each, 1))]


def sign(*drafts: Json, **context: Any) -> Json:
    return request("order-sign", {"draftOrders": bundle(*drafts)} | context, {})


def draft(number: int, **fields: Any) -> Json:
    return order(id=f"d{number}", status="draft") | fields


def select(*drafts: Json, selections: list[str]) -> Json:
    context = {"draftOrders": bundle(*drafts), "selections": selections}
    return request("order-select", context, {})


def atc(code: str) -> Json:
    return {"coding": [{"system": "http://www.whocc.no/atc", "code": code}]}


BONE = ("M05BA04", "M05BX04", "H05AA02", "G03XC01", "M05BA08", "M05BA06", "M05BA07", "H05AA04", "A11CC03", "A11CC04", "M05BA03")
"""Drugs for bone, most of which are not given together."""
KEYS = [query.key for query in build(Data, dict.fromkeys(Data, ("http://loinc.org|1",)))]
"""The prefetch keys."""
_KIDNEY = result(
    code={"coding": [{"system": "http://loinc.org", "code": "2160-0"}]},
    valueQuantity={"value": 3.0, "unit": "mg/dL", "code": "mg/dL"},
)  # fmt: skip
_LIST = bundle(*(order(id=f"m{number}", medicationCodeableConcept=atc(code)) for number, code in enumerate(BONE)))


def _dated(number: int) -> Json:
    period = {"start": f"20{27 + number % 9}-{number % 12 + 1:02}-{number % 28 + 1:02}"}
    return draft(number, dosageInstruction=[{"text": "70 mg weekly", "timing": {"repeat": {"boundsPeriod": period}}}])


class Basket(NamedTuple):
    """Orders that are written together: one of them by its number, and what is on record beside them; None: nobody looked."""

    make: Callable[[int], Json]
    record: Json | None = None

    def of(self, drafts: list[Json]) -> Json:
        known = {} if self.record is None else dict.fromkeys(KEYS) | {"patient": PATIENT} | self.record
        return request("order-sign", {"draftOrders": bundle(*drafts)}, known)


BASKETS = {
    "drafts": Basket(draft),
    "drafts, all known": Basket(draft, {}),
    "drafts of many drugs": Basket(lambda n: draft(n, medicationCodeableConcept=atc(BONE[n % len(BONE)])), {}),
    "drafts that are forbidden": Basket(draft, {"renal": bundle(_KIDNEY)}),
    "drafts and courses": Basket(draft, {"medications": _LIST}),
    "drafts of many doses": Basket(lambda n: draft(n, dosageInstruction=sig(f"{n % 97 + 1} mg daily")), {}),
    "drafts of many starts": Basket(_dated, {}),
    "drafts of nobody knows what": Basket(lambda n: draft(n, medicationCodeableConcept=None)),
    "drafts with a sig that nobody reads": Basket(lambda n: draft(n, dosageInstruction=sig(f"as told {n}")), {}),
    "drafts of vitamin D": Basket(lambda n: draft(n, medicationCodeableConcept=atc("A11CC05")), {}),
    "drafts of another patient": Basket(lambda n: draft(n, subject={"reference": "Patient/p2"})),
    "drafts of one id": Basket(lambda n: draft(0, note=[{"text": str(n)}])),
}  # fmt: skip


TEXTS = {
    "digits": "9", "digits and a point": "9.", "digits and spaces": "9 ", "thousands": "1,", "mg": "7 mg ", "spaces": " ",
    "每次": "每周1次每次", "no": "no ", "history": "history of , ", "史": "史,", "fracture": "fracture of hip ",
    "骨折": "骨折,",
    "denied": "denies osteoporosis, ", "T": "T -2.5 ", "http": "a.", "every": "every 1 week ", "on mon": "on mon,tue,",
    "levels": "l1-l4 ", "bars": "| ", "comma": ",", "?": "?", "tags": "<b", "units": "mg/ml ",
}  # fmt: skip


def _texts(size: int, salt: str) -> dict[str, Json]:
    """Every text of a record that some pattern sees, in one piece and in pieces that are short enough to be read."""
    made: dict[str, Json] = {}
    for name, unit in TEXTS.items():
        whole, piece = salt + unit * (size // len(unit.encode())), salt + unit * (900 // len(unit.encode()))
        made[f"sig: {name}"] = view(medications=bundle(order(dosageInstruction=sig(whole))))
        made[f"sigs: {name}"] = view(
            medications=bundle(*many(size, lambda n, piece=piece: order(id=f"m{n}", dosageInstruction=sig(piece))))  # type: ignore[misc]
        )
        made[f"problem: {name}"] = view(conditions=bundle(problem("osteoporosis, " + whole)))
        made[f"problems: {name}"] = view(
            conditions=bundle(*many(size, lambda n, piece=piece: problem("osteoporosis, " + piece, id=f"c{n}")))  # type: ignore[misc]
        )
        made[f"drug: {name}"] = view(medications=bundle(order(medicationCodeableConcept={"text": "alendronate " + whole})))
        made[f"drugs: {name}"] = view(
            medications=bundle(
                *many(size, lambda n, piece=piece: order(id=f"m{n}", medicationCodeableConcept={"text": "denosumab " + piece}))  # type: ignore[misc]
            )
        )
        made[f"report: {name}"] = view(
            reports=bundle(
                {
                    "resourceType": "DiagnosticReport", "id": "r1", "status": "final", "subject": SUBJECT,
                    "code": {"coding": [{"system": "http://loinc.org", "code": "38268-9"}], "text": "DXA"},
                    "effectiveDateTime": DAY, "conclusion": "腰椎T值-2.6 " + whole,
                }
            )
        )  # fmt: skip
        made[f"value: {name}"] = view(calcium=bundle(result(valueQuantity=None, valueString=whole)))
        made[f"label: {name}"] = view(
            calcium=bundle(*many(size, lambda n, piece=piece: result(id=f"o{n}", code={"text": "calcium " + piece[:150]})))  # type: ignore[misc]
        )
    return made


def _shapes(size: int) -> dict[str, Json]:
    """Many of one thing."""
    return {
        "empty components": view(boneDensity=bundle(result(component=[{}] * (size // 3)))),
        "components": view(calcium=bundle(result(component=[{"code": CALCIUM}] * (size // 75)))),
        "empty codings": view(calcium=bundle(result(code={"coding": [{}] * (size // 3)}))),
        "codings": view(calcium=bundle(result(code={"coding": [{"system": "u", "code": "1"}] * (size // 28)}))),
        "codings of drugs": view(
            medications=bundle(order(medicationCodeableConcept={"coding": [{"display": "alendronate 70 mg"}] * (size // 34)}))
        ),
        "codings of problems": view(
            conditions=bundle(problem("", code={"coding": [{"display": "hip fracture"}] * (size // 28)}))
        ),
        "dosages": view(medications=bundle(order(dosageInstruction=[{"text": "70 mg weekly"}] * (size // 26)))),
        "empty dosages": view(medications=bundle(order(dosageInstruction=[{}] * (size // 3)))),
        "ranges": view(calcium=bundle(result(referenceRange=[{}] * (size // 3)))),
        "entries": view(conditions={"resourceType": "Bundle", "entry": [{}] * (size // 3)}),
        "broken entries": view(
            conditions={"resourceType": "Bundle", "entry": [{"resource": {"resourceType": 1}}] * (size // 35)}
        ),
        "resources": view(conditions=bundle(*many(size, lambda n: {"resourceType": "Condition", "id": str(n)}))),
        "same id": view(conditions=bundle(*many(size, lambda n: problem(f"osteoporosis {n}")))),
        "no id": view(conditions=bundle(*many(size, lambda n: {"resourceType": "Condition", "code": {"text": str(n)}}))),
        "fractures": view(conditions=bundle(*many(size, lambda n: problem("hip fracture", id=f"c{n}", onsetDateTime=DAY)))),
        "courses": view(
            medications=bundle(*many(size, lambda n: order(id=f"m{n}", authoredOn=f"20{n % 26:02}-0{n % 9 + 1}-01")))
        ),
        "values": view(calcium=bundle(*many(size, lambda n: result(id=f"o{n}", effectiveDateTime=f"20{n % 26:02}-01-01")))),
        "deep": view(conditions=_deep(size)),
        "brackets": view(conditions=_nested(size // 8)),
        "prefetch keys": view(**{f"k{number}": None for number in range(size // 14)}),
        **{name: each.of(many(size, each.make)) for name, each in BASKETS.items()},
        "selections": select(draft(1), selections=["MedicationRequest/x"] * (size // 24)),
        "selections and drafts": select(
            *many(size // 2, draft), selections=[f"MedicationRequest/d{n}" for n in range(size // 60)]
        ),
        "reasons": sign(draft(1, reasonCode=[{"text": "osteoporosis"}] * (size // 26))),
        "references": sign(draft(1, reasonReference=[{"reference": "Condition/c1"}] * (size // 32))),
    }


def _deep(size: int) -> Any:
    found: Any = {}
    for _ in range(min(size // 20, 350)):
        found = {"extension": [found]}
    return {"resourceType": "Condition"} | found


def _nested(depth: int) -> Any:
    found: Any = bundle()
    for _ in range(min(depth // 8, 90)):
        found = bundle(found)
    return found


def abuses(size: int, salt: str = "") -> dict[str, Json]:
    """Every abuse by its name. ``salt`` begins its texts, since the service remembers the words that it read before."""
    return _texts(size, salt) | _shapes(size)
