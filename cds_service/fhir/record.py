"""Everything that was given about one patient, by reference: each resource once, whatever key or Bundle it came under."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

import msgspec
from msgspec import Raw, Struct

from cds_service.fhir import wire
from cds_service.fhir.trace import Trace

BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding a resource may raise: not JSON, not the expected shape, not UTF-8, nested too deep."""

Source = bytes | Raw | wire.Bundle
"""JSON of a Bundle or of one resource, or a Bundle whose entries are told apart already."""

_TAIL = re.compile(r"([A-Z][A-Za-z]+)/([^/|?#]+?)(?:/_history/[^/]*)?$")
_AT = re.compile(r" - at `\$?\.?(.*)`$")


class AmbiguousPatientError(ValueError):
    """Several patients were given and nobody said which one is meant."""


class Given(Struct, gc=False):
    """One resource as it was given. ``peek`` is None when it is broken; ``fault`` is then the field, without its value."""

    type: str
    id: str
    raw: Raw | bytes
    peek: wire.Peek | None = None
    full_url: str = ""
    fault: str = ""

    @property
    def source(self) -> str:
        """Its relative reference; the bare type where it has no id."""
        return f"{self.type}/{self.id}" if self.id else self.type


def field_of(error: Exception) -> str:
    """The path of the field that could not be read, never its value."""
    match = _AT.search(str(error))
    return match[1] if match else ""


def tail(reference: str) -> str:
    """Type and id at the end of a reference, else "".

    >>> tail("https://example.org/fhir/Patient/7/_history/2")
    'Patient/7'
    """
    match = _TAIL.search(reference)
    return f"{match[1]}/{match[2]}" if match else ""


class Record:
    """The resources, and how references among them resolve. What is being drafted is kept apart from what is on record.

    ``refill``: the drafts repeat orders of the record, which stay on record under the same id.
    """

    def __init__(self, trace: Trace, *, refill: bool = False) -> None:
        self._trace = trace
        self._refill = refill
        self._resources: dict[str, Given] = {}
        self._drafted: dict[str, Given] = {}
        self._by_url: dict[str, str] = {}
        self._ours: dict[str, bool] = {}
        self.reached: set[str] = set()
        self.patient_id = ""

    def __iter__(self) -> Iterator[Given]:
        """What is on record, without what is being written (which may be on record, too)."""
        if self._refill or not self._drafted:
            return iter(self._resources.values())
        return (given for key, given in self._resources.items() if key not in self._drafted)

    @property
    def drafts(self) -> Iterable[Given]:
        return self._drafted.values()

    def add(self, source: Source, *, drafted: bool = False) -> None:
        """Take in the resources in a Bundle (and in Bundles in it), or one resource; null and OperationOutcome are nothing.

        Raises msgspec.DecodeError when it is no JSON.
        """
        among = self._drafted if drafted else self._resources
        for raw, full_url in _parts(source):
            found = _read(raw, full_url)
            if found is None or found.type == "OperationOutcome":
                continue
            if found.type == "Bundle":
                self.add(raw, drafted=drafted)
            else:
                self._keep(found, among)

    def _keep(self, found: Given, among: dict[str, Given]) -> None:
        source = found.source
        key = source if found.id else f"{found.type} {bytes(found.raw).hex()}"
        if found.full_url:
            self._by_url[found.full_url] = source
        if (known := among.get(key)) is not None:
            self._trace.duplicates += 1
            found = max(known, found, key=_version)
        among[key] = found

    def settle_patient(self, patient_id: str | None) -> None:
        """Whose record it is: as said, else the one Patient given. Raises AmbiguousPatientError."""
        if patient_id:
            self.patient_id = patient_id.rsplit("/", 1)[-1]
            return
        patients = [given for given in self._resources.values() if given.type == "Patient"]
        if len(patients) > 1:
            raise AmbiguousPatientError("more than one Patient resource, and no patient named")
        self.patient_id = patients[0].id if patients else ""

    def is_ours(self, reference: str) -> bool:
        """Whether a reference points at the patient: resolved inside what was given first, then by its last two segments."""
        known = self._ours.get(reference)
        if known is None:
            known = self._ours[reference] = (
                not self.patient_id or self._target(reference, "Patient") == f"Patient/{self.patient_id}"
            )
        return known

    def resolve(self, reference: str, kind: str) -> Given | None:
        """The resource of type ``kind`` that a reference points at, when it was given."""
        target = self._target(reference, kind)
        found = self._drafted.get(target) or self._resources.get(target)
        if found is None or found.type != kind:
            return None
        self.reached.add(target)
        return found

    def _target(self, reference: str, kind: str) -> str:
        if (known := self._by_url.get(reference)) is not None:
            return known
        if reference.startswith("urn:uuid:"):
            return f"{kind}/{reference[9:]}"
        return tail(reference) or (f"{kind}/{reference}" if "/" not in reference else "")


def _parts(source: Source) -> Iterable[tuple[bytes | Raw, str]]:
    """JSON and full URL of what a Bundle holds; a resource that is none stands for itself."""
    if isinstance(source, wire.Bundle):
        is_bundle, entries = True, source.entry or ()
    else:
        try:
            bundle = wire.BUNDLE.decode(source)
            is_bundle, entries = bundle.resource_type == "Bundle", bundle.entry or ()
        except msgspec.ValidationError:
            is_bundle, entries = _is_bundle(source), tuple(_sound_entries(source))
        if not is_bundle:
            return ((source, ""),)
    return [(entry.resource, entry.full_url or "") for entry in entries if entry is not None]


def _is_bundle(source: bytes | Raw) -> bool:
    with suppress(msgspec.ValidationError):
        return wire.KIND.decode(source).resource_type == "Bundle"
    return False


def _sound_entries(bundle: bytes | Raw) -> Iterator[wire.Entry]:
    """The entries that have the shape of one, where another one has not."""
    try:
        entries = wire.LOOSE_BUNDLE.decode(bundle).entry or ()
    except msgspec.ValidationError:
        return
    for entry in entries:
        with suppress(msgspec.ValidationError):
            yield wire.ENTRY.decode(entry)


def _read(raw: bytes | Raw, full_url: str) -> Given | None:
    try:
        peek = wire.PEEK.decode(raw)
    except BROKEN as error:
        return None if bytes(raw).strip() in (b"", b"null") else _broken(raw, full_url, field_of(error))
    return Given(peek.resource_type, peek.id or _id_of(full_url), raw, peek, full_url)


def _broken(raw: bytes | Raw, full_url: str, fault: str) -> Given:
    try:
        kind = wire.KIND.decode(raw)
    except BROKEN:
        return Given("", "", raw, full_url=full_url, fault=fault)
    return Given(kind.resource_type, kind.id or _id_of(full_url), raw, full_url=full_url, fault=fault)


def _id_of(full_url: str) -> str:
    return full_url[9:] if full_url.startswith("urn:uuid:") else tail(full_url).partition("/")[2]


def _version(given: Given) -> tuple[str, bytes]:
    """The later version of two with one id; the bytes decide where nothing else does, so that order never matters."""
    try:
        meta = wire.VERSIONED.decode(given.raw).meta
    except BROKEN:
        return "", bytes(given.raw)
    return (meta.last_updated or "") if meta else "", bytes(given.raw)
