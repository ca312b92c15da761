"""The words of a rule as paragraphs and points, each number in its place; and our own Markdown as HTML."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markupsafe import Markup
from msgspec import Struct

from cards.engine.sources import slugs
from cards.thresholds import Thresholds
from cds_service.casebook.translated import LABELS

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
NAMED = re.compile(r"\{([a-z][a-z0-9-]*)\}")
_LABEL = re.compile(r"(When|Not when|Then|何时不|何时|则)(?:: |：)")
_SENTENCE = re.compile(r"\.(?= [A-Z])|。")
_LISTED = re.compile(r"\(\d\) (?:and|or|to) \(\d")
"""Points that are spoken of together, not told."""
_IN_ENGLISH = {chinese: english for english, chinese in LABELS.items()}


def figure(value: float, language: str) -> str:
    """A number as people write it.

    >>> figure(300000, "en"), figure(300000, "zh"), figure(-2.5, "en")
    ('300,000', '300000', '−2.5')
    """
    return (f"{value:,g}" if language == "en" else f"{value:g}").replace("-", "−")


class Paragraph(Struct, frozen=True):
    """Of the rule: ``label`` "" or When, Not when, Then; ``steps``: what it counts as (1), (2), ...; ``tail``: what holds for
    all of them."""

    label: str
    lead: Markup
    steps: tuple[Markup, ...]
    tail: Markup


def rule(words: str, thresholds: Thresholds, language: str) -> list[Paragraph]:
    """The words of the rule, each number in its place and linked to its row."""
    found = []
    for text in words.split("\n\n"):
        label = _LABEL.match(text)
        rest = " ".join(text[label.end() if label else 0 :].split())
        linked = NAMED.sub(
            lambda m: f"[{figure(thresholds.table[m[1]].value, language)}](#n-{m[1]})" if m[1] in thresholds.table else m[0],
            rest,
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
    not the next one is no point, nor is one of several that are spoken of.

    >>> _steps("an adult who (1) fell (2) fell again after (1)")
    ('an adult who', ['(1) fell', '(2) fell again after (1)'], '')
    >>> _steps("(1) fell. At home; (2) fell again. Only on orders.")
    ('', ['(1) fell. At home;', '(2) fell again.'], 'Only on orders.')
    >>> _steps("(1) critical, (2) and (3) warning")
    ('(1) critical, (2) and (3) warning', [], '')
    """
    cuts: list[int] = []
    start = 0
    while (place := text.find(f"({len(cuts) + 1}) ", start)) >= 0:
        if not _LISTED.match(text, place):
            cuts.append(place)
        start = place + 1
    if len(cuts) < 2:
        return text, [], ""
    over = _SENTENCE.search(text, cuts[-1])
    ends = [*cuts[1:], over.end() if over else len(text)]
    return text[: cuts[0]].strip(), [text[a:b].strip() for a, b in zip(cuts, ends, strict=True)], text[ends[-1] :].strip()


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
