"""Drugs for bone that entries tell which are no medications: an infusion as a Procedure, an injection as a ServiceRequest,
"after zoledronate" or "allergic to zoledronate" as a Condition; and "long-term warfarin", with which vitamin K2 is not given.

A dose given or ordered counts as one. Of what only words beside a problem tell, neither dose nor time is known: where the
medications do not tell it, too, part of them is unread. An antagonist of vitamin K that such words tell as in use is taken:
that it is taken is all that a rule asks of it, and unread medications would hold back every drug for bone.
"""

from __future__ import annotations

import re
from datetime import date

from msgspec import Struct

from cards.chart import Allergy, Exposure, Unread
from cards.chart.calendar import add_days
from cards.vocabulary import DRUGS, Data, Drug, Mechanism
from cds_service.fhir.phrases import LONGEST, Mention, Verdict, fold
from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.depots import works_days
from cds_service.fhir.reading.drugs import identify
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.ledger import NOT_UNDERSTOOD
from cds_service.fhir.terminology.codes import Terminology
from cds_service.fhir.terminology.systems import system_of

BONE = frozenset({Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR, Mechanism.PTH_ANALOG, Mechanism.SCLEROSTIN_INHIBITOR})
"""Drugs whose name is the name of nothing else: calcitonin, estradiol and calcium are tests, too."""
_GIVEN = BONE | {Mechanism.GNRH}
"""What is given by injection, so that its name in a procedure says that it was."""
_LONG_USE = {"Z7983": Mechanism.BISPHOSPHONATE, "Z79811": Mechanism.AROMATASE_INHIBITOR}
"""Codes of ICD-10-CM for a drug that is taken, which name no more than its class."""
_NOT_GIVEN = re.compile(
    r"(?a)(?:治疗|用药|输注|注射|给药|使用)前|同意书|告知|未(?:使?用|予|行|给|接受)|拒绝|拒用|建议|考虑|推迟|暂缓|取消|暂停|检测|测定|浓度|皮试|会诊|激发试验|兴奋试验|刺激试验"
    r"|\b(?:declin|refus|defer|cancel|recommend|consider|assay|level|stimulation|educat|consult|contraindicat)\w*"
    r"|\bnot (?:given|done|started)\b|\b(?:before|prior to|consent)\b"
)
_ALLERGY = re.compile(r"(?a)过敏(?!性鼻炎)|\ballerg|\bhypersensitiv|\banaphyla")
_INTOLERANCE = re.compile(r"(?a)不耐受|不良反应|\bintoleran|\badverse")
_BY_WORDS = frozenset({Mechanism.VITAMIN_K_ANTAGONIST})
"""What counts as taken where words beside a problem tell that it is, and no medication tells of it."""
_VISIT_DAYS = 365
"""A problem stands until it is over; what a visit was for tells of its own time."""
_IN_USE = re.compile(
    r"(?a)长期|正在|目前|持续|规律|现[服用口]|服用|口服|抗凝|治疗中"
    r"|\b(?:on|tak(?:es|ing)|using|current|long[- ]term|chronic|anticoagulated|treated|lifelong)\b"
)
_PAST = re.compile(
    r"(?a)曾|停(?!经)|既往(?:服|用|口|使|华)|换用|换成|改用|改为|改服|(?:服用|服药|用药|使用|口服|治疗|抗凝|华法林)(?:史|后|过)"
    r"|过量|中毒|误服|出血|不宜|禁忌|指征|宣教|可否|是否"
    r"|\b(?:stopp|discontinu|ceas|former|previous|switch|chang|overdos|poison|toxic|bleed|hemorrhag|haemorrhag)\w*"
    r"|\b(?:advice|advis|inform|counsel|candidat|eligib|unsuitab)\w*|\b(?:past|until|off)\b|\breplaced (?:by|with)\b"
    r"|\bafter (?:warfarin|coumadin|taking)\b|\bhistory of (?!atrial|valv|stroke|deep|pulmonary|thrombo)"
)
_SPOKEN_FOR = frozenset({"osteonecrosis-jaw", "atypical-femur-fracture"})
"""Problems that the drug made, and that forbid it: of which drug it was says no more."""
_NO_EXPOSURE = frozenset({"entered-in-error", "cancelled", "not-taken", "not-done", "declined", "draft", "intended"})
_OPEN = frozenset({"active", "completed", "on-hold"})
_OVER = frozenset({"inactive", "resolved"})


class ToldDrug(Struct, frozen=True):
    """A drug, or only its class, that words beside something else tell."""

    source: str
    mechanism: Mechanism
    drug: Drug | None = None
    when: date | None = None
    text: str = ""


def of_act(concept: elements.Concept | None, terminology: Terminology) -> Drug | None:
    """The drug for bone that the name of a procedure or an order of one names as given."""
    return terminology.recall("drug of an act", concept, _of_act) if concept else None


def _of_act(concept: elements.Concept, terminology: Terminology) -> Drug | None:
    text = fold(wording(concept))
    if not text or _NOT_GIVEN.search(text) or _ALLERGY.search(text):
        return None
    mentions = [m for m in terminology.said("substance", text) if m.key in DRUGS and DRUGS[m.key].mechanism in _GIVEN]
    if any(m.verdict is not Verdict.PRESENT for m in mentions):
        return None
    return next((d for d in identify(concept, terminology).drugs if d.mechanism in _GIVEN), None)


