"""FHIR R4 -> Chart. Each resource is read by itself: a broken or foreign one is set aside and counted, and spoils nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, tzinfo
from typing import Any, TypeVar

from msgspec import Raw

from cards import courses, fractures
from cards.chart import Chart, Hook, Measurement, Patient, Problem, Service, SetAside
from cards.concepts import Data
from cds_service.fhir import wire
from cds_service.fhir.allergies import allergy
from cds_service.fhir.conditions import condition, family
from cds_service.fhir.dates import day
from cds_service.fhir.drafts import read_drafts
from cds_service.fhir.facts import GROUPS, Facts
from cds_service.fhir.medications import medication
from cds_service.fhir.observations import meanings_of, observation
from cds_service.fhir.record import BROKEN, Given, Record, Source, field_of
from cds_service.fhir.services import act, imaging
from cds_service.fhir.terminology.codes import Terminology, group_of, load
from cds_service.fhir.trace import Trace

Keyed = TypeVar("Keyed", Measurement, Problem, Service)

TERMINOLOGY = load()
"""The shipped tables. A service with codes of its own loads another one at start and hands it to ``read``."""

_READERS: Mapping[str, Callable[[Given, Facts], None]] = {
    "Observation": observation,
    "Condition": condition,
    "MedicationRequest": medication,
    "MedicationStatement": medication,
    "MedicationAdministration": medication,
    "MedicationDispense": medication,
    "AllergyIntolerance": allergy,
    "Procedure": act,
    "ServiceRequest": act,
    "DiagnosticReport": act,
    "ImagingStudy": imaging,
    "FamilyMemberHistory": family,
}


def read(
    sources: Iterable[Source],
    *,
    patient_id: str | None,
    today: date,
    zone: tzinfo,
    hook: Hook = Hook.PATIENT_VIEW,
    drafts: Sequence[bytes | Raw] = (),
    selected: frozenset[str] | None = None,
    failed: frozenset[Data] = frozenset(),
    formulary: frozenset[str] | None = None,
    terminology: Terminology = TERMINOLOGY,
    full: bool = False,
) -> tuple[Chart, Trace]:
    """The chart of one patient, and what became of each resource.

    ``sources`` and ``drafts``: JSON of Bundles or single resources, in any mix; what a resource is decides its
    resourceType. ``patient_id`` None takes the one Patient given. ``selected``: references of the drafts that count (None:
    all). ``failed``: groups of data that could not be had. ``full``: the trace has a line per resource.
    Raises msgspec.DecodeError when a source is no JSON, AmbiguousPatientError.
    """
    trace = Trace(lines=[] if full else None)
    record = Record(trace, refill=hook is Hook.REFILL)
    for source in drafts:
        record.add(source, drafted=True)
    for given in sources:
        record.add(given)
    record.settle_patient(patient_id)
    facts = Facts(record, terminology, trace, today, zone)
    patient = _patient(facts)
    for resource in record:
        _read_one(resource, facts)
    found = read_drafts(facts, selected)
    _tell_of_medications(record, trace)
    return _chart(facts, patient, hook, found, failed, formulary), trace


def _patient(facts: Facts) -> Patient:
    """The patient first: ages need the date of birth."""
    found = Patient()
    for given in [given for given in facts.record if given.type == "Patient"]:
        if facts.record.patient_id and given.id != facts.record.patient_id:
            facts.put_aside(given, "other-patient")
            continue
        try:
            told = wire.PATIENT.decode(given.raw)
        except BROKEN as error:
            facts.put_aside(given, "unreadable", detail=field_of(error))
            continue
        sex = told.gender if told.gender in ("female", "male") else ""
        found = Patient(sex or "", day(told.birth_date, facts.zone))
        facts.used(given, "patient")
    facts.birth = found.birth
    return found


def _read_one(given: Given, facts: Facts) -> None:
    reader = _READERS.get(given.type)
    if given.type == "Patient":
        return
    if given.peek is None and (reader or not given.type):
        _set_broken_aside(given, facts, given.fault)
    elif given.type == "Medication":
        return
    elif reader is None:
        facts.trace.note_not_ours(given.source, f"{given.type}, of a type that is not read")
    else:
        try:
            reader(given, facts)
        except BROKEN as error:
            _set_broken_aside(given, facts, field_of(error))


def _tell_of_medications(record: Record, trace: Trace) -> None:
    """A Medication says nothing by itself: it is read where an order points at it."""
    for given in [given for given in record if given.type == "Medication"]:
        if given.source in record.reached:
            trace.note_led_to(given.source)
        else:
            trace.note_not_ours(given.source, "Medication, no order points at it")


def _set_broken_aside(given: Given, facts: Facts, field: str) -> None:
    """A broken resource is missed in its group; a broken Observation only where its code can still be read as ours."""
    if given.type != "Observation":
        facts.put_aside(given, "unreadable", data=GROUPS.get(given.type), detail=field)
        return
    meanings = meanings_of(given.peek, facts.terminology) if given.peek else _salvaged(given, facts.terminology)
    if meanings is None:
        facts.put_aside(given, "unreadable", detail=field)
    elif meanings:
        facts.put_aside(given, "unreadable", data=group_of(meanings[0].key), key=meanings[0].key, detail=field)
    else:
        facts.not_ours(given)


def _salvaged(given: Given, terminology: Terminology) -> list[Any] | None:
    """What the sound codings of a broken resource mean; None when it has none."""
    try:
        found = wire.ANYTHING.decode(given.raw)
        codings = found["code"]["coding"]
        sound = [
            wire.Coding(c["system"], c["code"])
            for c in codings
            if isinstance(c, dict) and isinstance(c.get("system"), str) and isinstance(c.get("code"), str)
        ]
    except (*BROKEN, KeyError, TypeError):
        return None
    return terminology.observation(wire.Concept(tuple(sound))) if sound else None


def _chart(
    facts: Facts,
    patient: Patient,
    hook: Hook,
    drafts: tuple[Any, ...],
    failed: frozenset[Data],
    formulary: frozenset[str] | None,
) -> Chart:
    """Facts in an order that does not depend on the order of the resources."""
    _add_smoking(facts)
    problems = _grouped(facts.problems, key=lambda p: (p.when or date.min, p.source))
    exposures = sorted(facts.exposures, key=lambda e: (e.source, e.drug.key))
    entries = sorted(facts.fractures, key=lambda f: (f.when or date.max, f.source))
    return Chart(
        today=facts.today,
        hook=hook,
        patient=patient,
        measured=_grouped(facts.measured, key=lambda m: (m.when, m.order, m.value, m.source)),
        problems=problems,
        fractures=fractures.fragility(entries, problems, patient, facts.today),
        drug_courses=courses.build(exposures, problems, facts.today),
        allergies=tuple(sorted(facts.allergies, key=lambda a: (a.source, a.drug.key if a.drug else "", a.mechanism or ""))),
        services=_grouped(facts.services, key=lambda s: (s.when or date.min, s.source)),
        parental_hip_fracture=facts.parental_hip_fracture,
        drafts=drafts,
        set_aside=tuple(sorted(facts.set_aside, key=_order_of_aside)),
        failed=failed,
        formulary=formulary,
    )


def _add_smoking(facts: Facts) -> None:
    """Only the newest smoking status counts."""
    if facts.smoking:
        when, _, smokes, source = max(facts.smoking)
        if smokes:
            facts.problems.append(Problem("smoking", source, recorded=when))


def _grouped(items: Iterable[Keyed], *, key: Callable[[Keyed], Any]) -> dict[str, tuple[Keyed, ...]]:
    """By key, newest first."""
    groups: dict[str, list[Keyed]] = {}
    for item in sorted(items, key=key, reverse=True):
        groups.setdefault(item.key, []).append(item)
    return {name: tuple(groups[name]) for name in sorted(groups)}


def _order_of_aside(aside: SetAside) -> tuple[str, str, str, str]:
    return aside.data, aside.source, aside.key, aside.reason
