"""Nothing is lost without a word: every resource of foreign records was used, or it is said why it was not (issue 3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import fhir_fixtures
from cards.words.phrases import PHRASES
from cds_service.cli import terminal
from cds_service.fhir.reading.read import read
from cds_service.fhir.reading.trace import Trace
from cds_service.pipeline import Evaluation
from tests.each import for_each

Resource = dict[str, Any]

SHARED = Path(__file__).parents[3] / "shared" / "data"


def _records() -> Iterator[tuple[str, list[Resource]]]:
    """Fixtures, Synthea patients, and the US Core examples as one record."""
    yield from ((fixture.name, fixture.resources) for fixture in fhir_fixtures.all_fixtures())
    for path in sorted((SHARED / "synthea").glob("*.json")):
        yield path.stem, [entry["resource"] for entry in json.loads(path.read_text(encoding="utf-8"))["entry"]]
    if examples := sorted((SHARED / "us_core_dxa").glob("*.json")):
        yield "us-core-dxa", [json.loads(path.read_text(encoding="utf-8")) for path in examples]


@cache
def records() -> dict[str, list[Resource]]:
    return dict(_records())


def traced(resources: list[Resource], patient: str | None = None) -> Trace:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in resources]}
    return read([json.dumps(bundle).encode()], patient_id=patient, today=date(2026, 6, 15), zone=UTC, full=True)[1]


@for_each("name", records)
def test_every_resource_was_used_or_it_is_said_why_not(name: str) -> None:
    resources = records()[name]
    lines = traced(resources).lines or []
    assert {line.source for line in lines} == {f"{r['resourceType']}/{r['id']}" for r in resources}
    for line in lines:
        assert line.what, line
        assert line.outcome == "used" or line.why, line
        assert line.outcome != "set-aside" or line.why in PHRASES["set-aside"], line


@pytest.mark.skipif(not (SHARED / "us_core_dxa").is_dir(), reason="the shared data are not here")
def test_the_bone_densities_of_us_core_are_all_used() -> None:
    used = traced(records()["us-core-dxa"]).used
    assert (used["t-score"], used["z-score"], used["bmd"]) == (2, 2, 2)


def test_a_medication_is_told_with_the_order_that_points_at_it() -> None:
    def medication(name: str) -> Resource:
        code = {"coding": [{"system": "http://www.whocc.no/atc", "code": "M05BA04"}]}
        return {"resourceType": "Medication", "id": name, "code": code}

    order = {"resourceType": "MedicationRequest", "id": "r", "status": "active", "authoredOn": "2026-01-01"}
    order["medicationReference"] = {"reference": "Medication/a"}  # type: ignore[assignment]
    told = {line.source: (line.outcome, line.why) for line in traced([medication("a"), medication("b"), order]).lines or ()}
    assert told["Medication/a"] == ("used", "")
    assert told["Medication/b"] == ("not-ours", "no order points at it")


def test_the_table_names_each_resource_with_its_use_or_the_reason() -> None:
    patient = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1950-01-01"}
    code = {"coding": [{"system": "http://loinc.org", "code": "2160-0"}]}
    measured = {"resourceType": "Observation", "id": "o", "status": "final", "code": code, "effectiveDateTime": "2026-01-01"}
    readable = measured | {"valueQuantity": {"value": 0.9, "code": "mg/dL"}}
    strange = measured | {"id": "x", "valueQuantity": {"value": 0.9, "code": "bananas"}}
    trace = traced([patient, readable, strange, {"resourceType": "Account", "id": "e"}], "p")
    out = StringIO()
    console = Console(file=out, width=100)
    terminal.show(Evaluation({"cards": []}, trace), "patient-view", date(2026, 6, 15), trace=True, console=console)
    lines = [" ".join(line.split()) for line in out.getvalue().splitlines()]
    assert "Observation/o used creatinine" in lines
    assert "Observation/x set aside creatinine unit not recognized" in lines
    assert "Account/e not read of a type that is not read" in lines


@pytest.mark.parametrize(("language", "why"), [("en", "has only a local code"), ("zh", "仅有本机构自定义编码，无法识别")])
def test_the_table_tells_code_system_and_text_of_what_is_unread_and_why(language: str, why: str) -> None:
    coding = {"system": "urn:hospital:drugs", "code": "4711", "display": "4711"}
    order = {"resourceType": "MedicationRequest", "id": "r", "status": "active", "intent": "order"}
    trace = traced([order | {"medicationCodeableConcept": {"coding": [coding]}}])
    out = StringIO()
    evaluation, console = Evaluation({"cards": []}, trace), Console(file=out, width=160)
    terminal.show(evaluation, "patient-view", date(2026, 6, 15), trace=True, language=language, console=console)
    lines = [" ".join(line.split()) for line in out.getvalue().splitlines()]
    assert f"MedicationRequest/r unread medications {why}: urn:hospital:drugs 4711 4711" in lines
