"""Everything received about one patient, by reference: each resource once, whichever key or Bundle it came in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any, TypeVar

from msgspec import Raw
from msgspec.structs import replace

from cards.chart import Hook
from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.given import (
    ORDERS,
    Given,
    Kept,
    Source,
    base_of,
    decoded,
    entries_of,
    id_of,
    loose_entries,
    read_one,
    said,
    tail,
    type_of,
    version,
    whole,
)
from cds_service.fhir.reading.lenient import Patience
from cds_service.fhir.reading.limits import DRAFTS, Room
from cds_service.fhir.reading.trace import Trace

Wanted = TypeVar("Wanted")

_APART = "\0"
"""Between the relative reference and what tells resources apart that have no id, or the same one."""


class AmbiguousPatientError(ValueError):
    """Several patients were given, and it was not stated which one is meant."""


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
        self.beyond = 0
        self.room = Room()
        self._told: dict[str, Any] = {}
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
        if not isinstance(kept, ORDERS) or not isinstance(given.found, ORDERS):
            return isinstance(kept, Given) and bytes(kept.raw) == bytes(given.raw)
        return kept.status == "draft" or _content(kept) == _content(given.found)

    @property
    def drafts(self) -> Iterable[Given]:
        """What is being written, decoded and as it came."""
        return self._drafted.values()

    def add(self, source: Source) -> None:
        """Take in the resources in a Bundle (and in Bundles in it), or one resource; null and OperationOutcome are nothing.

        Raises msgspec.DecodeError when it is no JSON, TooMuchError when it is more than one call may bring.
        """
        self._ours.clear()
        if isinstance(source, bytes | Raw):
            if (found := whole(source)) is None:
                for raw, full_url in entries_of(source):
                    self.room.take("entries")
                    self._take_apart(raw, full_url)
            else:
                self._take(found)
        elif isinstance(source, wire.LooseBundle):
            self.room.take("entries", len(source.entry or ()))
            for raw, full_url in loose_entries(source):
                self._take_apart(raw, full_url)
        elif isinstance(source, wire.Bundle):
            self.room.take("entries", len(source.entry or ()))
            for entry in source.entry or ():
                if entry is not None and entry.resource is not None:
                    self._take(entry.resource, entry.full_url)
        else:
            self._take(source)

    def add_drafts(self, source: bytes | Raw) -> None:
        """Take in what is being written. It is kept as it came, since a draft may be amended. ``beyond``: how many there are
        after the first ``DRAFTS``, which nobody reads."""
        for raw, full_url in entries_of(source):
            if len(self._drafted) >= DRAFTS:
                self.beyond += 1
                continue
            given = read_one(raw, full_url, self.patience)
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
            self.room.take_parts(found)  # before anything is made of it
            key = f"{kind.__name__}/{found.id}" if found.id else self._key(kind.__name__, id_of(full_url or ""), found)
            if full_url or key in self._resources:
                self._put(key, found, full_url or "")
            else:  # there is nothing to compare it with
                self._resources[key] = found

    def _take_apart(self, raw: bytes | Raw, full_url: str) -> None:
        """Take in one entry of a Bundle that could not be read as a whole."""
        given = read_one(raw, full_url, self.patience)
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
        if known is not None and full_url and self._urls.get(key, full_url) != full_url and said(known) != said(kept):
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
        if known is not None:
            if key not in self._told:
                self._told[key] = decoded(known.raw)
            if self._told[key] != decoded(given.raw):
                self._drafted[key] = replace(known, repeated=True)
                given = replace(given, repeated=True)
                key = f"{key}{_APART}{len(self._drafted)}"
            else:
                self.trace.duplicates += 1
        if full_url:
            self._by_url[full_url] = key
        self._drafted[key] = given

    def _key(self, kind: str, name: str, kept: Kept) -> str:
        """What a resource is kept under: its relative reference; one without an id, a hash of what it says, as far as it is
        read."""
        if name:
            return f"{kind}/{name}"
        self._nameless = True
        content = str(len(self._resources)) if isinstance(kept, wire.NotRead) else sha256(said(kept)).hexdigest()
        return f"{kind}{_APART}{content}"

    def _later(self, known: Any, found: Any) -> Any:
        """The later version of two with one id; what they say decides where nothing else does, so that order never matters."""
        self.trace.duplicates += 1
        return max(known, found, key=version)

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
        bases = {_bare(base) for base in (*self.bases, base_of(self._urls.get(patient, ""))) if base}
        base = "" if reference in self._by_url else base_of(reference)
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


def _content(order: Any) -> Any:
    """What an order says, whatever its state."""
    return replace(order, id=None, meta=elements.NOTHING, status=None)


def _bare(base: str) -> str:
    """A base URL as it is compared: a proxy may speak TLS before the server, and a slash at the end means nothing."""
    return base.partition("://")[2].rstrip("/").lower()
