"""FHIR R4 on the way in: only the fields that are read, everything optional, nothing checked that is not needed.

Where clients were seen to send one object instead of a list, both are taken (CDS Hooks sandbox, DSTU2 leftovers).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from msgspec import Raw, Struct, json

Item = TypeVar("Item")


class Element(Struct, gc=False, rename="camel"):
    """Base of all: FHIR's own spelling, and no work for the garbage collector, since nothing here refers back."""


class Coding(Struct, frozen=True, gc=False):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(Struct, frozen=True, gc=False):
    """CodeableConcept."""

    coding: tuple[Coding, ...] | None = None
    text: str | None = None


class Reference(Element):
    reference: str | None = None
    display: str | None = None


class Period(Element):
    start: str | None = None
    end: str | None = None


class Quantity(Element):
    value: float | str | None = None
    comparator: str | None = None
    unit: str | None = None
    code: str | None = None


class Meta(Element):
    last_updated: str | None = None


class Entry(Element):
    """Bundle.entry; ``resource`` stays JSON until it is known what it is."""

    full_url: str | None = None
    resource: Raw = Raw()


class Link(Element):
    relation: Any = None
    url: Any = None


class Bundle(Element):
    resource_type: str | None = None
    entry: tuple[Entry | None, ...] | None = None
    link: tuple[Link, ...] | None = None


class LooseBundle(Element):
    """For a Bundle with an entry of a wrong shape: each entry is then read by itself."""

    entry: tuple[Raw, ...] | None = None


class PeekComponent(Element):
    code: Concept | None = None


class Peek(Element):
    """What tells whether a resource is one of ours."""

    resource_type: str
    id: str | None = None
    code: Concept | None = None
    medication_codeable_concept: Concept | None = None
    component: tuple[PeekComponent, ...] | None = None


class Kind(Element):
    """The least that a resource must tell."""

    resource_type: str
    id: str | None = None


class Versioned(Element):
    meta: Meta | None = None


class Patient(Element):
    gender: str | None = None
    birth_date: str | None = None


class ReferenceRange(Element):
    low: Quantity | None = None
    high: Quantity | None = None
    type: Concept | None = None


class Device(Element):
    display: str | None = None


class Value(Element):
    """What Observation and Observation.component share."""

    code: Concept | None = None
    value_quantity: Quantity | None = None
    value_string: str | None = None
    value_integer: int | None = None
    value_codeable_concept: Concept | None = None
    reference_range: tuple[ReferenceRange, ...] | None = None


class Observation(Value):
    status: str | None = None
    subject: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    effective_instant: str | None = None
    issued: str | None = None
    meta: Meta | None = None
    body_site: Concept | None = None
    method: Concept | None = None
    device: Device | None = None
    component: tuple[Value, ...] | None = None


class Condition(Element):
    code: Concept | None = None
    subject: Reference | None = None
    patient: Reference | None = None
    clinical_status: Concept | str | None = None
    verification_status: Concept | str | None = None
    onset_date_time: str | None = None
    onset_period: Period | None = None
    onset_age: Quantity | None = None
    onset_string: str | None = None
    recorded_date: str | None = None
    abatement_date_time: str | None = None
    abatement_period: Period | None = None
    abatement_age: Quantity | None = None
    abatement_string: str | None = None
    abatement_boolean: bool | None = None
    body_site: tuple[Concept, ...] | None = None


class Repeat(Element):
    bounds_period: Period | None = None
    bounds_duration: Quantity | None = None
    count: float | str | None = None
    frequency: float | str | None = None
    frequency_max: float | str | None = None
    period: float | str | None = None
    period_max: float | str | None = None
    period_unit: str | None = None
    day_of_week: tuple[str, ...] | str | None = None
    time_of_day: tuple[str, ...] | str | None = None
    when: tuple[str, ...] | str | None = None


class Timing(Element):
    repeat: Repeat | None = None
    code: Concept | None = None


class Range(Element):
    low: Quantity | None = None
    high: Quantity | None = None


class DoseAndRate(Element):
    dose_quantity: Quantity | None = None
    dose_range: Range | None = None


class Dosage(Element):
    sequence: float | str | None = None
    text: str | None = None
    patient_instruction: str | None = None
    as_needed_boolean: bool | str | None = None
    as_needed_codeable_concept: Concept | None = None
    route: Concept | None = None
    timing: Timing | None = None
    dose_and_rate: tuple[DoseAndRate, ...] | DoseAndRate | None = None
    dose_quantity: Quantity | None = None
    dose: Quantity | None = None


class DispenseRequest(Element):
    validity_period: Period | None = None
    number_of_repeats_allowed: int | None = None
    expected_supply_duration: Quantity | None = None


