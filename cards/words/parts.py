"""What texts are put together from: a line, sections, bullets, a fact."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from cards.chart.facts import Fact
from cards.engine.findings import Finding
from cards.words import phrases
from cards.words.phrases import phrase

SUMMARY = 139
"""The most code points of a summary (CDS Hooks: fewer than 140)."""


class Text(Struct, frozen=True):
    """A card's words: ``summary`` is one plain line, ``detail`` GitHub-flavored Markdown without HTML."""

    summary: str
    detail: str


def one_line(markdown: str) -> str:
    return phrases.shorten(phrases.plain(markdown), SUMMARY)


def speechless(finding: Finding, language: str) -> ValueError:
    return ValueError(f"card {finding.code} ({language}) has no text for variant {finding.variant!r}")


def section(heading: str, paragraphs: Iterable[str]) -> str:
    return "\n\n".join([f"**{heading}**", *filter(None, paragraphs)])


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def fact_line(fact: Fact, language: str) -> str:
    line = phrases.word(fact.name[language], language)
    if fact.value is not None:
        value = phrases.quantity(phrases.word(fact.value, language), fact.unit, language)
        line = phrase("line", "fact", language, name=line, value=value)
    if fact.when is not None:
        key = "fact" if fact.value is None else "dated"
        when = phrases.day(fact.dated, language)
        line = phrase("line", key, language, name=line, what=line, value=when, day=when)
    if fact.note is not None:
        line = phrase("line", "fact-note", language, fact=line, note=phrases.word(fact.note[language], language))
    return line
