"""Pregnancy told by its weeks: 孕24周, 孕38+3, and not those of a pregnancy that is over."""

from __future__ import annotations

import re

PREGNANCY = "pregnancy"
_WEEKS = re.compile(
    r"(?<![避不未备])孕 ?(?:\d{1,2} ?\+ ?\d|\d{1,2} ?(?:周|w))"
    r"(?![^,，。;；|()（） ]{0,8}(史|流产|引产|早产|分娩|剖宫产|顺产|产后|术后|娩出|终止|停育|胎停|死胎|死亡))"
)
_IN_THE_PAST = re.compile(r"(既往|曾|前次)[^,，。;；|]{0,8}$|(史|术后|产后|流产后)[(（][^)）]{0,30}$")
_LOOKS_BACK = 40


def pregnant(text: str) -> list[tuple[int, int]]:
    """Where folded ``text`` tells how many weeks a woman is pregnant."""
    if "孕" not in text:
        return []
    found = _WEEKS.finditer(text)
    return [(m.start(), m.end()) for m in found if not _IN_THE_PAST.search(text[max(0, m.start() - _LOOKS_BACK) : m.start()])]
