"""What is made from the cards says what the cards say: samples, the card reference, the numbers that a card declares."""

from __future__ import annotations

import re

import pytest

from cards.engine.catalog import all_cards
from cards.thresholds import shipped
from cds_service.casebook import numbers
from cds_service.casebook.reference import TERMS, document, term_in_words
from cds_service.casebook.samples import page
from cds_service.content.canon import current
from tests.each import for_each


@pytest.mark.parametrize("code", sorted(all_cards()))
def test_the_sample_of_a_card_is_up_to_date(code: str) -> None:
    card = all_cards()[code]
    assert (card.folder / "sample.md").read_text(encoding="utf-8") == page(card), f"run `osteoporosis-cds card check {code}`"


@pytest.mark.parametrize("code", sorted(all_cards()))
def test_a_card_declares_the_shared_numbers_that_it_reads(code: str) -> None:
    assert numbers.wrong(all_cards()[code]) == "", f"`osteoporosis-cds card check {code}` says what to write"


@for_each("code", sorted(all_cards()))
def test_each_rule_says_when_it_fires_and_what_then_with_numbers_that_it_uses(code: str) -> None:
    card = all_cards()[code]
    labels = [paragraph.partition(": ")[0] for paragraph in card.told()[1:]]
    assert [label for label in labels if label != "Not when"] == ["When", "Then"]
    assert set(re.findall(r"\{([a-z0-9-]+)\}", card.doc)) <= shipped().table.keys()


@for_each("code", sorted(all_cards()))
def test_no_place_of_a_number_is_left_open_in_what_is_signed(code: str) -> None:
    """As it is where the name is broken at the end of a line."""
    parts = current().cards[code]
    for part in ("rule-words", "rule-zh", "definitions"):
        told = " ".join(parts[part].split())
        assert "{" not in told, part
        assert re.findall(r"(?<![\d.,-])(?!20\d\d\b)\d{4,}", re.sub(r"<!--.*?-->|of = \S+", "", told)) == [], part


def test_no_shared_number_is_there_in_vain() -> None:
    """Each is read by a card, or while a record is read: how courses and fractures are put together."""
    read = {key for card in all_cards().values() for key in card.shared}
    left = {key for key, each in shipped().table.items() if not each.card} - read
    assert numbers.unread_with_records(left) == set()


@for_each("term", TERMS)
def test_each_word_that_rules_share_is_explained_without_names_of_the_code(term: str) -> None:
    words = " ".join(term_in_words(TERMS[term]))
    assert len(words) > 40
    assert not re.search(r"``|[{}]|>>>", words)


def test_the_card_reference_has_every_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the samples as they were written, which are up to date."""
    monkeypatch.setattr("cds_service.casebook.reference.page", lambda card: (card.folder / "sample.md").read_text("utf-8"))
    book = document()
    assert [code for code in all_cards() if f"### {code}\n" not in book] == []
