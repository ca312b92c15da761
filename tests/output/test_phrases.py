"""Names, numbers, dates and text from the record, as cards write them."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cards
from cards.vocabulary import Data, Name
from cards.words import phrases
from cards.words.phrases import PHRASES, clean, escape, plain, shorten
from cds_service.fhir.reading.ledger import WHYS

SET_ASIDE = [
    "future",
    "status",
    "unit-unknown",
    "no-unit",
    "implausible",
    "no-value",
    "no-date",
    "unreadable",
    "other-patient",
    "unresolved-reference",
    "codings-disagree",
    "use-unreadable",
    "incomplete-page",
    "too-long",
]


@pytest.mark.parametrize("table", sorted(PHRASES.keys() - {"glossary"}))
def test_every_phrase_has_words_in_both_languages_with_the_same_placeholders(table: str) -> None:
    for key, name in PHRASES[table].items():
        assert name.en.strip(), (table, key)
        assert name.zh.strip(), (table, key)
        assert sorted(_placeholders(name.en)) == sorted(_placeholders(name.zh)), (table, key)


def test_a_word_is_explained_where_its_language_needs_it() -> None:
    for key, line in PHRASES["glossary"].items():
        assert ": " in line.en, key
        assert not line.zh or "：" in line.zh, key


def _placeholders(text: str) -> list[str]:
    return [part.split("}")[0] for part in text.split("{")[1:]]


def test_every_group_of_data_and_every_reason_to_set_aside_has_a_phrase() -> None:
    assert set(PHRASES["unread"]) == {str(each) for each in Data}
    assert set(SET_ASIDE) <= set(PHRASES["set-aside"])
    assert set(PHRASES["why-unread"]) == set(WHYS)


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("Fosamax <script>alert(1)</script> 70 mg", "Fosamax alert(1) 70 mg"),
        ("see https://evil.test/x?y now", "see now"),
        ("javascript:alert(1) x", "x"),
        ("a\u202eb\u200bc\x00d\ne", "a b c d e"),
        ("eGFR <60 and >40", "eGFR <60 and >40"),
    ],
)
def test_record_text_loses_markup_addresses_and_control_characters(hostile: str, shown: str) -> None:
    assert clean(hostile) == shown


def test_markdown_of_the_record_is_shown_and_not_obeyed() -> None:
    assert escape("[x](y) **b** <60") == r"\[x\](y) \*\*b\*\* \<60"


@given(st.text())
def test_escaping_is_undone_in_plain_text(text: str) -> None:
    assert plain(escape(text)) == " ".join(text.split())


@given(st.text(), st.integers(min_value=2, max_value=200))
def test_shortening_never_exceeds_its_limit(text: str, longest: int) -> None:
    assert len(shorten(text, longest)) <= longest


def test_a_name_is_cut_at_a_word_boundary_and_marked() -> None:
    assert shorten("denosumab injection for osteoporosis", 24) == "denosumab injection for…"


@pytest.mark.parametrize(("language", "expected"), [("en", "12 Mar 2026"), ("zh", "2026年3月12日")], ids=["English", "Chinese"])
def test_dates_are_written_as_the_language_writes_them(language: str, expected: str) -> None:
    assert phrases.day(date(2026, 3, 12), language) == expected


@pytest.mark.parametrize(
    ("days", "expected"), [(1, "1 day"), (45, "45 days"), (365, "1 year"), (1157, "3 years 2 months"), (730, "2 years")]
)
def test_durations_are_years_and_months_and_days_below_two_months(days: int, expected: str) -> None:
    assert phrases.span(days, "en") == expected


def test_a_truth_value_is_never_printed() -> None:
    with pytest.raises(TypeError):
        phrases.word(True, "en")


def test_an_unknown_key_is_an_error_and_no_empty_word() -> None:
    with pytest.raises(KeyError):
        phrases.name("no-such-drug", "en")


def test_a_name_object_speaks_the_language_asked_for() -> None:
    assert phrases.word(Name("hip", "髋"), "zh") == "髋"


def test_every_note_of_a_rule_has_its_words_and_every_word_its_rule() -> None:
    """A note without words would take the whole card with it, in the one patient who has it."""
    noted = set()
    for file in Path(cards.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            told = isinstance(node, ast.keyword) and node.arg == "notes"
            added = isinstance(node, ast.Call) and ast.unparse(node.func) == "notes.append"
            if told or added:
                noted |= {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    assert noted == set(PHRASES["notes"])
