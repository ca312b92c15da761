"""The shared definitions that a rule calls, in words that clinicians read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from itertools import groupby

from msgspec import Struct, convert

from cards.engine.card import Card
from cards.vocabulary import Name
from cds_service.content.canon import current
from cds_service.content.definitions import IN_CHINESE


class Defined(Struct, frozen=True):
    """The words of a definition, and the language that they are in."""

    text: str
    language: str


def definitions(card: Card, language: str) -> dict[str, Defined]:
    """The words of the shared definitions that the rule calls, by name, with the numbers as shipped: they are part of what is
    signed. In English where nobody has rendered them, or only as they were."""
    lines = (line.partition(": ") for line in current().cards[card.code]["definitions"].splitlines())
    told = {name: text for name, _, text in lines if text}
    found = {name: Defined(plain(text), "en") for name, text in told.items() if not name.endswith(IN_CHINESE)}
    rendered = {name: Defined(text, "zh") for name in found if (text := told.get(name + IN_CHINESE))}
    return found | rendered if language == "zh" else found


@cache
def subjects() -> dict[str, Name]:
    """What the definitions of each module are about."""
    return convert(tomllib.loads(files("cds_service.web.sheet").joinpath("subjects.toml").read_text("utf-8")), dict[str, Name])


def by_subject(found: Mapping[str, Defined], language: str) -> list[tuple[str, dict[str, Defined]]]:
    """The definitions of each module under its heading, each by its own name; a module that has no heading yet is named."""
    modules = groupby(sorted(found.items()), key=lambda each: each[0].rpartition(".")[0])
    told = ((subjects().get(key, Name(key, key))[language], some) for key, some in modules)
    return [(title, {name.rpartition(".")[2]: each for name, each in some}) for title, some in told]


def plain(text: str) -> str:
    """The words of a definition as clinicians read them: what only a program needs, its names and its "None", in words.

    >>> plain("``very_high``: 5 g, or `bone-mass`. None without ``LAST_DOSE``; (None: unknown)")
    '*very high*: 5 g, or `bone-mass`. None without *last dose*; (none: unknown)'
    """
    text = re.sub(r"``([^`]+)``", lambda m: f"*{m[1].replace('_', ' ').lower()}*", text)
    return re.sub(r"(?<=[^.] )None\b|(?<=\()None\b", "none", text)
