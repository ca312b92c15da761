"""What the cards rest on: the documents, their recommendations, and the version of this content.

Recommendations stand in ``recommendations.yaml``, or with the one card that rests on them: ``[[recommendations]]`` in its
``card.toml``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from msgspec import Struct, ValidationError, convert

from cards.thresholds import CATALOG, HERE, ContentError, read_toml
from cards.vocabulary import Name

EXTERNAL = "EXT"
"""The prefix of what stands in none of the guidelines: labels, position statements, our own rules."""

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document(Struct, frozen=True):
    """A guideline, consensus or label. ``url`` is "" where no lasting address is known."""

    key: str
    title: Name
    url: str = ""


class Recommendation(Struct, frozen=True):
    """One recommendation: ``grade`` as its document prints it ("-": none), ``gist`` in our words.

    ``url`` opens it where it has an address of its own; ``place`` says where in the document or at that address. ``card``: the
    code of the card that declares it, "" where it stands in ``recommendations.yaml``. ``zh``: the gist in Chinese.
    """

    id: str
    document: Document
    grade: str
    gist: str
    url: str = ""
    place: str = ""
    card: str = ""
    zh: str = ""

    def told(self, language: str) -> str:
        """The gist in this language; in English where nobody has written another."""
        return (self.zh if language == "zh" else "") or self.gist


class _Told(Struct, frozen=True, forbid_unknown_fields=True):
    """A recommendation as it is written. The id's prefix names the document."""

    id: str
    gist: str
    grade: str = "-"
    url: str = ""
    place: str = ""
    zh: str = ""


