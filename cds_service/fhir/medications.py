"""MedicationRequest, -Statement, -Administration, -Dispense -> Exposure. Statuses go on as recorded: courses judge them."""

from __future__ import annotations

import re
from datetime import date
from functools import partial

from msgspec import Raw, Struct, json

from cards.chart import Dosing, Exposure
from cards.concepts import DRUGS, Drug, Mechanism
from cds_service.fhir import durations, strength, wire
from cds_service.fhir.dates import day, first_day
from cds_service.fhir.dosing import Product, dosing, route
from cds_service.fhir.drugs import NOTHING, Identified, identify
from cds_service.fhir.facts import Facts
from cds_service.fhir.names import fold
from cds_service.fhir.record import BROKEN, Given, Record
from cds_service.fhir.terminology.codes import Terminology
from cds_service.fhir.wire import wording

_KINDS = {
    "MedicationRequest": "request",
    "MedicationStatement": "statement",
    "MedicationAdministration": "administration",
    "MedicationDispense": "dispense",
}
_BILLING_UNIT = re.compile(r"\b1 ?mg\b", re.IGNORECASE)
_NO_ORDER = frozenset({"proposal", "plan", "option"})
_MOST_REPEATS = 99


class Reached(Struct, frozen=True):
    """What a medication[x] leads to: the concept and, where it leads nowhere, the dangling reference."""

    concept: wire.Concept | None = None
    form: str = ""
    dangling: str = ""


def medication(given: Given, facts: Facts) -> None:
    """Read one medication resource into ``facts.exposures``."""
    if given.peek and given.peek.medication_codeable_concept and not might_be_ours(given.peek, facts.terminology):
        facts.not_ours(given)
        return
    found = wire.MEDICINE.decode(given.raw)
    reached = reach(found, facts.record, facts.terminology)
    said = json.encode((reached.concept, reached.form, found.dosage_instruction, found.dosage))
    drugs = facts.terminology.recall_words(said, "drugs", partial(identified, found, reached, facts.terminology))
    if not drugs.drugs and not reached.dangling:
        facts.not_ours(given)
        return
    if not facts.is_ours(given, wire.refer(found.subject, found.patient)):
        return
    if reached.dangling and not drugs.drugs:
        facts.trace.unresolved.append(reached.dangling)
        facts.put_aside(given, "unresolved-reference", when=_dates(found, facts)[0], detail="medicationReference")
        return
    if drugs.disagree:
        facts.put_aside(given, "codings-disagree")
    _expose(given, facts, found, reached, drugs, said)


def _expose(given: Given, facts: Facts, found: wire.Medicine, reached: Reached, drugs: Identified, said: bytes) -> None:
    kind = _KINDS[given.type]
    if kind == "request" and ((found.intent or "order") in _NO_ORDER or found.do_not_perform):
        facts.trace.note_not_ours(given.source, "MedicationRequest, no order")
        return
    start, end, authored = _dates(found, facts)
    if kind in ("administration", "dispense") and start and start > facts.today:
        facts.put_aside(given, "future", when=start)
        return
    if start is None and _has_date(found):
        facts.put_aside(given, "no-date", detail="unreadable date")
    supply = _supply_days(found)
    for drug in drugs.drugs:
        about = (drug.key, supply, facts.zone)
        (taken,) = facts.terminology.recall_words(said, about, partial(_taken, found, reached, drugs, drug, facts))
        facts.exposures.append(
            Exposure(
                drug,
                kind,
                found.status or "unknown",
                given.source,
                start,
                end,
                supply,
                drugs.strength_mg if drug is drugs.drugs[0] else None,
                authored,
                drugs.branded_oncologic,
                taken,
            )
        )
        facts.used(given, drug.key)


def _taken(found: wire.Medicine, reached: Reached, drugs: Identified, drug: Drug, facts: Facts) -> tuple[Dosing | None]:
    """In a tuple: that nothing is said of it is remembered, too."""
    return (dosing_of(found, reached, drugs, drug, facts),)


def might_be_ours(peek: wire.Peek, terminology: Terminology) -> bool:
    """Whether a code or a name points at one of our drugs: cheap, before all is decoded."""
    return bool(identify(peek.medication_codeable_concept, terminology).drugs)


def reach(found: wire.Medicine, record: Record, terminology: Terminology) -> Reached:
    """The concept of medicationCodeableConcept or of the Medication that medicationReference points at."""
    reference = found.medication_reference
    if found.medication_codeable_concept is not None or reference is None:
        return Reached(found.medication_codeable_concept)
    target = reference.reference or ""
    raw: bytes | Raw | None = _contained(found, target[1:]) if target.startswith("#") else None
    if raw is None and target and (given := record.resolve(target, "Medication")):
        raw = given.raw
    if raw is not None:
        try:
            return _of_medication(wire.MEDICATION.decode(raw), terminology)
        except BROKEN:
            return Reached(dangling=target)
    named = wire.Concept(text=reference.display) if reference.display else None
    return Reached(named, dangling=target or "medicationReference")


