"""The data types of FHIR R4 on the way in: only the fields that are read, everything optional, and what is asked of them.

Where clients were seen to send one object instead of a list, both are taken (CDS Hooks sandbox, DSTU2 leftovers).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from msgspec import Raw, Struct

Item = TypeVar("Item")

NOTHING = Raw(b"null")
"""Where a field that stays JSON is missing.

What a resource is about (``code``, ``medicationCodeableConcept``) and how a drug is taken stay JSON: a chart says the same
things again and again, so that what they mean is looked up by their bytes. Ranges stay JSON, since most values are not read.
"""


class Element(Struct, gc=False, rename="camel"):
    """Base of all: FHIR's own spelling, and no work for the garbage collector, since nothing here refers back."""


class Coding(Struct, frozen=True, gc=False):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(Struct, frozen=True, gc=False):
    """CodeableConcept."""

    coding: tuple[Coding, ...] | None = None
    text: str | None = None


class Reference(Element):
    reference: str | None = None
    display: str | None = None


class Identifier(Element):
    system: str | None = None
    value: str | None = None


class Subject(Element):
    """A Reference of which only the target counts."""

    reference: str | None = None
    identifier: Identifier | None = None


class Period(Element):
    start: str | None = None
    end: str | None = None


class Quantity(Element):
    value: float | str | None = None
    comparator: str | None = None
    unit: str | None = None
    code: str | None = None


class Meta(Element):
    last_updated: str | None = None


class Link(Element):
    relation: Any = None
    url: Any = None


class ReferenceRange(Element):
    low: Quantity | None = None
    high: Quantity | None = None
    type: Concept | None = None


class Device(Element):
    display: str | None = None


class Repeat(Element):
    bounds_period: Period | None = None
    bounds_duration: Quantity | None = None
    count: float | str | None = None
    frequency: float | str | None = None
    frequency_max: float | str | None = None
    period: float | str | None = None
    period_max: float | str | None = None
    period_unit: str | None = None
    day_of_week: tuple[str, ...] | str | None = None
    time_of_day: tuple[str, ...] | str | None = None
    when: tuple[str, ...] | str | None = None


class Timing(Element):
    repeat: Repeat | None = None
    code: Concept | None = None


class Range(Element):
    low: Quantity | None = None
    high: Quantity | None = None


class DoseAndRate(Element):
    type: Concept | None = None
    dose_quantity: Quantity | None = None
    dose_range: Range | None = None


class Dosage(Element):
    sequence: float | str | None = None
    text: str | None = None
    patient_instruction: str | None = None
    as_needed_boolean: bool | str | None = None
    as_needed_codeable_concept: Concept | None = None
    as_needed: bool | str | None = None
    as_needed_for: tuple[Concept, ...] | Concept | None = None
    route: Concept | None = None
    timing: Timing | None = None
    dose_and_rate: tuple[DoseAndRate, ...] | DoseAndRate | None = None
    dose_quantity: Quantity | None = None
    dose: Quantity | None = None


def many(value: tuple[Item, ...] | Item | None) -> tuple[Item, ...]:
    """A list, one lone object or nothing, as a tuple."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def codings(*concepts: Concept | None) -> Iterator[Coding]:
    for concept in concepts:
        if concept is not None and concept.coding is not None:
            yield from concept.coding


def wording(*concepts: Concept | None) -> str:
    """All that the concepts say in words: texts and displays, each once."""
    said: dict[str, None] = {}
    for concept in concepts:
        if concept is None:
            continue
        if concept.text:
            said[concept.text] = None
        for coding in concept.coding or ():
            if coding.display:
                said[coding.display] = None
    return " | ".join(said)


def first_code(value: Concept | str | None, default: str = "") -> str:
    """The code of a status, as R4 writes it (CodeableConcept) or as STU3 did (code)."""
    if value is None or isinstance(value, str):
        return default if value is None else value
    for coding in value.coding or ():
        if coding.code:
            return coding.code
    return default or (value.text.lower() if value.text else "")


BY_IDENTIFIER = "identifier:"
"""Before what stands for a reference that names its target by an identifier alone."""


def refer(*references: Subject | None) -> str:
    """The first reference that says where it points, or whom it means by an identifier; else ""."""
    for each in references:
        if each is not None and each.reference:
            return each.reference
    for each in references:
        if each is not None and each.identifier is not None and each.identifier.value:
            return identified_by(each.identifier)
    return ""


def identified_by(identifier: Identifier) -> str:
    """What stands for a reference by an identifier."""
    return f"{BY_IDENTIFIER}{identifier.system or ''}|{identifier.value or ''}"


def texts(parts: Iterable[str | None]) -> str:
    return " | ".join(part for part in parts if part)
