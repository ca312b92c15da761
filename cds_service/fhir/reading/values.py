"""The value of an Observation or of one of its components, and its reference range, whatever type it was sent as."""

from __future__ import annotations

from msgspec import Raw

from cards.vocabulary import Analyte
from cds_service.fhir.phrases import LONGEST
from cds_service.fhir.reading import elements, units, wire
from cds_service.fhir.reading.excluded import denied
from cds_service.fhir.reading.given import BROKEN, parts
from cds_service.fhir.reading.questionnaires import answer


def value_of(part: wire.Value, analyte: Analyte, table: units.Units) -> units.Value | str:
    """The value in the analyte's unit, or why it cannot be used (a reason of ``cards.chart.SetAside``)."""
    if analyte.key == "m-protein" and (none := _none(part)):
        return units.Value(0, given=none)
    if part.value_quantity is not None:
        return units.quantity(part.value_quantity, analyte, table)
    if part.value_integer is not None:
        return units.quantity(elements.Quantity(part.value_integer), analyte, table)
    if part.value_string is not None:
        return "too-long" if len(part.value_string) > LONGEST else units.statement(part.value_string, analyte, table)
    if part.value_codeable_concept is not None:
        return answer(analyte.key, part.value_codeable_concept)
    return "no-value"


def _none(part: wire.Value) -> str:
    """The words that say that there is no monoclonal protein; "" where there are none."""
    said = elements.texts((part.value_string, elements.wording(part.value_codeable_concept)))
    return said if said and len(said) <= LONGEST and denied(said) else ""


def ranges_of(content: Raw) -> tuple[tuple[elements.ReferenceRange, ...], bool]:
    """What of the reference ranges can be read, and whether that is all of them."""
    try:
        found, left_out = parts(wire.REFERENCE_RANGES, content, "referenceRange")
    except BROKEN:
        return (), False
    return found or (), not left_out


def normal(ranges: tuple[elements.ReferenceRange, ...]) -> elements.ReferenceRange | None:
    """The range of the normal; several without a word which is which are none."""
    if len(ranges) == 1 and ranges[0].type is None:
        return ranges[0]
    named = [r for r in ranges if elements.first_code(r.type, "normal") == "normal"]
    return named[0] if len(named) == 1 else None
