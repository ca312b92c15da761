"""A CDS Hooks request, read from its bytes (CDS Hooks 2.0.1, "Calling a CDS Service").

Lenient where clients differ (unknown members, ``Patient/123`` for an id, a Bundle without type), strict where a guess could
select the wrong patient. FHIR resources stay raw bytes here: this package does not interpret them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Raw, Struct

from cds_service.hooks.access import Authorization, FhirAccess, access
from cds_service.hooks.context import (
    NULL,
    Context,
    bundled,
    encounter_id_of,
    patient_id_of,
    peek,
    relative,
    selected_of,
    text,
    type_of,
)
from cds_service.hooks.errors import RequestError, bad_request, too_much

MOST_VALUES = 1_000_000
"""Objects, lists and what they hold, in one request: what is made of each takes a hundred times its bytes."""
BOM = b"\xef\xbb\xbf"
Resource = TypeVar("Resource")

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


_BUNDLE = re.compile(rb'\{\s*"resourceType"\s*:\s*"Bundle"')
_HEAD = 64
_body: msgspec.json.Decoder[Body[Raw]] = msgspec.json.Decoder(Body[Raw])


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
    patient_id = patient_id_of(text(told.context, "patientId"))
    bundle, names = bundled(told.context, wanted) if wanted.bundle else ((), {})
    given, empty, failed = _sorted_prefetch(told.prefetch or {})
    user = text(told.context, "userId", required=wanted.user)
    return Call(
        hook=hook,
        patient_id=patient_id,
        encounter_id=encounter_id_of(told.context),
        user_type=type_of(user),
        user_id=relative(user),
        drafts=bundle if wanted.orders else (),
        selected=selected_of(told.context, names) if wanted.selects else None,
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


def _is_answer(resource: Raw) -> bool:
    """Whether it is a resource that tells something. Nearly all say at once that they are Bundles: nobody need look through
    those."""
    if _BUNDLE.match(memoryview(resource)[:_HEAD]):
        return True
    found = peek(resource)
    return found is not None and found.resourceType != "OperationOutcome"


def _sorted_prefetch(prefetch: Mapping[str, Any]) -> tuple[dict[str, Any], frozenset[str], frozenset[str]]:
    given: dict[str, Any] = {}
    empty: set[str] = set()
    failed: set[str] = set()
    for key, resource in prefetch.items():
        if resource is None or resource == NULL:
            empty.add(key)
        elif not isinstance(resource, Raw) or _is_answer(resource):
            given[key] = resource
        else:
            failed.add(key)
    return given, frozenset(empty), frozenset(failed)
