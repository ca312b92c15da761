"""The text of a card: what must be done by hand, and how much of it an EHR shows."""

from __future__ import annotations

from collections.abc import Sequence

from cards.words import phrases
from cards.words.phrases import phrase
from cds_service.dialect.words import CUT, SHORTENED

_EXPENDABLE = ("sources", "not-offered", "because")
"""The sections that go first, in this order: never what to do or what to check."""


def with_sections(detail: str, sections: Sequence[str]) -> str:
    """The detail with further sections after its first one, which says what to do."""
    first, mark, rest = detail.partition("\n\n**")
    return "\n\n".join([first, *sections]) + mark + rest


def shortened(detail: str, most: int, language: str) -> str:
    """The detail in at most so many characters. What is left out is named."""
    if not most or len(detail) <= most:
        return detail
    sections, gone = _sections(detail), list[str]()
    for key in _EXPENDABLE:
        heading = phrase("heading", key, language)
        kept = [each for each in sections if not each.startswith(f"**{heading}**")]
        if len(kept) < len(sections):
            sections, gone = kept, [*gone, heading]
        if len(told := "\n\n".join([*sections, _left_out(gone, language)])) <= most:
            return told
    note = _left_out([*gone, CUT[language]], language)
    return "\n\n".join([_cut("\n\n".join(sections), most - len(note) - 2), note])


def _sections(detail: str) -> list[str]:
    """A heading with all that follows it, as far as the next one."""
    first, *others = detail.split("\n\n**")
    return [first, *(f"**{each}" for each in others)]


def _left_out(parts: Sequence[str], language: str) -> str:
    return SHORTENED[language].format(parts=phrases.joined(parts, "comma", language))


def _cut(text: str, most: int) -> str:
    """Whole lines; of one that is too long alone, its beginning."""
    if len(text) <= most:
        return text
    return text[:most].rpartition("\n")[0].rstrip() or f"{text[: most - 1]}…"
