"""What the readers of the single resource types write down: the facts of the chart in the making."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, tzinfo
from typing import Any, TypeVar

from msgspec import Raw

from cards.chart import Allergy, Exposure, FractureEntry, Measurement, Problem, Service, SetAside, Unread
from cards.thresholds import Thresholds
from cards.vocabulary import Data
from cds_service.fhir.phrases import LONGEST
from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.dates import day, latest
from cds_service.fhir.reading.given import parts
from cds_service.fhir.reading.record import Record
from cds_service.fhir.reading.trace import Trace
from cds_service.fhir.terminology.codes import Terminology, group_of

Meant = TypeVar("Meant")
Made = TypeVar("Made")

GROUPS: dict[str, Data] = {
    "Patient": Data.PATIENT,
    "Condition": Data.CONDITIONS,
    "MedicationRequest": Data.MEDICATIONS,
    "MedicationStatement": Data.STATEMENTS,
    "MedicationAdministration": Data.ADMINISTRATIONS,
    "MedicationDispense": Data.DISPENSES,
    "AllergyIntolerance": Data.ALLERGIES,
    "Procedure": Data.PROCEDURES,
    "ServiceRequest": Data.ORDERS,
    "FamilyMemberHistory": Data.FAMILY_HISTORY,
    "ImagingStudy": Data.IMAGING,
    "DiagnosticReport": Data.REPORTS,
    "CarePlan": Data.CARE_PLANS,
    "Encounter": Data.ENCOUNTERS,
    "Observation": Data.WORK_UP,
}
"""The group that a resource type is asked for with. An Observation's group follows from its code, where that can be read."""


