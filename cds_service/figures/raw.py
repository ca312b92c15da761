"""The resources of one patient as they came: for what the cards do not read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, tzinfo
from functools import cached_property
from typing import Any

import msgspec
import orjson
from msgspec import Struct, json

from cards.indicators import Event
from cds_service.fhir.reading.dates import day, latest
from cds_service.fhir.reading.elements import Concept
from cds_service.fhir.reading.given import BROKEN

Json = dict[str, Any]

NOTHING_MEANT = frozenset({"entered-in-error"})


class Raw:
    """One patient's resources by type; of two with one id the later version. What is no resource is left out: the reader of the
    cards names it."""

    def __init__(self, entries: Sequence[bytes], zone: tzinfo, today: date) -> None:
        self.zone, self.today = zone, today
        self._by_key: dict[str, _Resource] = {}
        self._by_kind: dict[str, list[str]] = {}
        for place, entry in enumerate(entries):
            for told in _resources(entry):
                key = f"{told.kind}/{told.id or f'-{place}'}"
                known = self._by_key.get(key)
                if known is None:
                    self._by_kind.setdefault(told.kind, []).append(key)
                if known is None or _version(told.json) >= _version(known.json):
                    self._by_key[key] = told
        for keys in self._by_kind.values():
            keys.sort()

    def of(self, *kinds: str, about: Callable[[bytes], bool] | None = None) -> Iterator[tuple[str, Json]]:
        """Those of these types, with their references, without what was entered in error; ``about``: those whose code, as JSON,
        is meant."""
        for kind in sorted(kinds):
            for key in self._by_kind.get(kind, ()):
                found = self._by_key[key]
                if about is not None and not about(found.code):
                    continue
                if (told := found.json) and told.get("status") not in NOTHING_MEANT:
                    yield key, told

    def get(self, reference: str) -> Json:
        """The resource of a reference; empty for none."""
        parts = reference.partition("/_history")[0].split("/")
        found = self._by_key.get("/".join(parts[-2:]))
        return {} if found is None else found.json

    def event(self, source: str, *texts: Any, how: str = "", drug: str = "") -> Event:
        """An event on the first of the texts that is a date; without days where none is. A year that has begun ends today."""
        for text in texts:
            if isinstance(text, str) and (first := day(text, self.zone)):
                last = latest(text) if len(text) < 10 else None
                return Event(first, min(last, max(self.today, first)) if last else first, source, how, drug)
        return Event(None, None, source, how, drug)


class _Resource:
    """One resource by a glance: most of a chart is asked for by nobody, and is decoded no further."""

    def __init__(self, kind: str, name: Any, code: bytes, entry: bytes | msgspec.Raw) -> None:
        self.kind, self.id, self.code, self._entry = kind, name, code, entry

    @cached_property
    def json(self) -> Json:
        """As a whole; without anything where it is no JSON."""
        try:
            told = orjson.loads(bytes(_WHOLE.decode(self._entry).resource))
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}


class _Seen(Struct, rename="camel"):
    resource_type: str
    id: Any = None
    code: msgspec.Raw = msgspec.Raw(b"")
    entry: msgspec.Raw = msgspec.Raw(b"")


class _Entry(Struct):
    resource: _Seen


class _Whole(Struct):
    resource: msgspec.Raw


_ENTRY, _WHOLE, _ENTRIES = json.Decoder(_Entry), json.Decoder(_Whole), json.Decoder(list[msgspec.Raw])


def _resources(entry: bytes) -> Iterator[_Resource]:
    stack: list[bytes | msgspec.Raw] = [entry]
    while stack:
        told = stack.pop()
        try:
            seen = _ENTRY.decode(told).resource
            if seen.resource_type != "Bundle":
                yield _Resource(seen.resource_type, seen.id, bytes(seen.code), told)
            else:
                stack += _ENTRIES.decode(seen.entry) if bytes(seen.entry).startswith(b"[") else [seen.entry]
        except BROKEN:
            continue


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
