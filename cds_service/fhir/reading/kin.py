"""Observation -> a parent's hip fracture, where family history is recorded as a finding with or without an answer."""

from __future__ import annotations

import re

from cds_service.fhir.phrases import fold
from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.conditions import PARENT, understand
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.terminology.codes import Terminology
from cds_service.fhir.terminology.rows import PARENTAL_HIP_FRACTURE

_FINAL = frozenset({"final", "amended", "corrected"})
_YES = frozenset({"373066001", "LA33-6", "Y"})
_YES_WORDS = re.compile(r"(?a)^(yes|true|positive|present|是|有|阳性)$")


def tells_of_parent(concept: elements.Concept | None, terminology: Terminology) -> bool:
    """Whether a concept says that a parent broke a hip, by code or by words."""
    if concept is None:
        return False
    known = (terminology.condition(coding) for coding in elements.codings(concept))
    if any(found is not None and PARENTAL_HIP_FRACTURE in found.keys for found in known):
        return True
    return PARENT.search(fold(wording(concept))) is not None and understand(concept, terminology).parental


def parent(source: str, found: wire.Observation, facts: Facts) -> bool:
    """Read an Observation of a parent's hip fracture: the question with its answer, or the answer of another question. False if
    it is none."""
    asked = facts.meaning(found.code, tells_of_parent)
    if not asked and not tells_of_parent(found.value_codeable_concept, facts.terminology):
        return False
    if not facts.is_ours(source, elements.refer(found.subject)):
        return True
    if found.status in _FINAL and (not asked or _affirmed(found)):
        facts.parental_hip_fracture = True
        facts.used(source, PARENTAL_HIP_FRACTURE)
    else:
        facts.not_ours(source, "Observation", "a parent's hip fracture, denied or not final")
    return True


def _affirmed(found: wire.Observation) -> bool:
    """Whether the answer is yes; a finding without an answer is there."""
    answer = found.value_codeable_concept
    if found.value_boolean is not None:
        return found.value_boolean is True
    if answer is not None:
        return any(c.code in _YES for c in elements.codings(answer)) or bool(_YES_WORDS.match(fold(wording(answer)).strip()))
    if found.value_string is not None:
        return bool(_YES_WORDS.match(fold(found.value_string).strip()))
    return found.value_quantity is None and found.value_integer is None