class Medicine(Element):
    """MedicationRequest, MedicationStatement, MedicationAdministration and MedicationDispense: one shape serves all four."""

    status: str | None = None
    intent: str | None = None
    do_not_perform: bool | None = None
    subject: Reference | None = None
    patient: Reference | None = None
    medication_codeable_concept: Concept | None = None
    medication_reference: Reference | None = None
    contained: tuple[Raw, ...] | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    date_asserted: str | None = None
    authored_on: str | None = None
    when_handed_over: str | None = None
    when_prepared: str | None = None
    days_supply: Quantity | None = None
    dispense_request: DispenseRequest | None = None
    dosage_instruction: tuple[Dosage, ...] | Dosage | None = None
    dosage: tuple[Dosage, ...] | Dosage | None = None
    reason_code: tuple[Concept, ...] | Concept | None = None
    reason_reference: tuple[Reference, ...] | None = None


class Ingredient(Element):
    item_codeable_concept: Concept | None = None


class Medication(Element):
    resource_type: str | None = None
    id: str | None = None
    code: Concept | None = None
    form: Concept | None = None
    ingredient: tuple[Ingredient, ...] | None = None


class Act(Element):
    """ServiceRequest, Procedure and DiagnosticReport."""

    status: str | None = None
    intent: str | None = None
    code: Concept | None = None
    subject: Reference | None = None
    patient: Reference | None = None
    authored_on: str | None = None
    occurrence_date_time: str | None = None
    occurrence_period: Period | None = None
    performed_date_time: str | None = None
    performed_period: Period | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    issued: str | None = None
    body_site: tuple[Concept, ...] | Concept | None = None
    do_not_perform: bool | None = None
    reason_code: tuple[Concept, ...] | Concept | None = None
    reason_reference: tuple[Reference, ...] | None = None


class Series(Element):
    modality: Coding | None = None
    body_site: Coding | None = None
    description: str | None = None


class ImagingStudy(Element):
    status: str | None = None
    subject: Reference | None = None
    started: str | None = None
    description: str | None = None
    modality: tuple[Coding, ...] | None = None
    procedure_code: tuple[Concept, ...] | None = None
    series: tuple[Series, ...] | None = None


class Reaction(Element):
    substance: Concept | None = None
    manifestation: tuple[Concept, ...] | None = None


class AllergyIntolerance(Element):
    code: Concept | None = None
    subject: Reference | None = None
    patient: Reference | None = None
    clinical_status: Concept | str | None = None
    verification_status: Concept | str | None = None
    type: str | None = None
    criticality: str | None = None
    recorded_date: str | None = None
    reaction: tuple[Reaction, ...] | None = None


class RelativeCondition(Element):
    code: Concept | None = None


class FamilyMemberHistory(Element):
    status: str | None = None
    patient: Reference | None = None
    relationship: Concept | None = None
    condition: tuple[RelativeCondition, ...] | None = None


BUNDLE = json.Decoder(Bundle)
LOOSE_BUNDLE = json.Decoder(LooseBundle)
ENTRY = json.Decoder(Entry)
PEEK = json.Decoder(Peek)
KIND = json.Decoder(Kind)
VERSIONED = json.Decoder(Versioned)
PATIENT = json.Decoder(Patient)
OBSERVATION = json.Decoder(Observation)
CONDITION = json.Decoder(Condition)
MEDICINE = json.Decoder(Medicine)
MEDICATION = json.Decoder(Medication)
ACT = json.Decoder(Act)
IMAGING_STUDY = json.Decoder(ImagingStudy)
ALLERGY = json.Decoder(AllergyIntolerance)
FAMILY = json.Decoder(FamilyMemberHistory)
ANYTHING = json.Decoder()


def many(value: tuple[Item, ...] | Item | None) -> tuple[Item, ...]:
    """A list, one lone object or nothing, as a tuple."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def codings(*concepts: Concept | None) -> Iterator[Coding]:
    for concept in concepts:
        if concept is not None and concept.coding is not None:
            yield from concept.coding


def wording(*concepts: Concept | None) -> str:
    """All that the concepts say in words: texts and displays, each once."""
    said: dict[str, None] = {}
    for concept in concepts:
        if concept is None:
            continue
        if concept.text:
            said[concept.text] = None
        for coding in concept.coding or ():
            if coding.display:
                said[coding.display] = None
    return " | ".join(said)


def first_code(value: Concept | str | None, default: str = "") -> str:
    """The code of a status, as R4 writes it (CodeableConcept) or as STU3 did (code)."""
    if value is None or isinstance(value, str):
        return default if value is None else value
    for coding in value.coding or ():
        if coding.code:
            return coding.code
    return default or (value.text.lower() if value.text else "")


def refer(*references: Reference | None) -> str:
    """The first reference that says where it points, else ""."""
    for each in references:
        if each is not None and each.reference:
            return each.reference
    return ""


def texts(parts: Iterable[str | None]) -> str:
    return " | ".join(part for part in parts if part)
