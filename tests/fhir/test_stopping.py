"""A drug that takes the place of tablets stops their order, where that order is known whole."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from cds_service.casebook.cases import Case, all_cases
from cds_service.casebook.requests import request
from cds_service.config import Settings
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator

Json = dict[str, Any]

TODAY = date(2026, 6, 15)
RECORD = [
    "problem osteoporosis since 2022-01-01",
    "fracture hip on 2026-04-01",
    "creatinine 0.7 mg/dL on 2026-05-01",
    "corrected-calcium 9.4 mg/dL on 2026-05-01",
    "25(OH)D 36 ng/mL on 2026-05-01",
]


def body_of(tablets: str) -> Json:
    (pattern,) = [case for case in all_cases() if case["card"] == "treatment-failure"][:1]
    case: Case = pattern | {"record": [*RECORD, tablets], "background": [], "hook": "patient-view", "today": TODAY}
    body: Json = request(case)
    return body


def order_in(body: Json) -> Json:
    orders = (entry["resource"] for page in body["prefetch"].values() if page for entry in page.get("entry", ()))
    return next(each for each in orders if each["resourceType"] == "MedicationRequest")


def actions_of(body: Json) -> list[Json]:
    call = parse(json.dumps(body).encode(), "patient-view")
    cards = Evaluator(Settings()).evaluate(call, "en", TODAY).response["cards"]
    told = next(card for card in cards if card["source"]["topic"]["code"] == "treatment-failure")
    best = next(each for each in told["suggestions"] if each.get("isRecommended"))
    assert best["label"].startswith("Stop alendronate, then zoledronate")
    actions: list[Json] = best["actions"]
    return actions


@pytest.fixture
def body() -> Json:
    return body_of("alendronate ordered 2025-06-01")


def test_the_order_is_the_records_own_but_for_status_and_reason(body: Json) -> None:
    create, stop = actions_of(body)
    assert (create["type"], stop["type"]) == ("create", "update")
    before, after = order_in(body), stop["resource"]
    assert after["status"] == "stopped"
    assert after["statusReason"]["coding"][0]["code"] == "altchoice"
    changed = {"status", "statusReason"}
    assert {key: each for key, each in after.items() if key not in changed} == {
        key: each for key, each in before.items() if key not in changed
    }


def test_what_nobody_reads_is_kept(body: Json) -> None:
    order_in(body)["extension"] = [{"url": "https://example.org/own", "valueString": "kept"}]
    assert actions_of(body)[-1]["resource"]["extension"] == order_in(body)["extension"]


@pytest.mark.parametrize(
    "change",
    [
        {"meta": {"tag": [{"code": "SUBSETTED"}]}},
        {"intent": "plan"},
        {"status": "on-hold"},
        {"id": None},
    ],
    ids=str,
)
def test_an_order_that_is_not_whole_or_not_active_is_left_alone(body: Json, change: Json) -> None:
    body_with_statement = body_of("alendronate taken since 2025-06-01")
    order = order_in(body) | change
    body_with_statement["prefetch"]["medications"] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 1,
        "entry": [{"resource": {key: each for key, each in order.items() if each is not None}}],
    }
    assert [action["type"] for action in actions_of(body_with_statement)] == ["create"]


def test_a_decimal_that_would_not_be_written_again_as_it_came_keeps_the_order_as_it_is(body: Json) -> None:
    order_in(body)["dosageInstruction"] = [{"doseAndRate": [{"doseQuantity": {"value": 70, "unit": "mg"}}]}]
    whole = json.dumps(body)
    call = parse(whole.replace('"value": 70, "unit": "mg"', '"value": 70.00, "unit": "mg"').encode(), "patient-view")
    cards = Evaluator(Settings()).evaluate(call, "en", TODAY).response["cards"]
    types = [a["type"] for c in cards for s in c.get("suggestions", ()) for a in s.get("actions", ())]
    assert "update" not in types


def test_tablets_that_are_only_told_of_are_named_in_the_label_alone() -> None:
    assert [action["type"] for action in actions_of(body_of("alendronate taken since 2025-06-01"))] == ["create"]
