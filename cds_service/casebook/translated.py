"""The words of a rule in Chinese: ``rule.zh.md`` in a card's folder.

Its first line names the English words that it renders, by their mark. Where these have changed since, the Chinese is not shown:
whoever signs must not read of an earlier rule. ``python -m cds_service.casebook.translated`` lists the marks.
"""

from __future__ import annotations

import hashlib
import re

from cards.engine.card import Card
from cards.engine.catalog import all_cards

FILE = "rule.zh.md"
LABELS = {"When": "何时", "Not when": "何时不", "Then": "则"}
_FIRST = re.compile(r"<!-- of ([0-9a-f]{8}) -->\n")


def mark(words: str) -> str:
    """Of the words of a rule, however their lines are broken."""
    return hashlib.sha256(" ".join(words.split()).encode()).hexdigest()[:8]


def chinese(card: Card) -> str | None:
    """The words of a rule, paragraph by paragraph as in English; None where there are none, or only of an earlier rule."""
    path = card.folder / FILE
    if not path.is_file():
        return None
    text = path.read_text("utf-8")
    found = _FIRST.match(text)
    return text[found.end() :].strip() if found and found[1] == mark(card.doc) else None


def wrong(card: Card) -> str:
    """What keeps a reviewer from reading the rule in Chinese, and what to write; "" where nothing does."""
    if chinese(card):
        return ""
    first = f"<!-- of {mark(card.doc)} -->"
    if not (card.folder / FILE).is_file():
        return f"no {FILE}: write the words of the rule in Chinese, below the line {first}"
    return f"{FILE} renders an earlier rule: render what has changed, then make {first} its first line"


if __name__ == "__main__":
    for code, card in all_cards().items():
        print(f"{code:38} {mark(card.doc)} {wrong(card) or 'current'}")
