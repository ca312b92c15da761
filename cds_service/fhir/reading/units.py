"""Numbers and units as recorded -> the unit that the rules use. An unknown unit is never guessed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

from cards.vocabulary import Analyte
from cds_service.fhir.reading.elements import Quantity

_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,20})?")
_STATEMENT = re.compile(r"(<=|>=|<|>)? ?([+-]?\d{1,15}(?:\.\d{1,20})?)(?![\d.,/:-]) ?(.{0,24})")
_COMPARATORS = frozenset({"", "<", "<=", ">", ">="})
_LONGEST_UNIT = 200  # characters: more is none, and nothing to remember
_IGNORED = str.maketrans(dict.fromkeys(" {}_^*[]·•∙⋅・") | {"μ": "u", "µ": "u", "−": "-", "×": "x"})
_MOLE = re.compile(r"mo[i1](?=/|$)")
_LITER = re.compile(r"(?<=/)([dmuµ]?)i$|(?<=/)([dmu])1$")
_IN_CHINESE = (
    *(("毫摩尔", "mmol"), ("微摩尔", "umol"), ("纳摩尔", "nmol"), ("皮摩尔", "pmol"), ("公斤", "kg"), ("千克", "kg")),
    *(("毫克", "mg"), ("微克", "ug"), ("纳克", "ng"), ("皮克", "pg"), ("克", "g"), ("毫升", "ml"), ("微升", "ul")),
    *(("分升", "dl"), ("升", "l"), ("国际单位", "iu"), ("单位", "u"), ("平方厘米", "cm2"), ("平方米", "m2")),
    *(("小时", "h"), ("分钟", "min"), ("分", "min"), ("个", "")),
)
"""Words of a unit that is divided, the longer ones first."""
_PER_AREA = re.compile(r"[./()]|per(?=1\.73)|-1")
"""What spellings of "per 1.73 m2" differ in."""
_SIGNS = str.maketrans({"−": "-", "–": "-", "≤": "<=", "≥": ">=", "＜": "<", "＞": ">"})
_ARROWS = "[↑↓⇑⇓▲▼△▽*★☆]{1,3}"
_MARKS = tuple(
    (re.compile(pattern, re.IGNORECASE), kept)
    for pattern, kept in (
        (r"^(?:小于|低于)(?=\d)", "<"),
        (r"^(?:大于|高于)(?=\d)", ">"),
        (r" ?(?:[,;]? ?(?:参考|正常)(?:值|范围|区间):? ?|[(\[])[\d.]{1,10} ?[-~] ?[\d.]{1,10}[^()\[\]\d]{0,16}[)\]]?$", ""),
        (rf"^(?:{_ARROWS}|[([](?:hh?|ll?)[)\]]|(?:hh?|ll?)(?= )) ?(?=[<>\d])", ""),
        (rf" ?(?:{_ARROWS}|[([](?:hh?|ll?|偏?[高低]|升高|降低)[)\]]|偏[高低]|升高|降低)$", ""),
        (rf"(?<=\d) ?(?:{_ARROWS}|[([](?:hh?|ll?|偏?[高低])[)\]]) ?(?=[^\s\d])", " "),
        (r"(/[^\s/]{1,12}) (?:hh?|ll?)$", r"\1"),
    )
)
"""What a laboratory prints beside a value, and what is left of it: "less than" as a sign, the range, arrows, H and L."""

Units = Mapping[tuple[str, str], float]
"""(key of the analyte, unit as ``plain`` writes it) -> factor to the analyte's own unit."""


class Value(Struct, frozen=True, gc=False):
    """A number in the analyte's unit; ``given`` as the record writes it; ``factor`` of its unit, which bounds mostly share."""

    value: float
    comparator: str = ""
    given: str = ""
    factor: float = 1
    unit: str | None = None
    code: str | None = None


def plain(unit: str) -> str:
    """One spelling for many: no spaces, braces, carets, stars, no letter case, micro as u, superscripts as digits, the letter l
    where a scan has I or 1, Chinese words as signs, and the body surface in whatever way it is divided by.

    >>> plain("mL/min/{1.73_m2}") == plain("ml/(min•1.73m²)") == plain("mL/min/1.73.m2"), plain("μmoI/L")
    (True, 'umol/l')
    >>> plain("微摩尔/升"), plain("毫升/分钟/1.73平方米") == plain("mL/min/1.73 m2")
    ('umol/l', True)
    """
    return _plain(unit) if len(unit) <= _LONGEST_UNIT else unit


