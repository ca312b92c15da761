"""Which checks of a drafted drug were made stands in the answer, whether or not they drew a card."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from cards.engine.catalog import all_cards, safety_checks
from cards.vocabulary import DRUGS
from cds_service.casebook.requests import request
from cds_service.hooks.cards import CHECKED
from cds_service.hooks.request import parse
from tests.silence.told import told
from tests.test_voice import evaluator

Json = dict[str, Any]


def answer(name: str, language: str = "en") -> Json:
    call = told(name)
    return evaluator().evaluate(parse(json.dumps(call.body).encode(), call.hook), language, call.as_of).response


def checks(response: Json) -> dict[str, dict[str, str]]:
    return {each["drug"]: each["checks"] for each in response["extension"][CHECKED]}


def test_an_order_without_objection_says_so_without_a_card() -> None:
    response = answer("safe-order")
    assert response["cards"] == []
    made = checks(response)["alendronate"]
    assert set(made) == {card.code for card in safety_checks(DRUGS["alendronate"].mechanism)} - {"incomplete-data"}
    assert set(made.values()) == {"no objection"}


def test_what_fired_is_named_and_the_rest_stands_in_its_card() -> None:
    response = answer("serm-stroke: Raloxifene after a stroke of ten years ago")
    made = checks(response)["raloxifene"]
    assert made["serm-stroke"] == "fired"
    assert made["serm-thrombosis"] == "no objection"
    last = response["cards"][0]["detail"].rsplit("\n\n", 1)[-1]
    assert last.startswith("**Checked, no objection**: ")
    assert all_cards()["serm-thrombosis"].title.en in last
    assert all_cards()["serm-stroke"].title.en not in last


def test_what_could_not_run_is_no_clearance() -> None:
    call = told("serm-stroke: Nothing of the kind on record")
    body = {**call.body, "prefetch": {**call.body["prefetch"], "conditions": {"resourceType": "OperationOutcome", "issue": []}}}
    response = evaluator().evaluate(parse(json.dumps(body).encode(), call.hook), "en", call.as_of).response
    made = checks(response)["raloxifene"]
    assert made["serm-stroke"] == made["serm-thrombosis"] == "could not run"


@pytest.mark.parametrize("drug", ["contraceptive-estrogen", "contraceptive-estrogen (text only) (called 屈螺酮炔雌醇片)"])
def test_a_contraceptive_draws_no_card_and_is_named_as_not_judged(drug: str) -> None:
    case = {"today": date(2026, 6, 15), "patient": "female 45", "record": ["problem stroke since 2020-01-01"]}
    body = request({**case, "hook": "order-sign", "draft": [drug]})
    response = evaluator().evaluate(parse(json.dumps(body).encode(), "order-sign"), "en", case["today"]).response
    assert response["cards"] == []
    made = checks(response)["contraceptive-estrogen"]
    assert {"estrogen-contraindication", "serm-thrombosis"} <= set(made)
    assert set(made.values()) == {"not judged"}


@pytest.mark.parametrize(
    "name",
    [
        "vitamin-k-warfarin: Warfarin alone draws no card at all",
        "serm-stroke: On selecting nothing of an order that is not selected",
        "serm-stroke: On the chart view one step milder",
    ],
    ids=["another drug", "not selected", "the chart view"],
)
def test_nothing_is_said_where_no_drug_for_bone_is_ordered(name: str) -> None:
    assert CHECKED not in answer(name).get("extension", {})
