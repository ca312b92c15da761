"""What is longer than is read. Patterns see no more than ``names.LONGEST`` characters (``names.fold``); here that is said."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

from msgspec import json

from cards.vocabulary import Data
from cds_service.fhir.phrases import LONGEST
from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.facts import Facts
from cds_service.fhir.reading.given import BROKEN

_ENCODE = json.Encoder().encode
_WORDS = frozenset({"text", "display", "description"})
_NOT_READ = frozenset({"additionalInstruction", "patientInstruction", "referenceRange", "valueCodeableConcept", "extension"})
_ONE_BY_ONE = frozenset({"dosageInstruction", "dosage", "component", "contained"})
"""Fields whose items are read by themselves; the words of all others are read together."""


def say_what_is_too_long(source: str, found: object, facts: Facts, *, data: Data | None = None) -> None:
    """Set aside the rest of the texts of a resource of this patient that are too long to be read to their end."""
    for field in fields_too_long(found):
        subject = elements.refer(getattr(found, "subject", None), getattr(found, "patient", None))
        if not subject or facts.record.is_ours(subject):
            facts.put_aside(source, "too-long", data=data, detail=field)


def fields_too_long(found: object) -> list[str]:
    """The fields of a decoded resource that say more in words than is read."""
    if is_brief(found):
        return []
    said = _ENCODE(found)
    if len(said) <= LONGEST:  # nearly all: what is no longer as a whole has nothing that is
        return []
    try:
        content = wire.ANYTHING.decode(said)
    except BROKEN:
        return []
    return [field for field, value in content.items() if any(map(_is_too_long, _parts(field, value)))]


def is_brief(found: object) -> bool:
    """Whether it is a result of which all that is said in words is short as it came, as nearly all are: told without writing it
    out again."""
    return (
        isinstance(found, wire.Observation)
        and found.component is None
        and found.value_codeable_concept is None
        and found.body_site is None
        and found.method is None
        and found.device is None
        and len(found.code) + len(found.meta) + len(found.reference_range) <= LONGEST
    )


def _parts(field: str, value: Any) -> list[Any]:
    return value if field in _ONE_BY_ONE and isinstance(value, list) else [value]


def _is_too_long(value: Any) -> bool:
    if len(json.encode(value)) <= LONGEST:
        return False
    words = elements.texts(dict.fromkeys(_words(value)))
    return max(len(words), len(unicodedata.normalize("NFKC", words))) > LONGEST


def _words(value: Any) -> Iterator[str]:
    """All that a part of a resource says in words."""
    if isinstance(value, list):
        for each in value:
            yield from _words(each)
    elif isinstance(value, dict):
        for field, each in value.items():
            if field in _WORDS and isinstance(each, str):
                yield each
            elif field not in _NOT_READ:
                yield from _words(each)
