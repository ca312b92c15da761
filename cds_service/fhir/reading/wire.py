"""FHIR R4 resources on the way in: only the fields that are read, everything optional, nothing checked that is not needed."""

from __future__ import annotations

from typing import Any

from msgspec import Raw, json

from cds_service.fhir.reading.elements import (
    NOTHING,
    Coding,
    Concept,
    Device,
    Dosage,
    Element,
    Identifier,
    Link,
    Meta,
    Period,
    Quantity,
    Reference,
    ReferenceRange,
    Subject,
)


class Resource(Element, tag_field="resourceType"):
    """A resource of the type that its class is called after."""

    id: str | None = None
    meta: Raw = NOTHING


class Search(Element):
    """Bundle.entry.search."""

    mode: str | None = None


class Response(Element):
    """Bundle.entry.response."""

    status: str | None = None


class Entry(Element):
    """Bundle.entry."""

    full_url: str | None = None
    resource: AnyResource | None = None
    search: Search | None = None
    response: Response | None = None


class Bundle(Resource):
    type: str | None = None
    total: int | None = None
    entry: tuple[Entry | None, ...] | None = None
    link: tuple[Link, ...] | None = None


class LooseBundle(Element):
    """For a Bundle with something broken in it: each entry is then read by itself."""

    type: Any = None
    total: Any = None
    entry: tuple[Raw, ...] | None = None
    link: tuple[Link, ...] | None = None


class LooseEntry(Element):
    full_url: Any = None
    resource: Raw = NOTHING
    search: Any = None
    response: Any = None


class PeekComponent(Element):
    code: Concept | None = None


class Peek(Element):
    """What tells whether a broken resource is one of ours."""

    code: Concept | None = None
    medication_codeable_concept: Concept | None = None
    component: tuple[PeekComponent, ...] | None = None


class Kind(Element):
    """The least that a resource must tell."""

    resource_type: str
    id: Any = None


class Glance(Element):
    """What tells whether a resource that may be broken answers a query."""

    resource_type: str
    id: Any = None
    subject: Any = None
    patient: Any = None
    medication: Raw = NOTHING
    issue: Any = None


class Versioned(Element):
    meta: Meta | None = None


class Patient(Resource):
    identifier: tuple[Identifier, ...] | None = None
    gender: str | None = None
    birth_date: str | None = None
    deceased_boolean: bool | str | None = None
    deceased_date_time: str | None = None


class Value(Element):
    """What Observation and Observation.component share."""

    code: Raw = NOTHING
    value_quantity: Quantity | None = None
    value_string: str | None = None
    value_integer: float | None = None
    value_boolean: bool | None = None
    value_codeable_concept: Concept | None = None
    reference_range: Raw = NOTHING


class Observation(Value, tag_field="resourceType"):
    id: str | None = None
    meta: Raw = NOTHING
    status: str | None = None
    subject: Subject | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    effective_instant: str | None = None
    issued: str | None = None
    body_site: Concept | None = None
    method: Concept | None = None
    device: Device | None = None
    component: tuple[Value, ...] | None = None


class Annotation(Element):
    text: str | None = None


class Condition(Resource):
    code: Raw = NOTHING
    subject: Subject | None = None
    patient: Subject | None = None
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
    note: tuple[Annotation, ...] | None = None


class DispenseRequest(Element):
    validity_period: Period | None = None
    number_of_repeats_allowed: int | None = None
    expected_supply_duration: Quantity | None = None


class Medicine(Element):
    """MedicationRequest, MedicationStatement, MedicationAdministration and MedicationDispense: one shape serves all four.
    ``medication`` is the shape of FHIR R5, which is not read."""

    id: str | None = None
    meta: Raw = NOTHING
    status: str | None = None
    intent: str | None = None
    do_not_perform: bool | None = None
    reported_boolean: bool | None = None
    reported_reference: Subject | None = None
    subject: Subject | None = None
    patient: Subject | None = None
    medication_codeable_concept: Raw = NOTHING
    medication_reference: Reference | None = None
    medication: Raw = NOTHING
    contained: tuple[Raw, ...] | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    date_asserted: str | None = None
    authored_on: str | None = None
    when_handed_over: str | None = None
    when_prepared: str | None = None
    days_supply: Quantity | None = None
    quantity: Quantity | None = None
    dispense_request: DispenseRequest | None = None
    course_of_therapy_type: Concept | None = None
    dosage_instruction: Raw = NOTHING
    dosage: Raw = NOTHING
    reason_code: tuple[Concept, ...] | Concept | None = None
    reason_reference: tuple[Reference, ...] | None = None


class MedicationRequest(Medicine, tag_field="resourceType"):
    pass


class MedicationStatement(Medicine, tag_field="resourceType"):
    pass


class MedicationAdministration(Medicine, tag_field="resourceType"):
    pass


class MedicationDispense(Medicine, tag_field="resourceType"):
    pass


class Ingredient(Element):
    item_codeable_concept: Concept | None = None


class Medication(Resource):
    code: Concept | None = None
    form: Concept | None = None
    ingredient: tuple[Ingredient, ...] | None = None


