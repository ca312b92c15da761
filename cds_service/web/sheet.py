"""The sign-off sheet of a card: what it says, when, on which numbers, cases and sources; for a screen and for paper."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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
from cards.engine.sources import RECOMMENDATIONS, Recommendation, cited, place_of, places, slugs
from cards.thresholds import Threshold, Thresholds, shipped
from cards.vocabulary import Name
from cards.words.phrases import LANGUAGES, unit
from cds_service.casebook.sheet import Block, Variant, minutes, variants
from cds_service.casebook.told import Chapter, chapters, judged, usual
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
    """Everything that somebody reads who signs. ``named``: the numbers of the rule, those first that no source prints, since
    they are to be judged; ``gists``: of the recommendations that numbers name. ``minutes`` for what is unfolded, ``whole`` for
    all of it in one language."""

    card: Card
    hooks: list[str]
    variants: list[Variant]
    rule: list[Paragraph]
    named: dict[str, Threshold]
    other: dict[str, Threshold]
    gists: dict[str, Recommendation]
    chapters: list[Chapter]
    usual: str
    rests: list[Rests]
    grades: dict[str, Name]
    minutes: int
    whole: int
    hash: str

    @property
    def count(self) -> int:
        """How many cases it has."""
        return sum(sum(each.outcomes.values()) for each in self.chapters)

    @property
    def unprinted(self) -> int:
        """How many numbers of the rule no source prints."""
        return sum(not _printed(each) for each in self.named.values())


def sheet(card: Card, thresholds: Thresholds, language: str) -> Sheet:
    """The sheet in one language; the variants are in both. ``thresholds``: those of the site."""
    table = thresholds.table
    told = [*_NAMED.findall(card.doc)]
    named = sorted((key for key in table if table[key].card == card.code or key in told), key=lambda key: _printed(table[key]))
    found, told_cases = variants(card), chapters(card)
    recommendations = cited(card.cites)
    rests = [Rests(each, place_of(each, language), each.url or each.document.url) for each in recommendations]
    used = {each.document.key: places()[each.document.key].grades for each in recommendations}
    gists = {table[key].link: RECOMMENDATIONS[table[key].link] for key in named if table[key].link in RECOMMENDATIONS}
    first = [*card.told(thresholds), *(each.gist for each in recommendations), *(table[key].source for key in named)]
    first += [text for each in found for text in _headline(each, language)]
    return Sheet(
        card=card,
        hooks=[service.hook for service in SERVICES.values() if service.hook in card.hooks],
        variants=found,
        rule=_rule(card, thresholds),
        named={key: table[key] for key in named},
        other={key: table[key] for key in card.shared if key not in named},
        gists=gists,
        chapters=told_cases,
        usual=usual(card),
        rests=rests,
        grades=used,
        minutes=minutes(first),
        whole=minutes([*first, *_folded(found, told_cases, language)]),
        hash=hashes()[card.code],
    )


def _printed(each: Threshold) -> bool:
    return each.status not in ("RECALL", "OWN")


def _headline(each: Variant, language: str) -> Iterator[str]:
    """What a variant shows while it is folded."""
    yield from (each.told, each.clinician[language].summary, *each.clinician[language].recommended)


def _folded(found: Sequence[Variant], told: Sequence[Chapter], language: str) -> Iterator[str]:
    for each in found:
        shown = set(_headline(each, language))
        yield from (text for said in (each.clinician, each.patient) for text in said[language].new if text not in shown)
    for chapter in told:
        for line in chapter.lines:
            yield line.given
            yield from (text for case in line.cases for text in (case.name, case.expects))


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
