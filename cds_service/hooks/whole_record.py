"""A hook request out of a whole record: a Bundle of everything about one patient, for those who have no EHR at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from cds_service.hooks.errors import RequestError
from cds_service.hooks.request import HOOKS

Json = dict[str, Any]

USER = "Practitioner/example"


def request_in(told: Json, prefetch: Mapping[str, Mapping[str, str]], *, hook: str = "", name: str = "the file") -> Json:
    """The hook request in a Bundle or in a request. ``name`` is what an error calls it."""
    if told.get("resourceType") == "Bundle":
        return _of_bundle(told, prefetch[hook or "patient-view"], hook or "patient-view")
    if "context" in told and (hook or told.get("hook")) in HOOKS:
        return told | ({"hook": hook} if hook else {})
    raise RequestError(400, f"{name}: not a Bundle, a story, or a request for one of our hooks ({', '.join(HOOKS)})")


def _of_bundle(bundle: Json, prefetch: Mapping[str, str], hook: str) -> Json:
    """A request about the one Patient of a Bundle, whose resources all come under one key: nothing in it is missed for want
    of a code that a query would name. What is in draft is taken for what is being ordered or refilled, every Condition for one
    just entered."""
    entries = [
        entry for entry in bundle.get("entry") or () if isinstance(entry, dict) and isinstance(entry.get("resource"), dict)
    ]
    patients = {str(e["resource"].get("id")) for e in entries if e["resource"].get("resourceType") == "Patient"}
    if len(patients) != 1:
        raise RequestError(400, f"the Bundle must hold one Patient; it holds {len(patients)}")
    context: Json = {"userId": USER, "patientId": patients.pop()}
    if (wanted := HOOKS[hook]).bundle:
        told = [e for e in entries if (e["resource"].get("status") == "draft" if wanted.orders else _is_condition(e))]
        context[wanted.bundle] = {"resourceType": "Bundle", "type": "collection", "entry": told}
    given = dict.fromkeys(prefetch) | {"patient": bundle}
    return {"hook": hook, "hookInstance": str(uuid4()), "context": context, "prefetch": given}


def _is_condition(entry: Json) -> bool:
    return bool(entry["resource"].get("resourceType") == "Condition")
