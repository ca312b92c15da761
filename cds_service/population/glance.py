"""A resource by a glance: its type, whose it is, and which Medication it points at. The rest is read when its patient is."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw, Struct, json

from cds_service.fhir.fetching.answers import OTHER_RELEASES
from cds_service.fhir.reading.given import BROKEN, tail

NOT_JSON = "not-json"
NO_TYPE = "no-type"
NO_SUBJECT = "no-subject"
BAD_ID = "bad-id"
OTHER_RELEASE = "other-release"

ID = re.compile(r"(?=[.-]{0,63}[A-Za-z0-9])[A-Za-z0-9.-]{1,64}")
"""What a hook takes for the id of a patient."""

LONGEST_KEY = 256
KIND = re.compile(r"[A-Z][A-Za-z]{1,63}")
"""The name of a type. What stands there instead may name a patient, and is repeated nowhere."""

SHARED = "Medication"
"""Belongs to nobody: it is read where an order points at it."""


class Reference(Struct):
    reference: Any = None


class _Strict(Struct, rename="camel"):
    resource_type: str = ""
    id: str | None = None
    subject: Reference | None = None
    patient: Reference | None = None
    medication_reference: Reference | None = None
    medication: Raw = Raw(b"")
    participant: Raw = Raw(b"")


class _Loose(Struct, rename="camel"):
    resource_type: Any = ""
    id: Any = None
    subject: Any = None
    patient: Any = None
    medication_reference: Any = None
    medication: Raw = Raw(b"")
    participant: Raw = Raw(b"")


class _Taking(Struct):
    actor: Any = None


_TAKING = json.Decoder(list[_Taking])
_STRICT, _LOOSE = json.Decoder(_Strict), json.Decoder(_Loose)


class Unusable(ValueError):  # noqa: N818  what it is
    """A line that no patient can be told from; ``why`` is one of the constants above."""

    def __init__(self, why: str, what: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.what = what


class Seen(Struct, frozen=True):
    """``patient``: the bare id of whom it is about, "" for a Medication. ``medication``: key of the one that it points at.
    ``other_release``: it is of FHIR DSTU2 or STU3, or has a shape of R5."""

    type: str
    id: str = ""
    patient: str = ""
    medication: str = ""
    other_release: bool = False


def look(content: bytes | Raw) -> Seen:
    """Raises Unusable."""
    try:
        if isinstance(content, bytes) and not content.isascii():
            content.decode()  # msgspec does not look into strings that it skips
        seen: _Strict | _Loose = _STRICT.decode(content)
    except msgspec.ValidationError:
        seen = _loosely(content)
    except BROKEN:
        raise Unusable(NOT_JSON) from None
    kind = seen.resource_type
    if not isinstance(kind, str) or not _is_kind(kind):
        raise Unusable(NO_TYPE)
    name = str(seen.id) if isinstance(seen.id, str | int) else ""
    other = kind in OTHER_RELEASES or (kind.startswith("Medication") and len(seen.medication) > 0)
    medication = _key(seen.medication_reference) if seen.medication_reference is not None else ""
    return Seen(kind, name, _patient(kind, name, seen), medication, other)


def _loosely(content: bytes | Raw) -> _Loose:
    try:
        return _LOOSE.decode(content)
    except msgspec.ValidationError:
        raise Unusable(NO_TYPE) from None
    except BROKEN:
        raise Unusable(NOT_JSON) from None


def _patient(kind: str, name: str, seen: _Strict | _Loose) -> str:
    if kind == "Patient":
        return name
    for told in (seen.subject, seen.patient):
        if told is not None and (reference := _said(told)):
            return _whose(reference)
    return _taking_part(seen.participant) if kind == "Appointment" else ""


def _taking_part(content: Raw) -> str:
    """The one patient of an appointment, which names people as those who take part; "" for several."""
    try:
        told = {_said(each.actor) for each in _TAKING.decode(content)} if content else set()
    except BROKEN:
        return ""
    patients = {name for each in told if "Patient/" in each and (name := bare(each))}
    return patients.pop() if len(patients) == 1 else ""


@lru_cache(maxsize=4096)  # the resources of a patient mostly stand together
def _whose(reference: str) -> str:
    return reference[8:] if reference.startswith("Patient/") and "/" not in reference[8:] else bare(reference)


def bare(reference: str) -> str:
    """The id of the Patient that a reference points at; "" for anything else.

    >>> bare("https://ehr.example.org/fhir/Patient/7/_history/2"), bare("urn:uuid:7c1a"), bare("7"), bare("Group/3")
    ('7', '7c1a', '7', '')
    """
    if reference.startswith("urn:uuid:"):
        return reference[9:]
    kind, _, name = tail(reference).partition("/")
    return name if kind == "Patient" else reference if ID.fullmatch(reference) else ""


@lru_cache(maxsize=256)
def _is_kind(text: str) -> bool:
    return KIND.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def is_id(text: str) -> bool:
    """Whether a hook would take it for the id of a patient."""
    return ID.fullmatch(text) is not None


def _key(told: Any) -> str:
    """``Medication/id`` of a reference to one that is not contained."""
    reference = _said(told)
    if not reference or reference.startswith("#"):
        return ""
    found = f"{SHARED}/{reference[9:]}" if reference.startswith("urn:uuid:") else tail(reference)
    return found if found.startswith(f"{SHARED}/") and is_key(found) else ""


def is_key(text: str) -> bool:
    """Whether it may stand between tabs in a line: an id may hold anything that JSON can escape.

    >>> is_key("Medication/m1"), is_key("Medication/m\\n1")
    (True, False)
    """
    return text.isprintable() and len(text) <= LONGEST_KEY


def _said(told: Any) -> str:
    reference = told.reference if isinstance(told, Reference) else told.get("reference") if isinstance(told, dict) else None
    return reference if isinstance(reference, str) else ""
