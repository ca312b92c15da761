"""Vertebrae by their number: L1, T12, 胸12, 腰1, 第1腰椎."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NUMBERED = re.compile(r"(?<![a-z])(?:(l)|th|t)(\d{1,2})(?![\d.])|([腰胸]) ?(\d{1,2})(?![\d.])|第 ?(\d{1,2}) ?([腰胸])椎")
_LOWEST = {"lumbar": 5, "thoracic": 12}


_RANGE = re.compile(r"(?:[lt]|th)\d{1,2} ?[-~至到] ?(?:[lt]|th)?\d{1,2}")


def named(text: str) -> str:
    """The vertebrae that folded ``text`` names by number, without ranges ("L1-L4" is where something was measured).

    >>> named("t12、l1椎体压缩性骨折"), named("胸12骨折, l1-l4 t值 -3.1")
    ('T12, L1', 'T12')
    """
    ranges = [found.span() for found in _RANGE.finditer(text)]
    found: dict[str, None] = {}
    for level, at, end in numbered(text):
        if not any(first <= at < last for first, last in ranges):
            number = "".join(c for c in text[at:end] if c.isdigit())
            found[f"{'L' if level == 'lumbar' else 'T'}{int(number)}"] = None
    return ", ".join(found)


def numbered(text: str) -> Iterator[tuple[str, int, int]]:
    """The level of each vertebra named by its number in folded ``text``, and where it stands.

    >>> list(numbered("t12/l1, 胸13"))
    [('thoracic', 0, 3), ('lumbar', 4, 6)]
    """
    for found in _NUMBERED.finditer(text):
        level = "lumbar" if found[1] or "腰" in (found[3], found[6]) else "thoracic"
        if 1 <= int(found[2] or found[4] or found[5]) <= _LOWEST[level]:
            yield level, found.start(), found.end()
