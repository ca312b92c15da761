"""AllergyIntolerance -> Allergy: to a drug or to a whole class, by code or by name."""

from __future__ import annotations

import re

from cards.chart import Allergy, Problem
from cards.vocabulary import DRUGS, Drug, Mechanism
from cds_service.fhir.phrases import LONGEST, Mention, Verdict, fold
from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.ledger import why_unread_drug
from cds_service.fhir.reading.reactions import Nature, nature
from cds_service.fhir.terminology.rows import NOT_OURS

_OUT = frozenset({"refuted", "entered-in-error"})
_VERIFIED = frozenset({"confirmed", "unconfirmed", "presumed", "unknown"})
_OVER = frozenset({"inactive", "resolved"})
_FILLER = "filler-allergy"


def allergy(source: str, found: wire.AllergyIntolerance, facts: Facts) -> None:
    """Read one AllergyIntolerance into ``facts.allergies``."""
    reactions = found.reaction or ()
    substances = (found.code, *(r.substance for r in reactions), _noted(found))
    mentions = _mentions(facts, *substances)
    found_keys = _keys(facts, mentions, *substances)
    filler, keys = _FILLER in found_keys, sorted(found_keys - {_FILLER})
    doubtful = {m.key for m in mentions if m.verdict is Verdict.DOUBTFUL} - found_keys - {NOT_OURS}
    subject = elements.refer(found.patient, found.subject)
    active = elements.first_code(found.clinical_status, "active") not in _OVER
    stands = active and elements.first_code(found.verification_status) not in _OUT
    if not keys and not filler and not doubtful:
        whys = [why_unread_drug(substance, facts.terminology) for substance in substances[:-1]]
        if stands and all(whys) and (not subject or facts.record.is_ours(subject)):
            facts.not_read(source, whys[0], found.code)
        else:
            facts.not_ours(source, "AllergyIntolerance")
        return
    if not facts.is_ours(source, subject):
        return
    verified = elements.first_code(found.verification_status, "confirmed") in _VERIFIED | _OUT
    if not verified or facts.record.lacks(source, "verificationStatus", "clinicalStatus", "code"):
        facts.put_aside(source, "unreadable", detail="status or code")
    if not stands:
        facts.not_ours(source, "AllergyIntolerance", "not active or refuted")
        return
    for key in sorted(doubtful):
        facts.put_aside(source, "doubtful", key=key)
    if filler:
        recorded = facts.day(found.recorded_date)
        facts.problems.append(Problem("filler-allergy", source, recorded=recorded, text=wording(found.code)))
        facts.used(source, "filler-allergy")
    manifestations = [m for r in reactions for m in r.manifestation or ()]
    unclear = facts.record.lacks(source, "criticality", "reaction", "type")  # then taken for the worst, and said
    if unclear:
        facts.put_aside(source, "unreadable", detail="how severe it was")
    told = nature(manifestations)
    severe = unclear or found.criticality == "high" or told is Nature.SEVERE
    for key in keys:
        drug: Drug | None = DRUGS.get(key)
        mechanism = None if drug else Mechanism(key)
        facts.allergies.append(
            Allergy(
                drug,
                mechanism,
                source,
                _is_intolerance(found, told),
                severe,
                wording(found.code),
                facts.day(found.recorded_date),
                elements.first_code(found.verification_status, "confirmed") != "confirmed",
            )
        )
        facts.used(source, f"allergy {key}")


_NO_SUBSTANCE = re.compile(
    r"(?a)(?:药物|药品|其[他它]|不详|未知|过敏|史|drugs?|medications?|other|unspecified|unknown|allerg(?:y|ies|ic)|to|[\s:,()-])*"
)
_BORNE = re.compile(r"(?a)可?耐受(?!性)|\btolerat")


def _noted(found: wire.AllergyIntolerance) -> elements.Concept | None:
    """What the notes beside it say, where it is entered as "drug allergy" or "other" and no more."""
    if not _NO_SUBSTANCE.fullmatch(fold(wording(found.code))):
        return None
    notes = (*(each.text for each in found.note or ()), *(each.description for each in found.reaction or ()))
    said = elements.texts(each[:LONGEST] for each in notes if each)
    return elements.Concept(text=said) if said and not _BORNE.search(fold(said)) else None


def _mentions(facts: Facts, *concepts: elements.Concept | None) -> tuple[Mention, ...]:
    """What the words name, where no code is known."""
    if facts.terminology.drug(*concepts):
        return ()
    return facts.terminology.said("substance", elements.texts(map(wording, concepts)))


def _keys(facts: Facts, mentions: tuple[Mention, ...], *concepts: elements.Concept | None) -> set[str]:
    """Drugs, classes and fillers that the codes name; by name where no code is known."""
    coded = {key for product in facts.terminology.drug(*concepts) for key in product.keys}
    return (coded or {m.key for m in mentions if m.is_present}) - {NOT_OURS}


def _is_intolerance(found: wire.AllergyIntolerance, told: Nature) -> bool:
    """Whether it is no allergy: it is called so and no sign of one is recorded, or it is called neither, and what is recorded
    is an effect of the drug. Without a type and a reaction it may be an allergy."""
    if found.type == "intolerance":
        return told < Nature.ALLERGY
    return not found.type and told is Nature.NO_ALLERGY
