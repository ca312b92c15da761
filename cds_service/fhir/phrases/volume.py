"""The mean bone density of lumbar vertebrae in a QCT report: ``L1 68.2mg/cm3，L2 70.1mg/cm3，平均69.2mg/cm3``.

Read only where one mean is told and nothing else can be meant: no other bone, no earlier scan, no limits of a definition.
"""

from __future__ import annotations

import re

_MEAN = re.compile(
    r"(?:平均|均值|\bmean\b|\baverage\b)(?P<between>[^\d。;\n]{0,24}?)(?P<number>(?<![\d.])\d{1,3}(?:\.\d{1,3})?)(?![\d.])"
    r" ?(?:mg ?/ ?(?:cm ?\^?3|cc|ml)|毫克/立方厘米)"
)
_LUMBAR = re.compile(r"(?<![a-z])l ?[1-4](?!\d)|腰椎? ?[1-4]|腰椎|\blumbar\b|(?<![a-z])qct(?![a-z])")
_ELSE = re.compile(
    r"胸椎|胸 ?1?\d|(?<![a-z])t ?1?\d(?!\d)|\bthoracic\b|髋|股骨|\bhips?\b|femor"
    r"|同龄|同年龄|同性别|人群|对照|\bmatched\b|前次|上次|前片|既往|以往|对比|相比|较前|\b(?:previous|prior|compared|comparison|baseline)\b"
)


def mean_of_vertebrae(folded: str) -> str:
    """The mean as the report writes it; "" where none is told, or several, or it may be of something else.

    >>> mean_of_vertebrae("qct:l1骨密度68.2mg/cm3,l2骨密度70.1mg/cm3,平均69.2mg/cm3"), mean_of_vertebrae("胸11平均80mg/cm3")
    ('69.2', '')
    """
    if not _LUMBAR.search(folded) or _ELSE.search(folded):
        return ""
    told = {match["number"] for match in _MEAN.finditer(folded) if not _is_limit(match["between"])}
    return told.pop() if len(told) == 1 else ""


def _is_limit(between: str) -> bool:
    return re.search(r"[<>≤≥]|小于|大于|低于|高于|正常|参考|同龄|\b(?:below|above|normal|reference)\b", between) is not None
