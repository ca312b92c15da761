"""Orders that are being written -> Draft. Clients send them unfinished and sometimes invalid: what can be read is read."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from cards.chart import OTHER_REASON, Draft
from cards.concepts import SERVICES
from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.conditions import understand
from cds_service.fhir.reading.drugs import Identified
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.lenient import field_of
from cds_service.fhir.reading.medications import Reached, dosing_of, identified, reach, stated_start
from cds_service.fhir.reading.record import BROKEN, Given, Record, part, tail
from cds_service.fhir.reading.services import services_of
from cds_service.fhir.terminology.codes import Terminology

_MEDICATION_ORDERS = frozenset({"MedicationRequest", "MedicationOrder"})  # the latter is DSTU2
_SERVICE_ORDERS = frozenset({"ServiceRequest", "ProcedureRequest"})  # the latter is STU3


_GIVEN_UP = frozenset({"cancelled", "entered-in-error", "revoked"})
"""A client may sign again orders of any other status; these are orders no more."""


class OrderedMedicine(Struct, frozen=True):
    """What a draft of a medication leads to, and the drugs in it."""

    found: wire.Medicine
    reached: Reached
    drugs: Identified

    @property
    def unidentified(self) -> bool:
        """Whether nobody can tell what was ordered."""
        return bool(self.reached.dangling) and not self.drugs.drugs

    @property
    def concerns_us(self) -> bool:
        return bool(self.drugs.drugs) or self.unidentified


class OrderedService(Struct, frozen=True):
    """What a draft of a service says, and its key; "" when it is none of ours."""

    found: wire.Act
    concept: elements.Concept | None
    key: str

    @property
    def concerns_us(self) -> bool:
        return bool(self.key)


def read_drafts(facts: Facts, selected: frozenset[str] | None) -> tuple[Draft, ...]:
    """The drafts of this patient; on order-select only those that were selected."""
    found = (_draft(given, facts) for given in facts.record.drafts if is_selected(given, selected))
    return tuple(sorted((draft for draft in found if draft is not None), key=lambda d: d.id))


def draft_concerns_us(given: Given, record: Record, terminology: Terminology) -> bool:
    """Whether a draft is an order of ours or might be one."""
    try:
        ordered = _ordered(given, record, terminology)
    except BROKEN:
        return True
    if ordered is None or ordered.found.status in _GIVEN_UP:
        return False
    subject = _subject(ordered.found)
    return ordered.concerns_us and (not subject or record.is_ours(subject))


def is_selected(given: Given, selected: frozenset[str] | None) -> bool:
    """Whether the references of the ``selected`` drafts (None: all are) name this one."""
    return selected is None or any((tail(reference) or f"{given.type}/{reference}") == given.source for reference in selected)


def _ordered(given: Given, record: Record, terminology: Terminology) -> OrderedMedicine | OrderedService | None:
    """What is ordered; None for what is no order. Raises what BROKEN lists."""
    if given.type in _MEDICATION_ORDERS:
        found = given.found if isinstance(given.found, wire.Medicine) else wire.MEDICINE.decode(given.raw)
        concept = part(wire.CONCEPT, found.medication_codeable_concept, "code")
        reached = reach(found, concept, record, terminology)
        return OrderedMedicine(found, reached, identified(found, reached, terminology))
    if given.type in _SERVICE_ORDERS:
        act = given.found if isinstance(given.found, wire.Act) else wire.ACT.decode(given.raw)
        code = part(wire.CONCEPT, act.code, "code")
        keys = (key for key in services_of(terminology, code) if key in SERVICES)
        return OrderedService(act, code, next(keys, ""))
    return None


def _subject(found: wire.Medicine | wire.Act) -> str:
    return elements.refer(found.subject, found.patient)


def _draft(given: Given, facts: Facts) -> Draft | None:
    try:
        ordered = _ordered(given, facts.record, facts.terminology)
        if ordered is None or not facts.is_ours(given.source, _subject(ordered.found)) or ordered.found.status in _GIVEN_UP:
            return None
        if isinstance(ordered, OrderedMedicine):
            return _medication(given.source, ordered, facts)
        return _service(given.source, ordered, facts)
    except BROKEN as error:
        facts.put_aside(given.source, "unreadable", detail=field_of(error))
        return Draft(given.source, unidentified=True)


def _medication(source: str, ordered: OrderedMedicine, facts: Facts) -> Draft:
    found, reached, drugs = ordered.found, ordered.reached, ordered.drugs
    if drugs.disagree:
        facts.put_aside(source, "codings-disagree")
    if ordered.unidentified:
        facts.put_aside(source, "unresolved-reference", detail="medicationReference")
    drug = drugs.drugs[0] if drugs.drugs else None
    facts.used(source, f"draft {drug.key}" if drug else "draft")
    return Draft(
        source,
        drug,
        text=_text(reached.concept),
        start=stated_start(found, facts),
        strength_mg=drugs.strength_mg if drug else None,
        unidentified=ordered.unidentified,
        reasons=_reasons(facts, elements.many(found.reason_code), found.reason_reference or ()),
        dosing=dosing_of(found, reached, drugs, drug, facts) if drug else None,
    )


def _service(source: str, ordered: OrderedService, facts: Facts) -> Draft:
    facts.used(source, f"draft {ordered.key}".strip())
    reasons = _reasons(facts, elements.many(ordered.found.reason_code), ordered.found.reason_reference or ())
    return Draft(source, service=ordered.key, text=_text(ordered.concept), reasons=reasons)


def _text(concept: elements.Concept | None) -> str:
    return (concept.text if concept and concept.text else wording(concept)) or ""


def _reasons(facts: Facts, concepts: Iterable[elements.Concept], references: Iterable[elements.Reference]) -> frozenset[str]:
    """Problems named as the reason, by code or by a Condition on record; OTHER_REASON stands for all that is none of ours."""
    resolved = (facts.record.resolve(r.reference, wire.Condition) for r in references if r.reference)
    codes = [*concepts, *(facts.concept(condition.code) or elements.Concept() for condition in resolved if condition)]
    found: set[str] = set()
    for concept in codes:
        if said := understand(concept, facts.terminology):
            found |= said.problems | ({"fracture"} if said.fracture else set())
        elif concept.text or concept.coding:
            found.add(OTHER_REASON)
    return frozenset(found)
