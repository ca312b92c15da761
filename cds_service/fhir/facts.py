"""What the readers of the single resource types write down: the facts of the chart in the making."""

from __future__ import annotations

from datetime import date, datetime, tzinfo

from cards.chart import Allergy, Exposure, FractureEntry, Measurement, Problem, Service, SetAside
from cards.concepts import Data
from cds_service.fhir.record import Given, Record
from cds_service.fhir.terminology.codes import Terminology
from cds_service.fhir.trace import Trace

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
    "Observation": Data.WORK_UP,
}
"""The group that a resource type is asked for with. An Observation's group follows from its code, where that can be read."""


class Facts:
    """Collected facts, and what readers need to know: the day, the zone, the tables, the record for references."""

    def __init__(self, record: Record, terminology: Terminology, trace: Trace, today: date, zone: tzinfo) -> None:
        self.record = record
        self.terminology = terminology
        self.trace = trace
        self.today = today
        self.zone = zone
        self.birth: date | None = None
        self.measured: list[Measurement] = []
        self.problems: list[Problem] = []
        self.fractures: list[FractureEntry] = []
        self.exposures: list[Exposure] = []
        self.allergies: list[Allergy] = []
        self.services: list[Service] = []
        self.smoking: list[tuple[date, tuple[datetime, ...], bool, str]] = []
        self.parental_hip_fracture = False
        self.set_aside: list[SetAside] = []

    def put_aside(
        self, given: Given, reason: str, *, data: Data | None = None, key: str = "", when: date | None = None, detail: str = ""
    ) -> None:
        aside = SetAside(data or GROUPS.get(given.type, Data.WORK_UP), reason, key, given.source, when, detail)
        self.set_aside.append(aside)
        self.trace.note_set_aside(aside)

    def used(self, given: Given, what: str) -> None:
        if self.trace.lines is None:
            self.trace.used[what] += 1
        else:
            self.trace.note_used(given.source, what)

    def not_ours(self, given: Given) -> None:
        if self.trace.lines is None:
            self.trace.not_ours[given.type] += 1
        else:
            self.trace.note_not_ours(given.source, given.type)

    def is_ours(self, given: Given, subject: str, *, data: Data | None = None, key: str = "") -> bool:
        """Whether the resource is this patient's; one that names nobody is taken as the patient's and counted."""
        if not subject:
            self.trace.without_subject += 1
            return True
        if self.record.is_ours(subject):
            return True
        self.put_aside(given, "other-patient", data=data, key=key)
        return False
