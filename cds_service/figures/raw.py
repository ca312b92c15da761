"""The resources of one patient as they came: for what the cards do not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, tzinfo
from typing import Any

import msgspec
import orjson

from cards.indicators import Event
from cds_service.fhir.reading.dates import day, latest
from cds_service.fhir.reading.elements import Concept

Json = dict[str, Any]

NOTHING_MEANT = frozenset({"entered-in-error"})


class Raw:
    """One patient's resources by type; of two with one id the later version. What is no resource is left out: the reader of the
    cards names it."""

    def __init__(self, entries: Sequence[bytes], zone: tzinfo, today: date) -> None:
        self.zone, self.today = zone, today
        self._by_key: dict[str, Json] = {}
        for place, entry in enumerate(entries):
            for told in _resources(entry):
                key = f"{told['resourceType']}/{told.get('id') or f'-{place}'}"
                known = self._by_key.get(key)
                if known is None or _version(told) >= _version(known):
                    self._by_key[key] = told
        self._by_kind: dict[str, list[tuple[str, Json]]] = {}
        for key, told in sorted(self._by_key.items()):
            if told.get("status") not in NOTHING_MEANT:
                self._by_kind.setdefault(told["resourceType"], []).append((key, told))

    def of(self, *kinds: str) -> Iterator[tuple[str, Json]]:
        """Those of these types, with their references, without what was entered in error."""
        for kind in sorted(kinds):
            yield from self._by_kind.get(kind, ())

    def get(self, reference: str) -> Json:
        """The resource of a reference; empty for none."""
        parts = reference.partition("/_history")[0].split("/")
        return self._by_key.get("/".join(parts[-2:]), {})

    def event(self, source: str, *texts: Any, how: str = "", drug: str = "") -> Event:
        """An event on the first of the texts that is a date; without days where none is. A year that has begun ends today."""
        for text in texts:
            if isinstance(text, str) and (first := day(text, self.zone)):
                last = latest(text) if len(text) < 10 else None
                return Event(first, min(last, max(self.today, first)) if last else first, source, how, drug)
        return Event(None, None, source, how, drug)


def _resources(entry: bytes) -> Iterator[Json]:
    try:
        told = orjson.loads(entry).get("resource")
    except (ValueError, AttributeError):
        return
    stack = [told]
    while stack:
        each = stack.pop()
        if isinstance(each, dict) and isinstance(each.get("resourceType"), str):
            if each["resourceType"] == "Bundle":
                stack += [some.get("resource") for some in many(each.get("entry")) if isinstance(some, dict)]
            else:
                yield each


def _version(told: Json) -> tuple[str, str]:
    meta = part(told, "meta")
    return str(meta.get("lastUpdated") or ""), str(meta.get("versionId") or "")


def many(told: Any) -> list[Any]:
    """What is said once or several times, as a list."""
    return told if isinstance(told, list) else [] if told is None else [told]


def part(told: Json, name: str) -> Json:
    """An element that has elements; empty for anything else."""
    found = told.get(name)
    return found if isinstance(found, dict) else {}


def reference(told: Any) -> str:
    """The target of a Reference."""
    found = told.get("reference") if isinstance(told, dict) else None
    return found if isinstance(found, str) else ""


def concepts(*told: Any) -> list[Concept]:
    """CodeableConcepts, each given once or several times; a Coding is one, too."""
    found = []
    for each in (one for some in told for one in many(some)):
        if isinstance(each, dict) and "code" in each and "coding" not in each:
            each = {"coding": [each]}
        try:
            found.append(msgspec.convert(each, Concept, strict=False))
        except msgspec.ValidationError:
            continue
    return found


def coded(some: Iterable[Concept]) -> set[tuple[str, str]]:
    """Every (system, code)."""
    return {(c.system or "", c.code or "") for each in some for c in each.coding or ()}


def words(some: Iterable[Concept]) -> str:
    """All that they say, in small letters."""
    told = (text for each in some for text in (each.text, *(c.display for c in each.coding or ())))
    return " ".join(text for text in told if text).lower()
