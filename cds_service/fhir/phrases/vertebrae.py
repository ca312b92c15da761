"""Vertebrae by their number: L1, T12, 胸12, 腰1, 第1腰椎."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FIGURE = "(?:[一二三四五六七八九]|十[一二]?)"
_MAGNETIC = r"t[12] ?-?(?:w\d?i?(?![a-z])|weighted|flair|stir|fs(?![a-z])|hyper|hypo|signal|[高低等]信号|加权|压脂|序列|[像相])"
"""T1 and T2 of magnetic resonance are no vertebrae."""
_NUMBERED = re.compile(
    rf"(?<![a-z])(?!{_MAGNETIC})(?:(l)|th|t)(\d{{1,2}})(?!\d|\.\d)|([腰胸]) ?(\d{{1,2}})(?!\d|\.\d)"
    rf"|第 ?(\d{{1,2}}|{_FIGURE}) ?([腰胸])椎|([腰胸])({_FIGURE})(?=椎)"
)
_LOWEST = {"lumbar": 5, "thoracic": 12}
_FIGURES = {figure: number for number, figure in enumerate("一二三四五六七八九十", start=1)} | {"十一": 11, "十二": 12}
_RANGE = re.compile(r"(?:[lt]|th)\d{1,2} ?[-~至到] ?(?:[lt]|th)?\d{1,2}")


def named(text: str) -> str:
    """The vertebrae that folded ``text`` names by number, without ranges ("L1-L4" is where something was measured).

    >>> named("t12、l1椎体压缩性骨折"), named("胸12骨折, l1-l4 t值 -3.1")
    ('T12, L1', 'T12')
    """
    ranges = [found.span() for found in _RANGE.finditer(text)]
    found: dict[str, None] = {}
    for level, number, at, _ in _counted(text):
        if not any(first <= at < last for first, last in ranges):
            found[f"{'L' if level == 'lumbar' else 'T'}{number}"] = None
    return ", ".join(found)


_JOINED = re.compile(r" ?(?:[,、/&+]|and|及|和|与)? ?(?:vertebra[el]? ?)?椎?体?")
_BREAKS = re.compile(r"(?a)^[^,;。]{0,12}?(?:骨折|fracture|fx\b|collapse)")
_BREAK_OF = re.compile(
    r"(?a)(?:fractures?|fx)(?: ?\([^)]*\))? ?(?:of|at|in|involving|:)? ?(?:the )?(?:vertebra[el]? ?)?$|骨折[ :(]*$"
)
_NOT_BONE = re.compile(r"(?a)^[^,;。]{0,12}?(?:椎间盘|椎间隙|disc|神经)|未见|无骨折|排除|\bno\b|without|negative")


def broken(text: str) -> str:
    """The vertebrae, of those that folded ``text`` names by number, that it says are broken: such as stand together before the
    word, or behind "fracture of".

    >>> broken("t12、l1椎体压缩性骨折"), broken("l4/5椎间盘突出, 腰1椎体骨折"), broken("compression fractures of t12 and l1")
    ('T12, L1', 'L1', 'T12, L1')
    """
    runs: list[list[tuple[str, int, int]]] = []
    for level, number, at, end in _counted(text):
        if not runs or not _JOINED.fullmatch(text, runs[-1][-1][2], at):
            runs.append([])
        runs[-1].append((f"{'L' if level == 'lumbar' else 'T'}{number}", at, end))
    found = (
        name
        for run in runs
        if not _NOT_BONE.search(text[run[-1][2] :])
        and (_BREAKS.search(text[run[-1][2] :]) or _BREAK_OF.search(text[: run[0][1]]))
        for name, _, _ in run
    )
    return ", ".join(dict.fromkeys(found))


def numbered(text: str) -> Iterator[tuple[str, int, int]]:
    """The level of each vertebra named by its number in folded ``text``, and where it stands.

    >>> list(numbered("t12/l1, 胸13"))
    [('thoracic', 0, 3), ('lumbar', 4, 6)]
    """
    return ((level, at, end) for level, _, at, end in _counted(text))


def _counted(text: str) -> Iterator[tuple[str, int, int, int]]:
    """Level and number of each vertebra, and where it stands."""
    for found in _NUMBERED.finditer(text):
        level = "lumbar" if found[1] or "腰" in (found[3], found[6], found[7]) else "thoracic"
        said = found[2] or found[4] or found[5] or found[8]
        number = _FIGURES.get(said) or int(said)
        if 1 <= number <= _LOWEST[level]:
            yield level, number, found.start(), found.end()
