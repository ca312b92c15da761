"""Condition and FamilyMemberHistory -> problems and fracture entries, by code first, by wording where no code is known."""

from __future__ import annotations

import re
from datetime import date

from msgspec import Struct

from cards.chart import FractureEntry, Problem
from cards.chart.calendar import add_months, years_between
from cards.definitions.fractures import FRAGILITY_SITES
from cards.vocabulary import PROBLEMS
from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.ledger import why_unread_condition
from cds_service.fhir.reading.names import denied, fold
from cds_service.fhir.reading.units import number
from cds_service.fhir.terminology.codes import PARENTAL_HIP_FRACTURE, Diagnosis, Terminology, side, subsequent

_OUT = frozenset({"refuted", "entered-in-error"})
_VERIFIED = frozenset({"confirmed", "unconfirmed", "provisional", "differential", "unknown"})
_INACTIVE = frozenset({"inactive", "remission", "resolved"})

_FRACTURE = re.compile(r"(?a)fractur|\bfx\b|骨折|vertebral collapse|collapsed vertebra|椎体压缩")
_NO_FRAGILITY = re.compile(
    r"stress|fatigue|atypical|neoplas|metasta|tumou?r|skull|应力|疲劳|非典型|不典型|肿瘤|转移|颅骨|牙折"
    r"|without (current )?(pathological )?fracture|不伴.{0,6}骨折"
)
_OSTEOPOROTIC = re.compile(r"osteopor|fragility|骨质疏松|脆性")
_HISTORY = re.compile(r"(?a)\bhistory of|\bh/o\b|\bprevious\b|\bpast\b|既往|陈旧|病史|骨折史")
_SITES = (  # tried in this order: an acetabulum is no hip, a trochanter no vertebra
    ("pelvis", re.compile(r"(?a)pelvi|pubi[cs]|\bramus|acetabul|sacr(um|al)|\bili(um|ac)\b|骨盆|耻骨|骶骨|髋臼|髂骨")),
    (
        "hip",
        re.compile(
            r"(?a)\bhips?\b|femoral neck|neck of (the )?femur|trochant|proximal (end of )?(the )?femur"
            r"|髋|股骨颈|股骨粗隆|股骨转子|转子间|粗隆间|股骨近端"
        ),
    ),
    (
        "proximal-humerus",
        re.compile(
            r"proximal (end of )?(the )?humer|humeral (neck|head)|neck of (the )?humer|upper end of (the )?humer"
            r"|肱骨近端|肱骨外科颈|肱骨头|肱骨大结节"
        ),
    ),
    (
        "distal-forearm",
        re.compile(
            r"(?a)distal (end of )?(the )?(radi|ulna|forearm)|lower end of (the )?(radi|ulna)|\bcolles|\bwrist\b"
            r"|桡骨远端|尺骨远端|尺桡骨远端|腕部骨折|柯莱斯"
        ),
    ),
    ("other", re.compile(r"cervical|颈椎|coccy|尾骨|尾椎|stern|胸骨")),
    ("vertebra", re.compile(r"(?a)vertebr|\bspin(e|al)\b|lumbar|thoracic|compression fracture|椎|压缩性骨折")),
    ("rib", re.compile(r"(?a)\bribs?\b|肋骨")),
)
_WEEKS_PREGNANT = re.compile(
    r"(?<![避不未备])孕 ?(?:\d{1,2} ?\+ ?\d|\d{1,2} ?(?:周|w))"
    r"(?![^,，。;；|()（） ]{0,8}(史|流产|引产|早产|分娩|剖宫产|顺产|产后|术后|娩出|终止|停育|胎停|死胎|死亡))"
)
_IN_THE_PAST = re.compile(r"(既往|曾|前次)[^,，。;；|]{0,8}$|(史|术后|产后|流产后)[(（][^)）]*$")
_BOTH_LEVELS = re.compile(r"thoracolumbar|胸腰")
_PARTS = (
    ("left", re.compile(r"(?a)\bleft\b|左")),
    ("right", re.compile(r"(?a)\bright\b|右")),
)
_LEVELS = (
    ("lumbar", re.compile(r"(?a)lumbar|\bl[1-5]\b|腰")),
    ("thoracic", re.compile(r"(?a)thoracic|\bt(1[0-2]|[1-9])\b|胸")),
)
_PARENT = re.compile(r"(?a)\b(mother|father|parent)\b|母亲|父亲|父母|^[父母]$")
_PARENT_CODES = frozenset({"FTH", "MTH", "PRN", "NFTH", "NMTH", "66839005", "72705000"})


class Said(Struct, frozen=True):
    """What a concept says: problems, at most one fracture; ``disagree`` when its codings do not fit together."""

    problems: frozenset[str] = frozenset()
    fracture: Diagnosis | None = None
    subsequent: bool = False
    parental: bool = False
    disagree: bool = False

    def __bool__(self) -> bool:
        return bool(self.problems or self.fracture or self.parental)


