"""Rows of a classification as filters of a ValueSet: a row holds for every code that it begins.

The reader takes codes with and without the dot, in either case, and the longest row that begins one. A filter is a regular
expression on the code as its system writes it, the dot left open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

Json = dict[str, Any]

_DOT = {"icd10": 3, "icd10cm": 3, "icd11": 4, "icd10pcs": 0}
_EXTERNAL_CAUSES = 4
"""Characters before the dot of an E code of ICD-9-CM."""


def begins(family: str, prefix: str, kind: str) -> Json:
    """The filter for all codes that ``prefix`` begins.

    >>> begins("icd10", "M810", "condition")["value"], begins("icd10", "C", "condition")["value"]
    ('M81\\\\.?0.*', 'C.*')
    >>> begins("icd9", "6551", "service")["value"], begins("icd9", "73390", "condition")["value"]
    ('65\\\\.?51.*', '733\\\\.?90.*')

    The Chinese extensions write a small x, the American edition a large one:

    >>> begins("icd10", "K10200X018", "condition")["value"]
    'K10\\\\.?200[Xx]018.*'
    """
    at = _dot(family, prefix, kind)
    dotted = f"{prefix[:at]}\\.?{prefix[at:]}" if 0 < at < len(prefix) else prefix
    return {"property": "code", "op": "regex", "value": f"{dotted.replace('X', '[Xx]')}.*"}


def _dot(family: str, prefix: str, kind: str) -> int:
    if family == "icd9":
        return 2 if kind == "service" else _EXTERNAL_CAUSES if prefix.startswith("E") else 3
    return _DOT[family]


def holes(mine: Set[str], rows: Mapping[str, Set[str]], key: str) -> list[str]:
    """The rows below those of a key that mean something else, outermost first.

    ``rows``: prefix -> all its keys. ValueError for a row of the key below a hole: a ValueSet's exclusions come last, so that
    it could not be told.

    >>> holes({"C"}, {"C": {"cancer"}, "C40": {"bone-cancer"}, "C401": {"bone-cancer"}, "D": {"other"}}, "cancer")
    ['C40']
    """
    below = [prefix for prefix in sorted(rows) if prefix not in mine and any(prefix.startswith(each) for each in mine)]
    outermost = [prefix for prefix in below if not any(prefix != each and prefix.startswith(each) for each in below)]
    if lost := [each for each in mine if any(each.startswith(hole) for hole in outermost)]:
        raise ValueError(f"{key}: the row {', '.join(sorted(lost))} lies below one of another meaning")
    return outermost


def of_key(rows: Mapping[str, Set[str]], key: str) -> Iterable[str]:
    """The rows of a key that no other of its rows begins.

    >>> list(of_key({"S72": {"fracture"}, "S720": {"fracture"}, "S02": {"-"}}, "fracture"))
    ['S72']
    """
    mine = sorted(prefix for prefix, keys in rows.items() if key in keys)
    return (each for each in mine if not any(each != other and each.startswith(other) for other in mine))
