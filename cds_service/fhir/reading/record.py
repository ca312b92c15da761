"""Everything that was given about one patient, by reference: each resource once, whatever key or Bundle it came under."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct, json
from msgspec.structs import replace

from cards.chart import Hook
from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.lenient import Patience, field_of, repaired
from cds_service.fhir.reading.trace import Trace

BROKEN = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding a resource may raise: not JSON, not the expected shape, not UTF-8, nested too deep."""

Source = bytes | Raw | wire.AnyResource | wire.LooseBundle
"""JSON of a Bundle or of one resource, or what was made of it."""

Wanted = TypeVar("Wanted")

_APART = "\0"
"""Between the relative reference and what tells resources apart that have no id, or the same one."""
_UNREADABLE = b"{}"
"""Stands for what is no resource, so that it is counted."""
_ESSENTIAL = re.compile(
    r"(subject|patient)(\.reference)?$|code$|medication(CodeableConcept|Reference(\.reference)?)$|value[A-Z]|doNotPerform$"
)
"""Fields without which a resource says something else, or nothing: where one is broken, the resource is."""
_RELATIVE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}")
_TAIL = re.compile(r"([A-Z][A-Za-z]+)/([^/|?#]+?)(?:/_history/[^/]*)?$")


class AmbiguousPatientError(ValueError):
    """Several patients were given and nobody said which one is meant."""


class Given(Struct, gc=False):
    """A resource that is kept as it came: a draft, or one that is broken or of a type that is not read.

    ``found`` is None where it is broken or foreign; ``fault`` is then the field, without its value. ``left_out``: the fields
    of a wrong type, without which it could be read. ``repeated``: another draft has the same id.
    """

    type: str
    id: str
    raw: Raw | bytes
    found: wire.AnyResource | None = None
    fault: str = ""
    left_out: tuple[str, ...] = ()
    repeated: bool = False

    @property
    def source(self) -> str:
        """Its relative reference; the bare type where it has no id."""
        return f"{self.type}/{self.id}" if self.id else self.type


_Orders = wire.Medicine | wire.Act

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
    match = _TAIL.search(reference)
    return f"{match[1]}/{match[2]}" if match else ""


