"""Clots of deep veins, however English words them ("embolism and thrombosis of left femoral vein")."""

from __future__ import annotations

import re

CLOT = "venous-thromboembolism"
_CLOTS = r"(?:thrombo(?:s[ei]s|phlebitis|embolism)|thrombus|thrombi|embolism|phlebitis)"
_DEEP = (
    r"(?:deep|femoral|iliac|ilio-?femoral|popliteal|tibial|peroneal|soleal|calf muscular|axillary|subclavian|brachial|jugular|"
    r"brachiocephalic|renal)"
)
_VEINS = r"(?:veins?|vessels|vena cava)"
_NAMED = re.compile(
    rf"(?<![a-z]){_CLOTS}\b[a-z ]{{0,60}}?\b(?:{_DEEP}\b[a-z ]{{0,25}}?\b{_VEINS}|(?:inferior|superior) vena cava)\b"
    rf"|(?<![a-z]){_DEEP} (?:venous|{_VEINS}) {_CLOTS}\b"
)


def clotted(text: str) -> list[tuple[int, int]]:
    """Where folded ``text`` names a clot of a deep vein.

    >>> clotted("chronic embolism and thrombosis of left femoral vein"), clotted("thrombosis of superficial vein")
    ([(8, 52)], [])
    """
    return [(found.start(), found.end()) for found in _NAMED.finditer(text)]
