"""Whether a report tells of something, denies it, or leaves it open."""

from __future__ import annotations

import re

_SENTENCES = re.compile(r"[;。\n]|\. |\bbut\b|\bhowever\b|\bexcept\b|但")
_PARTS = re.compile(r"[,:]")
_BEFORE = re.compile(
    r"(?a)\b(?:no(?! (?:change|doubt|longer))|without|negative for|free of|not (?:show|demonstrate|reveal|identify|detect))\b"
    r"|未(?:见|发现|检出|检测到|显示)|无(?!法)|没有"
)
_AFTER = re.compile(
    r"(?a)\b(?:negative|absent|not (?:seen|detected|identified|present|found|observed|evident))\b|: ?(?:no|none|0)\b"
    r"|阴性|未(?:见|发现|检出)|: ?无|\(-\)"
)


def tells(text: str, of: re.Pattern[str]) -> bool | None:
    """Of folded ``text``: True where a sentence names it and denies nothing, False where each mention is denied in its own part
    of a sentence, None where it is not named, or may be denied.

    >>> tumor = re.compile("metasta|tumor")
    >>> tells("l2 fracture. no tumor.", tumor), tells("suspicious for metastasis", tumor), tells("no fracture, l2 tumor", tumor)
    (False, True, None)
    """
    found = [_denied(sentence, of) for sentence in _SENTENCES.split(text)]
    said = [each for each in found if each is not None]
    if any(each == "" for each in said):
        return True
    return False if said and all(each == "denied" for each in said) else None


def _denied(sentence: str, of: re.Pattern[str]) -> str | None:
    """ "denied", "" where nothing is, "perhaps" where the denial stands in another part; None where it is not named."""
    if of.search(sentence) is None:
        return None
    parts = [part for part in _PARTS.split(sentence) if of.search(part)]
    if all(_denies(part, of) for part in parts) or (len(parts) == 1 and _denies_behind(sentence, of)):
        return "denied"
    return "perhaps" if _denies(sentence, of) else ""


def _denies(part: str, of: re.Pattern[str]) -> bool:
    """Whether a denial stands before the first mention, or behind the last."""
    mentions = [*of.finditer(part)]
    before = _BEFORE.search(part[: mentions[0].start()]) is not None
    return before or _AFTER.search(part[mentions[-1].end() :]) is not None


def _denies_behind(sentence: str, of: re.Pattern[str]) -> bool:
    """Whether it is a heading that is answered: "M-protein: not detected"."""
    mention = [*of.finditer(sentence)][-1]
    return re.match(r"[^,:]{0,20}:[^,]{0,20}$", sentence[mention.end() :]) is not None and _denies(sentence, of)
