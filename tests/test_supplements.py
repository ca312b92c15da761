"""Calcium and vitamin D beside a drug: what the cards say of them is true of the record."""

from __future__ import annotations

import re
from datetime import date
from functools import cache

import pytest

import fhir_fixtures
from cards.definitions.supplements import supplements
from cards.engine.catalog import all_cards
from cards.words.phrases import LANGUAGES, PHRASES
from tests.each import for_each
from tests.web.test_screen import from_lines, told

TODAY = date(2026, 6, 15)
BONE = ("problem osteoporosis since 2020-03-01", "alendronate taken since 2024-01-10")
BOTH = ("calcium taken since 2025-01-10", "cholecalciferol taken since 2025-01-10")
FINE = "calcium 9.2 mg/dL (range 8.6-10.2), albumin 4.2 g/dL, creatinine 0.7 mg/dL"
HIGH = "calcium 10.3 mg/dL (range 8.6-10.2), albumin 4.0 g/dL"


@pytest.mark.parametrize(
    ("said", "asked", "record"),
    [
        ("continue", "continue", (*BOTH, f"{FINE}, 25(OH)D 34 ng/mL on 2026-05-20")),
        ("continue", "continue", BOTH),
        ("continue-calcium", "ask", (BOTH[0], f"{FINE}, 25(OH)D 34 ng/mL on 2026-05-20")),
        ("continue-vitamin-d", "ask", (BOTH[1], f"{FINE}, 25(OH)D 34 ng/mL on 2026-05-20")),
        ("continue-calcium", "ask", ("calcium ordered 2026-01-01 (every 12 h)", "calcium-300 ordered 2026-01-01")),
        ("less-calcium", "stop", ("calcium ordered 2026-01-01 (every 12 h)", "calcium-315 ordered 2026-01-01")),
        ("ensure", "ask", ()),
        ("ensure", "ask", (f"{FINE}, 25(OH)D 30 ng/mL on 2026-05-20",)),
        ("correct", "ask", (f"{FINE}, 25(OH)D 29 ng/mL on 2026-05-20",)),
        ("continue-correct", "ask", (BOTH[0], f"{FINE}, 25(OH)D 16 ng/mL on 2026-05-20")),
        ("continue", "continue", (*BOTH, "calcium 10.2 mg/dL (range 8.6-10.2), albumin 4.0 g/dL on 2026-05-20")),
        ("no-calcium", "stop", (*BOTH, "problem hyperparathyroidism since 2020-01-10", f"{HIGH}, PTH 80 pg/mL on 2026-05-20")),
        ("neither", "stop", (*BOTH, f"{HIGH}, PTH 80 pg/mL on 2026-05-20")),
        ("no-calcium", "stop", (*BOTH, "problem hypercalciuria since 2025-01-10")),
        ("no-calcium", "stop", ("eGFR 13 mL/min/{1.73_m2}, PTH 45 pg/mL, phosphate 4.1 mg/dL on 2026-05-20",)),
        ("neither", "stop", (*BOTH, "calcium 11.6 mg/dL (range 8.6-10.2), albumin 4.0 g/dL, PTH 9 pg/mL on 2026-05-20")),
        ("neither", "stop", (*BOTH, f"{FINE}, 25(OH)D 101 ng/mL on 2026-05-20")),
        ("continue", "continue", (*BOTH, f"{FINE}, 25(OH)D 100 ng/mL on 2026-05-20")),
        ("emergency", "stop", (*BOTH, "calcium 14.5 mg/dL, albumin 4.0 g/dL on 2026-06-14")),
    ],
)
def test_what_is_said_of_them_is_true_of_the_record(said: str, asked: str, record: tuple[str, ...]) -> None:
    found = supplements(from_lines(*BONE, *record, today=TODAY).chart)
    assert (found.said, found.asked) == (said, asked)


GOES_ON = re.compile(r"(?:continue|go on with) calcium|继续(?:补充)?钙|继续补钙(?!之前)|钙和维生素D请按", re.IGNORECASE)
"""Says that they go on."""
ADVISED = re.compile(
    r"(?:ensure|(?<!up )enough|start|whatever the result: |below that: )(?: with)? ?calcium(?:,| and) vitamin D|"
    r"enough calcium \(|(?:保证|足够的)(?:足够的)?钙（?[^。；]{0,12}和维生素D|(?:开始|先)补充钙剂?和维生素D|：补充钙和维生素D",
    re.IGNORECASE,
)
"""Tells anybody to take both, whatever the record says against it."""
EMERGENCY = "calcium-critical"
"""Whose calcium is critically low goes on with both, whatever the list says."""


def test_no_card_says_that_they_go_on_in_words_of_its_own() -> None:
    said = [
        (code, language)
        for code, card in all_cards().items()
        for language in LANGUAGES
        if code != EMERGENCY and GOES_ON.search((card.folder / f"{language}.md").read_text("utf-8"))
    ]
    assert said == []


def test_no_card_advises_them_in_words_of_its_own() -> None:
    """Where calcium is high, or 25(OH)D too high, another card of the answer takes them away."""
    said = [
        (code, language, found.group())
        for code, card in all_cards().items()
        for language in LANGUAGES
        for found in ADVISED.finditer((card.folder / f"{language}.md").read_text("utf-8"))
    ]
    assert said == []


@cache
def words() -> set[str]:
    return {name[language] for name in PHRASES["supplements"].values() for language in LANGUAGES}


@for_each("name", fhir_fixtures.names())
def test_no_two_cards_of_one_answer_say_different_things_of_them(name: str) -> None:
    """And none that they go on where a card of the same answer takes them away."""
    view = told(name)
    details = {card["source"]["topic"]["code"]: card.get("detail", "") for card in view.response["cards"]}
    said = {phrase for detail in details.values() for phrase in words() if phrase in detail}
    assert len(said) <= 1
    stopped = {"calcium-contraindicated", "vitamin-d-excess", EMERGENCY} & details.keys()
    assert not stopped or not any(GOES_ON.search(phrase) for phrase in said)
