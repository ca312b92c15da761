"""Orders of the record that end with a new one: the record's own resource, with its status and the reason for that changed and
nothing else. Only where the resource is known whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import orjson
from msgspec import DecodeError, Raw
from msgspec import json as msgspec_json

Resource = dict[str, Any]
Find = Callable[[str], Resource | None]
"""Gives the active order that has a relative reference, where it is known whole."""

_SUBSETTED = "SUBSETTED"
_REASON = ("http://terminology.hl7.org/CodeSystem/medicationrequest-status-reason", "altchoice")
"""MedicationRequest.statusReason of FHIR R4: "try another treatment first"."""

_members: msgspec_json.Decoder[dict[str, Raw]] = msgspec_json.Decoder(dict[str, Raw])


class Stored:
    """The orders as they were prefetched and fetched. They are looked for only when one is to be stopped: what was read of them
    keeps less than they say."""

    def __init__(self, content: bytes, is_ours: Callable[[str], bool], fetched: Iterable[bytes] = ()) -> None:
        """``content`` is the request, ``fetched`` what was asked for besides; ``is_ours`` tells whether a reference points at
        the patient."""
        self._content = content
        self._fetched = fetched
        self._is_ours = is_ours

    def __call__(self, reference: str) -> Resource | None:
        """The active order of this patient with this relative reference; None where it is not known whole: not received, cut
        down by the server, or told in two ways."""
        kind, _, name = reference.partition("/")
        found = [each for each in self._orders(name) if each.get("id") == name] if kind == "MedicationRequest" and name else []
        if not found or any(each != found[0] for each in found):
            return None
        order = found[0]
        return order if self._is_active(order) and not _is_subsetted(order) else None

    def _orders(self, name: str) -> Iterator[Resource]:
        """The orders in the pages that hold this id, but for those with a decimal that would not be written again as it came:
        in FHIR 0.70 is not 0.7."""
        with suppress(DecodeError, ValueError):
            prefetched = _members.decode(_members.decode(self._content).get("prefetch", Raw(b"{}"))).values()
            for page in (*prefetched, *self._fetched):
                if name.encode() not in (written := bytes(page)):
                    continue
                for given, exact in zip(_entries(orjson.loads(written)), _entries(_exactly(written)), strict=True):
                    if given.get("resourceType") == "MedicationRequest" and _exactly(orjson.dumps(given)) == exact:
                        yield given

    def _is_active(self, order: Resource) -> bool:
        subject = order.get("subject")
        reference = subject.get("reference") if isinstance(subject, dict) else None
        active = order.get("status") == "active" and order.get("intent") == "order"
        return active and isinstance(reference, str) and self._is_ours(reference)


def stopped(order: Resource, why: str) -> Resource:
    """The order, stopped. ``why`` is said beside the code of FHIR."""
    system, code = _REASON
    return order | {"status": "stopped", "statusReason": {"coding": [{"system": system, "code": code}], "text": why}}


def _exactly(written: bytes) -> Any:
    """What JSON says, decimals as they are written."""
    return json.loads(written, parse_float=str)


def _entries(page: Any) -> list[Resource]:
    """The resources of a Bundle."""
    entries = page.get("entry") if isinstance(page, dict) else None
    told = [entry.get("resource") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [resource for resource in told if isinstance(resource, dict)]


def _is_subsetted(order: Resource) -> bool:
    meta = order.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    return any(isinstance(tag, dict) and tag.get("code") == _SUBSETTED for tag in tags or ())
