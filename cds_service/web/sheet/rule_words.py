"""The words of a rule as paragraphs and points, each number in its place; and our own Markdown as HTML."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

from markdown_it import MarkdownIt
from markupsafe import Markup
from msgspec import Struct

from cards.engine.sources import slugs
from cards.thresholds import Thresholds, shipped
from cds_service.casebook.translated import LABELS
from cds_service.web.sheet.terms import defined
from cds_service.web.words import say

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
NAMED = re.compile(r"\{([a-z][a-z0-9-]*)\}")
_LABEL = re.compile(r"(When|Not when|Then|何时不|何时|则)(?:: |：)")
_NUMBER = re.compile(r'<a href="#n-(?P<key>[a-z0-9-]+)">(?P<value>[^<]*)</a>')
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


class Written(Struct, frozen=True):
    """How words are written on a sheet: each number with its value, linked to its row where the sheet has one (``rows``), and
    how certain it is where no source prints it, or where the site has set it."""

    thresholds: Thresholds
    language: str
    rows: Collection[str]

    def __call__(self, words: str) -> Markup:
        linked = NAMED.sub(lambda m: f"[{self._value(m[1])}](#n-{m[1]})" if m[1] in self.thresholds.table else m[0], words)
        return Markup(_NUMBER.sub(self._number, inline(linked)))  # noqa: S704  our own Markdown

    def _value(self, key: str) -> str:
        return figure(self.thresholds.table[key].value, self.language)

    def _number(self, found: re.Match[str]) -> str:
        mark = self.mark(found["key"])
        title, name = (say(f"{which}.{mark}", self.language) if mark else "" for which in ("key", "mark"))
        told = f'<sup class="status-{mark.lower()}" title="{title}">\u202f{name}</sup>' if mark else ""
        return (found[0] if found["key"] in self.rows else found["value"]) + told

    def mark(self, key: str) -> str:
        """ "SITE", "OWN", "RECALL"; "" where a source prints the number."""
        each = self.thresholds.table[key]
        if each.value != shipped().table[key].value:
            return "SITE"
        return each.status if each.status in ("OWN", "RECALL") else ""


def rule(words: str, written: Written, means: Mapping[str, Markup]) -> list[Paragraph]:
    """The words of the rule; ``means``: by key the words that are explained where they first stand."""
    found, left = [], dict(means)
    for text in words.split("\n\n"):
        label = _LABEL.match(text)
        rest = " ".join(text[label.end() if label else 0 :].split())
        lead, steps, tail = _steps(rest)
        told = [defined(written(each), left) for each in (lead, *steps, tail)]
        found.append(Paragraph(_IN_ENGLISH.get(label[1], label[1]) if label else "", told[0], tuple(told[1:-1]), told[-1]))
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


@lru_cache(maxsize=8192)
def inline(text: str) -> Markup:
    """A line of our own Markdown as HTML; HTML in it is escaped. Cards share many lines, and each page shows them anew.

    >>> str(inline("**eGFR** <b>30</b>"))
    '<strong>eGFR</strong> &lt;b&gt;30&lt;/b&gt;'
    """
    return Markup(_MARKDOWN.renderInline(text))  # noqa: S704


def document(text: str) -> Markup:
    """A document of ours as HTML, its headings with the anchors that links to it name."""
    tokens = _MARKDOWN.parse(text)
    headings = [token for token in tokens if token.type == "heading_open"]
    for token, (slug, _) in zip(headings, slugs(text), strict=False):
        token.attrs["id"] = slug
    return Markup(_MARKDOWN.renderer.render(tokens[3:], _MARKDOWN.options, {}))  # noqa: S704
