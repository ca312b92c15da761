"""A CDS Hooks request, read from its bytes (CDS Hooks 2.0.1, "Calling a CDS Service").

Lenient where clients differ (unknown members, ``Patient/123`` for an id, a Bundle without type), strict where a guess could
select the wrong patient. FHIR resources stay raw bytes here: this package does not interpret them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

import msgspec
import orjson
from msgspec import Raw, Struct

from cds_service.hooks.access import Authorization, FhirAccess, access
from cds_service.hooks.errors import RequestError, bad_request, too_much

MOST_VALUES = 1_000_000
"""Objects, lists and what they hold, in one request: what is made of each takes a hundred times its bytes."""
MOST_SELECTIONS = 20_000
BOM = b"\xef\xbb\xbf"

ID = re.compile(r"(?=[.-]{0,63}[A-Za-z0-9])[A-Za-z0-9.-]{1,64}")


Resource = TypeVar("Resource")


class Context(Struct, frozen=True):
    """What the context of a hook contains in addition to userId and patientId: the field of its Bundle, whether that holds
    orders (otherwise entries of the record), whether it selects among them, and whether a user is required."""

    bundle: str = ""
    orders: bool = True
    selects: bool = False
    user: bool = True


HOOKS: dict[str, Context] = {
    "patient-view": Context(),
    "order-select": Context("draftOrders", selects=True),
    "order-sign": Context("draftOrders"),
    "problem-list-item-create": Context("conditions", orders=False),
    "encounter-discharge": Context(),
    "medication-refill": Context("medications", user=False),
}
"""The hooks that are answered. Source: the hook definitions of cds-hooks.hl7.org."""


class Call(Struct, frozen=True):
    """One hook call.

    A prefetch key is ``given`` (a resource, decoded or as JSON), ``empty`` (null: the client searched and found nothing),
    ``failed`` (an OperationOutcome, or not a resource) or absent: the client did not fetch it. ``drafts`` is the context's
    Bundle of orders, cleaned up; ``selected`` the relative references of the selected ones, None if the hook does not select.
    ``entered`` is the Bundle of what was just recorded. ``fhir_servers`` are those that this caller may name, None if that is
    the same for all; ``client`` is the issuer of its token. ``launches``: the SMART app is registered with it, so that cards
    may link to it. ``content`` is the request as received. ``encounter_id`` is "" if there is no valid one; ``user_type`` is
    the resource type of the user ("" if not stated), ``user_id`` its relative reference.
    """

    hook: str
    patient_id: str
    encounter_id: str = ""
    user_type: str = ""
    user_id: str = ""
    drafts: tuple[bytes, ...] = ()
    selected: frozenset[str] | None = None
    entered: tuple[bytes, ...] = ()
    given: Mapping[str, Any] = {}
    empty: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    fhir: FhirAccess | None = None
    fhir_servers: frozenset[str] | None = None
    client: str = ""
    launches: bool = False
    content: bytes = b""

    @property
    def by_patient(self) -> bool:
        """Whether the patient or a relative asks, who cannot place orders."""
        return self.user_type in ("Patient", "RelatedPerson")


class Body(Struct, Generic[Resource]):
    """The body of a call; the caller chooses the type of prefetched resources."""

    hook: str | None = None
    hookInstance: str | None = None  # noqa: N815  names of the wire
    context: dict[str, Raw] | None = None
    prefetch: dict[str, Resource] | None = None
    fhirServer: str | None = None  # noqa: N815
    fhirAuthorization: Authorization | None = None  # noqa: N815


class _Entry(Struct):
    fullUrl: Any = None  # noqa: N815
    resource: Raw = Raw(b"null")


class _Bundle(Struct):
    resourceType: str | None = None  # noqa: N815
    entry: Sequence[_Entry | None] | None = None


class _Resource(Struct):
    resourceType: str = ""  # noqa: N815
    id: Any = None


_NULL = Raw(b"null")
_BUNDLE = re.compile(rb'\{\s*"resourceType"\s*:\s*"Bundle"')
_HEAD = 64

_body: msgspec.json.Decoder[Body[Raw]] = msgspec.json.Decoder(Body[Raw])
_bundle = msgspec.json.Decoder(_Bundle)
_resource = msgspec.json.Decoder(_Resource)
_string: msgspec.json.Decoder[str | None] = msgspec.json.Decoder(str | None)
_strings: msgspec.json.Decoder[list[str] | None] = msgspec.json.Decoder(list[str] | None)


def parse(
    content: bytes,
    hook: str,
    *,
    client: str = "",
    fhir_servers: frozenset[str] | None = None,
    launches: bool = False,
    body: msgspec.json.Decoder[Any] = _body,
) -> Call:
    """Read the body of a call to the service of ``hook``. ``client`` is the issuer of its token ("": not authenticated),
    ``fhir_servers`` are those that it may name (None: the general list). ``body`` decodes a ``Body`` of resources; if it
    cannot, they stay JSON, so that an error in one affects only that one. So they do where the context holds orders or entries,
    since most often nothing in it concerns the rules, and then nobody asks what came with it.

    Raises:
        RequestError: 400, with the field that is missing or wrong; 413, with the name of the limit that is exceeded.
    """
    content = content.removeprefix(BOM)
    if len(content) > MOST_VALUES and len(content) - len(content.translate(None, b"{[,")) > MOST_VALUES:
        raise too_much(f"values: more than {MOST_VALUES:,} in one request")
    wanted = HOOKS[hook]
    told = _decode_body(content, _body if wanted.bundle else body)
    if not told.hook:
        raise bad_request("hook", "is required", "required")
    if told.hook != hook:
        raise bad_request("hook", f"this service answers {hook} only")
    if not told.hookInstance:
        raise bad_request("hookInstance", "is required", "required")
    if told.context is None:
        raise bad_request("context", "is required", "required")
    patient_id = _patient_id(_text(told.context, "patientId"))
    bundle, names = _bundled(told.context, wanted) if wanted.bundle else ((), {})
    given, empty, failed = _sorted_prefetch(told.prefetch or {})
    user = _text(told.context, "userId", required=wanted.user)
    return Call(
        hook=hook,
        patient_id=patient_id,
        encounter_id=_encounter_id(told.context),
        user_type=_type_of(user),
        user_id=relative(user),
        drafts=bundle if wanted.orders else (),
        selected=_selected(told.context, names) if wanted.selects else None,
        entered=() if wanted.orders else bundle,
        given=given,
        empty=empty,
        failed=failed,
        fhir=access(told.fhirServer, told.fhirAuthorization, patient_id),
        fhir_servers=fhir_servers,
        client=client,
        launches=launches,
        content=content,
    )


def _decode_body(content: bytes, decoder: msgspec.json.Decoder[Any]) -> Body[Any]:
    try:
        if not content.isascii():
            content.decode("utf-8")  # msgspec does not look into strings that it skips
        with suppress(msgspec.ValidationError, RecursionError):
            decoded: Body[Any] = decoder.decode(content)
            return decoded
        return _body.decode(content)
    except msgspec.ValidationError as error:
        raise RequestError(400, _place(str(error)), code="structure") from None
    except RecursionError:
        raise RequestError(400, "depth: the body is nested too deeply", code="structure") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RequestError(400, "The body is not JSON in UTF-8", code="structure") from None


def _place(message: str) -> str:
    """msgspec's error about a type, as field: reason. It gives types and locations, never values."""
    reason, _, path = message.partition(" - at ")
    field = path.strip("`").removeprefix("$").lstrip(".") or "body"
    return f"{field}: {reason}"


