"""What is read from a request, what is tolerated and what is refused with 400."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.hooks.context import relative
from cds_service.hooks.errors import RequestError, outcome
from cds_service.hooks.request import Call, parse

SECRET = "Zhang-1938"
BODY: dict[str, Any] = {
    "hook": "order-select",
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "context": {
        "userId": "Practitioner/7",
        "patientId": "123",
        "selections": ["MedicationRequest/m1"],
        "draftOrders": {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "MedicationRequest", "id": "m1"}}]},
    },
}
DEEP = b'{"prefetch": {"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}}"
MISSING = object()


def changed(path: str, value: Any) -> dict[str, Any]:
    """The minimal body with one member set or, with MISSING, taken out."""
    body = deepcopy(BODY)
    *way, last = path.split(".")
    place = body
    for step in way:
        place = place[step]
    if value is MISSING:
        place.pop(last, None)
    else:
        place[last] = value
    return body


def read(body: Any, hook: str = "order-select") -> Call:
    return parse(body if isinstance(body, bytes) else json.dumps(body).encode(), hook)


def understood(body: Any) -> Call:
    """The call, apart from the bytes that it came in."""
    return replace(read(body), content=b"")


def drafted(call: Call) -> list[str]:
    return [entry["resource"]["id"] for bundle in call.drafts for entry in json.loads(bundle)["entry"]]


def refused(body: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        read(body)
    error = caught.value
    assert error.status == 400
    assert SECRET not in json.dumps(outcome(error))
    return error


@pytest.mark.parametrize("value", ["1" + "0" * 400, "[" * 1_500 + "]" * 1_500])
def test_a_draft_that_could_not_be_sent_back_is_refused_by_its_place(value: str) -> None:
    body = changed("context.draftOrders", {"entry": [{"resource": {"resourceType": "MedicationRequest", "note": SECRET}}]})
    error = refused(json.dumps(body).replace(f'"{SECRET}"', value).encode())
    assert "draftOrders" in str(outcome(error)) or "nested" in str(outcome(error))


def test_an_entry_just_recorded_is_never_sent_back_and_may_hold_any_number() -> None:
    vast = '{"resourceType": "Condition", "id": "c1", "note": 1' + "0" * 400 + "}"
    context = {"userId": "Practitioner/7", "patientId": "123", "conditions": {"entry": [{"resource": SECRET}]}}
    hook = "problem-list-item-create"
    body = json.dumps({"hook": hook, "hookInstance": "x", "context": context}).replace(f'"{SECRET}"', vast)
    assert len(parse(body.encode(), hook).entered) == 1


def test_a_minimal_request_is_read_r1() -> None:
    call = read(BODY)
    assert (call.hook, call.patient_id, call.user_type) == ("order-select", "123", "Practitioner")
    assert call.selected == {"MedicationRequest/m1"}
    assert drafted(call) == ["m1"]
    assert call.fhir is None


@pytest.mark.parametrize(
    "path", ["hook", "hookInstance", "context", "context.userId", "context.patientId", "context.draftOrders"]
)
@pytest.mark.parametrize("value", [MISSING, None], ids=["missing", "null"])
def test_a_required_member_that_is_missing_is_named_r1(path: str, value: Any) -> None:
    error = refused(changed(path, value))
    assert error.expressions == (path,)
    assert error.code == "required"


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("hook", "order-sign", "hook"),
        ("hook", 5, "hook"),
        ("hookInstance", 5, "hookInstance"),
        ("context", [SECRET], "context"),
        ("context.userId", "", "context.userId"),
        ("context.userId", [SECRET], "context.userId"),
        ("context.patientId", 123, "context.patientId"),
        ("context.patientId", f"{SECRET}&x=1", "context.patientId"),
        ("context.patientId", "..", "context.patientId"),
        ("context.patientId", "Practitioner/1", "context.patientId"),
        ("context.patientId", "a" * 65, "context.patientId"),
        ("context.patientId", "12\n3", "context.patientId"),
        ("context.selections", SECRET, "context.selections"),
        ("context.draftOrders", [], "context.draftOrders"),
        ("context.draftOrders", {"resourceType": "Patient", "id": SECRET}, "context.draftOrders"),
        ("context.draftOrders", {"entry": {"resource": SECRET}}, "context.draftOrders"),
        ("prefetch", [SECRET], "prefetch"),
        ("fhirServer", 5, "fhirServer"),
        ("fhirAuthorization", {"access_token": SECRET}, "fhirServer"),
    ],
)
def test_a_wrong_member_is_named_and_never_repeated_t8(path: str, value: Any, named: str) -> None:
    assert named in refused(changed(path, value)).diagnostics


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"text"', b"null", b'{"hook": NaN}', b"\xff\xfe", b'{"prefetch": {"x": "\xff"}}', b"[" * 200_000, DEEP],
)
def test_what_is_no_json_object_in_utf_8_is_refused_t8(body: bytes) -> None:
    refused(body)


def test_a_dstu2_draft_is_refused_because_only_r4_is_read_r9() -> None:
    error = refused(
        changed("context.draftOrders", {"entry": [{"resource": {"resourceType": "MedicationOrder", "id": SECRET}}]})
    )
    assert "R4" in error.diagnostics


def test_unknown_members_and_extensions_change_nothing_r7() -> None:
    body = deepcopy(BODY) | {"extension": {"com.example": [1, None]}, "somethingNew": {"a": 1}}
    body["context"] |= {"extension": {}, "encounterId": "e1", "junk": None}
    assert understood(body) == understood(changed("context.encounterId", "e1"))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("context.patientId", "Patient/123"),
        ("hookInstance", "not-a-uuid"),
        ("prefetch", None),
        ("fhirServer", None),
        ("fhirAuthorization", None),
        ("context.encounterId", 5),
    ],
)
def test_what_clients_were_seen_to_do_is_tolerated_r8(path: str, value: Any) -> None:
    assert understood(changed(path, value)) == understood(BODY)


def test_missing_selections_mean_all_drafts_and_none_selected_means_none() -> None:
    assert read(changed("context.selections", MISSING)).selected is None
    assert read(changed("context.selections", [])).selected == frozenset()


@pytest.mark.parametrize(
    "reference", ["MedicationRequest/m1", "https://ehr.example.org/fhir/MedicationRequest/m1", "urn:uuid:1-2-3", "m1"]
)
def test_a_selection_may_name_its_draft_in_any_way(reference: str) -> None:
    body = changed("context.selections", [reference])
    body["context"]["draftOrders"]["entry"][0]["fullUrl"] = "urn:uuid:1-2-3"
    assert read(body).selected == {"MedicationRequest/m1"}


def test_a_draft_without_id_is_selected_by_its_full_url() -> None:
    body = changed("context.selections", ["urn:uuid:1-2-3"])
    body["context"]["draftOrders"]["entry"] = [{"fullUrl": "urn:uuid:1-2-3", "resource": {"resourceType": "MedicationRequest"}}]
    assert read(body).selected == {"MedicationRequest/1-2-3"}


def test_a_bundle_without_type_and_entries_without_resource_are_read_f6() -> None:
    entries = [None, {}, {"resource": None}, {"resource": 5}, {"resource": {"id": "x"}}]
    entries.append({"resource": {"resourceType": "ServiceRequest", "id": "s1"}})
    (bundle,) = read(changed("context.draftOrders", {"entry": entries})).drafts
    assert [entry["resource"] for entry in json.loads(bundle)["entry"]] == [each["resource"] for each in entries[3:]]
    assert drafted(read(changed("context.draftOrders", {}))) == []


def test_null_empty_failed_and_missing_prefetch_are_told_apart_f4() -> None:
    prefetch = {
        "conditions": {"resourceType": "Bundle"},
        "medications": None,
        "allergies": {"resourceType": "OperationOutcome", "issue": []},
        "renal": "not a resource",
        "calcium": {"resource": {"resourceType": "Bundle"}},
    }
    call = read(changed("prefetch", prefetch))
    assert set(call.given) == {"conditions"}
    assert call.empty == {"medications"}
    assert call.failed == {"allergies", "renal", "calcium"}


def access(**granted: Any) -> Any:
    return read(changed("fhirServer", "https://ehr.example.org/fhir") | {"fhirAuthorization": granted}).fhir


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER"])
def test_a_bearer_token_is_used_a3(kind: str) -> None:
    fhir = access(access_token="abc", token_type=kind, expires_in=300, scope="patient/*.rs", subject="cds")
    assert fhir.usable
    assert fhir.token == "abc"


@pytest.mark.parametrize(
    "granted",
    [
        {"token_type": "Bearer", "expires_in": 300},
        {"access_token": "abc", "expires_in": 300},
        {"access_token": "abc", "token_type": "mac", "expires_in": 300},
        {"access_token": "abc", "token_type": "Bearer", "expires_in": 0},
        {"access_token": "abc", "token_type": "Bearer", "expires_in": -5},
        {"access_token": "a\r\nX-Evil: 1", "token_type": "Bearer", "expires_in": 300},
        {"access_token": 5, "token_type": "Bearer", "expires_in": 300},
    ],
)
def test_a_token_that_cannot_be_used_makes_the_server_unusable_a3(granted: dict[str, Any]) -> None:
    assert not access(**granted).usable


@pytest.mark.parametrize(
    "scope",
    ["patient/*.read", "patient/Observation.rs", "user/Condition.cruds?category=x", "launch openid", "nonsense", "", None],
)
def test_scopes_are_not_read_but_tried_a6(scope: str | None) -> None:
    assert access(access_token="abc", token_type="Bearer", expires_in=300, scope=scope).usable


def test_an_authorization_needs_its_server_r2() -> None:
    granted = {"access_token": "abc", "token_type": "Bearer", "expires_in": 300}
    assert refused(deepcopy(BODY) | {"fhirAuthorization": granted}).expressions == ("fhirServer",)


def test_a_token_for_another_patient_is_refused_a5() -> None:
    granted = {"access_token": "abc", "token_type": "Bearer", "expires_in": 300, "patient": SECRET}
    body = changed("fhirServer", "https://ehr.example.org/fhir") | {"fhirAuthorization": granted}
    assert refused(body).expressions == ("fhirAuthorization.patient",)
    assert access(**(granted | {"patient": "123"})).usable


@pytest.mark.parametrize(
    ("user", "by_patient"), [("Patient/1", True), ("RelatedPerson/1", True), ("PractitionerRole/1", False)]
)
def test_who_asks_is_known_by_the_type_of_the_user(user: str, by_patient: bool) -> None:
    assert read(changed("context.userId", user)).by_patient is by_patient


def test_a_reference_is_told_by_its_last_two_segments() -> None:
    assert relative("https://ehr.example.org/fhir/Observation/9/_history/2") == "Observation/9"
