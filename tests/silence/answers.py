"""The metamorphic test: any one group of data failed, cut short or swapped; and a server that answers some queries only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import Any

from cards.vocabulary import Data
from tests.silence.json_path import REMOVED, Json, put
from tests.silence.mutation import Law, Mutation, Served, group_of

SERVER = "https://ehr.example.org/fhir"
ESSENTIAL = frozenset({Data.PATIENT})
"""Without these a call is refused, and that says it."""
_SEEDS = 6
"""How many times a server answers a random part of the queries."""

OUTCOME = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "timeout"}]}
_OUTCOME_ENTRY = {"resource": OUTCOME, "search": {"mode": "outcome"}}
_HEART_RATE = {
    "resourceType": "Observation",
    "id": "heart-rate",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
    "valueQuantity": {"value": 72, "unit": "/min"},
}
_FLU = {"resourceType": "Immunization", "id": "flu", "status": "completed", "vaccineCode": {"text": "influenza vaccine"}}


def prefetched(body: Json) -> Iterator[Mutation]:
    """Each group that was sent, spoiled in each way."""
    for key, data in group_of(body["hook"]).items():
        sent = body["prefetch"][key]
        for defect, value in _spoiled(sent):
            worse = put(body, ("prefetch", key), value)
            yield Mutation(f"prefetch.{key}", defect, data.value, Law.GROUP, worse, frozenset({data}))


def fetched(body: Json, story: str) -> Iterator[Mutation]:
    """A server that is asked for everything, and fails for a group, or for all but a few."""
    groups = group_of(body["hook"])
    full = {key: _served(body["prefetch"][key]) for key in groups}
    asking = _asking(body)
    for key, data in groups.items():
        for defect, answer in _failing(full[key]):
            yield Mutation(f"fetch.{key}", defect, data.value, Law.GROUP, asking, frozenset({data}), {**full, key: answer})
    for defect, answered in _throttled([*groups], Random(story)):
        served = {key: answer if key in answered else Served() for key, answer in full.items()}
        failed = frozenset(groups[key] for key in groups.keys() - answered)
        yield Mutation("fetch", defect, "throttled", Law.GROUP, asking, failed, served)


def whole(body: Json) -> Mutation:
    """The sound call, with nothing prefetched and everything to be had from the server."""
    served = {key: _served(body["prefetch"][key]) for key in group_of(body["hook"])}
    return Mutation("fetch", "whole", "fetch", Law.SAME, _asking(body), served=served)


def _spoiled(sent: Any) -> Iterator[tuple[str, Any]]:
    yield "outcome", OUTCOME
    yield "missing", REMOVED
    yield "a text", "<html>busy</html>"
    yield "capabilities", {"resourceType": "CapabilityStatement", "status": "active", "kind": "instance"}
    if sent is None or sent.get("resourceType") != "Bundle":
        yield "other type", _HEART_RATE
        return
    entries = sent.get("entry", [])
    yield "outcome inside", _searchset([_OUTCOME_ENTRY])
    yield "other type", _searchset([{"resource": _FLU, "search": {"mode": "match"}}])
    yield "other type, alone", _FLU
    yield "empty, total 37", {"resourceType": "Bundle", "type": "searchset", "total": 37}
    yield "next page not to be had", sent | {"link": [{"relation": "next", "url": f"{SERVER}?page=2"}]}
    if entries:
        yield from _spoiled_entries(sent, entries)


def _spoiled_entries(sent: Json, entries: list[Json]) -> Iterator[tuple[str, Any]]:
    half = entries[: len(entries) // 2]
    yield "half, total of all", sent | {"entry": half}
    yield "half, next page not to be had", sent | {"entry": half, "link": [{"relation": "next", "url": f"{SERVER}?page=2"}]}
    yield "half, outcome beside", sent | {"entry": [*half, _OUTCOME_ENTRY]}
    yield "history", {"resourceType": "Bundle", "type": "history", "total": 0}
    yield "document", sent | {"type": "document"}
    yield "other release", sent | {"entry": [_of_other_release(entry) for entry in entries]}
    yield "entry is a number", sent | {"entry": 5}
    yield "first resource is a number", sent | {"entry": [{**entries[0], "resource": 5}, *entries[1:]]}
    yield "first entry is a number", sent | {"entry": [5, *entries[1:]]}


def _of_other_release(entry: Json) -> Json:
    """As DSTU2 calls it, or with a name and a shape that only R5 knows."""
    resource = dict(entry["resource"])
    kind = resource["resourceType"]
    if kind == "MedicationRequest":
        resource["resourceType"] = "MedicationOrder"
    elif kind.startswith("Medication") and "medicationCodeableConcept" in resource:
        resource["medication"] = {"concept": resource.pop("medicationCodeableConcept")}
    else:
        resource["resourceType"] = f"{kind}2"
    return {**entry, "resource": resource}


def _failing(full: Served) -> Iterator[tuple[str, Served]]:
    yield "fails", Served()
    if full.pages and (entries := full.pages[0].get("entry")):
        half = full.pages[0] | {"entry": entries[: len(entries) // 2]}
        yield "half, then fails", Served((half,))
        yield "half, total of all", Served((half,), complete=True)
        yield "other type", Served((_searchset([{"resource": _FLU}]),), complete=True)


def _throttled(keys: list[str], chance: Random) -> Iterator[tuple[str, frozenset[str]]]:
    """Which queries are answered. The patient's always is: without, there is no answer at all."""
    yield "first 4", frozenset(keys[:4])
    yield "first half", frozenset(keys[: len(keys) // 2])
    yield "every other", frozenset(keys[::2])
    yield "patient alone", frozenset(keys[:1])
    for seed in range(_SEEDS):
        yield f"some, seed {seed}", frozenset({keys[0], *chance.sample(keys, len(keys) * 2 // 3)})


def _served(sent: Any) -> Served:
    return Served((sent,) if sent is not None else (), complete=True)


def _searchset(entries: Iterable[Mapping[str, Any]]) -> Json:
    return {"resourceType": "Bundle", "type": "searchset", "entry": list(entries)}


def _asking(body: Json) -> Json:
    return {key: value for key, value in body.items() if key != "prefetch"} | {"fhirServer": SERVER}
