"""docs/cards.md says what the rules say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cards.engine.catalog import all_cards
from cards.thresholds import shipped
from tests.card_reference import TERMS, document, term_in_words

PAGE = Path(__file__).parents[1] / "docs" / "cards.md"


def test_the_card_reference_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), "run `make docs`"


@pytest.mark.parametrize("code", sorted(all_cards()))
def test_each_rule_says_when_it_fires_and_what_then_with_numbers_that_it_uses(code: str) -> None:
    card = all_cards()[code]
    labels = [paragraph.partition(": ")[0] for paragraph in card.told()[1:]]
    assert [label for label in labels if label != "Not when"] == ["When", "Then"]
    own = {key for key, each in shipped().table.items() if each.card == code}
    assert set(re.findall(r"\{([a-z0-9-]+)\}", card.doc)) <= own | set(card.shared)


@pytest.mark.parametrize("term", TERMS)
def test_each_word_that_rules_share_is_explained_without_names_of_the_code(term: str) -> None:
    words = " ".join(term_in_words(TERMS[term]))
    assert len(words) > 40
    assert not re.search(r"``|[{}]|>>>", words)