def act(source: str, found: wire.Act, facts: Facts, span: tuple[date | None, date | None]) -> bool:
    """Read a Procedure or ServiceRequest that gives or orders a drug for bone. Whether it is one."""
    drug = facts.meaning(found.code, of_act)
    kind = {"Procedure": "administration", "ServiceRequest": "request"}.get(type(found).__name__)
    if drug is None or kind is None or not facts.is_ours(source, elements.refer(found.subject, found.patient)):
        return drug is not None and kind is not None
    when, latest = span
    is_told = found.status == "completed" if kind == "administration" else found.status in _OPEN
    if not is_told or found.do_not_perform or (kind == "administration" and when is not None and when > facts.today):
        facts.not_ours(source, type(found).__name__, "a drug that was not given")
        return True
    if when is None:
        facts.put_aside(source, "no-date")
    status, concept = found.status or "unknown", facts.concept(found.code)
    strength = identify(concept, facts.terminology).strength_mg
    works = works_days(drug, strength, fold(wording(concept)))
    told = Exposure(drug, kind, status, source, when, supply_days=works, strength_mg=strength, authored=when, latest=latest)
    facts.exposures.append(told)
    facts.used(source, drug.key)
    return True


def beside(source: str, concept: elements.Concept | None, when: date | None, facts: Facts, *, keys: frozenset[str]) -> bool:
    """Note the drugs for bone that the words of a problem, a visit or a plan name. ``keys``: the problems that they name.
    Whether there is any."""
    told = facts.terminology.recall("drugs beside", concept, _beside) if concept else ()
    text = wording(concept)[:LONGEST]
    for mechanism, drug, tells in told if not keys & _SPOKEN_FOR else ():
        if tells in ("use", "taken"):
            facts.told_drugs.append(ToldDrug(source, mechanism, drug, when, text))
        else:
            of_class = None if drug else mechanism
            facts.allergies.append(Allergy(drug, of_class, source, tells == "intolerance", text=text, recorded=when))
            facts.used(source, f"allergy {drug.key if drug else mechanism}")
    return bool(told)


def _beside(concept: elements.Concept, terminology: Terminology) -> tuple[tuple[Mechanism, Drug | None, str], ...]:
    """Class and, where it is named, drug; "use", "taken" (by words that tell so), "allergy" or "intolerance"."""
    text = fold(wording(concept))
    coded = [
        (c.code or "").replace(".", "") for c in elements.codings(concept) if c.system and system_of(c.system) == "icd10cm"
    ]
    found = {_LONG_USE[code]: (_LONG_USE[code], None, "use") for code in coded if code in _LONG_USE}
    if not text or _NOT_GIVEN.search(text):
        return tuple(found.values())
    tells = "allergy" if _ALLERGY.search(text) else "intolerance" if _INTOLERANCE.search(text) else "use"
    named = [_named(m) for m in terminology.said("substance", text) if m.is_present]
    of_drugs = dict.fromkeys((*each, tells) for each in named if each is not None and each[0] in BONE)
    is_taken = tells == "use" and _IN_USE.search(text) is not None and not _PAST.search(text)
    taken = dict.fromkeys((*each, "taken") for each in named if is_taken and each is not None and each[0] in _BY_WORDS)
    return (*of_drugs, *taken) or tuple(found.values())


def _named(mention: Mention) -> tuple[Mechanism, Drug | None] | None:
    if mention.key in DRUGS:
        return DRUGS[mention.key].mechanism, DRUGS[mention.key]
    return (Mechanism(mention.key), None) if mention.key in {each.value for each in Mechanism} else None


def is_over(found: wire.Condition) -> bool:
    """Whether an entry says that what it names has passed, as an allergy may have."""
    return elements.first_code(found.clinical_status) in _OVER


def settle(facts: Facts) -> None:
    """Of the drugs that were told beside something else, those that no medication tells are unread, or taken by these words."""
    taken = [each.drug for each in facts.exposures if each.status not in _NO_EXPOSURE]
    since = add_days(facts.today, -_VISIT_DAYS)
    for told in facts.told_drugs:
        if any(_is_of(told, drug) for drug in taken):
            continue
        if told.mechanism in _BY_WORDS and told.drug is not None:
            if not told.source.startswith("Condition/") and (told.when is None or told.when < since):
                continue
            facts.exposures.append(Exposure(told.drug, "statement", "active", told.source, authored=told.when))
            facts.used(told.source, told.drug.key)
        else:
            unread = Unread(Data.STATEMENTS, NOT_UNDERSTOOD, told.source, told.when, text=told.text)
            facts.unread.append(unread)
            facts.trace.note_unread(unread)


def _is_of(told: ToldDrug, drug: Drug) -> bool:
    """Whether the drug on the list is the one that was told. Another of its class says as much, but not of denosumab, whose gap
    decides."""
    if told.drug is not None and told.mechanism is Mechanism.RANKL_INHIBITOR:
        return told.drug.ingredient == drug.ingredient
    return told.mechanism is drug.mechanism
