"""Reading the strength of one dose, in mg, from a quantity or from a product's name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cds_service.fhir.reading import elements
from cds_service.fhir.reading.units import number, plain

_TO_MG = {
    "mg": 1.0,
    "milligram": 1.0,
    "milligrams": 1.0,
    "毫克": 1.0,
    "g": 1000.0,
    "gram": 1000.0,
    "克": 1000.0,
    "ug": 0.001,
    "mcg": 0.001,
    "microgram": 0.001,
    "micrograms": 0.001,
    "微克": 0.001,
}
_AMOUNT = re.compile(
    r"(?<!\d)(\d{1,7}(?:\.\d{1,7})?)\s*(mg|毫克|mcg|ug|μg|微克|g|克)(?![a-z])"
    r"(?:\s*/\s*(\d{1,7}(?:\.\d{1,7})?)?\s*(ml|毫升)(?![a-z]))?"
)
_VOLUME = re.compile(r"(?<![/\d.])(\d{1,7}(?:\.\d{1,7})?)\s*(?:ml|毫升)(?![a-z])")


def of_quantity(found: elements.Quantity | None) -> float | None:
    """Milligrams of a quantity whose unit is a mass."""
    if found is None or (value := number(found.value)) is None:
        return None
    factor = next((f for unit in (found.code, found.unit) if unit and (f := _TO_MG.get(plain(unit)))), None)
    return None if factor is None else value * factor


def of_name(text: str) -> float | None:
    """Milligrams in a folded product name; a concentration counts only with the volume beside it.

    >>> of_name("1.7 ml denosumab 70 mg/ml injection"), of_name("zoledronic acid 5 mg/100 ml"), of_name("alendronate 70 mg")
    (119.0, 5.0, 70.0)
    """
    match = _AMOUNT.search(text)
    if match is None:
        return None
    amount, unit, per, volume_unit = match.groups()
    strength = float(amount) * _TO_MG[plain(unit)]
    if not volume_unit or per:
        return strength
    volume = _VOLUME.search(text)
    return round(strength * float(volume[1]), 6) if volume else None


def all_of(text: str) -> set[float]:
    """The milligrams that the parts of a folded wording ("a | b") name."""
    return {strength for part in text.split(" | ") if (strength := of_name(part)) is not None}


def volume(text: str) -> float | None:
    """Milliliters that a folded product name states, of one vial or ampoule.

    >>> volume("cholecalciferol 1 ml:7.5 mg"), volume("denosumab 60 mg/ml")
    (1.0, None)
    """
    stated = {float(match[1]) for match in _VOLUME.finditer(text)}
    return stated.pop() if len(stated) == 1 else None


def per_ml(text: str) -> float | None:
    """Milligrams per milliliter that a folded product name states.

    >>> per_ml("denosumab 60 mg/ml"), per_ml("zoledronic acid 5 mg/100 ml"), per_ml("alendronate 70 mg")
    (60.0, 0.05, None)
    """
    match = _AMOUNT.search(text)
    return float(match[1]) * _TO_MG[plain(match[2])] / float(match[3] or 1) if match and match[4] else None


def of_mass(value: float, unit: str) -> float | None:
    """Milligrams of a value whose unit is a mass."""
    factor = _TO_MG.get(plain(unit))
    return None if factor is None else value * factor


def quantities(dosage: elements.Dosage) -> list[elements.Quantity]:
    """All that is said of the single dose: what was ordered where that is told apart, else what was calculated, else all."""
    rates = [rate for rate in elements.many(dosage.dose_and_rate) if _is_told(rate.dose_quantity)]
    for kind in ("ordered", "calculated"):
        if some := [rate for rate in rates if elements.first_code(rate.type) == kind]:
            rates = some
            break
    found = (*(rate.dose_quantity for rate in rates), dosage.dose_quantity, dosage.dose)
    return [each for each in found if each is not None and _is_told(each)]


def _is_told(found: elements.Quantity | None) -> bool:
    return found is not None and found.value is not None


def of_dosages(dosages: Iterable[elements.Dosage]) -> float | None:
    """Milligrams of the single dose of the first dosage that tells it."""
    masses = (of_quantity(found) for dosage in dosages for found in quantities(dosage))
    return next((mass for mass in masses if mass is not None), None)
