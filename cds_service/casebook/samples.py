"""The rendered card: each variant once, in both languages, for the clinician and for the patient (``sample.md``).

The simplest case or story that shows a variant provides its sample. The patients are invented, so that the diff of a change to
rule or text can be read like the card itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache

from msgspec import Struct

import fhir_fixtures
from cards.chart import Chart
from cards.engine import voice
from cards.engine.card import Card
from cards.engine.catalog import all_cards
from cards.engine.findings import Finding
from cards.engine.run import run
from cards.thresholds import ContentError
from cards.words import options, text
from cards.words.phrases import LANGUAGES, phrase
from cards.words.templates import block
from cds_service.casebook.doubt import asked
from cds_service.casebook.runs import charts, served
from cds_service.hooks.request import parse

LANGUAGE_NAMES = {"en": "English", "zh": "中文"}


class Sample(Struct, frozen=True):
    """One finding on one chart, and the case or story that it is from."""

    told: str
    chart: Chart
    finding: Finding

    @property
    def title(self) -> str:
        """Indicator and variant, such as "critical, overdue"."""
        variant = self.finding.variant
        return self.finding.indicator.value + (f", {variant}" if variant else "")


@cache
def samples(code: str) -> tuple[Sample, ...]:
    """Of one card a sample of each variant at each indicator that a case or a story shows, the most urgent first."""
    card = all_cards()[code]
    found: dict[tuple[int, str], Sample] = {}
    for each in (*_of_cases(card), *_of_stories(card)):
        found.setdefault((each.finding.indicator.rank, each.finding.variant), each)
    return tuple(found[kind] for kind in sorted(found))


def unsayable(card: Card) -> Iterator[str]:
    """What the texts cannot put into words, one sentence each: every case, for the clinician and the patient, as a card of its
    own, as a line of another and as an objection, in both languages."""
    faults: dict[str, str] = {}
    for each in _of_cases(card):
        for language in LANGUAGES:
            try:
                text.render(each.finding, language, each.chart)
                text.render(each.finding, language, each.chart, for_patient=True)
                for which in ("short", "condition", "line"):
                    block(each.finding, which, language, each.chart)
            except (ContentError, ValueError) as error:
                faults.setdefault(str(error), each.told)
    yield from (f"{fault} (in the case: {told})" for fault, told in faults.items())


def page(card: Card) -> str:
    """``sample.md`` of a card."""
    parts = [f"# {card.title.en} · {card.title.zh}", "Made by `osteoporosis-cds card check`; ● marks what is recommended."]
    for each in samples(card.code):
        parts.append(f"## {each.title}\n\n{each.told}")
        for language in LANGUAGES:
            parts.append(f"### {LANGUAGE_NAMES[language]}\n\n" + "\n".join(_quoted(clinician(each, language))))
            parts.append("\n".join(_quoted(patient(each, language))))
    return "\n\n".join(parts) + "\n"


def clinician(sample: Sample, language: str) -> Iterator[str]:
    """Summary, the detail up to its sources, and the labels of the suggestions: Markdown, line by line."""
    words = text.render(sample.finding, language, sample.chart)
    yield from (f"**{words.summary}**", "")
    yield from words.detail.split(f"**{phrase('heading', 'sources', language)}**")[0].strip().splitlines()
    if sample.finding.options:
        yield ""
    for option in sample.finding.options:
        yield f"{'●' if option.recommended else '○'} {options.label(option, language, sample.chart)}  "


def patient(sample: Sample, language: str) -> Iterator[str]:
    """What a patient or relative reads, without evidence, glossary and source."""
    words = text.render(sample.finding, language, sample.chart, for_patient=True)
    yield from (f"**{words.summary}**", "", *own_words(words.detail, language).splitlines())


def own_words(detail: str, language: str) -> str:
    """A card's own text for the patient, without the evidence, glossary and source that follow it."""
    ends = [f"**{phrase('patient', key, language)}**" for key in ("record", "words")]
    for end in (*ends, phrase("patient", "source", language, titles="").rstrip(".。")):
        detail = detail.split(end)[0]
    return detail.strip()


def _quoted(lines: Iterable[str]) -> Iterator[str]:
    yield from (f"> {line}".rstrip() if not line.endswith("  ") else f"> {line}" for line in lines)


def _of_cases(card: Card) -> Iterator[Sample]:
    for case, chart in charts(card.folder):
        if case.get("expect", "") != "none":
            found = _found(chart, card)
            yield from (Sample(case["name"] + ".", chart, finding) for finding in found if finding.code == card.code)


def _of_stories(card: Card) -> Iterator[Sample]:
    evaluator, _ = served()
    for story in fhir_fixtures.stories():
        if card.code in story.cards:
            told = fhir_fixtures.load(story.name)
            chart = evaluator.chart(parse(json.dumps(told.request()).encode(), told.hook), told.as_of)
            title = f"{told.title['en']} (`{story.name}`)."
            yield from (Sample(title, chart, finding) for finding in _found(chart, card) if finding.code == card.code)


def _found(chart: Chart, card: Card) -> list[Finding]:
    """What the rules found, with nothing silenced or merged, unless it is the card that merges."""
    if not card.merges:
        return run(chart, asked(card.code, chart.hook))
    found = run(chart)
    return voice.answered(found, found, chart)
