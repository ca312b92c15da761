"""A finding for the patient, in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from msgspec.structs import replace

from cards.chart import Chart
from cards.engine import sources
from cards.engine.catalog import all_cards
from cards.engine.findings import Finding
from cards.words import phrases
from cards.words.detail import cites_of
from cards.words.parts import Text, bullets, fact_line, one_line, section, speechless
from cards.words.phrases import phrase
from cards.words.templates import block, blocks, has


def told_to_patient(finding: Finding, language: str, chart: Chart) -> Text:
    """What it means, what to do now, and what it rests on. No drugs to choose from, no grades, no notes on how a value was
    read."""
    write = blocks(finding, language, chart)
    summary, why, do = one_line(write("patient_summary")), write("patient_why"), write("patient_do")
    if all_cards()[finding.code].merges:
        do += "\n\n" + bullets(one_line(block(each, "patient_summary", language, chart)) for each in finding.contains)
    if not (summary and why and do):
        raise speechless(finding, language)
    if has(finding, "patient_facts", language):
        facts = [write("patient_facts")]
    else:
        told = [fact for fact in finding.facts if not fact.brief]
        facts = [bullets(fact_line(replace(fact, note=None), language) for fact in told)]
        facts += [phrase("patient", "worked-out", language)] if any(fact.note for fact in told) else []
    parts = {"why": [why], "do": [do], "record": [*facts, *_not_known(finding, language)]}
    parts["words"] = [bullets(_explained("\n".join(text for part in parts.values() for text in part), language))]
    sections = [section(phrase("patient", key, language), texts) for key, texts in parts.items() if any(texts)]
    return Text(summary, "\n\n".join([*sections, _titles(cites_of(finding), language)]))


def closing(language: str) -> str:
    """What the last card of a patient's answer ends with: what these cards are for, and what not to do because of them."""
    return phrase("patient", "closing", language)


def _not_known(finding: Finding, language: str) -> Iterator[str]:
    """One plain sentence for each kind of thing that is missing or was not used: silence would look like an all-clear."""
    yield from (phrase("patient-notes", note, language) for note in finding.notes if note in phrases.PHRASES["patient-notes"])
    if finding.left_out:
        in_doubt = all(each.used for each in finding.left_out)
        yield phrase("patient", "in-doubt" if in_doubt else "left-out", language)
    if finding.unread:
        yield phrase("patient", "unread", language)


def _explained(text: str, language: str) -> Iterator[str]:
    """The glossary's lines for words used in the text, except those in parentheses, which follow their explanation."""
    said = text.casefold()
    for term, (word, line) in _glossary(language).items():
        if term in said and word.search(said):
            yield line


@cache
def _glossary(language: str) -> dict[str, tuple[re.Pattern[str], str]]:
    """By the term: as a word of a text, outside parentheses, and the line."""
    lines = (phrases.escape(name[language]) for name in phrases.PHRASES["glossary"].values() if name[language])
    terms = {_term(line).casefold(): line for line in lines}
    return {term: (re.compile(rf"(?<![a-z(（]){re.escape(term)}"), line) for term, line in terms.items()}


def _term(line: str) -> str:
    """The term that a glossary line explains: everything before the colon."""
    return re.split("[:：]", line, maxsplit=1)[0]


@cache
def _titles(cites: tuple[str, ...], language: str) -> str:
    """The titles of the documents that a card rests on."""
    titles = dict.fromkeys(each.document.title[language] for each in sources.cited(cites))
    return phrase("patient", "source", language, titles=phrases.joined(titles, "clause", language))