def condition(source: str, found: wire.Condition, facts: Facts) -> None:
    """Read one Condition into ``facts.problems``, ``facts.fractures`` and ``facts.parental_hip_fracture``."""
    said = facts.meaning(found.code, understand)
    if not said:
        subjects = (found.subject, found.patient)
        facts.not_understood(source, found.code, why_unread_condition, subjects=subjects, gone=not is_stated(found))
        return
    if not facts.is_ours(source, elements.refer(found.subject, found.patient)):
        return
    if not is_stated(found):
        facts.not_ours(source, "Condition", "refuted or entered in error")
        return
    if said.disagree:
        facts.put_aside(source, "codings-disagree")
    if _is_in_doubt(source, found, said, facts):
        facts.put_aside(source, "unreadable", detail="status, code or site")
    onset, latest = _onset(found, facts)
    recorded = facts.day(found.recorded_date)
    if (onset or recorded or facts.today) > facts.today:
        facts.put_aside(source, "future", when=onset or recorded)
        return
    undated = found.onset_date_time or found.recorded_date or facts.record.lacks(source, "onset", "recordedDate")
    if onset is None and recorded is None and undated:
        facts.put_aside(source, "no-date", detail="onset")
    if onset is None:
        latest = facts.first_span(found.recorded_date)[1]
    _record(source, facts, found, said, (onset, recorded, latest))


def _is_in_doubt(source: str, found: wire.Condition, said: Said, facts: Facts) -> bool:
    """Whether a part of it cannot be read that might make it another condition, or none."""
    if facts.record.lacks(source, "verificationStatus", "clinicalStatus"):
        return True
    if said.fracture is not None and (facts.record.lacks(source, "bodySite") or facts.is_broken(found.code)):
        return True
    if facts.is_broken(found.code) and not (facts.only_words_broken(found.code) and _is_coded(found, facts)):
        return True
    return elements.first_code(found.verification_status, "confirmed") not in _VERIFIED | _OUT


def _is_coded(found: wire.Condition, facts: Facts) -> bool:
    """Whether a code says what it is, so that the words beside it say no more (but for the site of a fracture)."""
    codes = map(facts.terminology.condition, elements.codings(facts.concept(found.code)))
    return any(known is not None and known.wording is None for known in codes)


def is_stated(found: wire.Condition) -> bool:
    """Whether it stands: it was neither refuted nor entered in error."""
    return elements.first_code(found.verification_status) not in _OUT


Dates = tuple[date | None, date | None, date | None]
"""Onset, day of record, and the last day that the one that counts can have been, where that is not exact."""


def _record(source: str, facts: Facts, found: wire.Condition, said: Said, dates: Dates) -> None:
    onset, recorded, latest = dates
    code = facts.concept(found.code)
    text = code.text if code and code.text else wording(code)
    abated, active = _state(found, facts)
    for key in sorted(_with_early_menopause(said.problems, onset, facts)):
        facts.problems.append(Problem(key, source, onset, recorded, abated, active, text, latest))
        facts.used(source, key)
    if (fracture := said.fracture) is not None:
        where = fold(elements.texts((wording(code), *map(wording, found.body_site or ()))))
        part = fracture.part or _part(fracture.site, where, code)
        when = onset if fracture.history else onset or recorded
        facts.fractures.append(
            FractureEntry(
                fracture.site,
                source,
                part,
                when,
                fracture.osteoporotic,
                said.subsequent,
                text,
                latest if when else None,
            )
        )
        facts.used(source, "fracture")
        if facts.birth is None and fracture.site in FRAGILITY_SITES and not (fracture.osteoporotic or said.subsequent):
            facts.put_aside(source, "age-unknown", key=fracture.site, when=when)
    if said.parental:
        facts.parental_hip_fracture = True
        facts.used(source, PARENTAL_HIP_FRACTURE)


def understand(concept: elements.Concept | None, terminology: Terminology) -> Said:
    """What a CodeableConcept says of problems and fractures."""
    return Said() if concept is None else terminology.recall("condition", concept, _understand)


def _understand(concept: elements.Concept, terminology: Terminology) -> Said:
    known = [(c, d) for c in elements.codings(concept) if (d := terminology.condition(c)) is not None]
    if not known:
        return _by_wording(fold(wording(concept)), terminology)
    text = fold(wording(concept))
    holding = [(c, d) for c, d in known if d.wording is None or d.wording.search(text)]
    if not holding:
        return _by_wording(text, terminology)
    best = max((diagnosis for _, diagnosis in holding), key=_specific)
    if not best.keys:
        return Said()
    # a code that names a fracture of another kind (stress, neoplasm) beside an S code outweighs it
    is_fracture = "fracture" in best.keys and all(d.keys for _, d in holding)
    return Said(
        frozenset(best.keys & PROBLEMS.keys()),
        _refined(best, text) if is_fracture else None,
        any(subsequent(c) for c, _ in holding),
        PARENTAL_HIP_FRACTURE in best.keys,
        any(not _fits(other, best) for _, other in holding),
    )


