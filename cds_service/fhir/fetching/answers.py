"""Whether an answer matches its query: an absence counts only if the query was answered completely and as asked.

Whatever arrived is used in any case. The group counts as failed unless the answer is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Raw

from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.given import BROKEN, Source, whole

UNANSWERED = "unanswered"
PARTIAL = "partial"
OUTCOME = "outcome"
OTHER_BUNDLE = "other-bundle"
OTHER_TYPE = "other-type"
OTHER_RELEASE = "other-release"
OTHER_PATIENT = "other-patient"
VALUES = "values"
DEPTH = "depth"
NO_SUCH_TYPE = "no-such-type"
WHYS = (UNANSWERED, PARTIAL, OUTCOME, OTHER_BUNDLE, OTHER_TYPE, OTHER_RELEASE, OTHER_PATIENT, VALUES, DEPTH, NO_SUCH_TYPE)
"""Why a group counts as failed: no answer; a page is missing or the total exceeds what arrived; the server reports an error; a
Bundle of a type that is not an answer; resources of a type not requested, of another FHIR release, of other patients; a page,
or all pages of a call together, with more JSON values than are read; one that is nested too deeply; a search that
was answered with 404, for a type that the server does not have."""

_OF_R5 = (wire.Medicine, wire.Glance)
"""What has a shape of R5 where its field ``medication`` is filled."""
_BUNDLES = (None, "searchset", "collection", "batch-response")
_ERRORS = frozenset({"error", "fatal"})
OTHER_RELEASES = frozenset({"MedicationOrder", "ProcedureRequest", "DiagnosticOrder", "ReferralRequest"})
"""Types of DSTU2 or STU3."""

IsOurs = Callable[[str], bool]


class _Read:
    """What the pages of one answer contain, as it is looked through: how many entries answer the query (``matches``), how many
    of them are of the type ``asked`` for, how many of another FHIR release, and whether any is, or names itself, somebody's."""

    def __init__(self, asked: str, is_ours: IsOurs) -> None:
        self.asked = asked
        self.is_ours = is_ours
        self.matches = self.right = self.other_release = 0
        self.ours = self.named = False
        self.total: int | None = None
        self.collected = False
        self.why = ""

    def take(self, kind: str, found: Any, mode: str = "match") -> None:
        """Note one entry."""
        if mode != "match":
            return
        self.matches += 1
        self.right += kind == self.asked
        r5 = isinstance(found, _OF_R5) and found.medication != elements.NOTHING
        self.other_release += r5 or kind in OTHER_RELEASES
        if not self.ours and (subject := _subject(found)):
            self.named = True
            self.ours = self.is_ours(subject)


def why_failed(asked: str, pages: Sequence[Source], is_ours: IsOurs, *, complete: bool = True) -> str:
    """Why an answer counts as failed: one of ``WHYS``, or "" if it is complete.

    ``asked`` is the requested type, ``is_ours`` says whether a reference points to the patient, ``complete`` is False if a page
    could not be retrieved.
    """
    read = _Read(asked, is_ours)
    for page in pages:
        _look(page, read)
    if not pages:
        return UNANSWERED
    if read.matches and read.matches == read.other_release:
        return OTHER_RELEASE
    if why := read.why or _wrong_type(read) or (OTHER_PATIENT if read.named and not read.ours else ""):
        return why
    return PARTIAL if not complete or (read.total is not None and read.total > read.matches) else ""


def _wrong_type(read: _Read) -> str:
    """A collection, which a client assembled, may contain more than was requested; search results are of one type."""
    if not read.matches:
        return ""
    right = read.right > 0 if read.collected else read.right == read.matches
    return "" if right else OTHER_TYPE


def _subject(found: Any) -> str:
    kind = found.resource_type if isinstance(found, wire.Glance) else type(found).__name__
    if kind == "Patient":
        return f"Patient/{found.id}" if found.id else ""
    if isinstance(found, wire.Glance):
        named = (each.get("reference") for each in (found.subject, found.patient) if isinstance(each, dict))
        return next((each for each in named if isinstance(each, str)), "")
    return elements.refer(getattr(found, "subject", None), getattr(found, "patient", None))


