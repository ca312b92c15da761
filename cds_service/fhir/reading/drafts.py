"""Orders that are being written -> Draft. Clients send them unfinished and sometimes invalid; whatever is readable is read."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Draft, Hook
from cards.vocabulary import SERVICES, Drug
from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.conditions import reasons_of
from cds_service.fhir.reading.drugs import Identified
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.given import BROKEN, Given, is_reference, part, tail
from cds_service.fhir.reading.ledger import UNNAMED, why_unread
from cds_service.fhir.reading.lenient import field_of
from cds_service.fhir.reading.limits import DRAFTS
from cds_service.fhir.reading.long import say_what_is_too_long
from cds_service.fhir.reading.medications import (
    Reached,
    dosing_of,
    identified,
    reach,
    say_what_dose_is_unread,
    stated_start,
    unread_reference,
)
from cds_service.fhir.reading.record import Record
from cds_service.fhir.reading.services import services_of
from cds_service.fhir.reading.told_drugs import of_act
from cds_service.fhir.terminology.codes import Terminology

_MEDICATION_ORDERS = frozenset({"MedicationRequest", "MedicationOrder"})  # the latter is DSTU2
_SERVICE_ORDERS = frozenset({"ServiceRequest", "ProcedureRequest"})  # the latter is STU3


_GIVEN_UP = frozenset({"cancelled", "entered-in-error", "revoked"})
"""A client may re-sign orders of any other status; those with these are no longer orders."""


class OrderedMedicine(Struct, frozen=True):
    """What a draft of a medication leads to, and the drugs in it."""

    found: wire.Medicine
    reached: Reached
    drugs: Identified
    unread: str = ""
    """Why it cannot be determined what was ordered: one of ``ledger.WHYS``."""

    @property
    def concerns_us(self) -> bool:
        return bool(self.drugs.drugs or self.unread)


class OrderedService(Struct, frozen=True):
    """What a draft of a service says, and its key; "" when it is none of ours. ``drug``: it orders that one be given."""

    found: wire.Act
    concept: elements.Concept | None
    key: str
    nameless: bool = False
    """It has neither name nor code, so it may be anything."""
    drug: Drug | None = None

    @property
    def concerns_us(self) -> bool:
        return bool(self.key) or self.nameless or self.drug is not None


def read_drafts(facts: Facts, given: Iterable[Given]) -> tuple[Draft, ...]:
    """These drafts of the patient. A product with several drugs known to the rules becomes one draft per drug, all with its id,
    the drug most relevant to bone first."""
    return tuple(sorted((draft for each in given for draft in _drafts(each, facts)), key=lambda d: d.id))


def selected_of(record: Record, selected: frozenset[str] | None) -> list[Given]:
    """The drafts that ``selected`` names (None: all of them); if it names a missing one, also those whose id cannot be
    determined. If it names only missing ones, all drafts."""
    drafts = list(record.drafts)
    if selected is None:
        return drafts
    named = {tail(reference) or f"/{reference}" for reference in selected}
    called = [given for given in drafts if _names(given) & named]
    lost = len({name for given in called for name in _names(given) & named}) < len(named)
    chosen = [given for given in drafts if _names(given) & named or (lost and not is_reference(given.source))]
    return chosen or drafts


def beyond(record: Record) -> tuple[Draft, ...]:
    """What stands for the drafts that are too many to be judged: one order of which nothing is known."""
    if not record.beyond:
        return ()
    return (Draft("draftOrders", text=f"№ {DRAFTS + 1}–{DRAFTS + record.beyond}", unidentified=True, addressable=False),)


def draft_concerns_us(given: Given, record: Record, terminology: Terminology) -> bool:
    """Whether a draft is, or might be, an order that concerns the rules."""
    try:
        ordered = _ordered(given, record, terminology)
    except BROKEN:
        return True
    if ordered is None:
        return not given.type
    return ordered.concerns_us and not _is_no_order(ordered.found)


def _names(given: Given) -> set[str]:
    """How a selection may call a draft: by type and id, or by the id alone."""
    return {given.source, given.source.removeprefix(given.type)}


def _ordered(given: Given, record: Record, terminology: Terminology) -> OrderedMedicine | OrderedService | None:
    """What is ordered; None for what is no order. Read once: first it is asked whether a draft is ours, then what it says. But
    where it points at a Medication, that may have come meanwhile. Raises what BROKEN lists."""
    ordered: OrderedMedicine | OrderedService | None = given.ordered
    if ordered is None:
        ordered = _read(given, record, terminology)
        if ordered is not None and not getattr(ordered.found, "medication_reference", None):
            given.ordered = ordered
    return ordered


def _read(given: Given, record: Record, terminology: Terminology) -> OrderedMedicine | OrderedService | None:
    if given.type in _MEDICATION_ORDERS:
        found = given.found if isinstance(given.found, wire.Medicine) else wire.MEDICINE.decode(given.raw)
        concept = part(wire.CONCEPT, found.medication_codeable_concept, "code")
        reached = reach(found, concept, record, terminology)
        drugs = identified(found, reached, terminology)
        empty_form = reached == Reached() and record.hook is Hook.ORDER_SELECT  # before a drug is chosen
        known = drugs.drugs or empty_form
        return OrderedMedicine(found, reached, drugs, "" if known else unread_reference(reached, terminology))
    if given.type in _SERVICE_ORDERS:
        act = given.found if isinstance(given.found, wire.Act) else wire.ACT.decode(given.raw)
        code = part(wire.CONCEPT, act.code, "code")
        keys = (key for key in services_of(terminology, code) if key in SERVICES)
        key = next(keys, "")
        drug = None if key else of_act(code, terminology)
        return OrderedService(act, code, key, not key and why_unread(code, terminology) == UNNAMED, drug)
    return None


def _subject(found: wire.Medicine | wire.Act) -> str:
    return elements.refer(found.subject, found.patient)


def _is_no_order(found: wire.Medicine | wire.Act) -> bool:
    return found.status in _GIVEN_UP or found.do_not_perform is True


def _drafts(given: Given, facts: Facts) -> tuple[Draft, ...]:
    """One draft, judged or not, for each drug in it; none for what is no order of a drug or a service."""
    source = given.source
    try:
        ordered = _ordered(given, facts.record, facts.terminology)
        if ordered is None and given.type:
            facts.not_ours(source, given.type, "no order of a drug or a service")
            return ()
        if ordered is None:
            facts.put_aside(source, "unreadable", detail=given.fault)
            return (_unjudged(given),)
        if _is_no_order(ordered.found):
            facts.not_ours(source, given.type, "given up, or an order not to do it")
            return ()
        subject = _subject(ordered.found)
        if subject and not facts.record.is_ours(subject) and not ordered.concerns_us:
            facts.not_ours(source, given.type, "another patient's, and nothing that a rule reads")
            return ()
        if not facts.is_ours(source, subject):
            return (replace(_unjudged(given), other_patient=True),)
        if isinstance(ordered, OrderedMedicine):
            drafts = _medication(source, ordered, facts)
        else:
            drafts = (_service(source, ordered, facts),)
        if isinstance(ordered, OrderedMedicine) and any(path.startswith("reason") for path in given.left_out):
            for drug in ordered.drugs.drugs:
                facts.put_aside(source, "reason-unreadable", key=drug.key)
        say_what_is_too_long(source, ordered.found, facts)
        return tuple(replace(draft, repeated=given.repeated, addressable=_is_addressable(given)) for draft in drafts)
    except BROKEN as error:
        facts.put_aside(source, "unreadable", detail=field_of(error))
        return (_unjudged(given),)


def _unjudged(given: Given) -> Draft:
    """A draft for which it cannot be determined what it orders, or for whom."""
    return Draft(given.source, unidentified=True, repeated=given.repeated, addressable=_is_addressable(given))


def _is_addressable(given: Given) -> bool:
    """Whether the EHR can find it by the reference that we would send."""
    return not given.repeated and is_reference(given.source)


def _medication(source: str, ordered: OrderedMedicine, facts: Facts) -> tuple[Draft, ...]:
    """A draft for each drug in it; the strength that is read is that of the first."""
    found, reached, drugs = ordered.found, ordered.reached, ordered.drugs
    if drugs.disagree:
        facts.put_aside(source, "codings-disagree")
    taken = [(drug, dosing_of(found, reached, drugs, drug, facts)) for drug in drugs.drugs]
    say_what_dose_is_unread(source, found, taken, facts, drafted=True)
    _note(source, ", ".join(f"draft {drug.key}" for drug in drugs.drugs), ordered.unread, reached.concept, facts)
    draft = Draft(
        source,
        text=_text(reached.concept),
        start=stated_start(found, facts),
        unidentified=bool(ordered.unread),
        reasons=reasons_of(facts, elements.many(found.reason_code), found.reason_reference or ()),
        product=drugs.drugs if len(drugs.drugs) > 1 else (),
    )
    return tuple(
        replace(
            draft,
            drug=drug,
            strength_mg=drugs.strength_mg if drug is drugs.drugs[0] else None,
            dosing=dosing,
        )
        for drug, dosing in taken
    ) or (draft,)


def _service(source: str, ordered: OrderedService, facts: Facts) -> Draft:
    what = ordered.key or (ordered.drug.key if ordered.drug else "")
    why = "" if what else why_unread(ordered.concept, facts.terminology)
    _note(source, f"draft {what}" if what else "", why, ordered.concept, facts)
    reasons = reasons_of(facts, elements.many(ordered.found.reason_code), ordered.found.reason_reference or ())
    draft = Draft(source, service=ordered.key, text=_text(ordered.concept), unidentified=ordered.nameless, reasons=reasons)
    return draft if ordered.drug is None else replace(draft, drug=ordered.drug, dosing=None)


def _note(source: str, what: str, unread: str, concept: elements.Concept | None, facts: Facts) -> None:
    """Record the outcome of a draft: used, not understood, or not ours."""
    if what:
        facts.used(source, what)
    elif unread:
        facts.not_read(source, unread, concept)
    else:
        facts.not_ours(source, source.partition("/")[0])


def _text(concept: elements.Concept | None) -> str:
    return (concept.text if concept and concept.text else wording(concept)) or ""