class Act(Element):
    """ServiceRequest, Procedure and DiagnosticReport."""

    id: str | None = None
    meta: Raw = NOTHING
    status: str | None = None
    intent: str | None = None
    code: Raw = NOTHING
    subject: Subject | None = None
    patient: Subject | None = None
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


class ServiceRequest(Act, tag_field="resourceType"):
    pass


class Procedure(Act, tag_field="resourceType"):
    pass


class Attachment(Element):
    content_type: str | None = None
    data: str | None = None


class DiagnosticReport(Act, tag_field="resourceType"):
    contained: tuple[Raw, ...] | None = None
    conclusion: str | None = None
    conclusion_code: tuple[Concept, ...] | Concept | None = None
    presented_form: tuple[Attachment, ...] | Attachment | None = None


class Series(Element):
    modality: Coding | None = None
    body_site: Coding | None = None
    description: str | None = None


class ImagingStudy(Resource):
    status: str | None = None
    subject: Subject | None = None
    started: str | None = None
    description: str | None = None
    modality: tuple[Coding, ...] | None = None
    procedure_code: tuple[Concept, ...] | None = None
    series: tuple[Series, ...] | None = None


class Reaction(Element):
    substance: Concept | None = None
    description: str | None = None
    manifestation: tuple[Concept, ...] | None = None


class AllergyIntolerance(Resource):
    code: Concept | None = None
    subject: Subject | None = None
    patient: Subject | None = None
    clinical_status: Concept | str | None = None
    verification_status: Concept | str | None = None
    type: str | None = None
    criticality: str | None = None
    recorded_date: str | None = None
    reaction: tuple[Reaction, ...] | None = None
    note: tuple[Annotation, ...] | None = None


class CarePlan(Resource):
    status: str | None = None
    intent: str | None = None
    title: str | None = None
    category: tuple[Concept, ...] | Concept | None = None
    subject: Subject | None = None
    period: Period | None = None
    created: str | None = None


class Encounter(Resource):
    status: str | None = None
    type: tuple[Concept, ...] | Concept | None = None
    reason_code: tuple[Concept, ...] | Concept | None = None
    subject: Subject | None = None
    period: Period | None = None


class RelativeCondition(Element):
    code: Concept | None = None


class FamilyMemberHistory(Resource):
    status: str | None = None
    patient: Subject | None = None
    relationship: Concept | None = None
    condition: tuple[RelativeCondition, ...] | None = None


class Issue(Element):
    severity: str | None = None


class OperationOutcome(Resource):
    """Stands where a query failed, or beside what one found."""

    issue: tuple[Issue, ...] | None = None


class NotRead(Resource):
    """What charts hold besides, in Bundles that were not asked for by type."""


class Appointment(NotRead):
    pass


class CareTeam(NotRead):
    pass


class Claim(NotRead):
    pass


class Communication(NotRead):
    pass


class DocumentReference(NotRead):
    pass


class EpisodeOfCare(NotRead):
    pass


class ExplanationOfBenefit(NotRead):
    pass


class Immunization(NotRead):
    pass


class Location(NotRead):
    pass


class Organization(NotRead):
    pass


class Practitioner(NotRead):
    pass


class PractitionerRole(NotRead):
    pass


class Provenance(NotRead):
    pass


AnyResource = (
    Patient
    | Observation
    | Condition
    | MedicationRequest
    | MedicationStatement
    | MedicationAdministration
    | MedicationDispense
    | Medication
    | ServiceRequest
    | Procedure
    | DiagnosticReport
    | ImagingStudy
    | AllergyIntolerance
    | FamilyMemberHistory
    | Bundle
    | OperationOutcome
    | CarePlan
    | Appointment
    | CareTeam
    | Claim
    | Communication
    | DocumentReference
    | Encounter
    | EpisodeOfCare
    | ExplanationOfBenefit
    | Immunization
    | Location
    | Organization
    | Practitioner
    | PractitionerRole
    | Provenance
)
"""What is decoded in one go. Any other type is set apart by itself, as what is broken is."""

RESOURCE: json.Decoder[AnyResource | None] = json.Decoder(AnyResource | None)
LOOSE_BUNDLE = json.Decoder(LooseBundle)
LOOSE_ENTRY = json.Decoder(LooseEntry)
PEEK = json.Decoder(Peek)
KIND = json.Decoder(Kind)
GLANCE = json.Decoder(Glance)
VERSIONED = json.Decoder(Versioned)
META = json.Decoder(Meta | None)
CONCEPT: json.Decoder[Concept | None] = json.Decoder(Concept | None)
DOSAGES: json.Decoder[tuple[Dosage, ...] | Dosage | None] = json.Decoder(tuple[Dosage, ...] | Dosage | None)
REFERENCE_RANGES: json.Decoder[tuple[ReferenceRange, ...] | None] = json.Decoder(tuple[ReferenceRange, ...] | None)
MEDICINE = json.Decoder(Medicine)
MEDICATION = json.Decoder(Medication)
OBSERVATION = json.Decoder(Observation)
ACT = json.Decoder(Act)
ANYTHING = json.Decoder()
