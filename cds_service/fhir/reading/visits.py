"""What a visit was for, what a plan is called, what an operation must have been for: problems and drugs of ours that nobody may
have entered where they belong.

The reason of a visit is what a patient says, or what was asked. It is no fact, and no absence either: what the rest of the
record does not tell is asked for.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.chart.calendar import add_days
from cards.definitions.fractures import FRAGILITY_SITES
from cards.vocabulary import Data
from cds_service.fhir.reading import elements, told_drugs
from cds_service.fhir.reading.conditions import understand
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.stated import STATED

_PAIN = "thigh-pain"
_FILLED = "vertebral-augmentation"
_WHY_FILLED = frozenset({"vertebra", "bone-metastasis", "myeloma", "bone-cancer", "giant-cell-tumor"})
"""What a vertebra is filled for. Where the record tells none of these, it is asked for."""


class Visit(Struct, frozen=True):
    """The problems of ours, and the sites of fractures, that a visit was for."""

    source: str
    keys: frozenset[str]
    when: date | None


def note(source: str, concepts: tuple[elements.Concept, ...] | elements.Concept | None, day: str | None, facts: Facts) -> None:
    """Note what the words of a visit or a plan, held on ``day``, tell."""
    when = facts.first_day(day)
    for concept in elements.many(concepts):
        said = understand(concept, facts.terminology)
        told_drugs.beside(source, concept, when, facts, keys=said.problems)
        sites = {fracture.site for fracture in said.fractures if not (said.subsequent or fracture.history)} & FRAGILITY_SITES
        if keys := (said.problems & (STATED | {_PAIN})) | sites:
            facts.visits.append(Visit(source, frozenset(keys), when))


def settle(facts: Facts) -> None:
    """Set aside what visits were for and no entry of the record tells. Of what has long passed nobody asks."""
    known = {each.key for each in facts.problems} | {each.site for each in facts.fractures}
    numbers = facts.thresholds.shared
    passing = {_PAIN: numbers.femur_sign_days, "pregnancy": numbers.pregnancy_days}
    for visit in facts.visits:
        for key in sorted(visit.keys - known):
            since = add_days(facts.today, -passing[key]) if key in passing else None
            if since is None or (visit.when is not None and visit.when >= since):
                facts.put_aside(visit.source, "visit", data=Data.CONDITIONS, key=key, when=visit.when)
    if not known & _WHY_FILLED:
        filled = [(each.source, each.when) for each in facts.services if each.key == _FILLED and each.done]
        for source, when in (*filled, *facts.augmented):
            facts.put_aside(source, "operation", data=Data.CONDITIONS, key="vertebra", when=when)
