"""Ordinary patients get none of the alarms: what is common and harmless is no emergency and no other disease."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from cards.engine.catalog import all_cards, sections
from cds_service.casebook.cases import all_cases
from cds_service.casebook.requests import request
from cds_service.config import Settings
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator

ORDINARY = [case for case in all_cases() if case["card"] == "secondary-causes" and case["name"].startswith("Ordinary")]
ALARMS = {code for code, card in all_cards().items() if sections()[card.section].safety} | {
    "atypical-fracture-suspected",
    "calcium-critical",
    "secondary-causes",
    "vitamin-d-excess",
}


def test_there_are_ten() -> None:
    assert len(ORDINARY) == 10


@pytest.mark.parametrize("case", ORDINARY, ids=[case["name"] for case in ORDINARY])
def test_an_ordinary_patient_gets_no_alarm(case: Mapping[str, Any]) -> None:
    body = request(case)
    call = parse(json.dumps(body).encode(), body["hook"])
    cards = Evaluator(Settings()).evaluate(call, "en", case["today"]).response["cards"]
    alarms = [card["summary"] for card in cards if card["source"]["topic"]["code"] in ALARMS and card["indicator"] != "info"]
    assert alarms == []