def _text(context: Mapping[str, Raw], field: str, *, required: bool = True) -> str:
    try:
        value = _string.decode(context.get(field, b"null"))
    except msgspec.DecodeError:
        raise bad_request(f"context.{field}", "must be a string") from None
    if required and not (value or "").strip():
        raise bad_request(f"context.{field}", "is required", "required")
    return (value or "").strip()


def _patient_id(text: str) -> str:
    """A bare id; ``Patient/123`` is tolerated. Nothing else can end up in a query."""
    patient_id = text.removeprefix("Patient/")
    if not ID.fullmatch(patient_id):
        raise bad_request("context.patientId", "must be the bare id of a Patient")
    return patient_id


def _encounter_id(context: Mapping[str, Raw]) -> str:
    """The bare id of the encounter; "" if it is missing or invalid, since it is only added to proposed orders."""
    with suppress(msgspec.DecodeError):
        encounter = (_string.decode(context.get("encounterId", b"null")) or "").removeprefix("Encounter/")
        return encounter if ID.fullmatch(encounter) else ""
    return ""


def _type_of(reference: str) -> str:
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


def _bundled(context: Mapping[str, Raw], wanted: Context) -> tuple[tuple[bytes, ...], dict[str, str]]:
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
        if entry is None or entry.resource == _NULL:
            continue
        place = f"context.{field}.entry[{number}]"
        if wanted.orders:
            _check_can_be_sent_back(entry.resource, place)
        url = entry.fullUrl if isinstance(entry.fullUrl, str) else ""
        entries.append(_Entry(url, entry.resource))  # including non-resources, so that they are reported as unreadable
        if (peek := _peek(entry.resource)) is None:
            continue
        if peek.resourceType == "MedicationOrder":
            raise bad_request(place, "is of FHIR DSTU2; this service reads FHIR R4 only", "not-supported")
        own_id = peek.id if isinstance(peek.id, str) else url.removeprefix("urn:uuid:").rpartition("/")[2]
        names |= {name: f"{peek.resourceType}/{own_id}" for name in (url, own_id) if name}
    return (msgspec.json.encode(_Bundle("Bundle", entries)),), names


def _check_can_be_sent_back(resource: Raw, place: str) -> None:
    """A draft may be sent back amended, so it must not contain anything that JSON allows but its readers do not."""
    try:
        orjson.loads(bytes(resource))
    except orjson.JSONDecodeError:
        raise bad_request(place, "holds a number out of range, or is nested too deeply", "value") from None


def _selected(context: Mapping[str, Raw], names: Mapping[str, str]) -> frozenset[str] | None:
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


def _peek(resource: Raw) -> _Resource | None:
    """Type and id of a resource; None if it is not a resource."""
    try:
        peek = _resource.decode(resource)
    except msgspec.DecodeError:
        return None
    return peek if peek.resourceType else None


def _is_answer(resource: Raw) -> bool:
    """Whether it is a resource that tells something. Nearly all say at once that they are Bundles: nobody need look through
    those."""
    if _BUNDLE.match(memoryview(resource)[:_HEAD]):
        return True
    peek = _peek(resource)
    return peek is not None and peek.resourceType != "OperationOutcome"


def _sorted_prefetch(prefetch: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str], frozenset[str]]:
    given: dict[str, Any] = {}
    empty: set[str] = set()
    failed: set[str] = set()
    for key, resource in prefetch.items():
        if resource is None or resource == _NULL:
            empty.add(key)
        elif not isinstance(resource, Raw) or _is_answer(resource):
            given[key] = resource
        else:
            failed.add(key)
    return given, frozenset(empty), frozenset(failed)
