"""A draft with dose and timing amended: the whole resource as the client sent it, changed only where the sig was wrong."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson

from cards.definitions.accepted import ACCEPTED, Accepted
from cards.engine.findings import Option
from cds_service.fhir.proposing.order_templates import dose, repeat, route

Resource = dict[str, Any]

_SIG = ("text", "patientInstruction", "timing", "doseAndRate", "doseQuantity", "doseRange", "maxDosePerPeriod")
"""The elements of a Dosage that say how much and how often, in words or as data."""
_NOTHING: tuple[Any, ...] = (None, "", [], {})


def amended(draft: bytes, option: Option, language: str) -> Resource:
    """The draft with the dose and timing of ``option.regimen``; with its route where the draft has another one, and from
    ``option.start`` where that is given. Everything else stays as it was, even if it is not valid FHIR; but what is null or
    empty, which says nothing, is left out (CDS Hooks: no such values)."""
    resource: Resource = _told(orjson.loads(draft))
    regimen = ACCEPTED[option.regimen]
    given = _first(resource.get("dosageInstruction"))
    told = option.replaces[0].dosing
    sig = {key: value for key, value in given.items() if key not in _SIG}
    sig |= {"text": regimen.label[language], "timing": _timing(given, regimen, option.start)}
    if told is not None and told.route and not regimen.has_route(told.route):
        sig["route"] = route(regimen, language)
    amount = dose(regimen, language)
    sig |= {"doseQuantity": amount} if "doseQuantity" in given else {"doseAndRate": [{"doseQuantity": amount}]}
    resource["dosageInstruction"] = [sig]
    if option.start is not None:
        _begin(resource, option.start)
    return resource


def _told(value: Any) -> Any:
    """Without what is null or empty. Of a list beside which another one says more of each element (``_given``) all places
    count."""
    if isinstance(value, dict):
        kept = ((key, each if _has_places(key, value) else _told(each)) for key, each in value.items())
        return {key: each for key, each in kept if each not in _NOTHING}
    return [each for each in map(_told, value) if each not in _NOTHING] if isinstance(value, list) else value


def _has_places(key: str, beside: Resource) -> bool:
    return isinstance(beside[key], list) and (f"_{key}" in beside or (key.startswith("_") and key[1:] in beside))


def _first(instructions: object) -> Resource:
    """The first instruction; clients send a bare object, too."""
    first = instructions[0] if isinstance(instructions, list) and instructions else instructions
    return first if isinstance(first, dict) else {}


def _timing(given: Resource, regimen: Accepted, start: date | None) -> Resource:
    """How often, within the bounds that the draft has."""
    timing = given.get("timing")
    before = timing.get("repeat") if isinstance(timing, dict) else None
    bounds = {key: each for key, each in before.items() if key.startswith("bounds")} if isinstance(before, dict) else {}
    if start is not None:
        period = bounds.get("boundsPeriod")
        end = {"end": period["end"]} if isinstance(period, dict) and "end" in period else {}
        bounds = {"boundsPeriod": {"start": start.isoformat()} | end}
    return {"repeat": bounds | repeat(regimen)}


def _begin(resource: Resource, start: date) -> None:
    """The order may be filled from ``start`` on."""
    request = resource.get("dispenseRequest")
    request = request if isinstance(request, dict) else {}
    period = request.get("validityPeriod")
    period = period if isinstance(period, dict) else {}
    resource["dispenseRequest"] = request | {"validityPeriod": period | {"start": start.isoformat()}}
