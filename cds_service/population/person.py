"""Who it is, for those who call them: what the rules never read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct, json

from cds_service.fhir.reading.given import BROKEN


class Person(Struct, frozen=True):
    name: str = ""
    identifier: str = ""
    phone: str = ""


class _Patient(Struct, rename="camel"):
    resource_type: str = ""
    id: Any = None
    name: Any = None
    identifier: Any = None
    telecom: Any = None


class _Entry(Struct):
    resource: _Patient


_ENTRY = json.Decoder(_Entry)


def person(patient: str, entries: Sequence[bytes]) -> Person:
    """Name, first identifier and phone number of the Patient; "" for what cannot be read."""
    for entry in entries:
        if b'"Patient"' not in entry:
            continue
        try:
            told = _ENTRY.decode(entry).resource
        except BROKEN:
            continue
        if told.resource_type == "Patient" and str(told.id) == patient:
            return Person(_name(_dicts(told.name)), _first(told.identifier, "value"), _phone(_dicts(told.telecom)))
    return Person()


def _dicts(told: Any) -> list[dict[str, Any]]:
    some = told if isinstance(told, list) else [told]
    return [each for each in some if isinstance(each, dict)]


def _first(told: Any, key: str) -> str:
    return next((str(each[key]) for each in _dicts(told) if each.get(key)), "")


def _name(names: list[dict[str, Any]]) -> str:
    """The official name, as written or put together."""
    for name in sorted(names, key=lambda each: each.get("use") != "official"):
        if isinstance(name.get("text"), str) and name["text"].strip():
            return str(name["text"].strip())
        given = name.get("given")
        parts = [
            part
            for part in (*(given if isinstance(given, list) else ()), name.get("family"))
            if isinstance(part, str) and part.strip()
        ]
        if parts:
            return " ".join(parts)
    return ""


def _phone(ways: list[dict[str, Any]]) -> str:
    return next((str(way["value"]) for way in ways if way.get("system") in ("phone", "sms") and way.get("value")), "")