class Facts:
    """Collected facts, and what readers need to know: the day, the zone, the tables, the record for references."""

    def __init__(
        self, record: Record, terminology: Terminology, trace: Trace, today: date, zone: tzinfo, thresholds: Thresholds
    ) -> None:
        self.record = record
        self.terminology = terminology
        self.trace = trace
        self.today = today
        self.zone = zone
        self.thresholds = thresholds
        self.birth: date | None = None
        self.measured: dict[str, list[tuple[Measurement, wire.Observation]]] = {}
        self.problems: list[Problem] = []
        self.fractures: list[FractureEntry] = []
        self.exposures: list[Exposure] = []
        self.allergies: list[Allergy] = []
        self.services: list[Service] = []
        self.told_results: list[tuple[str, str, date, str]] = []
        """Reports whose words tell a result of the laboratory: of which analyte and day, and its number."""
        self.operated: list[FractureEntry] = []
        """Fractures that operations tell."""
        self.augmented: list[tuple[str, date | None]] = []
        """Problems whose words say that a vertebra was filled, and when."""
        self.visits: list[Any] = []
        """What visits were for (``visits.Visit``)."""
        self.told_drugs: list[Any] = []
        """Drugs for bone that entries tell which are no medications (``told_drugs.ToldDrug``)."""
        self.scans: list[tuple[str, date]] = []
        """Reports of bone density, and their days, that tell no score."""
        self.smoking: list[tuple[date, tuple[datetime, ...], str, str, date | None]] = []
        self.parental_hip_fracture = False
        self.set_aside: list[SetAside] = []
        self.unread: list[Unread] = []
        self.left_out: dict[bytes, bool] = {}
        """Whether a code of a result (its JSON) tells that it is none of ours."""
        self._concepts: dict[bytes, elements.Concept | None] = {}
        self._broken: dict[bytes, tuple[str, ...]] = {}
        self._meanings: dict[tuple[object, bytes], Any] = {}
        self._mine: set[str] = set()
        self._days: dict[str, date | None] = {}
        self._made: dict[tuple[object, bytes], Any] = {}

    def apart(self) -> Facts:
        """The same record to read from, and nothing collected yet: for what is looked at, but not told."""
        found = Facts(self.record, self.terminology, Trace(), self.today, self.zone, self.thresholds)
        found.birth = self.birth
        return found

    def put_aside(
        self, source: str, reason: str, *, data: Data | None = None, key: str = "", when: date | None = None, detail: str = ""
    ) -> None:
        group = data or GROUPS.get(source.partition("/")[0], Data.WORK_UP)
        aside = SetAside(group, reason, key, source, when, detail)
        self.set_aside.append(aside)
        self.trace.note_set_aside(aside)

    def not_understood(
        self,
        source: str,
        content: Raw,
        why_unread: Callable[[elements.Concept | None, Terminology], str],
        *,
        subjects: Iterable[elements.Subject | None] = (),
        gone: bool = False,
        key: str = "",
        when: date | None = None,
    ) -> None:
        """Note what no reader knows: as not ours when it is plainly something else, another patient's, or ``gone`` (entered in
        error, never done); else as unread, with what it says of itself. Where part of its code is broken, it may have been
        anything. ``key``: the analyte that its name points to. Raises what ``given.BROKEN`` lists."""
        subject = elements.refer(*subjects)
        if gone or (subject and not self.record.is_ours(subject)):
            self.not_ours(source, source.partition("/")[0])
        elif self.is_broken(content):
            self.put_aside(source, "unreadable", detail="code")
        elif why := self.meaning(content, why_unread):
            self.not_read(source, why, self.concept(content), when=when, key=key)
        else:
            self.not_ours(source, source.partition("/")[0])

    def not_read(
        self, source: str, why: str, concept: elements.Concept | None, *, when: date | None = None, key: str = ""
    ) -> None:
        """Note something that may be ours and that nobody understands. ``why``: one of ``ledger.WHYS``."""
        coding = next(elements.codings(concept), elements.Coding())
        group = group_of(key) if key else GROUPS.get(source.partition("/")[0], Data.WORK_UP)
        said = elements.wording(concept)[:LONGEST]
        unread = Unread(group, why, source, when, coding.system or "", coding.code or "", said, key)
        self.unread.append(unread)
        self.trace.note_unread(unread)

    def used(self, source: str, what: str, why: str = "") -> None:
        """``why``: the words of a text that decided, where they say more than the name."""
        self.trace.used[what] += 1
        if self.trace.lines is not None:
            self.trace.note_line(source, "used", what, why)

    def not_ours(self, source: str, kind: str, why: str = "") -> None:
        """``why``: where it is more than that no rule reads it."""
        self.trace.not_ours[f"{kind}, {why}" if why else kind] += 1
        if self.trace.lines is not None:
            self.trace.note_line(source, "not-ours", kind, why or "nothing in it that a rule reads")

    def is_ours(self, source: str, subject: str, *, data: Data | None = None, key: str = "") -> bool:
        """Whether the resource is this patient's; one that names nobody is taken as the patient's and counted."""
        if subject in self._mine:
            return True
        if not subject:
            self.trace.without_subject += 1
            return True
        if self.record.is_ours(subject):
            self._mine.add(subject)
            return True
        self.put_aside(source, "other-patient", data=data, key=key)
        return False

    def only_words_broken(self, content: Raw) -> bool:
        """Whether all that could not be read of a code is words beside it."""
        return all(path.endswith(("text", "display")) for path in self._broken.get(bytes(content), ()))

    def is_broken(self, content: Raw) -> bool:
        """Whether part of a code could not be read: then what is left of it may not be all that it says."""
        self.concept(content)
        return bytes(content) in self._broken

    def concept(self, content: Raw) -> elements.Concept | None:
        """The concept that the JSON of a code says; decoded once for the same bytes. Raises what ``given.BROKEN`` lists."""
        said = bytes(content)
        try:
            return self._concepts[said]
        except KeyError:
            found, left_out = parts(wire.CONCEPT, said, "code", self.record.patience)
            self._concepts[said] = found
            if left_out:
                self._broken[said] = left_out
            return found

    def meaning(self, content: Raw, of: Callable[[elements.Concept | None, Terminology], Meant]) -> Meant:
        """What ``of`` makes of the JSON of a code; worked out once for the same bytes. Raises what ``given.BROKEN`` lists."""
        question = (of, bytes(content))
        try:
            found: Meant = self._meanings[question]
        except KeyError:
            found = self._meanings[question] = of(self.concept(content), self.terminology)
        return found

    def once(self, make: Callable[[Raw], Made], content: Raw) -> Made:
        """What ``make`` gives for some JSON; worked out once for the same bytes: a record says the same again and again."""
        question = (make, bytes(content))
        try:
            found: Made = self._made[question]
        except KeyError:
            found = self._made[question] = make(content)
        return found

    def day(self, text: str | None) -> date | None:
        """The calendar date in the service's zone. A record says the same day again and again."""
        if text is None:
            return None
        try:
            return self._days[text]
        except KeyError:
            found = self._days[text] = day(text, self.zone)
            return found

    def first_day(self, *texts: str | None) -> date | None:
        """The first of the texts that is a date."""
        return self.first_span(*texts)[0]

    def first_span(self, *texts: str | None) -> tuple[date | None, date | None]:
        """The first of the texts that is a date: its first day and, where it is a partial one, its last. What is on record
        has happened, so that a year that has begun ends today."""
        for text in texts:
            if text and (found := self.day(text)):
                last = latest(text) if len(text) < 10 else None
                return found, min(last, self.today) if last and found <= self.today else last
        return None, None
