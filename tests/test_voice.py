"""The answer as a whole, over every story and some of the cases, in both languages (specification, "One answer, one voice")."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any

import orjson
import pytest

from cards.chart import ORDER_HOOKS, Chart, Hook
from cards.engine.catalog import all_cards
from cards.engine.findings import Finding
from cards.engine.voice.table import table
from cards.words.phrases import LANGUAGES
from cds_service.casebook.once import Once
from cds_service.casebook.runs import without_uuids
from cds_service.config import Settings
from cds_service.hooks.cards import CONTENT, spoken_for
from cds_service.hooks.request import parse
from tests.each import ALL, for_each
from tests.laws import law
from tests.output.test_lengths import before_sources, length
from tests.silence.told import Told, cases, stories, told

Json = dict[str, Any]

NEVER_CUT = {
    "tests-due",
    "incomplete-data",
    "secondary-causes",
    "active-vitamin-d",
    "dental-check",
    "referral",
    "adherence-gap",
    "same-class-duplicate",
}
"""What stands by itself however little is urgent: calcium and kidneys of who needs them, what could not be read, an abnormal
value of the work-up, what only nephrology may give, a tooth planned before a dose, the referral that comes first, a dose that
is overdue beside the review of its course, and a second drug that works beside one that is due."""
OF_ORDERS = {hook.value for hook in ORDER_HOOKS}


@cache
def evaluator() -> Once:
    """It judges charts that are alike once."""
    return Once(Settings())


def rules_find(chart: Chart) -> list[Finding]:
    """On a chart, nothing silenced or merged."""
    return evaluator()._run(chart)


def cards_of(call: Told, language: str = "en") -> list[Json]:
    """They must not be modified."""
    given: list[Json] = answers(call.name)[language]["cards"]
    return given


@lru_cache(maxsize=1)
def answers(name: str) -> dict[str, Json]:
    """In each language; made once for all laws (``tests.laws``). They must not be modified."""
    call = told(name)
    return evaluator().in_languages(parse(orjson.dumps(call.body), call.hook), LANGUAGES, call.as_of)


def proposed(cards: list[Json]) -> Iterator[tuple[bool, Json, Json]]:
    """Whether it is recommended, its card, and each resource that a suggestion would create."""
    for card in cards:
        for suggestion in card.get("suggestions", ()):
            for action in suggestion.get("actions", ()):
                if action["type"] == "create":
                    yield bool(suggestion.get("isRecommended")), card, action["resource"]


def for_bone(resource: Json) -> bool:
    """Whether it is an order of a drug against osteoporosis (ATC M05B, H05AA, G03XC, H05BA)."""
    codings = resource.get("medicationCodeableConcept", {}).get("coding", ())
    return any(re.match("M05B|H05AA|G03XC|H05BA", coding["code"]) for coding in codings if "atc" in coding["system"])


EACH = 1 if ALL else 12
"""Every so many-th case of the cards joins the stories (`make laws`: each)."""


def everything() -> list[str]:
    return [*stories(), *cases()[::EACH]]


@law
def the_answer_speaks_with_one_voice(name: str) -> None:
    call = told(name)
    cards = cards_of(call)
    resources = [json.dumps(resource, sort_keys=True) for _, _, resource in proposed(cards)]
    assert len(resources) == len(set(resources)), "the same order is offered twice"
    recommended = [resource for star, _, resource in proposed(cards) if star and for_bone(resource)]
    assert len(recommended) <= 1, "two drugs against osteoporosis are recommended"
    codes = [code for card in cards for code, _ in spoken_for(card)]
    if "denosumab-sequence" in {card["source"]["topic"]["code"] for card in cards if card["indicator"] == "critical"}:
        assert not {"start-treatment", "treatment-failure"} & set(codes)
    for card in cards:
        drugs = [resource for _, of, resource in proposed([card]) if for_bone(resource)]
        if len(drugs) > 1:
            assert card["selectionBehavior"] == "at-most-one", "drugs that exclude each other"
    if call.hook == Hook.PATIENT_VIEW and not any(card["indicator"] != "info" for card in cards):
        own = [card for card in cards if card["source"]["topic"]["code"] not in NEVER_CUT and not asks_nephrology(card)]
        assert len(own) <= 2, [card["source"]["topic"]["code"] for card in cards]
    drafts = [card for card in cards if card["indicator"] == "critical" and call.hook in OF_ORDERS]
    removed = [draft for card in drafts for draft in set(removed_by(card))]
    assert len(removed) == len(set(removed)), "two critical cards on one draft"


def asks_nephrology(card: Json) -> bool:
    """Calcium with weak kidneys after denosumab: no routine, since it refers (rule of `routine-care`)."""
    refers = any(resource["resourceType"] == "ServiceRequest" for _, _, resource in proposed([card]))
    return card["source"]["topic"]["code"] == "calcium-intake" and refers


LISTED = re.compile(r"[:：]\n\n(?:\*\*|$)")
"""A list that is announced, and nothing in it."""


@law
def what_is_announced_follows(name: str) -> None:
    cards = [card for language in LANGUAGES for card in cards_of(told(name), language)]
    assert not [card["summary"] for card in cards if LISTED.search(card.get("detail", ""))]


@law
def the_content_version_stands_once_in_an_answer(name: str) -> None:
    for answer in answers(name).values():
        assert (CONTENT in answer.get("extension", {})) == bool(answer["cards"])
        for card in answer["cards"]:
            sources = re.findall(r"\*\*(?:Sources|依据)\*\*.*", card["detail"])
            assert len(sources) == 1
            assert card["detail"].partition(sources[0])[2].count("\n\n") <= 1  # at most what was cut follows


def test_start_of_treatment_takes_over_from_every_check_that_ends_a_drug() -> None:
    """Not in pregnancy; nor from calcitonin, strontium or vitamin K2, with which nobody counts as treated."""
    row = next(row for row in table().silences if "drug-allergy" in row.cards)
    untreated = {"calcitonin-cancer", "strontium-contraindication", "vitamin-k-warfarin"}
    assert set(row.cards) - untreated - {"pregnancy"} <= set(all_cards()["start-treatment"].earlier)


def test_nothing_says_to_go_on_with_a_drug_that_the_work_up_pauses() -> None:
    cards = cards_of(told("secondary-causes: Tablets pause while calcium is low, and nothing says to go on with them"))
    assert "bisphosphonate-review" not in {code for card in cards for code, _ in spoken_for(card)}


@law
def an_emergency_leads_and_nothing_is_prescribed_beside_it(name: str) -> None:
    """Critically low or high: no drug in the answer, nor what else speaks of this calcium. Else: no drug is recommended."""
    if not name.startswith(("calcium-critical: ", "calcium-low", "calcium-high")):
        return
    cards = cards_of(told(name))
    codes = [card["source"]["topic"]["code"] for card in cards]
    if "calcium-critical" not in codes:
        return
    assert codes[0] == "calcium-critical" or cards[0]["indicator"] == "critical"
    drugs = [(star, resource) for star, _, resource in proposed(cards) if "medicationCodeableConcept" in resource]
    assert not any(star and for_bone(resource) for star, resource in drugs)
    if "critically" in cards[0]["summary"] and cards[0]["indicator"] == "critical":
        assert not drugs
        assert not {"hypocalcemia", "active-vitamin-d", "calcium-contraindicated"} & set(codes)


def test_a_drug_that_pauses_for_the_femur_is_not_reviewed() -> None:
    codes = {card["source"]["topic"]["code"] for card in cards_of(told("thigh-pain-alendronate"))}
    reviews = {"bisphosphonate-review", "drug-holiday-review", "adherence-gap", "treatment-failure", "btm-response"}
    assert "atypical-fracture-suspected" in codes
    assert not codes & reviews


def test_pain_alone_keeps_the_date_of_denosumab() -> None:
    cards = cards_of(told("atypical-fracture-suspected: Pain alone withholds no denosumab"))
    due = [resource for star, _, resource in proposed(cards) if star and for_bone(resource)]
    assert [resource["dispenseRequest"]["validityPeriod"]["start"] for resource in due] == ["2026-07-10"]


def test_two_drafts_of_calcium_draw_one_warning() -> None:
    cards = cards_of(told("calcium-intake: Two drafts of one product are two"))
    assert [card["source"]["topic"]["code"] for card in cards if card["indicator"] == "warning"] == ["calcium-intake"]


def removed_by(card: Json) -> Iterator[str]:
    """The drafts that a card's suggestions delete."""
    for suggestion in card.get("suggestions", ()):
        for action in suggestion.get("actions", ()):
            if action["type"] == "delete":
                yield action["resourceId"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hip_fracture_is_read_in_four_cards(language: str) -> None:
    cards = cards_of(told("hip-fracture"), language)
    assert len(cards) <= 4
    words = sum(length(card["summary"] + " " + before_sources(card["detail"], language), language) for card in cards)
    assert words <= 500 * (1 if language == "en" else 2)
    assert cards[0]["suggestions"][0]["actions"][0]["resource"]["resourceType"] == "MedicationRequest"


@pytest.mark.parametrize("name", stories()[::12])
def test_both_languages_at_once_are_what_each_is_by_itself(name: str) -> None:
    call = told(name)
    for language, answer in answers(name).items():
        alone = evaluator().evaluate(parse(orjson.dumps(call.body), call.hook), language, call.as_of).response
        assert without_uuids(answer) == without_uuids(alone)


@for_each("name", stories())
def test_what_one_card_recommends_its_owner_recommends(name: str) -> None:
    """A test or referral stands in the card that owns it, and stays as recommended as where it came from."""
    call = told(name)
    found = evaluator().view(parse(orjson.dumps(call.body), call.hook), "en", call.as_of).findings
    wanted = {each.key for f in found for each in f.elsewhere if each.kind == "service" and each.recommended}
    offered = {each.key for f in found for each in f.options if each.kind == "service"}
    recommended = {each.key for f in found for each in f.options if each.kind == "service" and each.recommended}
    assert wanted & offered <= recommended
