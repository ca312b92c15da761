"""A case that serves as a story: for a card without a story, the first case that expects it."""

from __future__ import annotations

from cards.engine.catalog import all_cards
from cds_service.casebook.cases import Case, of_file
from fhir_fixtures import Fixture, of, stories
from fhir_fixtures.reading import INDICATORS, Story

_ELSEWHERE = {"failed", "formulary", "site"}
"""What a story cannot express: data that could not be retrieved, site-specific settings."""


def untold() -> list[Fixture]:
    """The patients of the cards without a story, by card; each is named after its card."""
    told = {code for story in stories() for code in story.cards}
    cases = (case for code in sorted(all_cards().keys() - told) if (case := _first(code)))
    return [of(as_story(case)) for case in cases]


def as_story(case: Case) -> Story:
    """The case as a story: the card's title, with the case's name as the text."""
    card = all_cards()[case["card"]]
    others = {code: wanted for code, wanted in case.get("also", {}).items() if wanted != "none"}
    return Story(
        name=card.code,
        section=card.section,
        title={"en": card.title.en, "zh": card.title.zh},
        text={"en": case["name"], "zh": case["name"]},
        as_of=case["today"],
        hook=case.get("hook", "patient-view"),
        patient=case["patient"],
        record=tuple(line for field in ("background", "record", "plus") for line in case.get(field, ())),
        bundle="",
        draft=tuple(case.get("draft", ())),
        entered=tuple(case.get("entered", ())),
        cards={card.code: case["expect"], **others},
        misses=(),
    )


def _first(code: str) -> Case | None:
    cases = of_file(all_cards()[code].folder / "cases.yaml")
    return next((each for each in cases if each.get("expect") in INDICATORS and not each.keys() & _ELSEWHERE), None)
