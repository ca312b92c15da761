"""Kidney stage: a disease, and beside it the stage, however it is written (CKD 4, G4A2, 第4期, Ⅳ期, stage 3b chronic ...)."""

from __future__ import annotations

import re

DISEASE = "kidney-disease"
"""The key of a chronic kidney disease whose stage is not said."""
MILD = "-"
"""Stages 1 and 2: known, and nothing that a rule asks for."""
ON_DIALYSIS = "ckd-5+dialysis"

_STAGE = r"([1-5]|iv|v|i{1,3}|[一二三四五])(?![0-9.])"
_AFTER = re.compile(
    r"([ (:,)-]{0,3})((?:stages?|grade|第|分期)[ :]{0,2}g?|g)?"
    + _STAGE
    + r"([ab])?(?: ?[-~至/] ?g?([1-5])[ab]?)?( ?d)?( ?[期级])?(?: ?/?a[1-3])?( ?[期级])?(?![a-z0-9])"
)
_BEFORE = re.compile(r"(?:(?:stages?|grade|第) ?g?" + _STAGE + r"[ab]? ?期?|" + _STAGE + r"[ab]? ?期) ?$")
_A_TIME = re.compile(r" ?(?:[年月个天周日次岁余%]|years?\b|months?\b|mo\b|weeks?\b|days?\b|yrs?\b)")
_FIGURES = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5} | {figure: n for n, figure in enumerate("一二三四五", start=1)}
_LOOKS_BACK = 14


def staged(text: str, at: int, end: int) -> tuple[str, int]:
    """What the disease that stands there in folded ``text`` is with its stage, and where both end.

    >>> staged("ckd g4a2", 0, 3), staged("stage 3b ckd", 9, 12), staged("慢性肾衰竭3年", 0, 5)
    (('ckd-4', 8), ('ckd-3', 12), ('kidney-disease', 5))
    """
    after = _AFTER.match(text, end)
    if after and _is_stage(text, after):
        worst = max(_number(after[3]), int(after[5] or 0))
        return (ON_DIALYSIS if after[6] and worst == 5 else _key(worst)), after.end()
    before = _BEFORE.search(text[max(0, at - _LOOKS_BACK) : at])
    return (_key(_number(before[1] or before[2])) if before else DISEASE), end


def _is_stage(text: str, found: re.Match[str]) -> bool:
    """Whether the figure is a stage: it says so, or it stands right beside the disease and counts no time."""
    if found[2] or found[7] or found[8]:
        return True
    return not {",", ")"} & set(found[1]) and not _A_TIME.match(text, found.end())


def _number(figure: str) -> int:
    return _FIGURES.get(figure) or int(figure)


def _key(stage: int) -> str:
    return f"ckd-{stage}" if stage >= 3 else MILD
