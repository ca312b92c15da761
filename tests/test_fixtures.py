"""Every fixture gives exactly the cards that its header promises: at its own day, on another day, in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import orjson
import pytest

from cards.engine.catalog import all_cards
from cards.words.phrases import LANGUAGES
from cds_service.config import Settings
from cds_service.hooks.cards import spoken_for
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator
from fhir_fixtures import Fixture, all_fixtures, load, stories
from tests.each import for_each
from tests.protocol.checks import check_response

LATER = date(2028, 3, 1)
"""An arbitrary other day: after a leap day, at the start of a month."""


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(Settings())


@for_each("fixture", all_fixtures, ids=lambda fixture: fixture.name)
def test_a_fixture_gives_its_cards_and_no_other(fixture: Fixture, evaluator: Evaluator) -> None:
    assert given(fixture, evaluator) == {language: dict(fixture.cards) for language in LANGUAGES}


@for_each("fixture", all_fixtures, ids=lambda fixture: fixture.name)
def test_a_fixture_told_on_another_day_gives_the_same(fixture: Fixture, evaluator: Evaluator) -> None:
    assert given(fixture.shifted(LATER), evaluator, ("en",)) == {"en": dict(fixture.cards)}


MARGIN, MARGIN_OF_AN_EMERGENCY = 5, 2
"""Days; the windows of an emergency are days themselves."""


@pytest.mark.parametrize("side", [-1, 1])
@for_each("fixture", all_fixtures, ids=lambda fixture: fixture.name)
def test_a_fixture_keeps_five_days_margin_to_every_limit(fixture: Fixture, side: int, evaluator: Evaluator) -> None:
    days = side * (MARGIN_OF_AN_EMERGENCY if fixture.section == "emergencies" else MARGIN)
    called_on = date.fromordinal(fixture.as_of.toordinal() + days)
    assert given(fixture._replace(as_of=called_on), evaluator, ("en",)) == {"en": dict(fixture.cards)}


def given(fixture: Fixture, evaluator: Evaluator, languages: Sequence[str] = LANGUAGES) -> dict[str, dict[str, str]]:
    """In each language code -> indicator of the cards, the response checked against the protocol."""
    request = fixture.request()
    call = parse(orjson.dumps(request), fixture.hook)
    answers = evaluator.in_languages(call, languages, fixture.as_of)
    for response in answers.values():
        check_response(response, request)
    return {
        language: {code: indicator for card in reversed(response["cards"]) for code, indicator in spoken_for(card)}
        for language, response in answers.items()
    }


def test_stories_name_cards_that_there_are() -> None:
    """Not every card has a story of its own: where its cases say all, they serve (``tests.storied``)."""
    told = list(stories())
    assert len(told) >= 60
    assert {code for story in told for code in (*story.cards, *story.misses)} <= all_cards().keys()
    assert [story.name for story in told if set(story.cards) & set(story.misses)] == []


@for_each("fixture", all_fixtures, ids=lambda fixture: fixture.name)
def test_a_story_is_told_in_both_languages(fixture: Fixture) -> None:
    for told in (fixture.title, fixture.text):
        assert set(told) == {"en", "zh"}
        assert any("一" <= character <= "鿿" for character in told["zh"])


@for_each("fixture", all_fixtures, ids=lambda fixture: fixture.name)
def test_ids_are_unique_and_the_record_is_one_patients(fixture: Fixture) -> None:
    ids = [(r["resourceType"], r["id"]) for r in fixture.resources]
    assert len(set(ids)) == len(ids)
    assert set(references(fixture.resources)) <= {f"Patient/{fixture.patient_id}"}
    assert all(re.fullmatch(r"[A-Za-z0-9.-]{1,64}", name) for _, name in ids)


def references(value: Any) -> Iterator[str]:
    """Every literal reference in the resources."""
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_shifting_moves_every_date_by_the_same_number_of_days() -> None:
    fixture = load("denosumab-missed")
    moved = fixture.shifted(date(2026, 6, 25))
    births = [next(r["birthDate"] for r in f.resources if r["resourceType"] == "Patient") for f in (fixture, moved)]
    assert [date.fromisoformat(births[1]).toordinal() - date.fromisoformat(births[0]).toordinal()] == [10]
    assert moved.shifted(fixture.as_of) == fixture


def test_a_request_for_a_fhir_server_carries_no_prefetch() -> None:
    request = load("denosumab-missed").request("https://ehr.example.org/fhir")
    assert request["fhirServer"] == "https://ehr.example.org/fhir"
    assert "prefetch" not in request


def test_an_unknown_name_is_answered_with_those_that_come_near() -> None:
    with pytest.raises(KeyError, match="denosumab-missed"):
        load("denosumab-mised")
