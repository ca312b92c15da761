"""What a card rests on: its recommendations by document, each with its own place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from msgspec import Struct

from cards.engine.card import Card
from cards.engine.sources import Document, Recommendation, cited, place_of


class Rests(Struct, frozen=True):
    """A recommendation with its own place in its source; ``place`` "" where it is that of the one before; ``url`` "" where it
    has no address of its own."""

    recommendation: Recommendation
    place: str
    url: str


class Source(Struct, frozen=True):
    """A document, named once, with what the card rests on in it."""

    document: Document
    rests: tuple[Rests, ...]


def sources_of(card: Card, language: str) -> Iterator[Source]:
    for _, some in groupby(cited(card.cites), key=lambda each: each.document.key):
        before, rests = "", []
        for each in some:
            place = place_of(each, language)
            rests.append(Rests(each, "" if place == before else place, each.url))
            before = place
        yield Source(rests[0].recommendation.document, tuple(rests))
