"""A card's text as its author wrote it, made readable: each block with its conditions and places for values told apart.

Whoever signs off the content must see every wording, not only those that some sample patient happens to trigger.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from cards.engine.catalog import all_cards

_TOKEN = re.compile(r"\{%-?\s*(.*?)\s*-?%\}|\{\{-?\s*(.*?)\s*-?\}\}|\{#.*?#\}", re.DOTALL)
_BLOCKS = ("summary", "do", "because", "check", "line", "short", "condition", "patient_summary", "patient_why", "patient_do")


class Piece(Struct, frozen=True):
    """A stretch of a text. ``kind``: "text", "when" (a condition) or "value" (filled in from the record)."""

    kind: str
    text: str


def wording(code: str, language: str) -> dict[str, list[Piece]]:
    """The blocks of a card's text, by name, in the order in which they are read. FileNotFoundError where there is no text."""
    source = (all_cards()[code].folder / f"{language}.md").read_text(encoding="utf-8")
    blocks: dict[str, list[Piece]] = {}
    current: list[Piece] = []
    for piece in _pieces(source):
        if piece.kind == "when" and piece.text.startswith("block "):
            current = blocks.setdefault(piece.text.removeprefix("block ").strip(), [])
        elif not (piece.kind == "when" and piece.text.startswith("endblock")):
            current.append(piece)
    return {name: _trimmed(blocks[name]) for name in _BLOCKS if name in blocks}


def _pieces(source: str) -> Iterator[Piece]:
    end = 0
    for token in _TOKEN.finditer(source):
        if text := source[end : token.start()]:
            yield Piece("text", text)
        if token[1] is not None:
            yield Piece("when", token[1])
        elif token[2] is not None:
            yield Piece("value", token[2].split("|")[0].strip())
        end = token.end()
    if text := source[end:]:
        yield Piece("text", text)


def _trimmed(pieces: list[Piece]) -> list[Piece]:
    """Without the line ends that only keep the template tidy."""
    tidy = [Piece(p.kind, re.sub(r"\n{2,}", "\n\n", p.text)) for p in pieces]
    return [p for p in tidy if p.kind != "text" or p.text.strip(" \n") or p.text == " "]
