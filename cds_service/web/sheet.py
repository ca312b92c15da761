"""The sign-off sheet of a card: what it says, when, on which numbers, cases and sources; for a screen and for paper."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any

from flask import Response, abort
from markdown_it import MarkdownIt
from markupsafe import Markup
from msgspec import Struct
from msgspec.json import encode

from cards.engine.card import Card
from cards.engine.catalog import all_cards
from cards.engine.sources import Recommendation, cited, place_of, places, slugs
from cards.thresholds import Threshold, Thresholds, shipped
from cards.vocabulary import Name
from cards.words.phrases import LANGUAGES, unit
from cds_service.casebook.sheet import ORDER, Block, Told, Variant, cases, judged, minutes, usual, variants
from cds_service.content.canon import current
from cds_service.hooks.discovery import SERVICES
from cds_service.load import Load
from cds_service.web.words import say

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_NAMED = re.compile(r"\{([a-z][a-z0-9-]*)\}")
_LABEL = re.compile(r"(When|Not when|Then): ")
_SENTENCE = re.compile(r"\.(?= [A-Z])")


class Paragraph(Struct, frozen=True):
    """Of the rule: ``label`` "" or When, Not when, Then; ``steps``: what it counts as (1), (2), ...; ``tail``: what holds for
    all of them."""

    label: str
    lead: Markup
    steps: tuple[Markup, ...]
    tail: Markup


class Rests(Struct, frozen=True):
    """A recommendation with its own place in its source; ``url`` "" where none is known."""

    recommendation: Recommendation
    place: str
    url: str


class Sheet(Struct, frozen=True):
    """Everything that somebody reads who signs."""

    card: Card
    hooks: list[str]
    variants: list[Variant]
    rule: list[Paragraph]
    named: dict[str, Threshold]
    other: dict[str, Threshold]
    cases: list[tuple[str, list[Told]]]
    usual: str
    rests: list[Rests]
    grades: dict[str, Name]
    minutes: int
    hash: str


def sheet(card: Card, thresholds: Thresholds, language: str) -> Sheet:
    """The sheet in one language; the variants are in both. ``thresholds``: those of the site."""
    table = thresholds.table
    told = [*_NAMED.findall(card.doc)]
    named = [key for key in table if table[key].card == card.code or key in told]
    found, told_cases = variants(card), cases(card)
    recommendations = cited(card.cites)
    rests = [Rests(each, place_of(each, language), each.url or each.document.url) for each in recommendations]
    used = {each.document.key: places()[each.document.key].grades for each in recommendations}
    others = [*card.told(thresholds), *(each.gist for each in recommendations), *(table[key].source for key in named)]
    return Sheet(
        card=card,
        hooks=[service.hook for service in SERVICES.values() if service.hook in card.hooks],
        variants=found,
        rule=_rule(card, thresholds),
        named={key: table[key] for key in named},
        other={key: table[key] for key in card.shared if key not in named},
        cases=[(key, some) for key in ORDER if (some := [each for each in told_cases if each.outcome == key])],
        usual=usual(card),
        rests=rests,
        grades=used,
        minutes=minutes(found, others, language),
        hash=hashes()[card.code],
    )


@cache
def reading_time(code: str, language: str) -> int:
    """Minutes that the sheet of a card takes, with the numbers as shipped."""
    return sheet(all_cards()[code], shipped(), language).minutes


@cache
def hashes() -> dict[str, str]:
    """Of each card as installed, by code."""
    return current().hashes


def inline(text: str) -> Markup:
    """A line of our own Markdown as HTML; HTML in it is escaped."""
    return Markup(_MARKDOWN.renderInline(text))  # noqa: S704


def document(text: str) -> Markup:
    """A document of ours as HTML, its headings with the anchors that links to it name."""
    tokens = _MARKDOWN.parse(text)
    headings = [token for token in tokens if token.type == "heading_open"]
    for token, (slug, _) in zip(headings, slugs(text), strict=False):
        token.attrs["id"] = slug
    return Markup(_MARKDOWN.renderer.render(tokens[3:], _MARKDOWN.options, {}))  # noqa: S704


def unit_in_words(code: str, language: str) -> str:
    """A unit as people write it; UCUM's units of time in words, nothing for a plain number."""
    if code == "1":
        return ""
    return say(f"unit.{code}", language) if code in ("a", "mo", "wk", "d") else unit(code, language)


def judged_case(load: Load, code: str, number: int) -> Response:
    """What the service says to a case of a card now, as JSON; 404 where there is none."""
    try:
        with load.computing():
            found = judged(code, number)
    except (KeyError, IndexError):
        abort(404)
    return Response(encode(found), content_type="application/json", headers={"Cache-Control": "no-store"})


def own_value(key: str, each: Threshold) -> str:
    """The value that was shipped, where the site has another; else ""."""
    ours = shipped().table[key].value
    return f"{ours:g}" if ours != each.value else ""


def source_url(each: Threshold) -> str:
    """Where the link of a number leads: its https address, or "" for a recommendation or our own document."""
    return each.link if each.link.startswith("https://") else ""


def _rule(card: Card, thresholds: Thresholds) -> list[Paragraph]:
    """The docstring, each number in its place and linked to its row."""
    found = []
    for text in card.doc.split("\n\n"):
        label = _LABEL.match(text)
        rest = " ".join(text[label.end() if label else 0 :].split())
        linked = _NAMED.sub(
            lambda m: f"[{thresholds.table[m[1]].value:g}](#n-{m[1]})" if m[1] in thresholds.table else m[0], rest
        )
        lead, steps, tail = _steps(linked)
        found.append(Paragraph(label[1] if label else "", inline(lead), tuple(map(inline, steps)), inline(tail)))
    return found


def _steps(text: str) -> tuple[str, list[str], str]:
    """What stands before (1), the points themselves, and the sentences after the last one, which hold for all; a number that is
    not the next one is no point.

    >>> _steps("an adult who (1) fell (2) fell again after (1)")
    ('an adult who', ['(1) fell', '(2) fell again after (1)'], '')
    >>> _steps("(1) fell. At home; (2) fell again. Only on orders.")
    ('', ['(1) fell. At home;', '(2) fell again.'], 'Only on orders.')
    """
    cuts: list[int] = []
    start = 0
    while (place := text.find(f"({len(cuts) + 1}) ", start)) >= 0:
        cuts.append(place)
        start = place + 1
    if len(cuts) < 2:
        return text, [], ""
    over = _SENTENCE.search(text, cuts[-1])
    ends = [*cuts[1:], over.end() if over else len(text)]
    return text[: cuts[0]].strip(), [text[a:b].strip() for a, b in zip(cuts, ends, strict=True)], text[ends[-1] :].strip()


def runs(blocks: Sequence[Block]) -> list[tuple[str, list[Block]]]:
    """Paragraphs of one kind that follow each other, together."""
    return [(kind, list(some)) for kind, some in groupby(blocks, key=lambda each: each.kind)]


def context(language: str) -> dict[str, Any]:
    """What the templates of a sheet call."""
    return {
        "inline": inline,
        "runs": runs,
        "to_patient": {each: say("sheet.to-patient", each) for each in LANGUAGES},
        "unit": unit_in_words,
        "own_value": own_value,
        "source_url": source_url,
        "language": language,
    }
