"""One spelling: compatibility forms, width, letter case, and traditional characters as simplified ones."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping

from cds_service.fhir.phrases.tables import rows

LONGEST = 2_000
"""Characters of a name or of a dosage text that are read. What stands beyond is unread, and said (``long``)."""

LONGEST_REPORT = 8_192
"""The same of the text of a report."""


def _respelled(letters: Mapping[str, str]) -> Callable[[str], str]:
    """Replaces letters; a text that has none of these is not walked through a second time."""
    known, table = frozenset(letters), str.maketrans(dict(letters))
    return lambda text: text if known.isdisjoint(text) else text.translate(table)


_itemized = _respelled(dict.fromkeys(map(chr, (*range(0x2460, 0x249C), *range(0x2776, 0x2794))), ";"))
"""Circled and bracketed numbers begin a new item."""
_simplified = _respelled(
    {row["traditional"]: row["simplified"] for row in rows("simplified.tsv")} | {"‐": "-", "‑": "-", "’": "'", "⾎": "血"}
)
minus = _respelled(dict.fromkeys("−–—﹣‒", "-"))


def fold(text: str, longest: int = LONGEST) -> str:
    """Text as it is searched: one letter case, width and script, no more than ``longest`` characters. All that people wrote
    goes this way to the patterns, so that none of them ever sees more.

    >>> fold("Ｆosamax"), fold("骨質疏鬆症（Ⅳ期）"), len(fold("a" * 3000))
    ('fosamax', '骨质疏松症(iv期)', 2000)
    """
    text = text[:longest]
    if text.isascii():
        return text.lower()
    return _simplified(unicodedata.normalize("NFKC", _itemized(text)).lower())[:longest]
