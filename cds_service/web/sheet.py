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
from msgspec.structs import replace

from cards.engine.card import Card
from cards.engine.catalog import all_cards
from cards.engine.sources import RECOMMENDATIONS, Document, Recommendation, cited, place_of, places, slugs
from cards.thresholds import Threshold, Thresholds, shipped
from cards.vocabulary import Name
from cards.words.phrases import LANGUAGES, unit
from cds_service.casebook.digest import Table, tables, words_of
from cds_service.casebook.sheet import Block, Said, Variant, minutes, variants
from cds_service.casebook.told import Chapter, chapters, judged, patients, usual
from cds_service.casebook.translated import LABELS, chinese
from cds_service.content.canon import current
from cds_service.content.signatures import Signature
from cds_service.hooks.discovery import SERVICES
from cds_service.load import Load
from cds_service.web.words import say
from fhir_fixtures import stories

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_NAMED = re.compile(r"\{([a-z][a-z0-9-]*)\}")
_LABEL = re.compile(r"(When|Not when|Then|何时不|何时|则)(?:: |：)")
_SENTENCE = re.compile(r"\.(?= [A-Z])|。")
_IN_ENGLISH = {chinese: english for english, chinese in LABELS.items()}


class Paragraph(Struct, frozen=True):
    """Of the rule: ``label`` "" or When, Not when, Then; ``steps``: what it counts as (1), (2), ...; ``tail``: what holds for
    all of them."""

    label: str
    lead: Markup
    steps: tuple[Markup, ...]
    tail: Markup


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


class Sheet(Struct, frozen=True):
    """Everything that somebody reads who signs. ``told``: of whom each variant is; ``tables``: what they come to, in short;
    ``named``: the numbers of the rule, those first that no source prints, since they are to be judged; ``gists``: of the
    recommendations that numbers name and the card does not cite. ``minutes`` for what is unfolded; ``more``: for the whole
    texts, those for the patient, the shared definitions that the rule calls, and the cases, in one language."""

    card: Card
    hooks: list[str]
    variants: list[Variant]
    told: list[str]
    tables: list[Table]
    rule: list[Paragraph]
    rule_in: str
    definitions: dict[str, str]
    named: dict[str, Threshold]
    other: dict[str, Threshold]
    gists: dict[str, Recommendation]
    chapters: list[Chapter]
    usual: str
    sources: list[Source]
    grades: dict[str, Name]
    minutes: int
    more: dict[str, int]
    hash: str

    @property
    def whole(self) -> int:
        """Minutes for all of it."""
        return self.minutes + sum(self.more.values())

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
    found, told_cases = variants(card), chapters(card, language)
    links = {table[key].link for key in named} - set(card.cites)
    words = chinese(card) if language == "zh" else None
    made = Sheet(
        card=card,
        hooks=[service.hook for service in SERVICES.values() if service.hook in card.hooks],
        variants=found,
        told=_of_whom(card, found, language),
        tables=tables(found, language),
        rule=_rule(words or card.doc, thresholds),
        rule_in="zh" if words else "en",
        definitions=_definitions(card),
        named={key: table[key] for key in named},
        other={key: table[key] for key in card.shared if key not in named},
        gists={link: RECOMMENDATIONS[link] for link in links & RECOMMENDATIONS.keys()},
        chapters=told_cases,
        usual=usual(card, language),
        sources=list(_sources(card, language)),
        grades={each.document.key: places()[each.document.key].grades for each in cited(card.cites)},
        minutes=0,
        more={},
        hash=hashes()[card.code],
    )
    more = {
        "texts": _texts(found, language),
        "patient": _to_patient(found, language),
        "definitions": list(made.definitions.values()),
        "cases": _cases(told_cases),
    }
    return replace(made, minutes=minutes(_first(made, language)), more={key: minutes(each) for key, each in more.items()})


