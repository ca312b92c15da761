"""What a card comes to in short: every variant, every offer, each once; and the rules in Chinese."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from cards.engine.catalog import all_cards
from cards.thresholds import shipped
from cards.words.phrases import LANGUAGES
from cds_service.casebook import translated
from cds_service.casebook.digest import MOST, tables
from cds_service.casebook.sheet import DAY, variants
from cds_service.content.definitions import IN_CHINESE, words_of_definitions
from cds_service.content.tree import here
from cds_service.web.sheet.rule_words import Written, rule
from tests.each import for_each

CODES = sorted(all_cards())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", CODES)
def test_nothing_that_a_variant_offers_is_lost_and_nothing_is_added(code: str, language: str) -> None:
    """Read back from the tables, each variant has its own marks and offers, each with its own day."""
    found = variants(all_cards()[code])
    told = tables(found, language)
    assert sorted(place for table in told for place in table.variants) == list(range(len(found)))
    for table in told:
        assert len(table.columns) <= MOST
        for number, column in enumerate(table.columns):
            lines = [
                (f"{row.marks[number]} {' ' if verb else ''}{verb} {label}", sum(map(bool, row.marks[:number])))
                for verb, rows in table.groups
                for row in rows
                if row.marks[number]
                for label in row.labels
            ]
            for nth, (place, indicator) in enumerate(zip(column.variants, column.indicators, strict=True)):
                offered = [each.text for each in found[place].clinician[language].blocks if each.kind == "option"]
                own = (_day_of(_day_of(line, cell, " | "), nth, " / ") for line, cell in lines)
                assert Counter(map(_bare, offered)) == Counter(map(_bare, own))
                assert found[place].indicator == indicator


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", CODES)
def test_each_headline_is_there_with_its_own_figures(code: str, language: str) -> None:
    """Of "79 | 78" the first is that of the first; a day in brackets is left to the whole text."""
    found = variants(all_cards()[code])
    for table in tables(found, language):
        for column in table.columns:
            for number, place in enumerate(column.variants):
                own = _own(column.headline, number, len(column.variants))
                wanted = re.sub(rf" ?[(（](?:{DAY.pattern})[)）]", "", found[place].clinician[language].summary)
                assert len(column.variants) == 1 or re.sub(r"\W", "", own) == re.sub(r"\W", "", wanted)
                assert len(column.variants) > 1 or column.headline == wanted


def _own(headline: str, number: int, count: int) -> str:
    """What a headline of several says of one."""
    one = rf"(?:{DAY.pattern}|[−-]?\d[\d.,]*)"
    return re.sub(rf"(?:{one} \| ){{{count - 1}}}{one}", lambda m: m[0].split(" | ")[number], headline)


def _day_of(label: str, nth: int, between: str) -> str:
    """What a label of several columns, or of several variants, says of one."""
    one = rf"(?:{DAY.pattern})(?: / (?:{DAY.pattern}))*" if between == " | " else rf"(?:{DAY.pattern})"
    return re.sub(rf"{one}(?:{re.escape(between)}{one})+", lambda m: m[0].split(between)[nth], label)


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text)


# -- rules in Chinese ----------------------------------------------------------------------------------------------------------


@dataclass
class Card:
    folder: Path
    doc: str = "When: always.\n\nThen: warning."


@for_each("code", CODES)
def test_every_rule_is_told_in_chinese_as_it_is_today(code: str) -> None:
    """Whoever signs in Chinese reads in Chinese when a card comes and when not, and of the rule that is in force."""
    wrong = translated.wrong(all_cards()[code])
    assert not wrong, wrong


_NAMED = (r"\{[a-z0-9-]+\}", r"(?<!`)`[a-z-]+`(?!`)", r"\(\d\)")
_FIGURE = re.compile(r"(?<![A-Za-z\d{-])\d(?:[\d,.]*\d)?(?![\d(A-Za-z%])")


def names_the_same(english: str, other: str) -> None:
    """Numbers, cards, points and figures, each as often."""
    for what in _NAMED:
        assert Counter(re.findall(what, english)) == Counter(re.findall(what, other)), what
    plain = [Counter(_FIGURE.findall(re.sub(r"\{[^}]*\}", "", each))) for each in (english, other)]
    assert plain[0] == plain[1]


@for_each("code", lambda: [code for code in CODES if translated.chinese(all_cards()[code])])
def test_a_rule_in_chinese_names_the_same_numbers_cards_and_points(code: str) -> None:
    english, other = all_cards()[code].doc, translated.chinese(all_cards()[code]) or ""
    names_the_same(english, other)
    states = [Counter(re.findall(r"\*[a-z-]+\*", each)) for each in (english, other)]
    assert states[0] == states[1]
    written = Written(shipped(), "zh", ())
    told = [[(each.label, len(each.steps)) for each in rule(words, written, {})] for words in (english, other)]
    assert told[0] == told[1], "paragraphs, and the points of each"


def test_the_chinese_of_an_earlier_rule_is_not_shown(tmp_path: Path) -> None:
    card = Card(tmp_path)
    assert translated.chinese(card) is None  # type: ignore[arg-type]
    (tmp_path / translated.FILE).write_text(f"<!-- of {translated.mark(card.doc)} -->\n何时：总是。\n\n则：警告。\n", "utf-8")
    assert translated.chinese(card) == "何时：总是。\n\n则：警告。"  # type: ignore[arg-type]
    card.doc = card.doc.replace("\n\n", "\n\n   ")
    assert translated.chinese(card), "how the lines are broken does not matter"  # type: ignore[arg-type]
    card.doc = card.doc.replace("always", "never")
    assert translated.chinese(card) is None  # type: ignore[arg-type]


# -- definitions in Chinese ----------------------------------------------------------------------------------------------------

DEFINED = {
    f"{module}.{name}": (text, told[name + IN_CHINESE])
    for module, told in words_of_definitions(here()).items()
    for name, text in told.items()
    if name + IN_CHINESE in told
}


@for_each("name", sorted(DEFINED))
def test_a_definition_in_chinese_names_the_same_numbers_cards_and_points(name: str) -> None:
    names_the_same(*DEFINED[name])


def test_no_definition_in_chinese_is_of_one_that_is_gone() -> None:
    """One of an earlier English is shown nowhere until somebody renders the change and puts in the new mark."""
    english = {f"{module}.{name}" for module, told in words_of_definitions(here()).items() for name in told}
    for path, text in here().items():
        module = path.removesuffix(".zh.toml").removesuffix("/__init__").removeprefix("definitions/")
        rows = tomllib.loads(text) if path.endswith(".zh.toml") else {}
        assert {f"{module}.{name}" for name in rows} <= english
        assert all(row.keys() == {"of", "zh"} for row in rows.values())


def test_a_definition_in_chinese_of_an_earlier_english_is_not_told() -> None:
    path, told = "definitions/kidney.py", '[renal]\nof = "{mark}"\nzh = "最近一次。"\n'
    for mark, names in (("e7ee1f5a", {"renal"}), (translated.mark("The newest."), {"renal", "renal (zh)"})):
        tree = {path: 'def renal():\n    """The newest."""\n', path.replace(".py", ".zh.toml"): told.format(mark=mark)}
        assert words_of_definitions(tree)["kidney"].keys() == names