def _contained(found: wire.Medicine, name: str) -> Raw | None:
    for raw in found.contained or ():
        try:
            if wire.KIND.decode(raw).id == name:
                return raw
        except BROKEN:
            continue
    return None


def _of_medication(found: wire.Medication, terminology: Terminology) -> Reached:
    """The product's code; where that is not known, its ingredients."""
    form = wording(found.form)
    if identify(found.code, terminology, said_besides=form).drugs:
        return Reached(found.code, form)
    concepts = (found.code, *(i.item_codeable_concept for i in found.ingredient or ()))
    return Reached(wire.Concept(tuple(wire.codings(*concepts)), wording(*concepts)), form)


def identified(found: wire.Medicine, reached: Reached, terminology: Terminology) -> Identified:
    if reached.concept is None:
        return NOTHING
    dosages = (*wire.many(found.dosage_instruction), *wire.many(found.dosage))
    routes = wire.texts((reached.form, *(wording(d.route) for d in dosages), *dict.fromkeys(map(route, dosages))))
    return identify(reached.concept, terminology, dose_mg=strength.of_dosages(dosages), said_besides=routes)


def dosing_of(found: wire.Medicine, reached: Reached, drugs: Identified, drug: Drug, facts: Facts) -> Dosing | None:
    """How one of the drugs in a medication is to be taken."""
    dosages = (*wire.many(found.dosage_instruction), *wire.many(found.dosage))
    others = [d for d in drugs.drugs if d.mechanism not in (Mechanism.CALCIUM, Mechanism.VITAMIN_D)]
    one = drugs.unit_mg if others == [drug] or len(drugs.drugs) == 1 else None
    text = fold(wire.texts((wording(reached.concept), reached.form)))
    product = Product(text, one, alone=len(drugs.drugs) == 1)
    return dosing(dosages, drug, product, facts.zone, supply_days=_supply_days(found))


def stated_start(found: wire.Medicine, facts: Facts) -> date | None:
    """The start that an order states: validityPeriod, else the bounds of its timing."""
    dispensed = found.dispense_request
    period = dispensed.validity_period if dispensed else None
    return first_day(facts.zone, period.start if period else None, *(bounds.start for bounds in _bounds(found)))


def _bounds(found: wire.Medicine) -> list[wire.Period]:
    dosages = (*wire.many(found.dosage_instruction), *wire.many(found.dosage))
    return [d.timing.repeat.bounds_period for d in dosages if d.timing and d.timing.repeat and d.timing.repeat.bounds_period]


def _dates(found: wire.Medicine, facts: Facts) -> tuple[date | None, date | None, date | None]:
    """Start, end, and when it was written."""
    zone, period = facts.zone, found.effective_period
    authored = first_day(zone, found.authored_on, found.date_asserted)
    start = first_day(
        zone, found.effective_date_time, period.start if period else None, found.when_handed_over, found.when_prepared
    )
    start = start or stated_start(found, facts) or day(found.authored_on, zone)
    end = first_day(zone, period.end if period else None, *(bounds.end for bounds in _bounds(found)))
    return start, end, authored


def _has_date(found: wire.Medicine) -> bool:
    period = found.effective_period
    return bool(found.effective_date_time or found.authored_on or found.when_handed_over or (period and period.start))


def _supply_days(found: wire.Medicine) -> float | None:
    """Days that a dispense, or an order with its repeats, lasts."""
    if (days := durations.of_quantity(found.days_supply)) is not None:
        return days
    ordered = found.dispense_request
    if ordered is None or (days := durations.of_quantity(ordered.expected_supply_duration)) is None:
        return None
    return days * (1 + min(max(ordered.number_of_repeats_allowed or 0, 0), _MOST_REPEATS))


def given_by_code(given: Given, facts: Facts, key: str, when: date | None, text: str) -> None:
    """A procedure code (HCPCS) that says that a drug was given. Its "1 mg" is a billing unit, no dose."""
    said = f"{DRUGS[key].name.en} {_BILLING_UNIT.sub('', text)}"
    drugs = identify(wire.Concept(text=said), facts.terminology)
    drug = drugs.drugs[0] if drugs.drugs and drugs.drugs[0].ingredient == DRUGS[key].ingredient else DRUGS[key]
    facts.exposures.append(
        Exposure(drug, "administration", "completed", given.source, when, branded_oncologic=drugs.branded_oncologic)
    )
    facts.used(given, drug.key)
