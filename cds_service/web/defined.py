"""The shared definitions that a rule calls, in words that clinicians read."""

from __future__ import annotations

import re

from cards.engine.card import Card
from cds_service.content.canon import current


def definitions(card: Card) -> dict[str, str]:
    """The words of the shared definitions that the rule calls, by name, with the numbers as shipped: they are part of what is
    signed."""
    told = current().cards[card.code]["definitions"].splitlines()
    return {name: plain(text) for name, _, text in (line.partition(": ") for line in told) if text}


def plain(text: str) -> str:
    """The words of a definition as clinicians read them: what only a program needs, its names and its "None", in words.

    >>> plain("``very_high``: 5 g, or `bone-mass`. None without ``LAST_DOSE``; (None: unknown)")
    '*very high*: 5 g, or `bone-mass`. None without *last dose*; (none: unknown)'
    """
    text = re.sub(r"``([^`]+)``", lambda m: f"*{m[1].replace('_', ' ').lower()}*", text)
    return re.sub(r"(?<=[^.] )None\b|(?<=\()None\b", "none", text)
