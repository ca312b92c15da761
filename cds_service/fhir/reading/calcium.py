"""Elemental calcium from a product's name (card specification, ``calcium-intake``)."""

from __future__ import annotations

import re

from msgspec import Struct

_MASS = r"((?<!\d)\d{1,7}(?:\.\d{1,7})?) ?(mg|毫克|g|克)(?![a-z])"
_SALTS = (  # fraction of calcium in the salt, and the lowest strength from which a figure can only mean the salt
    (0.40, 1000.0, re.compile(r"carbonate|碳酸钙")),
    (0.21, 950.0, re.compile(r"citrate|枸橼酸钙|柠檬酸钙")),
    (
        None,
        0.0,
        re.compile(
            r"gluconate|lactate|acetate|phosphate|aspartate|chloride|glubionate|heptonate|pangamate|la?evul|different salts"
            r"|葡萄糖酸|乳酸|醋酸|磷酸|门冬|l-苏糖酸|苏糖酸|氯化钙"
        ),
    ),
)
_OF_SALT = r"(?! ?(?:carb|citr|gluc|lact|acet|phos|asp|sal))"
_ELEMENTAL = (
    re.compile(
        r"(?:elemental(?: calcium)?|元素钙|含钙量?|钙元素|相当于钙|以钙计|\(钙|(?<![酸化d])钙(?=[ :：]*\d)|calcium|\bca)"
        rf"[ :：)]*(?:as )?{_MASS}"
    ),
    re.compile(rf"{_MASS} ?(?:of )?(?:elemental|calcium{_OF_SALT}|ca\b|元素钙|钙(?!片|尔))"),
)
_FIGURE = re.compile(_MASS)
_PRODUCTS = (
    ("carbonate", re.compile(r"carbonate|碳酸钙|caltrate|钙尔奇|迪巧|朗迪|os-cal")),
    ("citrate", re.compile(r"citrate|枸橼酸钙|柠檬酸钙|citracal")),
    ("gluconate", re.compile(r"gluconate|葡萄糖酸钙")),
    ("lactate", re.compile(r"lactate|乳酸钙")),
    ("phosphate", re.compile(r"phosphate|磷酸氢?钙")),
    ("acetate", re.compile(r"acetate|醋酸钙")),
)
_ELEMENTAL_BRANDS = re.compile(r"caltrate|钙尔奇|迪巧|朗迪|citracal|os-cal|碳酸钙(?:/| )?(?:维生素|维)?d ?3?")
"""Their labels count calcium, not the salt; so do Chinese ones of calcium carbonate with vitamin D."""
_OF_WHICH = re.compile(rf"{_MASS} ?[:：] ?(?={_MASS})")
"""A sachet of 3 g that holds 500 mg: the first figure is the weight of the powder."""


class Strength(Struct, frozen=True):
    """Calcium in one tablet, in mg: as salt and as the element. ``factor``: the element's share where a salt is named."""

    salt: float | None = None
    elemental: float | None = None
    named: bool = False
    factor: float | None = None
    least: float = 0.0


def strength(text: str) -> Strength:
    """What folded product text says.

    >>> strength("calcium carbonate 1500 mg (600 mg elemental)").elemental, strength("碳酸钙片 1.25 g").elemental
    (600.0, 500.0)
    >>> strength("calcium 500 mg / cholecalciferol 200 unt").elemental, strength("calcium carbonate 600 mg").elemental
    (500.0, None)
    >>> strength("碳酸钙d3片(600mg/125iu)").elemental, strength("碳酸钙d3颗粒 3g:500mg").elemental
    (600.0, 500.0)
    """
    text = _OF_WHICH.sub("", text)
    figures = list(dict.fromkeys(_mg(match) for match in _FIGURE.finditer(text)))
    salt = next(((share, least) for share, least, pattern in _SALTS if pattern.search(text)), None)
    if salt is None:
        return Strength(elemental=figures[0] if len(figures) == 1 else _explicit(text))
    share, least = salt
    biggest = max(figures, default=None)
    if (elemental := _explicit(text)) is not None:
        return Strength(biggest if biggest != elemental else None, elemental, True, share, least)
    if biggest is None or share is None:
        return Strength(named=True, factor=share, least=least)
    if biggest >= least:
        return Strength(biggest, biggest * share, True, share, least)
    return Strength(elemental=biggest if _ELEMENTAL_BRANDS.search(text) else None, named=True, factor=share, least=least)


def salt(text: str) -> str:
    """Which salt of calcium folded product text names, by word or brand; "" for none or several.

    >>> salt("caltrate 600"), salt("calcium 600 mg")
    ('carbonate', '')
    """
    named = [name for name, pattern in _PRODUCTS if pattern.search(text)]
    return named[0] if len(named) == 1 else ""


def of_mass(mg: float, product: Strength) -> float | None:
    """Elemental calcium in a dose given in mg: the dose is tablets of the salt, or of the element, or is too large to be the
    element; otherwise it is unknown."""
    if not product.named:
        return mg
    for one, made in ((product.salt, product.elemental), (product.elemental, product.elemental)):
        if one and made and (count := mg / one) in (0.5, 1, 2, 3, 4):
            return made * count
    if product.salt is None and product.elemental is None and product.factor and mg >= product.least:
        return mg * product.factor
    return None


def _explicit(text: str) -> float | None:
    found = {_mg(match) for pattern in _ELEMENTAL for match in pattern.finditer(text)}
    return found.pop() if len(found) == 1 else None


def _mg(match: re.Match[str]) -> float:
    return float(match[1]) * (1000 if match[2] in ("g", "克") else 1)
