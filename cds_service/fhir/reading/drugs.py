"""Which drug a coded or named medication is, using strength and route to distinguish related drugs."""

from __future__ import annotations

import re

from msgspec import Struct

from cards.vocabulary import DRUGS, Drug, Mechanism
from cds_service.fhir.phrases import fold
from cds_service.fhir.reading import elements
from cds_service.fhir.reading import strength as strengths
from cds_service.fhir.reading.elements import wording
from cds_service.fhir.terminology.codes import Terminology
from cds_service.fhir.terminology.rows import NOT_OURS
from cds_service.fhir.terminology.systems import system_of

_NOT_SYSTEMIC = re.compile(
    r"(?a)inhal|nasal|nostril|topical|cream|ointment|lotion|\bgel\b|ophth|\bgtts? o[dsu]\b|\beyes?\b|ocular|otic\b"
    r"|\bears?\b|aerosol|actuat|spray"
    r"|rectal|enema|suppositor|foam|shampoo|articular|intravitreal|intralesional|implant"
    r"|吸入|鼻|乳膏|软膏|霜|洗剂|凝胶|滴眼|眼膏|眼用|滴耳|外用|喷雾|气雾|雾化|搽|贴膏|关节腔|灌肠|栓|玻璃体"
)
_VAGINAL = re.compile(r"vagin|阴道")
_THROUGH_THE_SKIN = re.compile(r"(?a)transderm|\bpatch|\bgel\b|topical|贴片|贴剂|凝胶|透皮|经皮|外用")
_BY_VEIN = re.compile(r"(?a)inject|infus|intraven|\biv\b|prefilled|syringe|vial|注射|静脉|输注|滴注")
_CALCIUM_ALONE = re.compile(r"(?:calcium|钙)[ ,，.]*(?:\d{1,7}(?:\.\d{1,7})? ?m?g)?")
"""A name that is common in the names of other drugs (atorvastatin calcium): ours only alone or before a mass."""
_SIBLINGS = {key: [d for d in DRUGS.values() if d.ingredient == key != d.key] for key in DRUGS}
"""By the ingredient's own drug: those of another strength or route."""
_XGEVA_PER_ML = re.compile(r"(?a)\b70 ?mg */ *ml")
_RANK = {
    mechanism: rank
    for rank, mechanism in enumerate(
        (
            Mechanism.RANKL_INHIBITOR,
            Mechanism.SCLEROSTIN_INHIBITOR,
            Mechanism.PTH_ANALOG,
            Mechanism.BISPHOSPHONATE,
            Mechanism.SERM,
            Mechanism.HORMONE_THERAPY,
            Mechanism.STRONTIUM,
            Mechanism.CALCITONIN,
            Mechanism.VITAMIN_K2,
            Mechanism.ACTIVE_VITAMIN_D,
            Mechanism.CALCIUM,
            Mechanism.VITAMIN_D,
        )
    )
}
"""Drugs most relevant to bone come first; drugs that harm bone come last."""


class Identified(Struct, frozen=True):
    """The drugs in a medication, the one that matters most to bone first; ``disagree`` when its codings name different ones.

    ``strength_mg`` is the dose ordered, else what one tablet or vial holds; ``unit_mg`` is the latter alone.
    """

    drugs: tuple[Drug, ...] = ()
    strength_mg: float | None = None
    unit_mg: float | None = None
    branded_oncologic: bool = False
    disagree: bool = False


NOTHING = Identified()


def identify(
    concept: elements.Concept | None, terminology: Terminology, *, dose_mg: float | None = None, said_besides: str = ""
) -> Identified:
    """What a medication is. ``dose_mg`` is the dose ordered or given; ``said_besides`` tells route and form."""
    if concept is None:
        return NOTHING
    if dose_mg is None and not said_besides:
        return terminology.recall("drug", concept, _identify)
    return _identify(concept, terminology, dose_mg, said_besides)


