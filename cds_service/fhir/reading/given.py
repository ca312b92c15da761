"""Resources as received: separated, read without their broken parts, and kept unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct, json

from cds_service.fhir.phrases import LONGEST
from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.lenient import Patience, field_of, repaired

BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""Exceptions from decoding a resource: not JSON, wrong structure, not UTF-8, nested too deeply."""

Source = bytes | Raw | wire.AnyResource | wire.LooseBundle
"""JSON of a Bundle or of one resource, or what was made of it."""

Wanted = TypeVar("Wanted")

_UNREADABLE = b"{}"
"""Stands for a non-resource, so that it is counted."""

_ESSENTIAL = re.compile(
    r"(subject|patient)(\.reference)?$|code$|medication(CodeableConcept|Reference(\.reference)?)$|value[A-Z]|doNotPerform$"
)
"""Fields without which a resource means something else, or nothing: if one is broken, so is the resource."""

_RELATIVE = re.compile(r"[A-Z][A-Za-z]{1,40}/[A-Za-z0-9.-]{1,64}")

_TAIL = re.compile(r"([A-Z][A-Za-z]{1,40})/([^/|?#]+?)(?:/_history/[^/]*)?$")


class Given(Struct, gc=False):
    """A resource that is kept as it came: a draft, or one that is broken or of a type that is not read.

    ``found`` is None where it is broken or foreign; ``fault`` is then the field, without its value. ``left_out``: the fields
    of a wrong type, without which it could be read. ``repeated``: another draft has the same id. ``ordered``: of a draft, what
    was made of it, where that is known by itself (``drafts``).
    """

    type: str
    id: str
    raw: Raw | bytes
    found: wire.AnyResource | None = None
    fault: str = ""
    left_out: tuple[str, ...] = ()
    repeated: bool = False
    ordered: Any = None

    @property
    def source(self) -> str:
        """Its relative reference; the bare type where it has no id."""
        return f"{self.type}/{self.id}" if self.id else self.type


ORDERS = wire.Medicine | wire.Act


Kept = wire.AnyResource | Given
"""A resource on record: decoded, or as it came."""


def part(decoder: json.Decoder[Wanted], content: bytes | Raw, field: str, patience: Patience | None = None) -> Wanted:
    """A field that stayed JSON, decoded, without what in it is of a wrong type. Where nothing is left, or it is wrong as a
    whole, that is told with the field's name. Raises what BROKEN lists."""
    return parts(decoder, content, field, patience)[0]


def parts(
    decoder: json.Decoder[Wanted], content: bytes | Raw, field: str, patience: Patience | None = None
) -> tuple[Wanted, tuple[str, ...]]:
    """The same, with the paths of what was left out."""
    try:
        return repaired(decoder, content, Patience() if patience is None else patience)
    except msgspec.ValidationError as error:
        inner = field_of(error)
        path = f"{field}{inner}" if inner.startswith("[") else ".".join(filter(None, (field, inner)))
        raise msgspec.ValidationError(f"cannot be read - at `$.{path}`") from None


def is_reference(text: str) -> bool:
    """Whether this is a relative reference that FHIR allows, and so one that may leave us.

    >>> is_reference("Condition/7"), is_reference("Condition"), is_reference("Condition/a b")
    (True, False, False)
    """
    return _RELATIVE.fullmatch(text) is not None


def tail(reference: str) -> str:
    """Type and id at the end of a reference, else "".

    >>> tail("https://example.org/fhir/Patient/7/_history/2")
    'Patient/7'
    """
    match = _TAIL.search(reference) if len(reference) <= LONGEST else None
    return f"{match[1]}/{match[2]}" if match else ""


def type_of(kept: Kept) -> str:
    """The resource type."""
    return kept.type if isinstance(kept, Given) else type(kept).__name__


def whole(source: bytes | Raw) -> wire.AnyResource | None:
    """A resource, with all that a Bundle holds; None where something in it has to be looked at by itself."""
    try:
        return wire.RESOURCE.decode(source)
    except BROKEN:
        return None


def entries_of(source: bytes | Raw) -> Iterable[tuple[bytes | Raw, str]]:
    """JSON and full URL of what a Bundle holds; another resource stands for itself.

    Raises msgspec.DecodeError when it is no JSON.
    """
    if not _is_bundle(source):
        return ((source, ""),)
    try:
        bundle = wire.LOOSE_BUNDLE.decode(source)
    except msgspec.ValidationError:
        return ((_UNREADABLE, ""),)
    return loose_entries(bundle)


def _is_bundle(source: bytes | Raw) -> bool:
    with suppress(msgspec.ValidationError):
        return wire.KIND.decode(source).resource_type == "Bundle"
    return False


def loose_entries(bundle: wire.LooseBundle) -> Iterator[tuple[bytes | Raw, str]]:
    """JSON and full URL of each entry; one without a resource holds nothing, one that is no entry cannot be read."""
    for raw in bundle.entry or ():
        try:
            entry = wire.LOOSE_ENTRY.decode(raw)
        except BROKEN:
            yield (raw if raw == elements.NOTHING else _UNREADABLE), ""
        else:
            yield entry.resource, entry.full_url if isinstance(entry.full_url, str) else ""


def read_one(raw: bytes | Raw, full_url: str, patience: Patience) -> Given | None:
    """One resource by itself; None for null."""
    try:
        found, left_out = repaired(wire.RESOURCE, raw, patience)
    except BROKEN as error:
        return None if not bytes(raw).strip() else _broken(raw, full_url, field_of(error))
    if found is None:
        return None
    essential = (path for path in left_out if isinstance(found, wire.Bundle) or _ESSENTIAL.match(path))
    if fault := next(essential, ""):
        return _broken(raw, full_url, fault)
    return Given(type(found).__name__, found.id or id_of(full_url), raw, found, left_out=left_out)


def _broken(raw: bytes | Raw, full_url: str, fault: str) -> Given:
    try:
        kind = wire.KIND.decode(raw)
    except BROKEN:
        kind = wire.Kind("")
    if not kind.resource_type:
        return Given("", "", raw, fault=fault)
    name = str(kind.id) if isinstance(kind.id, str | int) else ""
    return Given(kind.resource_type, name or id_of(full_url), raw, fault=fault)


def id_of(full_url: str) -> str:
    return full_url[9:] if full_url.startswith("urn:uuid:") else tail(full_url).partition("/")[2]


def said(kept: Kept) -> bytes:
    return bytes(kept.raw) if isinstance(kept, Given) else json.encode(kept)


def last_updated(kept: Kept) -> str:
    """When it was last updated, as it says; "" where that is not known or cannot be read."""
    with suppress(*BROKEN):
        meta = wire.VERSIONED.decode(kept.raw).meta if isinstance(kept, Given) else wire.META.decode(kept.meta)
        return (meta.last_updated or "") if meta else ""
    return ""


def version(kept: Kept) -> tuple[str, bytes]:
    """When it was last updated, and what it says."""
    return last_updated(kept), said(kept)


def decoded(raw: bytes | Raw) -> Any:
    try:
        return wire.ANYTHING.decode(raw)
    except BROKEN:
        return bytes(raw)


def base_of(url: str) -> str:
    """The base of the server that an absolute URL of a resource lies on; "" for any other reference.

    >>> base_of("https://ehr.example.org/fhir/Patient/7"), base_of("Patient/7"), base_of("urn:uuid:7")
    ('https://ehr.example.org/fhir', '', '')
    """
    if len(url) > LONGEST or not url.startswith(("http://", "https://")):
        return ""
    match = _TAIL.search(url)
    return url[: match.start()].rstrip("/") if match else ""
