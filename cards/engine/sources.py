"""What the cards rest on: the documents, their recommendations, and the version of this content."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from msgspec import Struct

from cards.vocabulary import Name

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document(Struct, frozen=True):
    """A guideline, consensus or label. ``url`` is "" where no lasting address is known."""

    key: str
    title: Name
    url: str = ""


class Recommendation(Struct, frozen=True):
    """One recommendation: ``grade`` as its document prints it ("-": none), ``gist`` in our words."""

    id: str
    document: Document
    grade: str
    gist: str


def _load() -> dict[str, Any]:
    content = files("cards").joinpath("recommendations.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(content, _LOADER)  # noqa: S506  safe, and in C where there is one
    return loaded


_CONTENT = _load()

VERSION: str = _CONTENT["content"]["version"]
CHECKED: date = _CONTENT["content"]["checked"]
"""The content version that every card names, and when the content was last checked against its sources."""

DOCUMENTS: dict[str, Document] = {
    key: Document(key, Name(row["en"], row["zh"]), row.get("url", "")) for key, row in _CONTENT["documents"].items()
}

RECOMMENDATIONS: dict[str, Recommendation] = {
    row["id"]: Recommendation(row["id"], DOCUMENTS[row["id"].split("-")[0]], row["grade"], row["gist"])
    for row in _CONTENT["recommendations"]
}


def cited(ids: Iterable[str]) -> list[Recommendation]:
    """The recommendations of these ids, in the order given; KeyError for one that does not exist.

    >>> [r.document.key for r in cited(["OPREF-T3", "EXT-04"])]
    ['OPREF', 'EXT']
    """
    return [RECOMMENDATIONS[each] for each in ids]


@cache
def primary(ids: tuple[str, ...]) -> Document:
    """The document that a card names as its source: that of the first guideline cited, an outside figure only for want of one.

    >>> primary(("EXT-04", "OPREF-T3")).key
    'OPREF'
    """
    documents = [each.document for each in cited(ids)]
    return next((each for each in documents if each.key != "EXT"), documents[0])