class Record:
    """The resources, and how references among them resolve. What is being drafted is kept apart from what is on record; on a
    refill the drafts repeat orders of the record, which stay there."""

    def __init__(self, trace: Trace, hook: Hook = Hook.PATIENT_VIEW) -> None:
        self.trace = trace
        self.hook = hook
        self._resources: dict[str, Kept] = {}
        self._drafted: dict[str, Given] = {}
        self._by_url: dict[str, str] = {}
        self._urls: dict[str, str] = {}
        self._twins: set[str] = set()
        self.bases: set[str] = set()
        self._ours: dict[str, bool] = {}
        self._nameless = False
        self._left_out: dict[str, tuple[str, ...]] = {}
        self.patience = Patience()
        self.reached: set[str] = set()
        self.patient_id = ""

    def __iter__(self) -> Iterator[tuple[str, Kept]]:
        """What is on record, by relative reference, without what is being written (which may be on record, too)."""
        if not self._drafted and not self._nameless:
            return iter(self._resources.items())
        return ((key.partition(_APART)[0], kept) for key, kept in self._resources.items() if not self._is_draft(key, kept))

    def _is_draft(self, key: str, kept: Kept) -> bool:
        """Whether what is on record is the draft itself, filed before it is signed. Another order of the same id stays."""
        if self.hook is Hook.REFILL or (given := self._drafted.get(key)) is None:
            return False
        if not isinstance(kept, _Orders) or not isinstance(given.found, _Orders):
            return isinstance(kept, Given) and bytes(kept.raw) == bytes(given.raw)
        return kept.status == "draft" or _content(kept) == _content(given.found)

    @property
    def drafts(self) -> Iterable[Given]:
        """What is being written, decoded and as it came."""
        return self._drafted.values()

    def add(self, source: Source) -> None:
        """Take in the resources in a Bundle (and in Bundles in it), or one resource; null and OperationOutcome are nothing.

        Raises msgspec.DecodeError when it is no JSON.
        """
        self._ours.clear()
        if isinstance(source, bytes | Raw):
            if (found := whole(source)) is None:
                for raw, full_url in _parts(source):
                    self._take_apart(raw, full_url)
            else:
                self._take(found)
        elif isinstance(source, wire.LooseBundle):
            for raw, full_url in _entries(source):
                self._take_apart(raw, full_url)
        elif isinstance(source, wire.Bundle):
            for entry in source.entry or ():
                if entry is not None and entry.resource is not None:
                    self._take(entry.resource, entry.full_url)
        else:
            self._take(source)

    def add_drafts(self, source: bytes | Raw) -> None:
        """Take in what is being written. It is kept as it came, since a draft may be amended."""
        for raw, full_url in _parts(source):
            given = _read(raw, full_url, self.patience)
            if given is None or given.type == "OperationOutcome":
                continue
            if given.type == "Bundle":
                self.add_drafts(raw)
            else:
                self._put_draft(given, full_url)

    def _take(self, found: wire.AnyResource, full_url: str | None = None) -> None:
        """Take in one resource that could be read: nearly all go this way."""
        kind = type(found)
        if kind is wire.Bundle:
            self.add(found)
        elif kind is not wire.OperationOutcome:
            key = f"{kind.__name__}/{found.id}" if found.id else self._key(kind.__name__, _id_of(full_url or ""), found)
            self._put(key, found, full_url or "")

    def _take_apart(self, raw: bytes | Raw, full_url: str) -> None:
        """Take in one entry of a Bundle that could not be read as a whole."""
        given = _read(raw, full_url, self.patience)
        if given is not None and given.found is not None:
            self._take(given.found, full_url)
            if given.left_out:
                self._left_out[given.source] = given.left_out
                self.trace.note_left_out(given.source, given.left_out)
        elif given is not None and given.type == "Bundle":
            self.add(raw)
        elif given is not None:
            self._put(self._key(given.type, given.id, given), given, full_url)

    def _put(self, key: str, kept: Kept, full_url: str) -> None:
        """Keep a resource. Two of one id whose full URLs differ are two, unless they say the same."""
        known = self._resources.get(key)
        if known is not None and full_url and self._urls.get(key, full_url) != full_url and _said(known) != _said(kept):
            self._twins.add(key)
            self._nameless = True
            key = f"{key}{_APART}{full_url}"
            known = self._resources.get(key)
        if full_url:
            self._by_url[full_url] = key
            self._urls[key] = full_url
        self._resources[key] = kept if known is None else self._later(known, kept)

    def _put_draft(self, given: Given, full_url: str) -> None:
        """Keep a draft. A second one of the same id is another draft unless it says the same."""
        key = self._key(given.type, given.id, given)
        known = self._drafted.get(key)
        if known is not None and _decoded(known.raw) != _decoded(given.raw):
            self._drafted[key] = replace(known, repeated=True)
            given = replace(given, repeated=True)
            key = f"{key}{_APART}{len(self._drafted)}"
        elif known is not None:
            self.trace.duplicates += 1
        if full_url:
            self._by_url[full_url] = key
        self._drafted[key] = given

    def _key(self, kind: str, name: str, kept: Kept) -> str:
        """What a resource is kept under: its relative reference; one without an id, what it says, as far as it is read."""
        if name:
            return f"{kind}/{name}"
        self._nameless = True
        said = str(len(self._resources)) if isinstance(kept, wire.NotRead) else _said(kept).hex()
        return f"{kind}{_APART}{said}"

    def _later(self, known: Any, found: Any) -> Any:
        """The later version of two with one id; what they say decides where nothing else does, so that order never matters."""
        self.trace.duplicates += 1
        return max(known, found, key=_version)

    def lacks(self, source: str, *fields: str) -> bool:
        """Whether fields that begin with one of these names were left out of a resource, since nobody can read them."""
        return any(path.startswith(fields) for path in self._left_out.get(source, ()))

    def settle_patient(self, patient_id: str | None) -> None:
        """Whose record it is: as said, else the one Patient given. Raises AmbiguousPatientError."""
        if patient_id:
            self.patient_id = patient_id.rsplit("/", 1)[-1]
            return
        patients = [source for source, kept in self._resources.items() if type_of(kept) == "Patient"]
        if len(patients) > 1:
            raise AmbiguousPatientError("more than one Patient resource, and no patient named")
        self.patient_id = patients[0].partition("/")[2] if patients else ""

    def is_ours(self, reference: str) -> bool:
        """Whether a reference points at the patient: resolved inside what was given first, then by its last two segments, on
        the servers that are known to be the patient's (``bases``, and where the Patient was given from)."""
        known = self._ours.get(reference)
        if known is None:
            known = self._ours[reference] = not self.patient_id or self._points_at_patient(reference)
        return known

    def _points_at_patient(self, reference: str) -> bool:
        patient = f"Patient/{self.patient_id}"
        if reference.startswith(elements.BY_IDENTIFIER):
            found = self._resources.get(patient)
            identifiers = found.identifier or () if isinstance(found, wire.Patient) else ()
            return any(reference == elements.identified_by(each) for each in identifiers)
        if self._target(reference, "Patient") != patient:
            return False
        bases = {_bare(base) for base in (*self.bases, _base_of(self._urls.get(patient, ""))) if base}
        base = "" if reference in self._by_url else _base_of(reference)
        return not base or not bases or _bare(base) in bases

    def resolve(self, reference: str, kind: type[Wanted]) -> Wanted | None:
        """The resource of a type that a reference points at, when it was given and can be read. One that fits two resources
        leads nowhere."""
        target = self._target(reference, kind.__name__)
        drafted = self._drafted.get(target)
        found = drafted.found if drafted else self._resources.get(target)
        if not isinstance(found, kind) or (target in self._twins and reference not in self._by_url):
            return None
        self.reached.add(target)
        return found

    def _target(self, reference: str, kind: str) -> str:
        if (known := self._by_url.get(reference)) is not None:
            return known
        if reference.startswith("urn:uuid:"):
            return f"{kind}/{reference[9:]}"
        return tail(reference) or (f"{kind}/{reference}" if "/" not in reference else "")


