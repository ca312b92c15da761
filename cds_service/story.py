"""Input of the command line: the name of a story, or a file with a story, a Bundle or a hook request."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import fhir_fixtures
from cds_service.hooks.errors import RequestError
from cds_service.hooks.request import HOOKS

Json = dict[str, Any]

STORY_FILES = (".yaml", ".yml")


def request_of(
    given: str, prefetch: Mapping[str, Mapping[str, str]], today: date, *, hook: str = "", shift: bool = True
) -> Json:
    """The hook request that a file ("-": standard input) or the name of a story stands for.

    ``prefetch``: the published templates by hook and key. ``hook`` asks for another moment than the one told. With ``shift``
    the dates of a story are moved so that it happens ``today``; a Bundle and a request stay as they are.

    Raises:
        RequestError: there is no such file or story, or it holds something else.
    """
    if fixture := _fixture(given):
        fixture = fixture._replace(hook=hook or fixture.hook)
        return (fixture.shifted(today) if shift else fixture).request()
    return request_in(_content(given), prefetch, hook=hook, name=given)


def request_in(told: Json, prefetch: Mapping[str, Mapping[str, str]], *, hook: str = "", name: str = "the file") -> Json:
    """The hook request in a Bundle or in a request. ``name`` is what an error calls it."""
    if told.get("resourceType") == "Bundle":
        return _of_bundle(told, prefetch[hook or "patient-view"], hook or "patient-view")
    if "context" in told and (hook or told.get("hook")) in HOOKS:
        return told | ({"hook": hook} if hook else {})
    raise RequestError(400, f"{name}: not a Bundle, a story, or a request for one of our hooks ({', '.join(HOOKS)})")


def _fixture(given: str) -> fhir_fixtures.Fixture | None:
    """The story of this name or in this file; None for a file of another kind."""
    if given in fhir_fixtures.names():
        return fhir_fixtures.load(given)
    if not given.endswith(STORY_FILES):
        return None
    try:
        return fhir_fixtures.read(_bytes(given).decode(), given)
    except ValueError as error:  # not UTF-8, no story, or a line that cannot be read
        raise RequestError(400, str(error)) from None


def _content(given: str) -> Json:
    try:
        content = json.loads(_bytes(given))
    except (ValueError, RecursionError):
        raise RequestError(400, f"{given}: is not JSON in UTF-8") from None
    if not isinstance(content, dict):
        raise RequestError(400, f"{given}: is not a JSON object")
    return content


def _bytes(given: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if given == "-" else Path(given).read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise RequestError(400, f"{given}: {reason}; `fixtures` lists the names of the sample patients") from None


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
    context: Json = {"userId": fhir_fixtures.USER, "patientId": patients.pop()}
    if (wanted := HOOKS[hook]).bundle:
        told = [e for e in entries if (e["resource"].get("status") == "draft" if wanted.orders else _is_condition(e))]
        context[wanted.bundle] = {"resourceType": "Bundle", "type": "collection", "entry": told}
    given = dict.fromkeys(prefetch) | {"patient": bundle}
    return {"hook": hook, "hookInstance": str(uuid4()), "context": context, "prefetch": given}


def _is_condition(entry: Json) -> bool:
    return bool(entry["resource"].get("resourceType") == "Condition")
