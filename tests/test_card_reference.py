"""docs/cards.md says what the rules say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cards.rule import REGISTRY
from cards.thresholds import THRESHOLDS
from tests.card_reference import TERMS, document, term_in_words
from tests.numbers import used_by

PAGE = Path(__file__).parents[1] / "docs" / "cards.md"


def test_the_card_reference_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), "run `make docs`"


def test_the_numbers_of_a_rule_are_found_in_its_source() -> None:
    own, shared = used_by(REGISTRY["vertebral-fracture-care"].rule)
    assert {"new-fracture-days", "pain-nrs", "very-old-years"} <= own
    assert "adult-years" in shared - own
    assert shared <= THRESHOLDS.keys()


@pytest.mark.parametrize("code", sorted(REGISTRY))
def test_each_rule_says_when_it_fires_and_what_then_with_numbers_that_it_uses(code: str) -> None:
    card = REGISTRY[code]
    labels = [paragraph.partition(": ")[0] for paragraph in card.told[1:]]
    assert [label for label in labels if label != "Not when"] == ["When", "Then"]
    own, shared = used_by(card.rule)
    assert set(re.findall(r"\{([a-z0-9-]+)\}", card.doc)) <= own | shared


@pytest.mark.parametrize("term", TERMS)
def test_each_word_that_rules_share_is_explained_without_names_of_the_code(term: str) -> None:
    words = " ".join(term_in_words(TERMS[term]))
    assert len(words) > 40
    assert not re.search(r"``|[{}]|>>>", words)
