"""Cards on the wire (protocol checklist C1-C13, S1-S4, T2)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from cards.chart import Chart
from cards.chart.facts import Fact
from cards.engine.findings import CRITICAL, Finding, Option
from cards.vocabulary import ZOLEDRONATE, Name
from cards.words.text import render
from cds_service.hooks.cards import EVIDENCE, RECOMMENDATIONS, TOPIC, suggestion, to_wire
from cds_service.hooks.override_reasons import ALWAYS, DRUG_OPTIONS, ORDER_SAFETY, PUBLISHED

DELETE = [{"type": "delete", "description": "x", "resourceId": "MedicationRequest/1"}]
PUBLISHED_CODES = {
    "cds-not-applicable",
    "cds-suboptimal-context",
    "recipient-disagrees-evidence",
    "recipient-concerns-outcomes",
    "does-not-align-preferences",
    "not-convenient-feasible",
    "action-completed",
    "patient-contraindication",
    "patient-refuses",
    "too-costly-uncovered",
    "service-not-available",
    "recipient-does-not-understand",
}


@pytest.fixture
def found(made_up: str) -> Finding:
    return Finding(
        code=made_up,
        indicator=CRITICAL,
        variant="stop",
        values={"drug": ZOLEDRONATE, "estimate": 28, "name": "x"},
        facts=(
            Fact(Name("eGFR", "eGFR"), 28.0, "mL/min/1.73 m2", date(2026, 5, 3), "Observation/1"),
            Fact(Name("order: x", "医嘱：x"), None, "", None, ""),
        ),
        options=(Option("drug", "denosumab"), Option("discard")),
    )


def wire(found: Finding, chart: Chart, language: str = "en", **more: Any) -> dict[str, Any]:
    both = [suggestion("a", DELETE, recommended=True), suggestion("b", DELETE, recommended=True)]
    return to_wire(found, render(found, language, chart), more.pop("suggestions", both), language=language, **more)


def walk(value: object) -> Iterator[object]:
    yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(each)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_on_the_wire_is_null_or_empty(found: Finding, chart: Chart, language: str) -> None:
    bare = replace(found, facts=(), options=())
    for card in (wire(found, chart, language), wire(bare, chart, language, suggestions=[])):
        assert not [each for each in walk(card) if each is None or each in ("", [], {})]


def test_the_source_is_the_first_guideline_cited_with_its_address_and_the_code_of_the_card(
    found: Finding, chart: Chart
) -> None:
    assert wire(found, chart)["source"] == {
        "label": "Expert consensus on osteoporotic vertebral compression fractures (2021)",
        "url": "https://doi.org/10.3760/cma.j.cn112137-20210625-01436",
        "topic": {"code": "made-up", "system": TOPIC, "display": "Made up"},
    }


def test_identifiers_are_uuids_and_never_repeat(found: Finding, chart: Chart) -> None:
    cards = [wire(found, chart) for _ in range(3)]
    ids = [each["uuid"] for card in cards for each in (card, *card["suggestions"])]
    assert len(set(map(uuid.UUID, ids))) == len(ids)


def test_of_suggestions_that_exclude_each_other_one_is_recommended(found: Finding, chart: Chart) -> None:
    card = wire(found, chart)
    assert card["selectionBehavior"] == "at-most-one"
    assert [each.get("isRecommended") for each in card["suggestions"]] == [True, None]


def test_tests_can_be_chosen_together(found: Finding, chart: Chart) -> None:
    card = wire(replace(found, any_number=True), chart)
    assert card["selectionBehavior"] == "any"
    assert [each.get("isRecommended") for each in card["suggestions"]] == [True, True]


def test_without_suggestions_there_is_no_selection_behavior(found: Finding, chart: Chart) -> None:
    card = wire(found, chart, suggestions=[])
    assert "suggestions" not in card
    assert "selectionBehavior" not in card


def test_a_patient_gets_the_card_without_orders(found: Finding, chart: Chart) -> None:
    card = wire(found, chart, for_patient=True, base_url="https://cds.example.org")
    assert "suggestions" not in card
    assert "links" not in card


def test_a_patient_gives_reasons_in_their_own_words_and_with_the_same_codes(found: Finding, chart: Chart) -> None:
    reasons = {each["code"]: each["display"] for each in wire(found, chart, for_patient=True)["overrideReasons"]}
    assert reasons == {
        "cds-not-applicable": "This does not fit me",
        "action-completed": "Already done or arranged",
        "patient-refuses": "I do not want this",
        "reconsider-later": "I will think about it",
        "record-wrong": "Something in my record is wrong",
    }
    assert reasons.keys() <= {each.code for each in ALWAYS + DRUG_OPTIONS + ORDER_SAFETY}


def test_reasons_to_override_fit_the_card(found: Finding, chart: Chart) -> None:
    codes = [each["code"] for each in wire(found, chart)["overrideReasons"]]
    assert codes == [each.code for each in ALWAYS + DRUG_OPTIONS + ORDER_SAFETY]
    tests_only = replace(found, options=(Option("service", "dxa"),))
    codes = [each["code"] for each in wire(tests_only, chart)["overrideReasons"]]
    assert codes == [each.code for each in ALWAYS + ORDER_SAFETY]


def test_override_codes_are_unique_and_published_ones_exist() -> None:
    every = ALWAYS + DRUG_OPTIONS + ORDER_SAFETY
    assert len({each.code for each in every}) == len(every)
    assert {each.code for each in every if each.system == PUBLISHED} <= PUBLISHED_CODES


def test_the_extension_says_what_the_card_rests_on(found: Finding, chart: Chart) -> None:
    extension = wire(found, chart)["extension"]
    assert [each["id"] for each in extension[RECOMMENDATIONS]] == ["EXT-04", "OVCF2021-T9", "ELD2023-07d"]
    assert extension[RECOMMENDATIONS][2]["grade"] == "2C"
    assert extension[EVIDENCE] == [
        {"label": "eGFR", "value": 28.0, "unit": "mL/min/1.73 m2", "date": "2026-05-03", "reference": "Observation/1"},
        {"label": "order: x"},
    ]


def test_the_indicator_and_the_words_are_those_of_the_finding(found: Finding, chart: Chart) -> None:
    card = wire(found, chart, "zh")
    assert card["indicator"] == "critical"
    assert card["summary"] == "唑来膦酸（28）x"
    assert card["detail"].startswith("**建议**")
    assert card["overrideReasons"][0]["display"] == "不适用于该患者"
