"""FHIR R4 -> Chart. Each resource is read separately: a broken or foreign one is set aside and counted, and does not affect the
others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, tzinfo
from typing import Any, TypeVar

from msgspec import Raw, json
from msgspec.structs import replace

from cards.chart import Chart, Hook, Patient, Problem, Service, SetAside
from cards.definitions import courses, denosumab, fractures
from cards.definitions.orders import still_awaited
from cards.thresholds import Thresholds, shipped
from cards.vocabulary import ANALYTES, Data
from cds_service.fhir.reading import elements, operated, told_drugs, told_results, visits, wire
from cds_service.fhir.reading.allergies import allergy
from cds_service.fhir.reading.broken import might_be_ours, put_apart
from cds_service.fhir.reading.care import care_plan, encounter
from cds_service.fhir.reading.conditions import condition, family, is_stated, understand
from cds_service.fhir.reading.drafts import beyond, draft_concerns_us, read_drafts, selected_of
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.given import BROKEN, Given, Kept, Source, part, type_of
from cds_service.fhir.reading.ledger import why_unread_condition
from cds_service.fhir.reading.lenient import field_of
from cds_service.fhir.reading.long import is_brief, say_what_is_too_long
from cds_service.fhir.reading.medications import medication
from cds_service.fhir.reading.observations import in_order, observation
from cds_service.fhir.reading.record import Record
from cds_service.fhir.reading.reports import report, tell_unread_scans
from cds_service.fhir.reading.services import act, imaging
from cds_service.fhir.reading.trace import Trace
from cds_service.fhir.terminology.codes import Terminology, load

Keyed = TypeVar("Keyed", Problem, Service)

TERMINOLOGY = load()
"""The shipped tables. A service with codes of its own loads another one at start and hands it to ``read``."""

_READERS: Mapping[type, Callable[[str, Any, Facts], None]] = {
    wire.Observation: observation,
    wire.Condition: condition,
    wire.MedicationRequest: medication,
    wire.MedicationStatement: medication,
    wire.MedicationAdministration: medication,
    wire.MedicationDispense: medication,
    wire.AllergyIntolerance: allergy,
    wire.Procedure: act,
    wire.ServiceRequest: act,
    wire.DiagnosticReport: report,
    wire.ImagingStudy: imaging,
    wire.FamilyMemberHistory: family,
    wire.CarePlan: care_plan,
    wire.Encounter: encounter,
}
_ACTS = frozenset({"Procedure", "ServiceRequest", "DiagnosticReport"})
_LED_TO = (wire.Patient, wire.Medication)
"""Read before the others, or where an order points at them."""
_TYPES = frozenset(kind.__name__ for kind in (*_READERS, *_LED_TO))


def read(
    sources: Iterable[Source],
    *,
    patient_id: str | None,
    today: date,
    zone: tzinfo,
    hook: Hook = Hook.PATIENT_VIEW,
    drafts: Sequence[bytes | Raw] = (),
    selected: frozenset[str] | None = None,
    failed: Mapping[Data, str] | frozenset[Data] = frozenset(),
    formulary: frozenset[str] | None = None,
    terminology: Terminology = TERMINOLOGY,
    thresholds: Thresholds | None = None,
    full: bool = False,
) -> tuple[Chart, Trace]:
    """The chart of one patient, and what became of each resource.

    ``sources``: Bundles or single resources in any mix, as JSON or decoded; what a resource is decides its resourceType.
    ``drafts``: the same as JSON. ``patient_id`` None takes the one Patient given. The rest is as in ``read_record``.
    Raises msgspec.DecodeError when a source is no JSON, AmbiguousPatientError.
    """
    record = Record(Trace(lines=[] if full else None), hook)
    for draft in drafts:
        record.add_drafts(draft)
    for each in sources:
        record.add(each)
    record.settle_patient(patient_id)
    chart = read_record(
        record,
        today=today,
        zone=zone,
        selected=selected,
        failed=failed,
        formulary=formulary,
        terminology=terminology,
        thresholds=thresholds,
    )
    return chart, record.trace


def read_record(
    record: Record,
    *,
    today: date,
    zone: tzinfo,
    selected: frozenset[str] | None = None,
    failed: Mapping[Data, str] | frozenset[Data] = frozenset(),
    formulary: frozenset[str] | None = None,
    terminology: Terminology = TERMINOLOGY,
    thresholds: Thresholds | None = None,
) -> Chart:
    """The chart of a record whose patient is settled; what became of each resource is told to its trace.

    ``selected``: references of the drafts that count (None: all). ``failed``: groups of data that could not be had, and
    why where that is known.
    """
    facts = Facts(record, terminology, record.trace, today, zone, thresholds or shipped())
    patient = _patient(facts)
    for source, kept in record:
        if (reader := _READERS.get(type(kept))) is not None:
            if not is_brief(kept):
                say_what_is_too_long(source, kept, facts)
            try:
                reader(source, kept, facts)
            except BROKEN as error:
                put_apart(source, Given(type_of(kept), "", json.encode(kept), fault=field_of(error)), facts)
        elif isinstance(kept, Given) and (not kept.type or kept.type in _TYPES):
            put_apart(source, kept, facts)
        elif not isinstance(kept, _LED_TO):
            facts.not_ours(source, type_of(kept), "of a type that is not read")
    tell_unread_scans(facts)
    operated.settle(facts)
    told_drugs.settle(facts)
    visits.settle(facts)
    told_results.settle(facts)
    chosen = selected_of(record, selected)
    drafts = (*read_drafts(facts, chosen), *beyond(record))
    beside = read_drafts(facts.apart(), [given for given in record.drafts if given not in chosen])
    _tell_of_medications(record, facts)
    return replace(_chart(facts, patient, failed, formulary), drafts=drafts, beside=beside)


def _patient(facts: Facts) -> Patient:
    """The patient first: ages need the date of birth."""
    found = Patient()
    for source, told in facts.record:
        if type(told) is wire.Patient:
            if facts.record.patient_id and source != f"Patient/{facts.record.patient_id}":
                facts.put_aside(source, "other-patient")
                continue
            sex = told.gender if told.gender in ("female", "male") else ""
            birth = facts.day(told.birth_date)
            deceased = told.deceased_boolean in (True, "true") or bool(told.deceased_date_time)
            found = Patient(sex or "", None if birth and birth > facts.today else birth, deceased)
            facts.used(source, "patient")
            if facts.record.lacks(source, "deceased") or told.deceased_boolean not in (True, False, "true", "false", None):
                facts.put_aside(source, "unreadable", detail="deceased")
            if deceased:
                facts.used(source, "deceased")
    facts.birth = found.birth
    return found


def _tell_of_medications(record: Record, facts: Facts) -> None:
    """A Medication says nothing by itself: it is read where an order points at it."""
    for source, kept in record:
        if type(kept) is wire.Medication:
            if source in record.reached:
                facts.trace.note_line(source, "used", "what an order points at")
                say_what_is_too_long(source, kept, facts, data=Data.MEDICATIONS)
            else:
                facts.not_ours(source, "Medication", "no order points at it")


def concerns_us(record: Record, selected: frozenset[str] | None, terminology: Terminology) -> bool:
    """Whether a draft is an order of ours, or an entry on record is: told of what a hook's context holds, before anything else
    is asked for."""
    if record.beyond or any(draft_concerns_us(given, record, terminology) for given in selected_of(record, selected)):
        return True
    return any(_entry_concerns_us(kept, record, terminology) for _, kept in record)


def _entry_concerns_us(kept: Kept, record: Record, terminology: Terminology) -> bool:
    if isinstance(kept, Given):
        return not kept.type or (kept.type in _TYPES and might_be_ours(kept, terminology))
    if not isinstance(kept, wire.Condition):
        return type(kept) in _READERS
    try:
        subject = elements.refer(kept.subject, kept.patient)
        ours = is_stated(kept) and (not subject or record.is_ours(subject))
        code = part(wire.CONCEPT, kept.code, "code")
        said = understand(code, terminology)
        return ours and bool(said or said.doubtful or (not said.mentions and why_unread_condition(code, terminology)))
    except BROKEN:
        return True


def _chart(
    facts: Facts,
    patient: Patient,
    failed: Mapping[Data, str] | frozenset[Data],
    formulary: frozenset[str] | None,
) -> Chart:
    """Facts in an order that does not depend on the order of the resources."""
    _add_smoking(facts)
    problems = _grouped(facts.problems, key=lambda p: (p.when or date.min, p.source))
    exposures = sorted(facts.exposures, key=lambda e: (e.source, e.drug.key))
    entries = sorted(facts.fractures, key=lambda f: (f.when or date.max, f.source))
    drug_courses = courses.build(facts.thresholds.shared, exposures, problems, facts.today)
    for course in drug_courses.values():
        if course.disputed:
            key = "" if course.drug.key in ANALYTES else course.drug.key
            facts.put_aside(course.disputed, "records-disagree", key=key, when=course.start)
    rebounds = denosumab.windows(facts.thresholds.shared, drug_courses)
    measured = in_order(facts)
    services = still_awaited(facts.thresholds.shared, facts.services, measured, facts.today)
    return Chart(
        today=facts.today,
        hook=facts.record.hook,
        patient=patient,
        measured=measured,
        problems=problems,
        broken=tuple(entry for entry in entries if not entry.subsequent),
        fractures=fractures.fragility(facts.thresholds.shared, entries, problems, patient, facts.today, rebounds),
        young_fractures=fractures.at_young_age(facts.thresholds.shared, entries, problems, patient, facts.today),
        drug_courses=drug_courses,
        exposures=tuple(exposures),
        allergies=tuple(sorted(facts.allergies, key=lambda a: (a.source, a.drug.key if a.drug else "", a.mechanism or ""))),
        services=_grouped(services, key=lambda s: (s.when or date.min, s.source)),
        parental_hip_fracture=facts.parental_hip_fracture,
        set_aside=tuple(sorted(facts.set_aside, key=_order_of_aside)),
        unread=tuple(sorted(facts.unread, key=lambda u: (u.data, u.source, u.why))),
        failed=frozenset(failed),
        failed_why=failed if isinstance(failed, Mapping) else {},
        formulary=formulary,
        thresholds=facts.thresholds,
    )


def _add_smoking(facts: Facts) -> None:
    """Only the newest smoking status counts."""
    if facts.smoking:
        when, _, habit, source, latest = max(facts.smoking, key=lambda told: told[:-1])
        if habit:
            facts.problems.append(Problem(habit, source, recorded=when, latest=latest))


def _grouped(items: Iterable[Keyed], *, key: Callable[[Keyed], Any]) -> dict[str, tuple[Keyed, ...]]:
    """By key, newest first."""
    groups: dict[str, list[Keyed]] = {}
    for item in sorted(items, key=key, reverse=True):
        groups.setdefault(item.key, []).append(item)
    return {name: tuple(groups[name]) for name in sorted(groups)}


def _order_of_aside(aside: SetAside) -> tuple[str, str, str, str]:
    return aside.data, aside.source, aside.key, aside.reason
