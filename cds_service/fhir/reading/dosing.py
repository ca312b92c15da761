"""Dosage and Timing -> Dosing: how much, how often, how long. What cannot be read is marked unreadable, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Dosing
from cards.vocabulary import Drug, Mechanism
from cds_service.fhir.phrases import fold
from cds_service.fhir.reading import calcium, elements, strength
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.reading.sig import THEN, Sig, read_sig, route_of, split_steps
from cds_service.fhir.reading.timing import Said, agree, bounds_of, days_of, every_of
from cds_service.fhir.reading.units import number, plain

_COUNTED = frozenset({
    "pill", "tbl", "tablet", "tablets", "tab", "tabs", "capsule", "capsules", "cap", "caps", "injection", "injections",
    "syringe", "syringes", "pen", "vial", "vials", "dose", "doses", "unitdose", "each", "ea", "sachet", "ampule",
    "ampoule", "1", "片", "粒", "支", "袋", "丸", "颗", "针", "瓶", "次",
})  # fmt: skip
_IU = frozenset({"iu", "u", "unit", "units", "usp'u", "unt", "国际单位", "单位"})
_VOLUME = frozenset({"ml", "毫升", "milliliter", "milliliters"})
_LARGEST_PLAIN_COUNT = 4  # a dose of "1" without a unit is a tablet, one of "70" may be anything
_LARGEST_PTH_DOSE_MG = 0.1  # more is what is in the pen, not what one injection gives
_IU_OF_VITAMIN_D = {"ug": 40.0, "mg": 40_000.0, "g": 40_000_000.0}
_IN_IU = re.compile(r"(?a)(?<!\d)(\d[\d,]{0,9}(?:\.\d{1,7})?) ?(万)? ?(?:\[?iu\]?|unt|units?|u|国际单位|单位)(?![a-z])")
_LONG_TERM = re.compile(
    r"(?a)(?<!not )(?<!no )\b(?:long[- ]?term|indefinite(?:ly)?|lifelong|life-long)\b"
    r"|(?<![非不])(?<!不可)(?<!不宜)(?<!避免)(?:长期|终身)"
)
_ONE_ML = frozenset({"denosumab"})  # sold as 1 mL: "60 mg/mL" is a whole syringe
_ROUTE_CODES = {
    "26643006": "oral",
    "34206005": "sc",
    "47625008": "iv",
    "78421000": "im",
    "46713006": "nasal",
    "6064005": "topical",
    "45890007": "topical",
    "16857009": "vaginal",
    "PO": "oral",
    "SQ": "sc",
    "IV": "iv",
    "IM": "im",
}


class Product(Struct, frozen=True):
    """What is known of the medication: its words (folded) and what one unit of it holds in mg by code or brand."""

    text: str = ""
    mg: float | None = None
    alone: bool = True


def dosing(
    dosages: Sequence[elements.Dosage], drug: Drug, product: Product, zone: tzinfo, *, supply_days: float | None = None
) -> Dosing | None:
    """How ``drug`` is to be taken; None if nothing is stated. Concurrent dosages are added up, sequential ones have no single
    dose. The amount is in mg, or in IU for vitamin D2 and D3 and for drugs dosed in units. Where nothing but the name of the
    medication tells how it is taken ("alendronate 70 mg, 1 tablet a week"), it is read from there."""
    dosages = dosages or _in_the_name(product)
    if not dosages:
        return None
    dosages = _written_steps(*dosages) if len(dosages) == 1 else _in_order(dosages, zone)
    parts = [_part(dosage, drug, product, zone) for dosage in dosages]
    combined = _one_after_another if _are_steps(dosages, zone) else _side_by_side
    together = combined(parts) if len(parts) > 1 else parts[0]
    if together.readable and together.amount is None and together.every_days is None and together.days is None:
        return None
    return Dosing(
        together.amount,
        together.unit,
        together.every_days,
        together.days if together.days is not None else supply_days,
        next(filter(None, map(route, dosages)), "") or route_of(product.text),
        together.as_needed,
        together.readable,
        long_term=any(_LONG_TERM.search(fold(f"{each.text or ''} {each.patient_instruction or ''}")) for each in dosages),
        steps=together.steps,
    )


_PART_OF_DAY = re.compile(
    r"(?a)(?:早|晨|上午|中午|午|下午|晚|睡前)[上间起]?(?:[餐饭][前后])?(?:口?服)?[: ]{0,2}"
    r"(\d{1,4}(?:\.\d{1,3})? ?(?:片|粒|mg|毫克|ug|微克|#|t))(?![a-z])"
)


def _parts_of_day(dosage: elements.Dosage) -> Sequence[elements.Dosage]:
    """A dose in the morning and another in the evening ("早4片 晚2片"), each once a day; nothing where the text tells more."""
    if not dosage.text or dosage.dose_and_rate or dosage.timing:
        return ()
    text = fold(dosage.text)
    doses = [found[1] for found in _PART_OF_DAY.finditer(text)]
    rest = _PART_OF_DAY.sub("", text)
    if len(doses) < 2 or _MORE.search(rest):
        return ()
    return [replace(dosage, text=f"{dose} qd") for dose in doses]


_MORE = re.compile(r"(?a)\d|隔|周|月|年|减|加|停|后|q\w|bid|tid")


def _in_the_name(product: Product) -> Sequence[elements.Dosage]:
    """What the name says of how it is taken: a strength alone says nothing, an interval or a single dose does."""
    if not product.text:
        return ()
    told = read_sig(product.text)
    return (elements.Dosage(text=product.text),) if told.readable and told.every is not None else ()


def _part(dosage: elements.Dosage, drug: Drug, product: Product, zone: tzinfo) -> Dosing:
    sig = read_sig(dosage.text) if dosage.text else Sig(silent=True)
    unit = _unit(drug, dosage, sig, product)
    amount, every = _amount(dosage, drug, product, unit), every_of(dosage.timing)
    days = days_of(dosage.timing, every.value, zone)
    as_needed = _is_as_needed(dosage) or sig.as_needed
    written = _written_amount(sig, drug, product, unit)
    if not (agree(every.value, sig.every) and agree(amount.value, written.value)):
        return Dosing(unit=unit, days=days, as_needed=as_needed, readable=False)
    complete = amount.value is not None and every.value is not None
    readable = complete or sig.readable or sig.silent
    amount, every = _first(amount, written), _first(every, Said(sig.every is not None, sig.every))
    nothing = not (amount.said or every.said)
    readable = readable and not (nothing and dosage.text) and not any(a.said and a.value is None for a in (amount, every))
    return Dosing(
        amount.value,
        unit,
        every.value or None,
        days if days is not None else sig.days,
        as_needed=as_needed,
        readable=readable,
    )


def _is_as_needed(dosage: elements.Dosage) -> bool:
    """By R4's choice of types, or by R5's two fields."""
    told = (dosage.as_needed_boolean, dosage.as_needed)
    return any(each in (True, "true") for each in told) or bool(dosage.as_needed_codeable_concept or dosage.as_needed_for)


def _are_steps(dosages: Sequence[elements.Dosage], zone: tzinfo) -> bool:
    """Whether instructions follow each other: by number, by the word "then", or since none begins before another ends."""
    if len({number(d.sequence) for d in dosages if d.sequence is not None}) > 1:
        return True
    if any(dosage.text and THEN.search(fold(dosage.text)) for dosage in dosages):
        return True
    spans = sorted(filter(None, (bounds_of(dosage.timing, zone) for dosage in dosages)))
    return len(spans) == len(dosages) and all(end < start for (_, end), (start, _) in pairwise(spans))


def _written_steps(dosage: elements.Dosage) -> Sequence[elements.Dosage]:
    """The steps of a plan that one text tells ("20 mg daily for 7 days, then 10 mg daily for 7 days"), where each of them is
    a dose and follows another by the word, or all but the last have a length; else the dosage as it is."""
    if parts := _parts_of_day(dosage):
        return parts
    texts = split_steps(dosage.text) if dosage.text and not (dosage.dose_and_rate or dosage.timing) else ()
    if len(texts) < 2:
        return (dosage,)
    told = [read_sig(text) for text in texts]
    doses = all(sig.readable and (sig.masses or sig.counts) for sig in told)
    follow = all(THEN.search(fold(text)) for text in texts[1:]) or all(sig.days for sig in told[:-1])
    if not (doses and follow):
        return (dosage,)
    return [replace(dosage, text=text, sequence=index) for index, text in enumerate(texts)]


def _in_order(dosages: Sequence[elements.Dosage], zone: tzinfo) -> Sequence[elements.Dosage]:
    """By their numbers, or else by their first days; as written where not all have one."""
    for keys in (
        [number(each.sequence) for each in dosages],
        [bounds[0].toordinal() if (bounds := bounds_of(each.timing, zone)) else None for each in dosages],
    ):
        known = [key for key in keys if key is not None]
        if len(known) == len(dosages) and len(set(known)) > 1:
            return [dosages[index] for index in sorted(range(len(dosages)), key=known.__getitem__)]
    return dosages


def _first(structured: Said, written: Said) -> Said:
    return structured if structured.value is not None else written if written.said else structured


def _side_by_side(parts: list[Dosing]) -> Dosing:
    """Morning and evening doses as one: the same dose more often, else the amount of a day."""
    days = max((p.days for p in parts if p.days is not None), default=None)
    as_needed = all(p.as_needed for p in parts)
    intervals = [p.every_days for p in parts if p.every_days]
    amounts = [p.amount for p in parts if p.amount is not None]
    if not all(p.readable for p in parts) or len(intervals) < len(parts) or len({p.unit for p in parts}) > 1:
        return Dosing(days=days, as_needed=as_needed, readable=False)
    rate = sum(1 / each for each in intervals)
    if not amounts:
        return Dosing(None, parts[0].unit, 1 / rate, days, as_needed=as_needed)
    if len(amounts) < len(parts):
        return Dosing(days=days, as_needed=as_needed, readable=False)
    if len(set(amounts)) == 1:
        return Dosing(amounts[0], parts[0].unit, 1 / rate, days, as_needed=as_needed)
    if len(set(intervals)) == 1:
        return Dosing(sum(amounts), parts[0].unit, intervals[0], days, as_needed=as_needed)
    daily = sum(amount / each for amount, each in zip(amounts, intervals, strict=True))
    return Dosing(daily, parts[0].unit, 1.0, days, as_needed=as_needed)


def _one_after_another(parts: list[Dosing]) -> Dosing:
    """Steps of a plan (``sequence``): one dose when all steps agree; the length only when each has one."""
    lengths = [p.days for p in parts if p.days is not None]
    days = sum(lengths) if len(lengths) == len(parts) else None
    same = len({(p.amount, p.unit, p.every_days) for p in parts}) == 1 and parts[0].readable
    if same:
        return Dosing(parts[0].amount, parts[0].unit, parts[0].every_days, days, as_needed=parts[0].as_needed)
    return Dosing(days=days, as_needed=all(p.as_needed for p in parts), readable=False, steps=tuple(parts))


# -- how much ---------------------------------------------------------------------------------------------------------


def _amount(dosage: elements.Dosage, drug: Drug, product: Product, unit: str) -> Said:
    """The single dose. Several statements of it must agree as far as they can be computed; they are never added up."""
    quantities = strength.quantities(dosage)
    if not quantities:
        ranges = [rate.dose_range for rate in elements.many(dosage.dose_and_rate) if rate.dose_range]
        if not ranges:
            return Said()
        low, high = ranges[0].low, ranges[0].high
        fixed = low is not None and high is not None and number(low.value) == number(high.value)
        quantities = [low] if len(ranges) == 1 and low is not None and (fixed or high is None) else []
    told = [amount for each in quantities if (amount := _reckoned(each, drug, product, unit)) is not None]
    agreed = bool(told) and all(agree(told[0], other) for other in told)
    return Said(True, told[0] if agreed else None)


def _reckoned(found: elements.Quantity, drug: Drug, product: Product, unit: str) -> float | None:
    value = number(found.value)
    if value is None or value <= 0:
        return None
    return _of_quantity(value, [plain(s) for s in (found.code, found.unit) if s and s.strip()], drug, product, unit)


def _of_quantity(value: float, spellings: list[str], drug: Drug, product: Product, unit: str) -> float | None:
    for spelling in spellings:
        if spelling in _IU:
            return value if unit == "IU" else None
        if (mg := strength.of_mass(value, spelling)) is not None:
            return _of_mass(mg, drug, product, unit)
        if spelling in _VOLUME:
            return _of_volume(value, drug, product, unit)
        if spelling in _COUNTED:
            return _of_count(value, drug, product, unit)
    if not spellings and value <= _LARGEST_PLAIN_COUNT and value != product.mg:
        return _of_count(value, drug, product, unit)
    return None


def _of_mass(mg: float, drug: Drug, product: Product, unit: str) -> float | None:
    if drug.mechanism is Mechanism.CALCIUM:
        return calcium.of_mass(mg, calcium.strength(product.text))
    if unit == "IU":
        return mg * _IU_OF_VITAMIN_D["mg"] if _is_vitamin_d(drug) and product.alone else None
    return round(mg, 9)


def _of_volume(ml: float, drug: Drug, product: Product, unit: str) -> float | None:
    if unit == "IU":
        one, volume = _iu_of_one(drug, product), strength.volume(product.text)
        return round(one / volume * ml) if one and volume else None
    concentration = strength.per_ml(product.text)
    return round(concentration * ml, 6) if concentration and drug.mechanism is not Mechanism.CALCIUM else None


def _of_count(count: float, drug: Drug, product: Product, unit: str) -> float | None:
    if (one := _of_one(drug, product, unit)) is None:
        return None
    if drug.mechanism is Mechanism.PTH_ANALOG and one > _LARGEST_PTH_DOSE_MG:
        return None
    if drug.mechanism is Mechanism.SCLEROSTIN_INHIBITOR and count == 1:
        return None  # one dose is two syringes: which is meant?
    return round(one * count, 9)


def _of_one(drug: Drug, product: Product, unit: str) -> float | None:
    """What one tablet or syringe holds of the drug."""
    if drug.mechanism is Mechanism.CALCIUM:
        return calcium.strength(product.text).elemental
    if unit == "IU":
        return _iu_of_one(drug, product)
    if product.mg is not None:
        return product.mg
    return strength.per_ml(product.text) if drug.key in _ONE_ML else None


def _iu_of_one(drug: Drug, product: Product) -> float | None:
    named = {float(m[1].replace(",", "")) * (10_000 if m[2] else 1) for m in _IN_IU.finditer(product.text)}
    if len(named) == 1:
        return named.pop()
    if named or not _is_vitamin_d(drug) or not product.alone or product.mg is None:
        return None
    return product.mg * _IU_OF_VITAMIN_D["mg"]


def _is_vitamin_d(drug: Drug) -> bool:
    return drug.key in ("cholecalciferol", "ergocalciferol")


def _unit(drug: Drug, dosage: elements.Dosage, sig: Sig, product: Product) -> str:
    """IU for vitamin D2 and D3, and where the dose of another drug (calcitonin, heparin) is written in units."""
    if _is_vitamin_d(drug):
        return "IU"
    spellings = {plain(s) for q in strength.quantities(dosage) for s in (q.code, q.unit) if s}
    if drug.mechanism not in (Mechanism.CALCITONIN, Mechanism.HEPARIN):
        return "mg"
    units = spellings & _IU or any(unit == "iu" for _, unit in sig.masses) or (not spellings and _IN_IU.search(product.text))
    return "IU" if units else "mg"


def _written_amount(sig: Sig, drug: Drug, product: Product, unit: str) -> Said:
    """The dose as free text gives it: in mass or units, else in tablets or syringes of a known strength."""
    if not sig.readable or not (sig.masses or sig.counts):
        return Said(said=not sig.readable and not sig.silent)
    each = _sole(_masses(sig.each, drug, product, unit))
    mass = _sole(_masses(sig.masses, drug, product, unit))
    count = _sole(sig.counts)
    if sig.counts and count is None:
        return Said(said=True)
    if count is None:
        return Said(True, mass)
    one = each if each is not None else _of_one(drug, product, unit)
    if sig.masses and mass is None:
        return Said(said=True)
    if mass is None:
        return Said(True, count * each if each is not None else _of_count(count, drug, product, unit))
    if count == 1 or (one is not None and agree(mass, one * count)):
        return Said(True, mass)
    return Said(True, mass * count if one is not None and agree(mass, one) else None)


def _masses(found: Iterable[tuple[float, str]], drug: Drug, product: Product, unit: str) -> list[float]:
    amounts = []
    for value, written in found:
        if written == "iu":
            amount = value if unit == "IU" else None
        elif written == "ml":
            amount = _of_volume(value, drug, product, unit)
        elif (mg := strength.of_mass(value, written)) is None:
            amount = None
        else:
            amount = _of_mass(mg, drug, product, unit)
        if amount is not None:
            amounts.append(amount)
    return amounts


def _sole(found: Sequence[float]) -> float | None:
    return found[0] if len(set(found)) == 1 else None


def has_no_number(dosage: elements.Dosage) -> bool:
    """Whether words stand where the dose or the timing should be a number."""
    repeat = dosage.timing.repeat if dosage.timing and dosage.timing.repeat else elements.Repeat()
    rates = elements.many(dosage.dose_and_rate)
    doses = (*(rate.dose_quantity for rate in rates), dosage.dose_quantity, dosage.dose)
    said = (*(each.value for each in doses if each), repeat.frequency, repeat.period, repeat.count)
    return any(isinstance(each, str) and number(each) is None for each in said)


def route(dosage: elements.Dosage) -> str:
    """The route of one dosage ("oral", "sc", "vaginal"), by code, by its words or by its free text; else ""."""
    coded = (_ROUTE_CODES.get(coding.code or "") for coding in elements.codings(dosage.route))
    return next(filter(None, coded), "") or route_of(fold(wording(dosage.route))) or route_of(fold(dosage.text or ""))