def _look(page: Source, read: _Read) -> None:
    """Record what a page contains. A Bundle within a Bundle is the answer to one query of a batch."""
    found = page
    if isinstance(page, bytes | Raw):
        found = whole(page) or _loose(page) or page
    if isinstance(found, wire.Bundle | wire.LooseBundle):
        _look_into(found, read)
    elif isinstance(found, wire.OperationOutcome):
        read.why = read.why or OUTCOME  # in place of an answer it never counts as one, whatever it says
    elif isinstance(found, bytes | Raw):
        _look_by_itself(found, "match", read)
    else:
        read.take(type(found).__name__, found)


def _loose(page: bytes | Raw) -> wire.LooseBundle | None:
    """A Bundle with something broken in it."""
    try:
        return wire.LOOSE_BUNDLE.decode(page) if wire.KIND.decode(page).resource_type == "Bundle" else None
    except BROKEN:
        return None


def _look_into(bundle: wire.Bundle | wire.LooseBundle, read: _Read) -> None:
    if bundle.type not in _BUNDLES:
        read.why = read.why or OTHER_BUNDLE
    read.collected = read.collected or bundle.type == "collection"
    if isinstance(bundle.total, int) and not isinstance(bundle.total, bool):
        read.total = max(read.total or 0, bundle.total)
    if isinstance(bundle, wire.LooseBundle):
        for raw in bundle.entry or ():
            _look_at_raw(raw, read)
        return
    for entry in bundle.entry or ():
        if entry is not None:
            mode = (entry.search.mode or "match") if entry.search else "match"
            found = entry.resource
            if isinstance(found, wire.Bundle):
                _look_into(found, read)
            elif isinstance(found, wire.OperationOutcome):
                _note_outcome(found, read)
            elif found is not None:
                read.take(type(found).__name__, found, mode)
            if entry.response:
                _note_status(entry.response.status, read)


def _look_at_raw(raw: Raw, read: _Read) -> None:
    """An entry of a Bundle in which something is broken."""
    try:
        entry = wire.LOOSE_ENTRY.decode(raw)
    except BROKEN:
        return
    mode = entry.search.get("mode") if isinstance(entry.search, dict) else None
    status = entry.response.get("status") if isinstance(entry.response, dict) else None
    _note_status(status, read)
    if entry.resource != elements.NOTHING:
        _look_by_itself(entry.resource, mode if isinstance(mode, str) else "match", read)


def _look_by_itself(raw: bytes | Raw, mode: str, read: _Read) -> None:
    """A resource that may be broken, by a glance."""
    try:
        found = wire.GLANCE.decode(raw)
    except BROKEN:
        return
    if found.resource_type == "Bundle" and (bundle := _loose(raw)) is not None:
        _look_into(bundle, read)
    elif found.resource_type == "OperationOutcome":
        issues = found.issue if isinstance(found.issue, list) else []
        if any(isinstance(issue, dict) and issue.get("severity") in tuple(_ERRORS) for issue in issues):
            read.why = read.why or OUTCOME
    else:
        read.take(found.resource_type, found, mode)


def _note_outcome(found: wire.OperationOutcome, read: _Read) -> None:
    """An outcome that accompanies results is harmless unless it is an error."""
    if any(issue.severity in _ERRORS for issue in found.issue or ()):
        read.why = read.why or OUTCOME


def _note_status(status: object, read: _Read) -> None:
    if isinstance(status, str) and status[:1] in ("4", "5"):
        read.why = read.why or OUTCOME


def asked_for(template: str) -> str:
    """The resource type that a query asks for.

    >>> asked_for("Condition?patient=7&_count=200"), asked_for("Patient/7")
    ('Condition', 'Patient')
    """
    return template.partition("?")[0].partition("/")[0]
