"""Recommendations as citations, with the grades that their documents print."""

from __future__ import annotations

import re

from cards.engine.sources import Recommendation, place_of
from cds_service.package.metadata import CPG, EXTENSION, TERMINOLOGY, Json, concept

_GRADE = re.compile(r"([12])([ABCD])")
_STRENGTH = {"1": "strong", "2": "weak"}
_QUALITY = {"A": "high", "B": "moderate", "C": "low", "D": "very-low"}


def artifact(told: Recommendation) -> Json:
    """A recommendation as a RelatedArtifact. ``display`` is its gist in our words. Where its document grades it by one number
    and letter, strength and quality are coded; a grade of several, or none, is only printed."""
    where = ", ".join(part for part in (told.document.title.en, place_of(told, "en")) if part)
    grade = "" if told.grade == "-" else f". Grade {told.grade}"
    url = told.url or told.document.url
    found: Json = {"type": "citation", "label": told.id, "display": told.gist, "citation": f"{where}{grade}"}
    if url:
        found["url"] = url
    if coded := graded(told.grade):
        found["document"] = {"extension": coded, "title": told.id} | ({"url": url} if url else {})
    return found


def graded(grade: str) -> list[Json]:
    """Strength of the recommendation and quality of the evidence, for a grade of number and letter; none for any other.

    >>> [each["valueCodeableConcept"]["coding"][0]["code"] for each in graded("1B")], graded("2B/2D"), graded("-")
    (['strong', 'moderate'], [], [])
    """
    if not (parts := _GRADE.fullmatch(grade)):
        return []
    strength = concept(f"{TERMINOLOGY}recommendation-strength", _STRENGTH[parts[1]])
    quality = concept(f"{TERMINOLOGY}evidence-quality", _QUALITY[parts[2]])
    return [
        {"url": f"{EXTENSION}cqf-strengthOfRecommendation", "valueCodeableConcept": strength},
        {"url": f"{EXTENSION}cqf-qualityOfEvidence", "valueCodeableConcept": quality},
    ]


def direction(which: str) -> list[Json]:
    """Whether it is recommended to do something ("for") or to leave it ("against"); none where neither can be said."""
    code = concept(f"{CPG}CodeSystem/cpg-recommendation-direction-cs", which)
    url = f"{CPG}StructureDefinition/cpg-directionOfRecommendation"
    return [{"url": url, "valueCodeableConcept": code}] if which else []
