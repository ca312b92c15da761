"""Orders that are being written -> Draft. Clients send them unfinished and sometimes invalid: what can be read is read."""

from __future__ import annotations

from collections.abc import Iterable

from cards.chart import OTHER_REASON, Draft
from cards.vocabulary import SERVICES
from cds_service.fhir import elements, wire
from cds_service.fhir.conditions import understand
from cds_service.fhir.elements import wording
from cds_service.fhir.facts import Facts
from cds_service.fhir.medications import dosing_of, identified, reach, stated_start
from cds_service.fhir.record import BROKEN, Given, field_of, tail
from cds_service.fhir.services import services_of

_MEDICATION_ORDERS = frozenset({"MedicationRequest", "MedicationOrder"})  # the latter is DSTU2
_SERVICE_ORDERS = frozenset({"ServiceRequest", "ProcedureRequest"})  # the latter is STU3


_GIVEN_UP = frozenset({"cancelled", "entered-in-error", "revoked"})
"""A client may sign again orders of any other status; these are orders no more."""


def read_drafts(facts: Facts, selected: frozenset[str] | None) -> tuple[Draft, ...]:
    """The drafts of this patient; on order-select only those that were selected."""
    found = (_draft(given, facts) for given in facts.record.drafts if _is_selected(given, selected))
    return tuple(sorted((draft for draft in found if draft is not None), key=lambda d: d.id))


def _is_selected(given: Given, selected: frozenset[str] | None) -> bool:
    return selected is None or any((tail(reference) or f"{given.type}/{reference}") == given.source for reference in selected)


def _draft(given: Given, facts: Facts) -> Draft | None:
    try:
        if given.type in _MEDICATION_ORDERS:
            return _medication(given, facts)
        if given.type in _SERVICE_ORDERS:
            return _service(given, facts)
    except BROKEN as error:
        facts.put_aside(given.source, "unreadable", detail=field_of(error))
        return Draft(given.source, unidentified=True)
    return None


def _medication(given: Given, facts: Facts) -> Draft | None:
    found, source = wire.MEDICINE.decode(given.raw), given.source
    if not facts.is_ours(source, elements.refer(found.subject, found.patient)) or found.status in _GIVEN_UP:
        return None
    reached = reach(found, facts)
    drugs = identified(found, reached, facts.terminology)
    if drugs.disagree:
        facts.put_aside(source, "codings-disagree")
    unidentified = bool(reached.dangling) and not drugs.drugs
    if unidentified:
        facts.trace.unresolved.append(reached.dangling)
        facts.put_aside(source, "unresolved-reference", detail="medicationReference")
    drug = drugs.drugs[0] if drugs.drugs else None
    facts.used(source, f"draft {drug.key}" if drug else "draft")
    return Draft(
        source,
        drug,
        text=_text(reached.concept),
        start=stated_start(found, facts),
        strength_mg=drugs.strength_mg if drug else None,
        unidentified=unidentified,
        reasons=_reasons(facts, elements.many(found.reason_code), found.reason_reference or ()),
        dosing=dosing_of(found, reached, drugs, drug, facts) if drug else None,
    )


def _service(given: Given, facts: Facts) -> Draft | None:
    found, source = wire.ACT.decode(given.raw), given.source
    if not facts.is_ours(source, elements.refer(found.subject, found.patient)) or found.status in _GIVEN_UP:
        return None
    code = facts.concept(found.code)
    keys = [key for key in services_of(facts.terminology, code) if key in SERVICES]
    service = keys[0] if keys else ""
    facts.used(source, f"draft {service}".strip())
    reasons = _reasons(facts, elements.many(found.reason_code), found.reason_reference or ())
    return Draft(source, service=service, text=_text(code), reasons=reasons)


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
