"""What every resource of the package says of itself."""

from __future__ import annotations

from datetime import date
from typing import Any

from cards.engine.sources import CHECKED, VERSION
from cards.vocabulary import Name

Json = dict[str, Any]

BASE = "urn:osteoporosis-cds:"
PUBLISHER = "osteoporosis-cds"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
EXTENSION = "http://hl7.org/fhir/StructureDefinition/"
CPG = "http://hl7.org/fhir/uv/cpg/"
_DATED = frozenset({"PlanDefinition", "ActivityDefinition", "Library", "Measure"})
"""The types that have elements for the days of approval and review; the others say these in extensions."""


def canonical(kind: str, key: str) -> str:
    """The permanent address of a resource: a URN, since the same content is served from many places.

    >>> canonical("PlanDefinition", "denosumab-sequence")
    'urn:osteoporosis-cds:plandefinition:denosumab-sequence'
    """
    return f"{BASE}{kind.lower()}:{key}"


def versioned(kind: str, key: str) -> str:
    """The same, of this content version alone."""
    return f"{canonical(kind, key)}|{VERSION}"


def described(
    kind: str, key: str, title: Name, description: str, *, name: str = "", approved: date | None = None, url: str = ""
) -> Json:
    """The elements that all resources share. ``name``: "" for one made of the id. ``approved``: when a clinician signed it as
    it is now (``content.releases``). It is active from then on, and a draft until then.
    """
    return {
        "resourceType": kind,
        "id": key,
        "url": url or canonical(kind, key),
        "version": VERSION,
        "name": name or computer_name(key),
        "title": title.en,
        "_title": translated(title),
        "status": "active" if approved else "draft",
        "experimental": approved is None,
        "date": CHECKED.isoformat(),
        "publisher": PUBLISHER,
        "description": description,
    } | _days(kind, approved)


def _days(kind: str, approved: date | None) -> Json:
    """When a clinician approved it, where one did, and when it was last checked against its sources."""
    days = ({"approvalDate": approved.isoformat()} if approved else {}) | {"lastReviewDate": CHECKED.isoformat()}
    if kind in _DATED:
        return days
    return {"extension": [{"url": f"{EXTENSION}resource-{name}", "valueDate": day} for name, day in days.items()]}


def translated(name: Name) -> Json:
    """The Chinese beside an English string, for the element with the underscore."""
    parts = [{"url": "lang", "valueCode": "zh"}, {"url": "content", "valueString": name.zh}]
    return {"extension": [{"url": f"{EXTENSION}translation", "extension": parts}]}


def computer_name(key: str) -> str:
    """An id as a name that programs can use.

    >>> computer_name("condition-fracture-hip")
    'ConditionFractureHip'
    """
    name = "".join(part[:1].upper() + part[1:] for part in key.replace("_", "-").split("-"))
    return name if name[:1].isalpha() else f"N{name}"


def concept(system: str, code: str, display: str = "") -> Json:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code} | ({"display": display} if display else {})]}


PATIENT = concept("http://hl7.org/fhir/resource-types", "Patient")