def _specific(diagnosis: Diagnosis) -> tuple[int, bool, int, list[str]]:
    named = diagnosis.site not in ("", "unspecified", "other")
    return len(diagnosis.keys), named, diagnosis.length, sorted(diagnosis.keys)


def _fits(other: Diagnosis, best: Diagnosis) -> bool:
    return other.keys <= best.keys and other.site in ("", "unspecified", best.site)


def _refined(fracture: Diagnosis, text: str) -> Diagnosis:
    """A code that says "osteoporotic" without a site takes it from the wording; "osteoporotic" may come from there, too."""
    site = fracture.site
    if site == "unspecified":
        site = _site(text) or site
    osteoporotic = fracture.osteoporotic or _OSTEOPOROTIC.search(text) is not None
    return Diagnosis(fracture.keys, site, fracture.part, osteoporotic, fracture.history)


def _by_wording(text: str, terminology: Terminology) -> Said:
    if not text:
        return Said()
    problems = frozenset(f.key for f in terminology.problem_names.find(text) if not denied(text, f.at))
    weeks = _WEEKS_PREGNANT.search(text)
    if weeks and not _IN_THE_PAST.search(text[: weeks.start()]) and not denied(text, weeks.start()):
        problems |= {"pregnancy"}
    match = _FRACTURE.search(text)
    if match is None or _NO_FRAGILITY.search(text) or denied(text, match.start()):
        return Said(problems)
    site = _site(text) or "other"
    osteoporotic = _OSTEOPOROTIC.search(text) is not None
    if osteoporotic and site == "other":
        site = "unspecified"
    return Said(problems, Diagnosis(frozenset({"fracture"}), site, "", osteoporotic, _HISTORY.search(text) is not None))


def _site(text: str) -> str:
    return next((site for site, pattern in _SITES if pattern.search(text)), "")


def _part(site: str, text: str, concept: elements.Concept | None) -> str:
    if site == "vertebra":
        found = [] if _BOTH_LEVELS.search(text) else [part for part, pattern in _LEVELS if pattern.search(text)]
    else:
        if named := next((s for c in elements.codings(concept) if (s := side(c))), ""):
            return named
        found = [part for part, pattern in _PARTS if pattern.search(text)]
    return found[0] if len(found) == 1 else ""


def _with_early_menopause(problems: frozenset[str], onset: date | None, facts: Facts) -> frozenset[str]:
    birth, young = facts.birth, facts.thresholds.shared.early_menopause_years
    if "menopause" in problems and onset and birth and years_between(birth, onset) < young:
        return problems | {"early-menopause"}
    return problems


def _onset(found: wire.Condition, facts: Facts) -> tuple[date | None, date | None]:
    """When it began: the first and, of a partial date, the last day that it can have been."""
    period = found.onset_period
    stated = facts.first_span(found.onset_date_time, period.start if period else None, found.onset_string)
    return stated if stated[0] else (_at_age(found.onset_age, facts), None)


def _at_age(age: elements.Quantity | None, facts: Facts) -> date | None:
    """A date from an age in years, when the birth date is known."""
    if age is None or facts.birth is None or (age.code or age.unit or "a") not in ("a", "years", "year", "yr", "岁"):
        return None
    years = number(age.value)
    return add_months(facts.birth, round(years * 12)) if years is not None and 0 <= years <= 130 else None


def _state(found: wire.Condition, facts: Facts) -> tuple[date | None, bool]:
    """When it ended and whether it is active: an end on record outweighs an "active" that was left standing."""
    period = found.abatement_period
    texts = (found.abatement_date_time, period.end if period else None, found.abatement_string)
    abated = facts.first_day(*texts) or _at_age(found.abatement_age, facts)
    ended = found.abatement_boolean or found.abatement_age is not None or any(texts)
    if ended and not (abated and abated > facts.today):
        return abated, False
    return abated, elements.first_code(found.clinical_status, "active") not in _INACTIVE


def family(source: str, found: wire.FamilyMemberHistory, facts: Facts) -> None:
    """Read one FamilyMemberHistory: a parent's hip fracture is what counts."""
    relation = found.relationship
    is_parent = any(c.code in _PARENT_CODES for c in elements.codings(relation)) or _PARENT.search(fold(wording(relation)))
    said = [understand(c.code, facts.terminology).fracture for c in found.condition or ()]
    if not is_parent or not any(fracture and fracture.site == "hip" for fracture in said):
        facts.not_ours(source, "FamilyMemberHistory")
        return
    if not facts.is_ours(source, elements.refer(found.patient)):
        return
    if found.status == "entered-in-error":
        facts.not_ours(source, "FamilyMemberHistory", "entered in error")
        return
    facts.parental_hip_fracture = True
    facts.used(source, PARENTAL_HIP_FRACTURE)
