"""One spelling: compatibility forms, width, letter case, and traditional characters as simplified ones."""

from __future__ import annotations

import unicodedata

from cds_service.fhir.phrases.tables import rows

LONGEST = 2_000
"""Characters of a name or of a dosage text that are read. What stands beyond is unread, and said (``long``)."""

LONGEST_REPORT = 32_768
"""The same of the text of a report."""

_SIMPLIFIED = {ord(row["traditional"]): row["simplified"] for row in rows("simplified.tsv")}
_NUMBERED = dict.fromkeys((*range(0x2460, 0x249C), *range(0x2776, 0x2794)), ";")
"""Circled and bracketed numbers begin a new item."""
_SPELLED = _SIMPLIFIED | {ord("‐"): "-", ord("‑"): "-", ord("’"): "'", ord("⾎"): "血"}


def fold(text: str, longest: int = LONGEST) -> str:
    """Text as it is searched: one letter case, width and script, no more than ``longest`` characters. All that people wrote
    goes this way to the patterns, so that none of them ever sees more.

    >>> fold("Ｆosamax"), fold("骨質疏鬆症（Ⅳ期）"), len(fold("a" * 3000))
    ('fosamax', '骨质疏松症(iv期)', 2000)
    """
    text = text[:longest]
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", text.translate(_NUMBERED)).lower().translate(_SPELLED)[:longest]
