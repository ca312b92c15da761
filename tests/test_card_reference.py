"""docs/cards.md says what the rules say."""

from __future__ import annotations

from pathlib import Path

from cards.rule import REGISTRY
from cards.thresholds import THRESHOLDS
from tests.card_reference import document
from tests.numbers import used_by

PAGE = Path(__file__).parents[1] / "docs" / "cards.md"


def test_the_card_reference_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == document(), "run `make docs`"


def test_the_numbers_of_a_rule_are_found_in_its_source() -> None:
    own, shared = used_by(REGISTRY["vertebral-fracture-care"].rule)
    assert {"new-fracture-days", "pain-nrs", "very-old-years"} <= own
    assert "adult-years" in shared - own
    assert shared <= THRESHOLDS.keys()
