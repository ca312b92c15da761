"""How long a card may be: what nobody reads at the bedside helps nobody.

Counted before the sources, in English by words, in Chinese by characters, of which twice as many are allowed. Facts, reasons
and headings count, too.
"""

from __future__ import annotations

import re

import pytest

from cards.engine.catalog import all_cards
from cards.engine.findings import CRITICAL
from cards.words import text
from cards.words.phrases import LANGUAGES, phrase
from cds_service.casebook.samples import Sample, samples
from tests.each import for_each

MOST = 120
"""Words of a detail."""
MORE = 150
"""Of one that is critical, or of the care of a broken vertebra."""
UNTIL_TOLD = 60
"""Words until the first instruction ends: the first sentence or line of what to do."""
LONGER = frozenset({"vertebral-fracture-care"})
_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[^\W_]+(?:[.,’'/%-][^\W_]+)*%?")


def length(markdown: str, language: str) -> int:
    """Words; in Chinese, characters: each Han character, and each run of letters or digits for one."""
    if language == "en":
        return len(_WORD.findall(markdown))
    return len(_HAN.findall(markdown)) + len(_WORD.findall(_HAN.sub(" ", markdown)))


def before_sources(detail: str, language: str) -> str:
    return detail.split(f"**{phrase('heading', 'sources', language)}**")[0]


def first_instruction(detail: str) -> str:
    """What is read until the first sentence or line under the first heading has ended."""
    told = detail.split("\n\n", 1)[1]
    return re.split(r"(?<=[.;。；])\s|\n", told.lstrip("-* "), maxsplit=1)[0]


def allowed(sample: Sample, language: str) -> int:
    most = MORE if sample.finding.indicator is CRITICAL or sample.finding.code in LONGER else MOST
    return most if language == "en" else 2 * most


@pytest.mark.parametrize("language", LANGUAGES)
@for_each("code", sorted(all_cards()))
def test_a_card_is_short_enough_to_be_read(code: str, language: str) -> None:
    too_long = []
    for sample in samples(code):
        detail = text.render(sample.finding, language, sample.chart).detail
        counted, until = length(before_sources(detail, language), language), length(first_instruction(detail), language)
        if counted > allowed(sample, language):
            too_long.append(f"{sample.title}: {counted} of {allowed(sample, language)} ({sample.told})")
        if until > UNTIL_TOLD * (1 if language == "en" else 2):
            too_long.append(f"{sample.title}: {until} until the first instruction ends ({sample.told})")
    assert not too_long, "\n".join(too_long)


@pytest.mark.parametrize(
    ("markdown", "language", "counted"),
    [("**Do**\n\n- Give 1,200 mg by 3 Mar 2026.", "en", 8), ("**建议**\n\n- T值−2.5，每周1次。", "zh", 9)],
    ids=["English", "Chinese"],
)
def test_words_and_characters_are_counted(markdown: str, language: str, counted: int) -> None:
    assert length(markdown, language) == counted