def _identify(
    concept: elements.Concept, terminology: Terminology, dose_mg: float | None = None, said_besides: str = ""
) -> Identified:
    text = fold(wording(concept))
    coded = terminology.drug(concept)
    named = terminology.drug_names.find(text)
    by_code = [product.keys for product in coded]
    if any(NOT_OURS in keys for keys in by_code):
        return NOTHING
    by_name = [tuple(f.key.split("+")) for f in named] or [("calcium",)] * bool(_CALCIUM_ALONE.fullmatch(text.strip()))
    keys, disagree = _chosen(by_code, by_name)
    drugs = [DRUGS[key] for key in keys if key in DRUGS]
    context = f"{text} {fold(said_besides)}" if said_besides else text
    drugs = [d for d in drugs if _is_systemic(d, context, concept)]
    if not drugs:
        return NOTHING
    of_brands = (DRUGS[f.key].brand_mg for f in named if f.brand and f.key in DRUGS)
    known = (*(p.mg for p in coded), strengths.of_name(text), *of_brands)
    strength = next((mg for mg in (dose_mg, *known) if mg is not None), None)
    units = {mg for mg in known if mg is not None} | strengths.all_of(text)
    branded = any(f.brand and f.key.endswith("-oncology") for f in named)
    unit_mg = units.pop() if len(units) == 1 else None
    return Identified(tuple(_told_apart(d, strength, context, branded) for d in drugs), strength, unit_mg, branded, disagree)


def _chosen(by_code: list[tuple[str, ...]], by_name: list[tuple[str, ...]]) -> tuple[list[str], bool]:
    """Keys by code, the most specific first; by name where no code is known. A name may tell which sibling (oncologic, a
    patch) of a known ingredient it is."""
    coded = [keys for keys in by_code if all(key in DRUGS for key in keys)]
    if not coded:
        return _ordered({key for keys in by_name for key in keys}), False
    best = max(coded, key=lambda keys: (any(DRUGS[key].ingredient != key for key in keys), len(keys), [*keys]))
    ingredients = {DRUGS[key].ingredient for key in best}
    disagree = any(DRUGS[_ordered(set(keys))[0]].ingredient not in ingredients for keys in coded)
    named_twins = [k for keys in by_name for k in keys if k in DRUGS and k != DRUGS[k].ingredient in ingredients]
    return named_twins or _ordered(set(best)), disagree


def _ordered(keys: set[str]) -> list[str]:
    """What matters most to bone first; of one ingredient only the more specific key."""
    drugs = [DRUGS[key] for key in keys if key in DRUGS]
    special = {d.ingredient for d in drugs if d.key != d.ingredient}
    kept = [d for d in drugs if d.key != d.ingredient or d.key not in special]
    return [d.key for d in sorted(kept, key=lambda d: (_RANK.get(d.mechanism, len(_RANK)), d.key))]


def _is_systemic(drug: Drug, context: str, concept: elements.Concept) -> bool:
    """Inhaled, nasal or topical glucocorticoids and vaginal estrogen do not act on bone."""
    if drug.mechanism is Mechanism.HORMONE_THERAPY:
        return not _VAGINAL.search(context)
    if drug.mechanism is not Mechanism.GLUCOCORTICOID:
        return True
    atc = [c.code for c in elements.codings(concept) if c.system and c.code and system_of(c.system) == "atc"]
    return not _NOT_SYSTEMIC.search(context) and all(code.startswith("H02") for code in atc)


def _told_apart(drug: Drug, strength: float | None, context: str, branded_oncologic: bool) -> Drug:
    """Which of the siblings of one ingredient: by strength, brand or route."""
    if drug.key == "ibandronate" and _BY_VEIN.search(context):
        return DRUGS["ibandronate-iv"]
    if drug.key == "estradiol" and _THROUGH_THE_SKIN.search(context):
        return DRUGS["estradiol-transdermal"]
    siblings = _SIBLINGS.get(drug.key, ())
    if by_strength := next((d for d in siblings if strength is not None and d.told_by(strength)), None):
        return by_strength
    if branded_oncologic or (drug.key == "denosumab" and _XGEVA_PER_ML.search(context)):
        return next((d for d in siblings if d.oncologic), drug)
    return drug
