"""Small resources to build records from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cards.chart import Chart, Hook
from cds_service.fhir.reading.read import read
from cds_service.fhir.reading.trace import Trace

TODAY = date(2026, 1, 15)
ZONE = ZoneInfo("Asia/Shanghai")
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
CM = "http://hl7.org/fhir/sid/icd-10-cm"
WHO = "http://hl7.org/fhir/sid/icd-10"

Resource = dict[str, Any]
Reader = Callable[..., tuple[Chart, Trace]]


def concept(system: str = "", code: str = "", display: str = "", text: str = "") -> Resource:
    found: Resource = {}
    if code:
        found["coding"] = [{"system": system, "code": code, **({"display": display} if display else {})}]
    if text:
        found["text"] = text
    return found


def patient(**more: Any) -> Resource:
    return {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1955-03-02", **more}


def observation(code: str, value: Any = None, unit: str = "", /, *, on: str = "2025-12-01", **more: Any) -> Resource:
    quantity = {} if value is None else {"valueQuantity": {"value": value, **({"unit": unit} if unit else {})}}
    return {
        "resourceType": "Observation",
        "id": more.pop("id", f"o-{code}-{on}"),
        "status": "final",
        "code": concept(LOINC, code),
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": on,
        **quantity,
        **more,
    }


def condition(code: Resource, *, on: str = "2025-06-01", **more: Any) -> Resource:
    return {
        "resourceType": "Condition",
        "id": more.pop("id", "c"),
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": code,
        "subject": {"reference": "Patient/p"},
        "onsetDateTime": on,
        **more,
    }


def medication(kind: str, code: Resource, **more: Any) -> Resource:
    return {
        "resourceType": kind,
        "id": more.pop("id", "m"),
        "status": "active",
        "medicationCodeableConcept": code,
        "subject": {"reference": "Patient/p"},
        **more,
    }


def bundle(*resources: Any) -> bytes:
    entries = [{"fullUrl": f"urn:uuid:{r['id']}", "resource": r} if "id" in r else {"resource": r} for r in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def not_as_told(check: Callable[..., None], told: Iterable[Any]) -> list[str]:
    """Each of ``told`` for which the check fails, and how. For tables: thousands of rows, each a matter of microseconds, take
    longer to be tests of their own than to be checked."""
    wrong = []
    for each in told:
        try:
            check(each)
        except AssertionError as error:
            wrong.append(f"{each}: {error}")
    return wrong


@pytest.fixture
def chart_of() -> Reader:
    """Reads resources as one Bundle, with the patient, at the tests' date."""

    def chart_of(*resources: Resource, drafts: tuple[Resource, ...] = (), **more: Any) -> tuple[Chart, Trace]:
        return read(
            [bundle(patient(), *resources)],
            **{"patient_id": "p", "today": TODAY, "zone": ZONE, "hook": Hook.ORDER_SIGN, **more},
            drafts=[bundle(*drafts)] if drafts else [],
        )

    return chart_of