def _load() -> dict[str, Any]:
    content = files("cards").joinpath("recommendations.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.load(content, LOADER)  # noqa: S506  safe, and in C where there is one
    return loaded


_CONTENT = _load()

VERSION: str = _CONTENT["content"]["version"]
CHECKED: date = _CONTENT["content"]["checked"]
"""The content version that every card names, and when the content was last checked against its sources."""

DOCUMENTS: dict[str, Document] = {
    key: Document(key, Name(row["en"], row["zh"]), row.get("url", "")) for key, row in _CONTENT["documents"].items()
}

Row = tuple[str, str, Mapping[str, Any]]
"""A recommendation as it is written, behind its file and the card that declares it ("": none)."""


def _written() -> Iterator[Row]:
    yield from (("recommendations.yaml", "", row) for row in _CONTENT["recommendations"])
    for path in sorted(CATALOG.glob("*/*/card.toml")):
        for row in read_toml(path).get("recommendations", ()):
            yield str(path.relative_to(HERE)), path.parent.name, row


def recommendations(written: Iterable[Row]) -> dict[str, Recommendation]:
    """The recommendations by id, in the order given. ContentError, one sentence, for one that nobody could look up."""
    found: dict[str, Recommendation] = {}
    for where, card, row in written:
        each = _recommendation(where, card, row)
        if other := found.get(each.id):
            raise ContentError(f"{where}: {each.id} is a recommendation of {other.card or 'recommendations.yaml'} already")
        found[each.id] = each
    return found


def _recommendation(where: str, card: str, row: Mapping[str, Any]) -> Recommendation:
    try:
        told = convert(row, _Told)
    except ValidationError as error:
        raise ContentError(f"{where}: recommendation {row.get('id', '')}: {error}") from None
    document = DOCUMENTS.get(told.id.split("-")[0])
    if document is None:
        raise ContentError(f"{where}: recommendation {told.id}: its prefix is none of the documents {', '.join(DOCUMENTS)}")
    if told.url and not told.url.startswith("https://"):
        raise ContentError(f"{where}: recommendation {told.id}: url is no https address")
    if card and document.key == EXTERNAL and not (told.url or told.place):
        raise ContentError(f"{where}: recommendation {told.id}: url or place must say where it stands")
    return Recommendation(told.id, document, told.grade, told.gist, told.url, told.place, card, told.zh)


RECOMMENDATIONS: dict[str, Recommendation] = recommendations(_written())


class Places(Struct, frozen=True, forbid_unknown_fields=True):
    """Of one document: what its ``grades`` mean, and where its recommendations stand: ``places`` by id without the prefix, or
    ``each``, where the id holds the number."""

    grades: Name
    each: Name | None = None
    places: dict[str, Name] = {}


@cache
def places() -> Mapping[str, Places]:
    """By document (``sources/places.toml``)."""
    return convert(read_toml(HERE / "sources" / "places.toml"), dict[str, Places])


def place_of(recommendation: Recommendation, language: str) -> str:
    """Where in its document a recommendation stands; "" where nobody wrote it down.

    >>> place_of(RECOMMENDATIONS["ELD2023-07d"], "en")
    'Question 7 of 12'
    """
    told, (_, _, key) = places()[recommendation.document.key], recommendation.id.partition("-")
    found = told.places.get(key) or told.each
    number = int(re.match(r"\d*", key)[0] or 0)  # type: ignore[index]
    return recommendation.place or (found[language].format(number=number) if found else "")


def cited(ids: Iterable[str]) -> list[Recommendation]:
    """The recommendations of these ids, in the order given; KeyError for one that does not exist.

    >>> [r.document.key for r in cited(["OPREF-T3", "EXT-04"])]
    ['OPREF', 'EXT']
    """
    return [RECOMMENDATIONS[each] for each in ids]


class Newer(Struct, frozen=True, forbid_unknown_fields=True):
    """A publication since our documents: ``date`` its day or month, ``gist`` what it says that the cards do not, and which
    ``documents`` and ``cards`` it touches."""

    date: str
    title: str
    url: str
    gist: str
    documents: tuple[str, ...] = ()
    cards: tuple[str, ...] = ()


def newer(text: str | None = None) -> list[Newer]:
    """``sources/newer.yaml``, the newest first. ContentError for an entry that cannot be opened."""
    told = text if text is not None else (HERE / "sources" / "newer.yaml").read_text("utf-8")
    try:
        found = convert(yaml.load(told, LOADER)["newer"], list[Newer])  # noqa: S506  a safe one
    except (yaml.YAMLError, KeyError, TypeError, ValidationError) as error:
        raise ContentError(f"newer.yaml: {' '.join(str(error).split())}") from None
    if wrong := [each.title for each in found if not each.url.startswith("https://") or set(each.documents) - DOCUMENTS.keys()]:
        raise ContentError(f"newer.yaml: {'; '.join(wrong)}: needs an https address, and documents that exist")
    return sorted(found, key=lambda each: each.date, reverse=True)


@cache
def headings() -> frozenset[str]:
    """The places in the project's own document that a link can lead to."""
    return anchors((HERE / "sources" / "specification.md").read_text("utf-8"))


def anchors(markdown: str) -> frozenset[str]:
    """The anchors that GitHub gives to headings: lower case, no punctuation, hyphens for blanks; a repeated one is numbered.

    >>> sorted(anchors("## On treatment\\n### `drug-allergy`\\n### 25(OH)D\\n## On treatment"))
    ['25ohd', 'drug-allergy', 'on-treatment', 'on-treatment-1']
    """
    return frozenset(slug for slug, _ in slugs(markdown))


def slugs(markdown: str) -> Iterator[tuple[str, str]]:
    """The anchor of each heading, and the heading, in their order."""
    seen: Counter[str] = Counter()
    for heading in re.findall(r"^#{1,6} (.+)$", markdown, re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        yield (f"{slug}-{seen[slug]}" if seen[slug] else slug), heading
        seen[slug] += 1


def opens(link: str) -> bool:
    """Whether the link of a number leads to something: a recommendation, an address, a heading of the specification."""
    document, _, anchor = link.partition("#")
    return link in RECOMMENDATIONS or link.startswith("https://") or (document == "specification.md" and anchor in headings())


@cache
def primary(ids: tuple[str, ...]) -> Document:
    """The document that a card names as its source: that of the first guideline cited, an outside figure only for want of one.

    >>> primary(("EXT-04", "OPREF-T3")).key
    'OPREF'
    """
    documents = [each.document for each in cited(ids)]
    return next((each for each in documents if each.key != EXTERNAL), documents[0])