def _of_whom(card: Card, found: Sequence[Variant], language: str) -> list[str]:
    """Of each variant the invented patient: in Chinese what the case declares, since its name is English."""
    if language == "en":
        return [each.told for each in found]
    known = patients(card, language) | {f"{each.title['en']} (`{each.name}`)": each.title["zh"] for each in stories()}
    return [known.get(each.told.removesuffix("."), each.told) for each in found]


def _definitions(card: Card) -> dict[str, str]:
    """The words of the shared definitions that the rule calls, by name, with the numbers as shipped: they are part of what is
    signed."""
    told = current().cards[card.code]["definitions"].splitlines()
    return {name: text for name, _, text in (line.partition(": ") for line in told) if text}


def _sources(card: Card, language: str) -> Iterator[Source]:
    for _, some in groupby(cited(card.cites), key=lambda each: each.document.key):
        before, rests = "", []
        for each in some:
            place = place_of(each, language)
            rests.append(Rests(each, "" if place == before else place, each.url))
            before = place
        yield Source(rests[0].recommendation.document, tuple(rests))


def _first(made: Sheet, language: str) -> Iterator[str]:
    """What is read without unfolding anything. Not counted: keys, and where a source is to be found, which nobody reads who
    does not open it."""
    yield from words_of(made.tables)
    for paragraph in made.rule:
        yield from (text.striptags() for text in (paragraph.lead, *paragraph.steps, paragraph.tail))
    for each in made.named.values():
        yield from (each.name[language], f"{each.value:g} {each.unit}", each.status, each.source)
        yield from (then.why for then in each.history)
    yield from (each.told(language) for each in made.gists.values())
    for source in made.sources:
        yield source.document.title[language]
        yield from (rest.recommendation.told(language) for rest in source.rests)
    yield from (chapter.title for chapter in made.chapters)


def _printed(each: Threshold) -> bool:
    return each.status not in ("RECALL", "OWN")


def _texts(found: Sequence[Variant], language: str) -> list[str]:
    return [text for each in found for text in _new(each.clinician[language])]


def _to_patient(found: Sequence[Variant], language: str) -> list[str]:
    return [text for each in found for text in (each.patient[language].summary, *_new(each.patient[language]))]


def _new(said: Said) -> list[str]:
    """Beside the headline and what is recommended, which are read already."""
    return [text for text in said.new[1:] if text not in said.recommended]


def _cases(told: Sequence[Chapter]) -> list[str]:
    told_lines = [line for chapter in told for line in chapter.lines]
    names = [text for line in told_lines for case in line.cases for text in (case.name, case.expects)]
    return [*names, *(line.given for line in told_lines)]


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


def _rule(words: str, thresholds: Thresholds) -> list[Paragraph]:
    """The words of the rule, each number in its place and linked to its row."""
    found = []
    for text in words.split("\n\n"):
        label = _LABEL.match(text)
        rest = " ".join(text[label.end() if label else 0 :].split())
        linked = _NAMED.sub(
            lambda m: f"[{thresholds.table[m[1]].value:g}](#n-{m[1]})" if m[1] in thresholds.table else m[0], rest
        )
        lead, steps, tail = _steps(linked)
        found.append(
            Paragraph(
                _IN_ENGLISH.get(label[1], label[1]) if label else "", inline(lead), tuple(map(inline, steps)), inline(tail)
            )
        )
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


def read_of(each: Signature, language: str) -> str:
    """What somebody who signed had read, in brackets; "" where it was not asked."""
    if not each.read:
        return ""
    tongue, *more = each.read.split()
    told = [say("read.opens", language, tongue=say(f"language.{tongue}", language))]
    told += [say(f"read.{key}", language) for key in more]
    return say("read.of", language, what=("、" if language == "zh" else ", ").join(told))


def context(language: str) -> dict[str, Any]:
    """What the templates of a sheet call."""
    return {
        "read_of": lambda each: read_of(each, language),
        "labels": LABELS,
        "inline": inline,
        "runs": runs,
        "to_patient": {each: say("sheet.to-patient", each) for each in LANGUAGES},
        "unit": unit_in_words,
        "own_value": own_value,
        "source_url": source_url,
        "language": language,
    }
