"""The resources as they came: decoded no further than asked, and the same as if all had been."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

import orjson
import pytest

from cds_service.figures.raw import Raw


def raw(*resources: Any) -> Raw:
    entries = [each if isinstance(each, bytes) else orjson.dumps({"resource": each}) for each in resources]
    return Raw(entries, UTC, date(2026, 6, 15))


def plan(version: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "CarePlan", "id": "1", "meta": {"lastUpdated": version}, "title": version, **more}


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_with_one_id_the_later_version_counts_in_any_order(order: int) -> None:
    found = raw(*[plan("2025-01-01"), plan("2026-01-01")][::order])
    assert [told["title"] for _, told in found.of("CarePlan")] == ["2026-01-01"]
    assert found.get("https://ehr.example.org/fhir/CarePlan/1/_history/2")["title"] == "2026-01-01"


def test_what_was_entered_in_error_is_found_by_its_reference_alone() -> None:
    found = raw(plan("2026-01-01", status="entered-in-error"))
    assert not [*found.of("CarePlan")]
    assert found.get("CarePlan/1")["title"] == "2026-01-01"


@pytest.mark.parametrize("many", [True, False])
def test_bundles_are_looked_into_whether_their_entry_is_a_list_or_one(many: bool) -> None:
    inner = {"resourceType": "Bundle", "entry": [{"resource": plan("2026-01-01")}, "none", {"resource": None}]}
    entry: Any = {"resource": inner}
    found = raw({"resourceType": "Bundle", "entry": [entry] if many else entry})
    assert [key for key, _ in found.of("CarePlan")] == ["CarePlan/1"]


@pytest.mark.parametrize(
    "broken",
    [
        b"{",
        b"[]",
        b'"x"',
        b'{"resource":5}',
        b'{"resource":{"id":"1"}}',
        b'{"resource":{"resourceType":"CarePlan","x":"\xff"}}',
    ],
)
def test_what_is_no_resource_is_left_out_and_the_rest_is_there(broken: bytes) -> None:
    assert [key for key, _ in raw(broken, plan("2026-01-01")).of("CarePlan")] == ["CarePlan/1"]


def test_what_has_no_id_is_told_apart_by_its_place() -> None:
    assert len([*raw({"resourceType": "CarePlan"}, {"resourceType": "CarePlan"}).of("CarePlan")]) == 2


def test_results_may_be_asked_for_by_their_code() -> None:
    some = [{"resourceType": "Observation", "id": str(n), "code": {"text": text}} for n, text in enumerate(("a", "b"))]
    found = raw(*some, {"resourceType": "Observation", "id": "2"})
    assert [key for key, _ in found.of("Observation", about=lambda code: code == b'{"text":"b"}')] == ["Observation/1"]
