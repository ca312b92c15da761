"""The context of a hook: for whom it is called, by whom, and what is being ordered or was just recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec
import orjson
from msgspec import Raw, Struct

from cds_service.hooks.errors import bad_request, too_much

MOST_SELECTIONS = 20_000
ID = re.compile(r"(?=[.-]{0,63}[A-Za-z0-9])[A-Za-z0-9.-]{1,64}")


class Context(Struct, frozen=True):
    """What the context of a hook contains in addition to userId and patientId: the field of its Bundle, whether that holds
    orders (otherwise entries of the record), whether it selects among them, and whether a user is required."""

    bundle: str = ""
    orders: bool = True
    selects: bool = False
    user: bool = True


class _Entry(Struct):
    fullUrl: Any = None  # noqa: N815
    resource: Raw = Raw(b"null")


class _Bundle(Struct):
    resourceType: str | None = None  # noqa: N815
    entry: Sequence[_Entry | None] | None = None


class _Resource(Struct):
    resourceType: str = ""  # noqa: N815
    id: Any = None


NULL = Raw(b"null")
_bundle = msgspec.json.Decoder(_Bundle)
_resource = msgspec.json.Decoder(_Resource)
_string: msgspec.json.Decoder[str | None] = msgspec.json.Decoder(str | None)
_strings: msgspec.json.Decoder[list[str] | None] = msgspec.json.Decoder(list[str] | None)


def text(context: Mapping[str, Raw], field: str, *, required: bool = True) -> str:
    try:
        value = _string.decode(context.get(field, b"null"))
    except msgspec.DecodeError:
        raise bad_request(f"context.{field}", "must be a string") from None
    if required and not (value or "").strip():
        raise bad_request(f"context.{field}", "is required", "required")
    return (value or "").strip()


def patient_id_of(text: str) -> str:
    """A bare id; ``Patient/123`` is tolerated. Nothing else can end up in a query."""
    patient_id = text.removeprefix("Patient/")
    if not ID.fullmatch(patient_id):
        raise bad_request("context.patientId", "must be the bare id of a Patient")
    return patient_id


def encounter_id_of(context: Mapping[str, Raw]) -> str:
    """The bare id of the encounter; "" if it is missing or invalid, since it is only added to proposed orders."""
    with suppress(msgspec.DecodeError):
        encounter = (_string.decode(context.get("encounterId", b"null")) or "").removeprefix("Encounter/")
        return encounter if ID.fullmatch(encounter) else ""
    return ""


def type_of(reference: str) -> str:
    """The resource type of a reference, relative or absolute; "" for a bare id."""
    return reference.split("/")[-2] if "/" in reference else ""


def relative(reference: str) -> str:
    """``Type/id`` of a reference.

    >>> relative("https://ehr.example.org/fhir/MedicationRequest/1/_history/2")
    'MedicationRequest/1'
    >>> relative("urn:uuid:7c1a")
    'urn:uuid:7c1a'
    """
    return "/".join(reference.partition("/_history/")[0].split("/")[-2:])


def bundled(context: Mapping[str, Raw], wanted: Context) -> tuple[tuple[bytes, ...], dict[str, str]]:
    """The nonempty entries of the Bundle, and the other names by which a selection may refer to them: full URL or bare id ->
    Type/id."""
    field = wanted.bundle
    raw = context.get(field)
    if raw is None or bytes(raw) == b"null":
        raise bad_request(f"context.{field}", "is required", "required")
    try:
        bundle = _bundle.decode(raw)
    except msgspec.DecodeError:
        raise bad_request(f"context.{field}", "must be a Bundle", "structure") from None
    if bundle.resourceType not in (None, "Bundle"):
        raise bad_request(f"context.{field}", "must be a Bundle", "structure")
    entries: list[_Entry] = []
    names: dict[str, str] = {}
    for number, entry in enumerate(bundle.entry or []):
        if entry is None or entry.resource == NULL:
            continue
        place = f"context.{field}.entry[{number}]"
        if wanted.orders:
            _check_can_be_sent_back(entry.resource, place)
        url = entry.fullUrl if isinstance(entry.fullUrl, str) else ""
        entries.append(_Entry(url, entry.resource))  # including non-resources, so that they are reported as unreadable
        if (found := peek(entry.resource)) is None:
            continue
        if found.resourceType == "MedicationOrder":
            raise bad_request(place, "is of FHIR DSTU2; this service reads FHIR R4 only", "not-supported")
        own_id = found.id if isinstance(found.id, str) else url.removeprefix("urn:uuid:").rpartition("/")[2]
        names |= {name: f"{found.resourceType}/{own_id}" for name in (url, own_id) if name}
    return (msgspec.json.encode(_Bundle("Bundle", entries)),), names


def _check_can_be_sent_back(resource: Raw, place: str) -> None:
    """A draft may be sent back amended, so it must not contain anything that JSON allows but its readers do not."""
    try:
        orjson.loads(bytes(resource))
    except orjson.JSONDecodeError:
        raise bad_request(place, "holds a number out of range, or is nested too deeply", "value") from None


def selected_of(context: Mapping[str, Raw], names: Mapping[str, str]) -> frozenset[str] | None:
    """The selected drafts; None (all of them) if the client does not say."""
    try:
        references = _strings.decode(context.get("selections", b"null"))
    except msgspec.DecodeError:
        raise bad_request("context.selections", "must be a list of references") from None
    if references is None:
        return None
    if len(references) > MOST_SELECTIONS:
        raise too_much(f"selections: more than {MOST_SELECTIONS:,} in one request")
    return frozenset(names.get(reference) or relative(reference) for reference in references)


def peek(resource: Raw) -> _Resource | None:
    """Type and id of a resource; None if it is not a resource."""
    try:
        found = _resource.decode(resource)
    except msgspec.DecodeError:
        return None
    return found if found.resourceType else None
