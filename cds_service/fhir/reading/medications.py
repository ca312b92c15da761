"""MedicationRequest, -Statement, -Administration, -Dispense -> Exposure. Statuses go on as recorded: courses judge them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from msgspec import Raw, Struct, json
from msgspec.structs import replace

from cards.chart import Dosing, Exposure
from cards.chart.calendar import add_days
from cards.vocabulary import ANALYTES, DRUGS, Drug, Mechanism
from cds_service.fhir.phrases import LONGEST, fold
from cds_service.fhir.reading import calcium, durations, elements, strength, wire
from cds_service.fhir.reading.conditions import reasons_of
from cds_service.fhir.reading.depots import longest_days, works_days
from cds_service.fhir.reading.dosing import Product, dosing, has_no_number, route
from cds_service.fhir.reading.drugs import NOTHING, Identified, identify
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.given import BROKEN, parts
from cds_service.fhir.reading.ledger import UNRESOLVED, why_unread_drug
from cds_service.fhir.reading.lenient import UNREADABLE
from cds_service.fhir.reading.record import Record
from cds_service.fhir.reading.tablets import last_days
from cds_service.fhir.terminology.codes import Terminology

_KINDS = {
    "MedicationRequest": "request",
    "MedicationStatement": "statement",
    "MedicationAdministration": "administration",
    "MedicationDispense": "dispense",
}
_BILLING_UNIT = re.compile(r"\b1 ?mg\b", re.IGNORECASE)
_UNDER_WAY = frozenset({"active", "completed", "stopped"})
_STATUS_NOT_KNOWN = {"recorded": "unknown", "adherent": "unknown"}  # words of R5, which say no more
_NO_ORDER = frozenset({"proposal", "plan", "option"})
_GONE = frozenset({"entered-in-error", "cancelled", "not-taken", "not-done", "declined"})
_MOST_REPEATS = 99
_UNREADABLE = elements.Dosage(text=UNREADABLE)
_CONTINUOUS = "continuous"
"""Of medicationrequest-course-of-therapy: long-term."""
_NO_DOSE = re.compile(r"route|patientInstruction|sequence|\.(display|system)$")
_NO_MATTER = re.compile(r"patientInstruction|\.(display|system)$")
"""Fields of a dosage that say nothing of dose and time, and of no part of it."""


class Reached(Struct, frozen=True):
    """What a medication[x] leads to: the concept and, where it leads nowhere, the dangling reference."""

    concept: elements.Concept | None = None
    form: str = ""
    dangling: str = ""


class Dates(Struct, frozen=True):
    """Start, end, when it was written; the last days that start and end can have been, where they are not exact."""

    start: date | None
    end: date | None
    authored: date | None
    latest: date | None
    end_latest: date | None


class Told(Struct, frozen=True):
    """What a medication says in words and codes: which drugs these are, how each is to be taken, how long the supply lasts,
    and how many days one injection works where it is a depot."""

    drugs: Identified
    dosings: tuple[Dosing | None, ...]
    supply_days: float | None
    works: tuple[float | None, ...]


def medication(source: str, found: wire.Medicine, facts: Facts) -> None:
    """Read one medication resource into ``facts.exposures``."""
    kind = type(found).__name__
    code = found.medication_codeable_concept
    if code != elements.NOTHING and not facts.meaning(code, identify).drugs:  # told without a look at dose and route
        subjects = (found.subject, found.patient)
        facts.not_understood(source, code, why_unread_drug, subjects=subjects, gone=found.status in _GONE)
        return
    reached = reach(found, facts.concept(code), facts.record, facts.terminology)
    told = _told(found, reached, facts)
    drugs = told.drugs
    if not drugs.drugs and (found.status in _GONE or not (why := unread_reference(reached, facts.terminology))):
        facts.not_ours(source, kind)
        return
    if not facts.is_ours(source, elements.refer(found.subject, found.patient)):
        return
    if not drugs.drugs:
        facts.not_read(source, why, reached.concept, when=_dates(found, facts).start)
        return
    if drugs.disagree:
        facts.put_aside(source, "codings-disagree")
    _expose(source, facts, found, told)


def unread_reference(reached: Reached, terminology: Terminology) -> str:
    """Why it cannot be determined what a medication reference (or an empty one) means: one of ``ledger.WHYS``; "" if the
    display or the Medication names something else."""
    if reached.dangling:
        return why_unread_drug(reached.concept, terminology) and UNRESOLVED
    return why_unread_drug(reached.concept, terminology)


def _expose(source: str, facts: Facts, found: wire.Medicine, told: Told) -> None:
    kind = _kind_of(found)
    if not kind:
        facts.not_ours(source, "MedicationRequest", "no order")
        return
    drugs, dates = told.drugs, _dates(found, facts)
    if kind in ("administration", "dispense") and dates.start and dates.start > facts.today:
        if found.status != "completed":  # it is planned
            facts.put_aside(source, "future", when=dates.start)
            return
        dates = Dates(None, None, dates.authored, None, None)  # what was given has a day, which is another
    say_what_dose_is_unread(source, found, zip(drugs.drugs, told.dosings, strict=True), facts)
    status = _STATUS_NOT_KNOWN.get(found.status or "", found.status or "unknown")
    _doubt(source, facts, found, kind, status, dates.start, drugs.drugs[0])
    if any(drug.mechanism is Mechanism.HORMONE_THERAPY for drug in drugs.drugs) and facts.record.lacks(source, "reason"):
        facts.put_aside(source, "use-unreadable")  # it may be for bone, and then the patient is treated
    for drug, taken, works in zip(drugs.drugs, told.dosings, told.works, strict=True):
        end, end_latest = _ends(kind, dates, works)
        if end is None and kind == "statement" and status == "completed" and found.effective_date_time and drug.covers_months:
            end, end_latest = dates.start, dates.latest  # the day of one injection
        facts.exposures.append(
            Exposure(
                drug,
                kind,
                status,
                source,
                dates.start,
                end,
                works
                or told.supply_days
                or (last_days(found.quantity, drug, taken, drugs.unit_mg) if kind == "dispense" else None),
                drugs.strength_mg if drug is drugs.drugs[0] else None,
                dates.authored,
                drugs.branded_oncologic,
                taken,
                dates.latest,
                end_latest,
                _reasons(drug, found, facts),
            )
        )
        facts.used(source, drug.key)


def _ends(kind: str, dates: Dates, works: float | None) -> tuple[date | None, date | None]:
    """The stated end, and its last possible day. One of a depot counts where it lies beyond what the injection works: an order
    for one injection, or the minutes that it took, say no end; a statement then ends as the injection does."""
    end, latest = dates.end, dates.end_latest
    if works is None or end is None:
        return end, latest
    if kind in ("administration", "dispense"):
        return None, None
    worn_off = add_days(dates.start or end, round(works))
    if (latest or end) > worn_off:
        return end, latest
    return (worn_off, None) if kind == "statement" else (None, None)


def _reasons(drug: Drug, found: wire.Medicine, facts: Facts) -> frozenset[str]:
    """Why a hormone is given: that alone tells whether it is for bone."""
    if drug.mechanism is not Mechanism.HORMONE_THERAPY:
        return frozenset()
    return reasons_of(facts, elements.many(found.reason_code), found.reason_reference or ())


def _doubt(source: str, facts: Facts, found: wire.Medicine, kind: str, status: str, start: date | None, drug: Drug) -> None:
    """Record what leaves it open whether, or since when, the drug was taken, so that cards do not treat it as absent."""
    if status == "unknown":
        facts.put_aside(source, "status-unknown", key="" if drug.key in ANALYTES else drug.key, when=start)
    lost = facts.record.lacks(source, "effective", "authoredOn", "when", "daysSupply", "dispenseRequest")
    supplies = (found.days_supply, found.dispense_request.expected_supply_duration if found.dispense_request else None)
    lost = lost or any(map(durations.is_garbled, supplies))
    period = found.effective_period
    unread = lost or bool(period and period.end and facts.day(period.end) is None)
    if unread or (start is None and (_has_date(found) or kind in ("administration", "dispense"))):
        facts.put_aside(source, "no-date", detail="unreadable date" if unread or _has_date(found) else "")
    elif start is None:
        facts.put_aside(source, "no-start")


def _kind_of(found: wire.Medicine) -> str:
    """What a medication resource is: "" for what is neither order nor taken. A plan that is reported, or under way, says what
    the patient takes (US Core, QI-Core)."""
    kind = _KINDS[type(found).__name__]
    if kind != "request":
        return kind
    if found.do_not_perform or found.intent not in _NO_ORDER:
        return "" if found.do_not_perform else kind
    reported = found.reported_boolean is not None or found.reported_reference is not None
    return "statement" if found.intent == "plan" and (reported or found.status in _UNDER_WAY) else ""


def _told(found: wire.Medicine, reached: Reached, facts: Facts) -> Told:
    """Worked out once for the same words."""
    supply = _supply_days(found)

    def make() -> Told:
        drugs = identified(found, reached, facts.terminology)
        dosings = tuple(dosing_of(found, reached, drugs, drug, facts) for drug in drugs.drugs)
        called = fold(elements.texts((wording(reached.concept), reached.form)))
        unread = any(_taken_apart(content, name)[1] for content, name in _sigs(found))
        works = (
            _works(*each, drugs.strength_mg, called, supply, unread=unread) for each in zip(drugs.drugs, dosings, strict=True)
        )
        return Told(drugs, dosings, supply, tuple(works))

    code = found.medication_codeable_concept
    named = code if code != elements.NOTHING else reached.concept
    words = json.encode((named, reached.form, found.dosage_instruction, found.dosage))
    return facts.terminology.recall_words(words, (supply, facts.zone), make)


def _works(
    drug: Drug, dosing: Dosing | None, strength_mg: float | None, called: str, supply: float | None, *, unread: bool
) -> float | None:
    """Days that one injection of a depot works. Where its strength is not told, the supply that it makes, or the interval of
    injections in the sig, says more than that a month is the least; where it may have been told and nobody can read it
    (``unread``), it may work as long as any."""
    least = works_days(drug, strength_mg, called)
    if unread and strength_mg is None and least is not None:
        return longest_days(drug)
    if least is None or strength_mg is not None:
        return least
    every = dosing.every_days if dosing is not None else None
    return supply or max(least, every or 0)


def dangling(record: Record, terminology: Terminology) -> list[str]:
    """References to Medications that were not given, of drafts first and of what is on record: what could be asked for."""
    drafted = [given.found for given in record.drafts]
    asked = (found for found in (*drafted, *(kept for _, kept in record)) if isinstance(found, wire.Medicine))
    return list(dict.fromkeys(filter(None, (_leads_nowhere(found, record, terminology) for found in asked))))


def _leads_nowhere(found: wire.Medicine, record: Record, terminology: Terminology) -> str:
    """The reference of a medication of this patient that nothing else names; else ""."""
    if found.medication_reference is None or found.medication_codeable_concept != elements.NOTHING:
        return ""
    subject = elements.refer(found.subject, found.patient)
    if subject and not record.is_ours(subject):
        return ""
    try:
        reached = reach(found, None, record, terminology)
        return "" if identified(found, reached, terminology).drugs else reached.dangling
    except BROKEN:
        return ""


def reach(found: wire.Medicine, concept: elements.Concept | None, record: Record, terminology: Terminology) -> Reached:
    """The ``concept`` of medicationCodeableConcept, else that of the Medication that medicationReference points at."""
    reference = found.medication_reference
    if concept is not None or reference is None:
        return Reached(concept)
    target = reference.reference or ""
    try:
        contained = _contained(found, target[1:]) if target.startswith("#") else None
        medication = wire.MEDICATION.decode(contained) if contained else record.resolve(target, wire.Medication)
    except BROKEN:
        return Reached(dangling=target)
    if medication is not None:
        return _of_medication(medication, terminology)
    named = elements.Concept(text=reference.display) if reference.display else None
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
    return Reached(elements.Concept(tuple(elements.codings(*concepts)), wording(*concepts)), form)


def identified(found: wire.Medicine, reached: Reached, terminology: Terminology) -> Identified:
    if reached.concept is None:
        return NOTHING
    dosages = _dosages(found)
    routes = elements.texts((reached.form, *(wording(d.route) for d in dosages), *dict.fromkeys(map(route, dosages))))
    return identify(reached.concept, terminology, dose_mg=strength.of_dosages(dosages), said_besides=routes)


def dosing_of(found: wire.Medicine, reached: Reached, drugs: Identified, drug: Drug, facts: Facts) -> Dosing | None:
    """How one of the drugs in a medication is to be taken. The dose of a pack is that of its osteoporosis drug; the amount of
    calcium or vitamin D in it cannot be read."""
    dosages = _dosages(found)
    others = [d for d in drugs.drugs if d.mechanism not in (Mechanism.CALCIUM, Mechanism.VITAMIN_D)]
    one = drugs.unit_mg if others == [drug] or len(drugs.drugs) == 1 else None
    named = wording(reached.concept) or elements.texts(p.words for p in facts.terminology.drug(reached.concept))
    text = fold(elements.texts((named, reached.form)))
    product = Product(text, one, alone=len(drugs.drugs) == 1)
    said = dosing(dosages, drug, product, facts.zone, supply_days=_supply_days(found))
    if said is not None and others and drug not in others:
        said = replace(said, amount=None, readable=False)
    if said is not None and any(each.code == _CONTINUOUS for each in elements.codings(found.course_of_therapy_type)):
        said = replace(said, long_term=True)
    return replace(said, salt=calcium.salt(text)) if said and drug.mechanism is Mechanism.CALCIUM else said


def stated_start(found: wire.Medicine, facts: Facts) -> date | None:
    """The start that an order states: validityPeriod, else the bounds of its timing."""
    dispensed = found.dispense_request
    period = dispensed.validity_period if dispensed else None
    return facts.first_day(period.start if period else None, *[each.start for each in _bounds(found)])


def _dosages(found: wire.Medicine) -> tuple[elements.Dosage, ...]:
    return tuple(dosage for content, name in _sigs(found) for dosage in _readable(content, name))


def _sigs(found: wire.Medicine) -> list[tuple[Raw, str]]:
    """The fields that say how it is to be taken, with their names."""
    fields = ((found.dosage_instruction, "dosageInstruction"), (found.dosage, "dosage"))
    return [(content, name) for content, name in fields if content != elements.NOTHING]


def _readable(content: Raw, name: str) -> tuple[elements.Dosage, ...]:
    """The dosages of a field. Where something about dose or time is broken, there is one that nobody can read."""
    found, left_out = _taken_apart(content, name)
    broken = any(not _NO_DOSE.search(path) for path in left_out)
    return (*found, _UNREADABLE) if broken else found


def _taken_apart(content: Raw, name: str) -> tuple[tuple[elements.Dosage, ...], tuple[str, ...]]:
    """The dosages of a field, and the paths of what in it is of a wrong type."""
    try:
        found, left_out = parts(wire.DOSAGES, content, name)
    except BROKEN:
        return (), (name,)
    dosages = elements.many(found)
    return dosages, left_out or ((name,) if any(map(has_no_number, dosages)) else ())


def say_what_dose_is_unread(
    source: str, found: wire.Medicine, taken: Iterable[tuple[Drug, Dosing | None]], facts: Facts, *, drafted: bool = False
) -> None:
    """Note of which drugs the dose is not known since something of how to take them, or of what the product is called, is of a
    wrong type; of a draft also where that is the route. It is no doubt about which drugs the patient takes."""
    left_out = [path for content, name in _sigs(found) for path in _taken_apart(content, name)[1]]
    sig_broken = any(not _NO_MATTER.search(path) for path in left_out)
    if not sig_broken and not facts.is_broken(found.medication_codeable_concept):
        return
    for drug, told in taken:
        known = told is not None and told.readable and told.amount is not None
        if not known or (drafted and sig_broken):
            facts.put_aside(source, "dose-unreadable", key=drug.key)


def _bounds(found: wire.Medicine) -> list[elements.Period]:
    if b'"boundsPeriod"' not in bytes(found.dosage_instruction) + bytes(found.dosage):
        return []
    dosages = _dosages(found)
    repeats = [d.timing.repeat for d in dosages if d.timing and d.timing.repeat]
    return [repeat.bounds_period for repeat in repeats if repeat.bounds_period]


def _dates(found: wire.Medicine, facts: Facts) -> Dates:
    period, bounds = found.effective_period, _bounds(found)
    taken = (found.effective_date_time, period.start if period else None, found.when_handed_over, found.when_prepared)
    dispensed = found.dispense_request
    valid = dispensed.validity_period.start if dispensed and dispensed.validity_period else None
    start, latest = facts.first_span(*taken, valid, *[each.start for each in bounds], found.authored_on)
    end, end_latest = facts.first_span(period.end if period else None, *[each.end for each in bounds])
    return Dates(start, end, facts.first_day(found.authored_on, found.date_asserted), latest, end_latest)


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


def given_by_code(source: str, facts: Facts, key: str, when: date | None, text: str) -> None:
    """A procedure code (HCPCS) that says that a drug was given. Its "1 mg" is a billing unit, no dose."""
    said = f"{DRUGS[key].name.en} {_BILLING_UNIT.sub('', text[:LONGEST])}"
    drugs = identify(elements.Concept(text=said), facts.terminology)
    drug = drugs.drugs[0] if drugs.drugs and drugs.drugs[0].ingredient == DRUGS[key].ingredient else DRUGS[key]
    facts.exposures.append(
        Exposure(drug, "administration", "completed", source, when, branded_oncologic=drugs.branded_oncologic)
    )
    facts.used(source, drug.key)
