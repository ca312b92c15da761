"""What an operation was done for: a fracture, a thrombosis, a metastasis that its name or its reason tells ("right femoral neck
fracture, closed reduction and internal fixation") and that nobody may have entered in the problem list."""

from __future__ import annotations

import re
from datetime import date

from cards.chart import FractureEntry, Problem
from cards.definitions.fractures import FRAGILITY_SITES
from cds_service.fhir.phrases import fold
from cds_service.fhir.phrases.vertebrae import broken
from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.conditions import Said, part_of, understand
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.stated import FEMUR_SIGNS, STATED

_NOT_NEW = re.compile(
    r"(?a)取出|拆除|翻修|术后|康复|护理|不愈合|延迟愈合|畸形愈合|陈旧"
    r"|\b(?:removal|revision|nonunion|malunion|rehab|physical therapy)"
)
"""What is done long after a fracture."""
Span = tuple[date | None, date | None]


def done_for(source: str, found: wire.Act, facts: Facts, span: Span) -> bool:
    """Note the fractures and the problems before any drug that a completed procedure was done for. Whether its own name tells
    one."""
    if type(found) is not wire.Procedure or found.status != "completed":
        return False
    if not facts.is_ours(source, elements.refer(found.subject, found.patient)):
        return False
    when = span[0]
    if when is None or when > facts.today:
        return False
    name = facts.concept(found.code)
    for concept in elements.many(found.reason_code):
        _note(source, concept, understand(concept, facts.terminology), span, facts)
    said = understand(name, facts.terminology)
    return name is not None and _note(source, name, said, span, facts)


def _note(source: str, concept: elements.Concept, said: Said, span: Span, facts: Facts) -> bool:
    when, latest = span
    text = wording(concept)
    for key in sorted(said.problems & (STATED - FEMUR_SIGNS)):
        facts.problems.append(Problem(key, source, recorded=when, latest=latest, text=text))
        facts.used(source, key)
    if said.subsequent or _NOT_NEW.search(fold(text)):
        return bool(said.problems & STATED)
    fractures = [each for each in said.fractures if each.site in FRAGILITY_SITES and not each.history]
    for fracture in fractures:
        part = fracture.part or part_of(fracture.site, text, concept, facts.terminology)
        level = broken(fold(text)) if fracture.site == "vertebra" else ""
        entry = FractureEntry(
            fracture.site, source, part, when, fracture.osteoporotic, False, text, latest, fracture.low_energy, level
        )
        facts.operated.append(entry)
        facts.used(source, "fracture")
    return bool(fractures or said.problems & STATED)


def settle(facts: Facts) -> None:
    """Add the fractures of which nothing but an operation tells. One that is on record before it is the one that it was for: in
    the months after denosumab two entries would be two fractures."""
    told: list[FractureEntry] = []
    for entry in sorted(facts.operated, key=lambda each: (each.when or date.min, each.source)):
        if not any(_is_of(entry, known, facts) for known in (*facts.fractures, *told)):
            told.append(entry)
            if facts.birth is None and not entry.osteoporotic:
                facts.put_aside(entry.source, "age-unknown", key=entry.site, when=entry.when)
    facts.fractures += told


def _is_of(operated: FractureEntry, known: FractureEntry, facts: Facts) -> bool:
    """Whether an operation was for a fracture that the record tells."""
    if operated.site != known.site or operated.when is None or known.when is None:
        return operated.site == known.site
    within = facts.thresholds.shared.one_fracture_days
    return abs((operated.when - known.when).days) <= int(within)
