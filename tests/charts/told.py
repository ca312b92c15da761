"""The short form of a chart -> a hook request, as a hospital without codes sends it: names in Chinese, doses as free text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fhir_fixtures.prefetch import answer, templates

Json = dict[str, Any]

SUBJECT = {"reference": "Patient/p"}
TODAY = "2026-11-28"
ORDINARY: dict[str, tuple[Any, ...]] = {
    "血清钙": (2.32, "mmol/L", 2.11, 2.52),
    "白蛋白": (42, "g/L", 40, 55),
    "肌酐": (62, "μmol/L", 41, 81),
    "25-羟基维生素D": (34, "ng/mL", 30, 100),
    "甲状旁腺激素": (45, "pg/mL", 15, 65),
    "碱性磷酸酶": (70, "U/L", 50, 135),
    "无机磷": (1.12, "mmol/L", 0.85, 1.51),
}
"""Results of a month ago that every chart has, unless it tells its own."""
_CONTEXT = {
    "order-select": "draftOrders",
    "order-sign": "draftOrders",
    "medication-refill": "medications",
    "problem-list-item-create": "conditions",
}
_STATUS = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def request(chart: Json) -> Json:
    """``chart``: hook, patient ("female 1946-03-02"), record and, of what is being written, ``writes``: lines of kind, words
    and more, as below. ``selected``: the numbers of the drafts that are."""
    sex, _, born = chart["patient"].partition(" ")
    record = [{"resourceType": "Patient", "id": "p", "gender": sex, "birthDate": born}]
    told = {line[1] for line in chart.get("record", ()) if line[0] in ("result", "panel")}
    record += [_result(each, "2026-11-02", *value) for each, value in ORDINARY.items() if each not in told]
    record += [resource for line in chart.get("record", ()) for resource in _resources(line)]
    written = [{**resource, "id": f"w{i}"} for i, line in enumerate(chart.get("writes", ())) for resource in _resources(line)]
    hook = chart["hook"]
    context: Json = {"userId": "Practitioner/x", "patientId": "p", "encounterId": "e1"}
    if field := _CONTEXT.get(hook):
        context[field] = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in written]}
    if hook == "order-select":
        numbers = chart.get("selected", range(len(written)))
        context["selections"] = [f"{written[number]['resourceType']}/w{number}" for number in numbers]
    return {"hook": hook, "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea", "context": context} | {
        "prefetch": dict(_prefetch(hook, _numbered(record)))
    }


def _numbered(record: list[Json]) -> list[Json]:
    return [{"id": f"r{number}"} | each for number, each in enumerate(record)]


def _prefetch(hook: str, record: list[Json]) -> Iterator[tuple[str, Json | None]]:
    """Every query as its site answers it; results without a code come with those of the kidneys, as a query by category
    gives."""
    for key, template in templates(hook).items():
        found = answer(template, [each for each in record if each["resourceType"] != "Observation"])
        if key == "renal" and found is not None:
            results = [{"resource": each} for each in record if each["resourceType"] == "Observation"]
            found = {**found, "total": len(results), "entry": results}
        yield key, found


def _resources(line: list[Any]) -> list[Json]:
    kind, words, *more = line
    return _KINDS[kind](words, *more)


def _problem(words: str, day: str, verified: str = "confirmed") -> list[Json]:
    status = {"coding": [{"system": _STATUS, "code": verified}]}
    return [{"resourceType": "Condition", "code": {"text": words}, "verificationStatus": status, "subject": SUBJECT}
            | {"onsetDateTime": day}]  # fmt: skip


def _result(words: str, day: str, value: float | str, unit: str = "", low: Any = None, high: Any = None) -> Json:
    """A quantity with its range, or a text."""
    told = {"valueString": value} if isinstance(value, str) else {"valueQuantity": {"value": value, "unit": unit}}
    bounds = {side: {"value": bound, "unit": unit} for side, bound in (("low", low), ("high", high)) if bound is not None}
    category = [{"coding": [{"code": "laboratory"}]}]
    return {"resourceType": "Observation", "status": "final", "category": category, "code": {"text": words}} | {
        "subject": SUBJECT, "effectiveDateTime": day, **told, **({"referenceRange": [bounds]} if bounds else {})
    }  # fmt: skip


def _panel(words: str, day: str, *value: Any) -> list[Json]:
    """The same as the only component of a panel."""
    whole = _result(words, day, *value)
    fields = ("code", "valueQuantity", "valueString", "referenceRange")
    return [{**{k: v for k, v in whole.items() if k not in fields}, "code": {"text": "电解质"}}
            | {"component": [{k: whole[k] for k in fields if k in whole}]}]  # fmt: skip


def _drug(words: str, sig: str | None, day: str, status: str, intent: str = "order") -> Json:
    told = {"dosageInstruction": [{"text": sig}]} if sig else {}
    return {"resourceType": "MedicationRequest", "status": status, "intent": intent, "subject": SUBJECT} | {
        "authoredOn": day, "medicationCodeableConcept": {"text": words}, **told
    }  # fmt: skip


def _taken(words: str, start: str, sig: str = "", end: str = "") -> list[Json]:
    period = {"start": start} | ({"end": end} if end else {})
    return [{"resourceType": "MedicationStatement", "status": "stopped" if end else "active", "subject": SUBJECT}
            | {"medicationCodeableConcept": {"text": words}, "effectivePeriod": period, "dosage": [{"text": sig or "遵医嘱"}]}
            ]  # fmt: skip


def _given(words: str, *days: str) -> list[Json]:
    return [{"resourceType": "MedicationAdministration", "status": "completed", "subject": SUBJECT}
            | {"medicationCodeableConcept": {"text": words}, "effectiveDateTime": day} for day in days]  # fmt: skip


def _report(words: str, day: str, conclusion: str, status: str = "final") -> list[Json]:
    return [{"resourceType": "DiagnosticReport", "status": status, "code": {"text": words}, "subject": SUBJECT}
            | {"effectiveDateTime": day, "conclusion": conclusion}]  # fmt: skip


_KINDS: dict[str, Callable[..., list[Json]]] = {
    "problem": _problem,
    "result": lambda *told: [_result(*told)],
    "panel": _panel,
    "draft": lambda words, sig=None: [_drug(words, sig, TODAY, "draft")],
    "planned": lambda words, sig, day: [_drug(words, sig, day, "active", "plan")],
    "taken": _taken,
    "given": _given,
    "report": _report,
    "done": lambda words, day: [
        {"resourceType": "Procedure", "status": "completed", "code": {"text": words}}
        | {"subject": SUBJECT, "performedDateTime": day}
    ],
    "visit": lambda words, day: [
        {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}}
        | {"reasonCode": [{"text": words}], "subject": SUBJECT, "period": {"start": day}}
    ],
    "service": lambda words: [
        {"resourceType": "ServiceRequest", "status": "draft", "intent": "order", "authoredOn": TODAY}
        | {"code": {"text": words}, "subject": SUBJECT}
    ],
}