def type_of(kept: Kept) -> str:
    """The resource type."""
    return kept.type if isinstance(kept, Given) else type(kept).__name__


def whole(source: bytes | Raw) -> wire.AnyResource | None:
    """A resource, with all that a Bundle holds; None where something in it has to be looked at by itself."""
    try:
        return wire.RESOURCE.decode(source)
    except BROKEN:
        return None


def _parts(source: bytes | Raw) -> Iterable[tuple[bytes | Raw, str]]:
    """JSON and full URL of what a Bundle holds; another resource stands for itself.

    Raises msgspec.DecodeError when it is no JSON.
    """
    if not _is_bundle(source):
        return ((source, ""),)
    try:
        bundle = wire.LOOSE_BUNDLE.decode(source)
    except msgspec.ValidationError:
        return ((_UNREADABLE, ""),)
    return _entries(bundle)


def _is_bundle(source: bytes | Raw) -> bool:
    with suppress(msgspec.ValidationError):
        return wire.KIND.decode(source).resource_type == "Bundle"
    return False


def _entries(bundle: wire.LooseBundle) -> Iterator[tuple[bytes | Raw, str]]:
    """JSON and full URL of each entry; one without a resource holds nothing, one that is no entry cannot be read."""
    for raw in bundle.entry or ():
        try:
            entry = wire.LOOSE_ENTRY.decode(raw)
        except BROKEN:
            yield (raw if raw == elements.NOTHING else _UNREADABLE), ""
        else:
            yield entry.resource, entry.full_url if isinstance(entry.full_url, str) else ""


def _read(raw: bytes | Raw, full_url: str, patience: Patience) -> Given | None:
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
    return Given(type(found).__name__, found.id or _id_of(full_url), raw, found, left_out=left_out)


def _broken(raw: bytes | Raw, full_url: str, fault: str) -> Given:
    try:
        kind = wire.KIND.decode(raw)
    except BROKEN:
        kind = wire.Kind("")
    if not kind.resource_type:
        return Given("", "", raw, fault=fault)
    name = str(kind.id) if isinstance(kind.id, str | int) else ""
    return Given(kind.resource_type, name or _id_of(full_url), raw, fault=fault)


def _id_of(full_url: str) -> str:
    return full_url[9:] if full_url.startswith("urn:uuid:") else tail(full_url).partition("/")[2]


def _said(kept: Kept) -> bytes:
    return bytes(kept.raw) if isinstance(kept, Given) else json.encode(kept)


def last_updated(kept: Kept) -> str:
    """When it was last updated, as it says; "" where that is not known or cannot be read."""
    with suppress(*BROKEN):
        meta = wire.VERSIONED.decode(kept.raw).meta if isinstance(kept, Given) else wire.META.decode(kept.meta)
        return (meta.last_updated or "") if meta else ""
    return ""


def _version(kept: Kept) -> tuple[str, bytes]:
    """When it was last updated, and what it says."""
    return last_updated(kept), _said(kept)


def _content(order: Any) -> Any:
    """What an order says, whatever its state."""
    return replace(order, id=None, meta=elements.NOTHING, status=None)


def _decoded(raw: bytes | Raw) -> Any:
    try:
        return wire.ANYTHING.decode(raw)
    except BROKEN:
        return bytes(raw)


def _base_of(url: str) -> str:
    """The base of the server that an absolute URL of a resource lies on; "" for any other reference.

    >>> _base_of("https://ehr.example.org/fhir/Patient/7"), _base_of("Patient/7"), _base_of("urn:uuid:7")
    ('https://ehr.example.org/fhir', '', '')
    """
    if not url.startswith(("http://", "https://")):
        return ""
    match = _TAIL.search(url)
    return url[: match.start()].rstrip("/") if match else ""


def _bare(base: str) -> str:
    """A base URL as it is compared: a proxy may speak TLS before the server, and a slash at the end means nothing."""
    return base.partition("://")[2].rstrip("/").lower()