@lru_cache(maxsize=4096)
def _plain(unit: str) -> str:
    found = unicodedata.normalize("NFKC", unit).translate(_IGNORED).lower()
    if not found.isascii() and "/" in found:
        for word, sign in _IN_CHINESE:
            found = found.replace(word, sign)
    if "1.73" in found:
        return _PER_AREA.sub("", found)
    return _LITER.sub(r"\1\2l", _MOLE.sub("mol", found)) if found[-1:] in ("i", "1") or "mo" in found else found


def number(value: float | str | None) -> float | None:
    """A number, also one sent as a string, when it can be read in one way only.

    >>> number("-2.80"), number("1,5"), number(None)
    (-2.8, None, None)
    """
    if isinstance(value, str):
        text = value.strip().translate(_SIGNS)
        return float(text) if _NUMBER.fullmatch(text) else None
    return None if value is None else float(value)


def quantity(found: Quantity, analyte: Analyte, units: Units) -> Value | str:
    """The value in the analyte's unit, or why it cannot be used (a reason of ``cards.chart.SetAside``)."""
    value = found.value if isinstance(found.value, float) else number(found.value)
    if value is None:
        return "no-value" if found.value is None else "unreadable"
    comparator = found.comparator.translate(_SIGNS) if found.comparator else ""
    if comparator not in _COMPARATORS:
        return "unreadable"
    factor = _factor(found, analyte, units)
    if isinstance(factor, str):
        return factor
    reckoned = value * factor
    if not analyte.low <= reckoned <= analyte.high:
        return "implausible"
    return Value(
        reckoned, comparator, f"{value:.10g} {found.unit or found.code or ''}".rstrip(), factor, found.unit, found.code
    )


def statement(text: str, analyte: Analyte, units: Units) -> Value | str:
    """A value written as text, such as "<8", "45 nmol/L" or, with the marks of a laboratory, "↓ 2.05 mmol/L (2.11-2.52)"."""
    match = _STATEMENT.fullmatch(_unmarked(text))
    if match is None:
        return "unreadable"
    comparator, value, unit = match.groups()
    return quantity(Quantity(float(value), comparator, unit or None), analyte, units)


def _unmarked(text: str) -> str:
    """The value alone, without the range and the mark of what is out of it; a letter that may be a unit ("2.05 L") stays.

    >>> _unmarked("2.05mmol/L（偏低）"), _unmarked("L 2.05 mmol/L"), _unmarked("小于8.00 ng/mL ↓ 参考值: 30-100")
    ('2.05mmol/L', '2.05 mmol/L', '<8.00 ng/mL')
    """
    told = " ".join(unicodedata.normalize("NFKC", text).translate(_SIGNS).split())
    for pattern, kept in _MARKS:
        told = pattern.sub(kept, told)
    return told


def bound(found: Quantity | None, value: Value, analyte: Analyte, units: Units) -> float | None:
    """A bound of the reference range in the analyte's unit; one without a unit takes the value's."""
    if found is None:
        return None
    limit = found.value if isinstance(found.value, float) else number(found.value)
    if limit is None:
        return None
    if (found.unit == value.unit and found.code == value.code) or not (found.unit or found.code):
        return limit * value.factor
    factor = _factor(found, analyte, units)
    return None if isinstance(factor, str) else limit * factor


def _factor(found: Quantity, analyte: Analyte, units: Units) -> float | str:
    """By code and by unit; where both are known and differ, the unit is not known."""
    if found.code and found.code == found.unit:  # as nearly all write it
        known = units.get((analyte.key, plain(found.code)))
        if known is not None:
            return known
    spellings = [plain(s) for s in (found.code, found.unit) if s and s.strip()]
    if not spellings:
        return 1 if not analyte.unit else "no-unit"
    factors = {factor for s in spellings if (factor := units.get((analyte.key, s))) is not None}
    return factors.pop() if len(factors) == 1 else "unit-unknown"
