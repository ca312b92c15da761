"""What every response must satisfy, whatever the patient: CDS Hooks 2.0.1, "CDS Service Response", and FHIR R4."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

Json = Mapping[str, Any]

RELATIVE = re.compile(r"[A-Z]\w+/[A-Za-z0-9.-]{1,64}")
HTML = re.compile(r"</?[A-Za-z][^>]*>")
NON_ADHERENCE = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
NON_ADHERENCE_CODES = {
    "action-completed",
    "cds-not-applicable",
    "cds-suboptimal-context",
    "does-not-align-preferences",
    "not-convenient-feasible",
    "patient-contraindication",
    "patient-refuses",
    "recipient-concerns-outcomes",
    "recipient-disagrees-evidence",
    "recipient-does-not-understand",
    "service-not-available",
    "too-costly-uncovered",
}
ORDERS = ("MedicationRequest", "ServiceRequest")


def check_response(body: Json, request: Json) -> None:
    """Raise AssertionError, naming the row of the checklist, where a response to ``request`` breaks the protocol."""
    assert isinstance(body.get("cards"), list), "C1: cards is an array"
    assert "systemActions" not in body, "S11: system actions are never emitted"
    members = {**body, "cards": body["cards"] or "none: the one list that may be empty"}
    blank = list(_blank(members, "response"))
    assert blank == [], f"T2: null or empty values at {blank}"
    uuids = [part["uuid"] for card in body["cards"] for part in (card, *card.get("suggestions", ()))]
    assert all(str(UUID(uuid)) == uuid for uuid in uuids), "C3, S2: RFC 4122 uuids"
    assert len(set(uuids)) == len(uuids), "C3: uuids are unique"
    for card in body["cards"]:
        _check_card(card, request)


def _blank(value: Any, place: str) -> Iterator[str]:
    """Where null, "", [] or {} stand."""
    if value is None or value in ("", [], {}):
        yield place
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from _blank(each, f"{place}.{key}")
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _blank(each, f"{place}[{number}]")


def _check_card(card: Json, request: Json) -> None:
    assert 0 < len(card["summary"]) < 140, "C4: summary under 140 characters"
    assert "\n" not in card["summary"], "C4: one sentence"
    assert not HTML.search(card["summary"]), "C4: plain text"
    assert not HTML.search(card.get("detail", "")), "C5: no HTML"
    assert card["indicator"] in ("info", "warning", "critical"), "C6"
    source = card["source"]
    assert isinstance(source["label"], str), "C7"
    if "url" in source:
        _check_url(source["url"], "C8")
    assert source["topic"]["code"], "C10: topic with code"
    assert source["topic"]["system"], "C10: topic with system"
    for reason in card.get("overrideReasons", ()):
        assert reason["display"], "C12: display"
        assert reason["code"], "C12: code"
        assert reason["system"], "C12: system"
        assert reason["system"] != NON_ADHERENCE or reason["code"] in NON_ADHERENCE_CODES, "C13: a published code"
    for link in card.get("links", ()):
        assert link["label"], "L1: label"
        assert link["type"] in ("absolute", "smart"), "L1: type"
        assert link["type"] == "smart" or "appContext" not in link, "L2"
        _check_url(link["url"], "L1")
    if "extension" in card:
        assert isinstance(card["extension"], Mapping), "X1: an object"
        assert all("." in name for name in card["extension"]), "X1: reverse-domain names"
    if suggestions := card.get("suggestions"):
        assert card.get("selectionBehavior") in ("at-most-one", "any"), "C11"
        recommended = [each for each in suggestions if each.get("isRecommended")]
        assert card["selectionBehavior"] == "any" or len(recommended) <= 1, "S3: one recommended among exclusive ones"
        for suggestion in suggestions:
            _check_suggestion(suggestion, request)


def _check_url(url: str, row: str) -> None:
    parts = urlsplit(url)
    assert parts.scheme in ("http", "https"), f"{row}: absolute URL"
    assert parts.hostname, f"{row}: absolute URL"


def _check_suggestion(suggestion: Json, request: Json) -> None:
    assert suggestion["label"].strip(), "S1: label"
    assert "actionSelectionBehavior" not in suggestion, "S5"
    actions = suggestion.get("actions", [])
    assert "actions" not in suggestion or actions, "S4: not an empty array"
    order = [("delete", "create", "update").index(action["type"]) for action in actions]
    assert order == sorted(order), "S6: delete, then create, then update"
    for action in actions:
        _check_action(action, request)


def _check_action(action: Json, request: Json) -> None:
    assert action["description"].strip(), "S7: description"
    drafts = _drafts(request)
    if action["type"] == "delete":
        assert RELATIVE.fullmatch(action["resourceId"]), "S10: relative reference"
        assert "resource" not in action, "S10: no resource"
        assert action["resourceId"] in drafts, "S10: a draft of the context"
        return
    resource = action["resource"]
    assert isinstance(resource, Mapping), "T4: an object, never a string"
    if action["type"] == "update":
        _check_update(resource, drafts)
        return
    assert why_invalid(resource) == "", "S8: valid FHIR R4"
    patient = request["context"]["patientId"].removeprefix("Patient/")
    assert resource["subject"]["reference"] == f"Patient/{patient}", "S8: of the context's patient"
    if resource["resourceType"] in ORDERS:
        assert "id" not in resource, "S8: new"
        assert resource["status"] == "draft", "S8: draft"
        assert resource["intent"] in ("order", "proposal"), "S8: order or proposal"
        assert resource["authoredOn"], "S8: authoredOn"


MENDED = {"dosageInstruction", "dispenseRequest"}
"""What an update may touch; of dispenseRequest only the start of its validity."""


def _check_update(resource: Json, drafts: Mapping[str, Json]) -> None:
    if resource.get("status") == "stopped":  # an order of the record that ends with the new one
        assert resource["intent"] == "order", "S9: an order that ends"
        assert resource["statusReason"]["text"], "S9: with its reason"
        return
    before = _told(drafts.get(f"{resource['resourceType']}/{resource['id']}"))
    assert before, "S9: a draft of the context"
    untouched = before.keys() - MENDED
    assert {key: resource.get(key) for key in untouched} == {key: before[key] for key in untouched}, "S9: the whole draft"
    assert resource.keys() <= before.keys() | MENDED, "S9: nothing added"
    asked, was = resource.get("dispenseRequest", {}), before.get("dispenseRequest", {})
    assert {**asked, "validityPeriod": 0} == {**was, "validityPeriod": 0}, "S9: the whole draft"
    if not why_invalid(before):  # what was invalid already is left as it was
        assert why_invalid(resource) == "", "S9: valid FHIR R4"


def _told(value: Any) -> Any:
    """Without what is null or empty (T2)."""
    if isinstance(value, dict):
        value = {key: _told(each) for key, each in value.items()}
        return {key: each for key, each in value.items() if each is not None and each not in ("", [], {})}
    if isinstance(value, list):
        return [each for each in map(_told, value) if each is not None and each not in ("", [], {})]
    return value


def why_invalid(resource: Json) -> str:
    """What of a resource is not FHIR R4; "" where it is. Each is validated once: the answers to many patients hold the same."""
    return _why_invalid(orjson.dumps(resource))


@lru_cache(maxsize=10_000)
def _why_invalid(resource: bytes) -> str:
    told = orjson.loads(resource)
    try:
        get_fhir_model_class(told["resourceType"]).model_validate(told)
    except ValidationError as error:
        return str(error)
    return ""


def _drafts(request: Json) -> dict[str, Json]:
    bundle = request["context"].get("draftOrders") or request["context"].get("medications") or {}
    resources = [entry.get("resource") or {} for entry in bundle.get("entry", ())]
    return {f"{each.get('resourceType')}/{each.get('id')}": each for each in resources}
