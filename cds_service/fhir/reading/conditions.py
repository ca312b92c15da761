"""Condition and FamilyMemberHistory -> problems and fracture entries, by code first, by wording where no code is known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import OTHER_REASON, FractureEntry, Problem
from cards.chart.calendar import add_days, add_months, years_between
from cards.definitions.fractures import FRAGILITY_SITES
from cards.vocabulary import PROBLEMS
from cds_service.fhir.phrases import LONGEST, Bone, Mention, Verdict, fold
from cds_service.fhir.phrases.vertebrae import broken
from cds_service.fhir.reading import elements, told_drugs, wire
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.ledger import why_unread_condition
from cds_service.fhir.reading.units import number
from cds_service.fhir.terminology.codes import Diagnosis, Terminology, side, subsequent
from cds_service.fhir.terminology.rows import PARENTAL_HIP_FRACTURE

_OUT = frozenset({"refuted", "entered-in-error"})
_WEIGHED = "differential"
"""One of several diagnoses that may explain what is seen: no more than what the words call possible."""
_VERIFIED = frozenset({"confirmed", "unconfirmed", "provisional", _WEIGHED, "unknown"})
_INACTIVE = frozenset({"inactive", "remission", "resolved"})

PARENT = re.compile(r"(?a)\b(mother|father|parent)\b|母亲|父亲|父母|^[父母]$")
_PARENT_CODES = frozenset({"FTH", "MTH", "PRN", "NFTH", "NMTH", "66839005", "72705000"})


_OVER = frozenset(
    {
        "pregnancy",
        "delivery",
        "lactation",
        "infection",
        "sepsis",
        "spinal-infection",
        "hypocalcemia",
        "hypercalcemia",
        "smoking",
        "hormonal-contraception",
    }
)
"""Transient conditions: if a text describes one as past, it is over."""


class Said(Struct, frozen=True):
    """What a concept says: problems and fractures; ``disagree`` if its codings contradict each other. ``mentions``: what its
    text names, if it was read."""

    problems: frozenset[str] = frozenset()
    fractures: tuple[Diagnosis, ...] = ()
    subsequent: bool = False
    parental: bool = False
    disagree: bool = False
    mentions: tuple[Mention, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.problems or self.fractures or self.parental)

    @property
    def doubtful(self) -> tuple[Mention, ...]:
        """What the text names as doubtful and nothing states with certainty."""
        sites = {fracture.site for fracture in self.fractures}
        return tuple(
            m
            for m in self.mentions
            if m.verdict is Verdict.DOUBTFUL and (m.bone.site not in sites if m.bone else m.key not in self.problems)
        )

    @property
    def besides(self) -> tuple[Mention, ...]:
        """What the text names but is not present: negated, a risk, in the family, of an implant, or past."""
        return tuple(m for m in self.mentions if m.verdict is not Verdict.DOUBTFUL and not _is_there(m))


def condition(source: str, found: wire.Condition, facts: Facts) -> None:
    """Read one Condition into ``facts.problems``, ``facts.fractures`` and ``facts.parental_hip_fracture``."""
    said = _with_site(found, facts.meaning(found.code, understand), facts)
    told_of_drugs = _tells_of_drugs(source, found, said, facts)
    if told_of_drugs and not (said or said.mentions):
        return
    if not (said or said.mentions):
        if is_stated(found) and facts.meaning(found.code, _is_augmented):
            facts.augmented.append((source, _onset(found, facts)[0] or facts.day(found.recorded_date)))
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
    if elements.first_code(found.verification_status) == _WEIGHED:
        _tell_weighed(source, facts, said, onset or recorded)
        return
    undated = found.onset_date_time or found.recorded_date or facts.record.lacks(source, "onset", "recordedDate")
    if onset is None and recorded is None and undated:
        facts.put_aside(source, "no-date", detail="onset")
    if onset is None:
        latest = facts.first_span(found.recorded_date)[1]
    _record(source, facts, found, said, (onset, recorded, latest))
    _tell_besides(source, facts, said, onset or recorded)


def _is_augmented(concept: elements.Concept | None, terminology: Terminology) -> bool:
    """Whether its words say that a vertebra was filled ("after kyphoplasty of T12")."""
    mentions = terminology.said("service", fold(wording(concept))) if concept else ()
    return any(m.key == "vertebral-augmentation" and m.verdict is not Verdict.DENIED for m in mentions)


_NO_SITE = frozenset({"", "unspecified", "other"})


def _with_site(found: wire.Condition, said: Said, facts: Facts) -> Said:
    """The same with the bone that a note or the site tells, where a fracture is entered as no more than that."""
    if not (said.fractures and all(each.site in _NO_SITE for each in said.fractures)):
        return said
    for note in found.note or ():
        told = understand(elements.Concept(text=(note.text or "")[:LONGEST]), facts.terminology)
        if any(each.site not in _NO_SITE for each in told.fractures):
            return replace(said, fractures=told.fractures)
    if not found.body_site:
        return said
    name, site = wording(facts.concept(found.code)), elements.texts(map(wording, found.body_site))
    for text in (f"{site}{name}", f"{name} of {site}", f"{site} {name}"):
        told = understand(elements.Concept(text=text), facts.terminology)
        if any(each.site not in _NO_SITE for each in told.fractures):
            return replace(said, fractures=told.fractures)
    return said


def _tells_of_drugs(source: str, found: wire.Condition, said: Said, facts: Facts) -> bool:
    """Whether it names drugs for bone that are, or were, taken, or not borne."""
    subject = elements.refer(found.subject, found.patient)
    if not is_stated(found) or told_drugs.is_over(found) or (subject and not facts.record.is_ours(subject)):
        return False
    when = _onset(found, facts)[0] or facts.day(found.recorded_date)
    return told_drugs.beside(source, facts.concept(found.code), when, facts, keys=said.problems)


def _tell_weighed(source: str, facts: Facts, said: Said, when: date | None) -> None:
    """A differential diagnosis is set aside as doubtful, whatever it names."""
    named = sorted(said.problems) or [m.key if m.key in PROBLEMS else "" for m in said.doubtful]
    for key in named or ([""] if said.fractures else []):
        facts.put_aside(source, "doubtful", key=key, when=when)
        facts.trace.note_line(source, "not-ours", key or "fracture", "differential diagnosis")


def _tell_besides(source: str, facts: Facts, said: Said, when: date | None) -> None:
    """Mentions that are not facts: doubtful ones are set aside, the others only traced."""
    for mention in said.doubtful:
        facts.put_aside(source, "doubtful", key=mention.key if mention.key in PROBLEMS else "", when=when)
        facts.trace.note_line(source, "not-ours", mention.what, _verdict(mention))
    for mention in said.besides:
        facts.trace.note_line(source, "not-ours", mention.what, _verdict(mention))
    if not (said or said.doubtful):
        facts.trace.not_ours["Condition, not there by its words"] += 1


def _is_in_doubt(source: str, found: wire.Condition, said: Said, facts: Facts) -> bool:
    """Whether an unreadable part might make it a different condition, or none."""
    if facts.record.lacks(source, "verificationStatus", "clinicalStatus"):
        return True
    if said.fractures and (facts.record.lacks(source, "bodySite") or facts.is_broken(found.code)):
        return True
    if facts.is_broken(found.code) and not (facts.only_words_broken(found.code) and _is_coded(found, facts)):
        return True
    return elements.first_code(found.verification_status, "confirmed") not in _VERIFIED | _OUT


def _is_coded(found: wire.Condition, facts: Facts) -> bool:
    """Whether a code says what it is, so that the words beside it say no more (but for the site of a fracture)."""
    codes = map(facts.terminology.condition, elements.codings(facts.concept(found.code)))
    return any(known is not None and known.wording is None for known in codes)


def is_stated(found: wire.Condition) -> bool:
    """Whether it is valid: neither refuted nor entered in error."""
    return elements.first_code(found.verification_status) not in _OUT


Dates = tuple[date | None, date | None, date | None]
"""Onset, recorded date, and the last possible day of the one that counts, if that is not exact."""


def _record(source: str, facts: Facts, found: wire.Condition, said: Said, dates: Dates) -> None:
    onset, recorded, latest = dates
    code = facts.concept(found.code)
    text = code.text if code and code.text else wording(code)
    abated, active = _state(found, facts)
    for key in sorted(with_early_menopause(said.problems, onset, facts)):
        facts.problems.append(Problem(key, source, onset, recorded, abated, active, text, latest))
        facts.used(source, key, _why(said, key))
    for fracture in said.fractures:
        where = elements.texts((wording(code), *map(wording, found.body_site or ())))
        part = fracture.part or part_of(fracture.site, where, code, facts.terminology)
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
                fracture.low_energy,
                broken(fold(where)) if fracture.site == "vertebra" else "",
                several=fracture.site == "vertebra" and _SEVERAL.search(fold(where)) is not None,
            )
        )
        facts.used(source, "fracture", _why(said, "fracture"))
        if facts.birth is None and fracture.site in _JUDGED_BY_AGE and not (fracture.osteoporotic or said.subsequent):
            facts.put_aside(source, "age-unknown", key=fracture.site, when=when)
    if said.parental:
        facts.parental_hip_fracture = True
        facts.used(source, PARENTAL_HIP_FRACTURE)


_JUDGED_BY_AGE = FRAGILITY_SITES | {"long-bone"}
"""Sites of fractures whose meaning depends on the age: two shafts tell of weak bone before 50."""
_SEVERAL = re.compile(
    r"(?a)多发[^,;。、]{0,8}(?:椎|压缩|骨质疏松性)[^,;。]{0,8}骨折|多(?:处|个|节段)[^,;。、]{0,4}椎[^,;。]{0,8}骨折"
    r"|\b(?:multiple|several) (?:\w+ ){0,3}(?:vertebra|compression|spin)[^,;]{0,24}fracture"
)
"""More than one vertebra, without their numbers."""


def _verdict(mention: Mention) -> str:
    """The verdict on a mention that is not a fact, with the deciding words."""
    verdict = "over" if mention.is_present else mention.verdict
    return f"{mention.what}: {verdict}, by {', '.join(mention.words)}"


def understand(concept: elements.Concept | None, terminology: Terminology) -> Said:
    """What a CodeableConcept says about problems and fractures."""
    return Said() if concept is None else terminology.recall("condition", concept, _understand)


def _understand(concept: elements.Concept, terminology: Terminology) -> Said:
    known = [(c, d) for c in elements.codings(concept) if (d := terminology.condition(c)) is not None]
    if not known:
        return _by_wording(wording(concept), terminology)
    text = fold(wording(concept))
    holding = [(c, d) for c, d in known if d.wording is None or d.wording.search(text)]
    if not holding:
        return _by_wording(text, terminology)
    best = max((diagnosis for _, diagnosis in holding), key=_specific)
    if not best.keys:
        return Said()
    # a code that names a fracture of another kind (stress, neoplasm) beside an S code outweighs it
    is_fracture = "fracture" in best.keys and all(d.keys for _, d in holding)
    doubted = _doubted(concept, terminology)
    doubtful = {m.key for m in doubted}
    return Said(
        frozenset(best.keys & PROBLEMS.keys() - doubtful),
        (_refined(best, text, terminology),) if is_fracture and "fracture" not in doubtful else (),
        any(subsequent(c) for c, _ in holding),
        PARENTAL_HIP_FRACTURE in best.keys,
        any(not _fits(other, best) for _, other in holding),
        tuple(m for m in doubted if m.key in best.keys),
    )


def _doubted(concept: elements.Concept, terminology: Terminology) -> tuple[Mention, ...]:
    """What the text next to a code calls doubtful ("MI?") and never certain: a code cannot express doubt."""
    if concept.text is None or any(concept.text == c.display for c in elements.codings(concept)):
        return ()
    mentions = terminology.said("problem", concept.text)
    certain = {m.key for m in mentions if m.verdict is not Verdict.DOUBTFUL}
    return tuple(m for m in mentions if m.key not in certain)


def _specific(diagnosis: Diagnosis) -> tuple[int, bool, int, list[str]]:
    named = diagnosis.site not in ("", "unspecified", "other", "long-bone")
    return len(diagnosis.keys), named, diagnosis.length, sorted(diagnosis.keys)


def _fits(other: Diagnosis, best: Diagnosis) -> bool:
    return other.keys <= best.keys and other.site in ("", "unspecified", best.site)


def _refined(fracture: Diagnosis, text: str, terminology: Terminology) -> Diagnosis:
    """A code that says "osteoporotic" without a site takes it from the wording; "osteoporotic" may come from there, too."""
    mentions = terminology.said("problem", text)
    bones = [m.bone for m in mentions if m.bone and _is_there(m)]
    site = fracture.site
    if site == "unspecified":
        site = next((bone.site for bone in bones if bone.site not in ("other", "unspecified")), site)
    weak = any(m.key == "osteoporosis" and _is_there(m) for m in mentions) or any(bone.osteoporotic for bone in bones)
    low_energy = any(bone.low_energy for bone in bones)
    return Diagnosis(fracture.keys, site, fracture.part, fracture.osteoporotic or weak, fracture.history, low_energy=low_energy)


def _by_wording(text: str, terminology: Terminology) -> Said:
    if not text:
        return Said()
    mentions = terminology.said("problem", text)
    return Said(
        frozenset(m.key for m in mentions if m.key in PROBLEMS and _is_there(m)),
        tuple(dict.fromkeys(_fracture(m, m.bone) for m in mentions if m.bone and _is_there(m))),
        parental=any(m.parent and m.verdict is Verdict.FAMILY and m.bone and m.bone.site == "hip" for m in mentions),
        mentions=mentions,
    )


def _is_there(mention: Mention) -> bool:
    return mention.is_present and not (mention.past and mention.key in _OVER)


def _fracture(mention: Mention, bone: Bone) -> Diagnosis:
    keys = frozenset({"fracture"})
    return Diagnosis(keys, bone.site, bone.part, bone.osteoporotic, mention.past, low_energy=bone.low_energy)


def _why(said: Said, key: str) -> str:
    """The words that say more about what is present: when, or how."""
    return ", ".join(dict.fromkeys(word for m in said.mentions if m.key == key and _is_there(m) for word in m.words))


def part_of(site: str, text: str, concept: elements.Concept | None, terminology: Terminology) -> str:
    """The side, else the level of a vertebra: by code, else by wording."""
    if site != "vertebra" and (named := next((s for c in elements.codings(concept) if (s := side(c))), "")):
        return named
    return terminology.part_of(site, text)


def with_early_menopause(problems: frozenset[str], onset: date | None, facts: Facts) -> frozenset[str]:
    """The same, with early menopause where menopause, or the removal of both ovaries, is dated before that age."""
    birth, young = facts.birth, facts.thresholds.shared.early_menopause_years
    if problems & {"menopause", "oophorectomy"} and onset and birth and years_between(birth, onset) < young:
        return problems | {"early-menopause"}
    return problems


def _onset(found: wire.Condition, facts: Facts) -> tuple[date | None, date | None]:
    """When it began: the first and, of a partial date, the last day that it can have been."""
    period = found.onset_period
    stated = facts.first_span(found.onset_date_time, period.start if period else None, found.onset_string)
    return stated if stated[0] else _span_of_age(found.onset_age, facts)


def _span_of_age(age: elements.Quantity | None, facts: Facts) -> tuple[date | None, date | None]:
    """The first and the last day of an age in years, when the birth date is known."""
    first = _at_age(age, facts)
    return first, first and min(add_days(add_months(first, 12), -1), facts.today)


def _at_age(age: elements.Quantity | None, facts: Facts) -> date | None:
    """A date from an age in years, when the birth date is known."""
    if age is None or facts.birth is None or (age.code or age.unit or "a") not in ("a", "years", "year", "yr", "岁"):
        return None
    years = number(age.value)
    return add_months(facts.birth, round(years * 12)) if years is not None and 0 <= years <= 130 else None


def _state(found: wire.Condition, facts: Facts) -> tuple[date | None, bool]:
    """When it ended and whether it is active: a recorded end outweighs an "active" status that was never updated."""
    period = found.abatement_period
    texts = (found.abatement_date_time, period.end if period else None, found.abatement_string)
    abated = facts.first_day(*texts) or _at_age(found.abatement_age, facts)
    ended = found.abatement_boolean or found.abatement_age is not None or any(texts)
    if ended and not (abated and abated > facts.today):
        return abated, False
    return abated, elements.first_code(found.clinical_status, "active") not in _INACTIVE


def reasons_of(facts: Facts, concepts: Iterable[elements.Concept], references: Iterable[elements.Reference]) -> frozenset[str]:
    """Problems named as the reason, by code or by a Condition on record; OTHER_REASON stands for any other."""
    resolved = (facts.record.resolve(r.reference, wire.Condition) for r in references if r.reference)
    codes = [*concepts, *(facts.concept(condition.code) or elements.Concept() for condition in resolved if condition)]
    found: set[str] = set()
    for concept in codes:
        if said := understand(concept, facts.terminology):
            found |= said.problems | ({"fracture"} if said.fractures else set())
        elif concept.text or concept.coding:
            found.add(OTHER_REASON)
    return frozenset(found)


def family(source: str, found: wire.FamilyMemberHistory, facts: Facts) -> None:
    """Read one FamilyMemberHistory: only a parent's hip fracture counts."""
    relation = found.relationship
    is_parent = any(c.code in _PARENT_CODES for c in elements.codings(relation)) or PARENT.search(fold(wording(relation)))
    broken = [fracture for c in found.condition or () for fracture in understand(c.code, facts.terminology).fractures]
    if not is_parent or not any(fracture.site == "hip" for fracture in broken):
        facts.not_ours(source, "FamilyMemberHistory")
        return
    if not facts.is_ours(source, elements.refer(found.patient)):
        return
    if found.status == "entered-in-error":
        facts.not_ours(source, "FamilyMemberHistory", "entered in error")
        return
    facts.parental_hip_fracture = True
    facts.used(source, PARENTAL_HIP_FRACTURE)
