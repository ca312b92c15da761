"""The clinical cases of the cards: each is turned into FHIR, sent the whole way, and judged by the cards that come back.

Each is told as it is written, and every second once more: in Chinese, with nothing but a FHIR server to ask (one in memory; a
real one stands in ``protocol/test_both_ways.py``), with codings only or with text only. `make laws` and `card check` tell it in
all of these ways.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any

import pytest
from flask.testing import FlaskClient

from cards.engine.catalog import all_cards
from cards.words.phrases import LANGUAGES
from cds_service.app import create_app
from cds_service.casebook import runs
from cds_service.casebook.cases import WHY_NOT, Case, all_cases
from cds_service.casebook.complete import lacking
from cds_service.casebook.doubt import missing
from cds_service.casebook.requests import request
from cds_service.config import Settings
from tests.each import ALL, chance, for_each
from tests.protocol.checks import check_response

CASES = list(all_cases())


def name(case: Case) -> str:
    return f"{case['card']}: {case['name']}"


EVERY = ("zh", *runs.TELLINGS)


def others(case: Case) -> Sequence[str]:
    """How it is told besides as it is written: every second in one way, by chance. A case that says what it cannot be told in
    is told in all."""
    way = chance(name(case), 2 * len(EVERY))
    return EVERY if ALL or "ways" in case else EVERY[way : way + 1]


@for_each("case", CASES, ids=name, by=lambda case: case["card"])
def test_case(case: Case) -> None:
    """As its file says in whatever way it is told; and the whole answer, of every sixth, is as the protocol wants it."""
    told = others(case)
    assert list(runs.all_faults(case, told, LANGUAGES if "zh" in told else ("en",))) == []
    if chance(name(case), 6):
        return
    body = request(case)
    evaluator, _ = runs.served(runs.site_of(case))
    check_response(runs.answered(evaluator, body, case["today"], "en"), body)


def test_every_reason_why_a_case_cannot_be_told_otherwise_is_needed() -> None:
    assert {why for case in CASES for why in case.get("ways", {}).values()} == set(WHY_NOT)


@pytest.mark.parametrize("code", [code for code, card in all_cards().items() if not card.last])
def test_a_card_names_all_that_it_rests_on(code: str) -> None:
    """A group whose loss changes whether the card fires, in any of its cases, is in ``rests_on``: else it is silent unsaid. All
    cases are tried: a third of them would miss 59 of the 272 groups that are needed."""
    assert list(missing(all_cards()[code])) == []


@for_each("code", sorted(all_cards()))
def test_the_cases_of_a_card_show_all_its_hooks_and_its_silence(code: str) -> None:
    assert list(lacking(all_cards()[code])) == []


def first_cases() -> Iterator[Case]:
    """The first case of each card: the answer is the same as in the process, HTTP adds little but time."""
    seen: set[str] = set()
    for case in CASES:
        if case["card"] not in seen and not case.keys() & {"formulary", "site"}:
            seen.add(case["card"])
            yield case


@for_each("case", first_cases, ids=name)
def test_case_over_http(case: Case) -> None:
    body = request(case)
    answered = _client(case["today"]).post(f"/cds-services/osteoporosis-{body['hook']}", json=body)
    assert answered.status_code == 200
    inside = runs.answered(runs.served()[0], body, case["today"], "en")
    assert _comparable(json.loads(answered.data)) == _comparable(inside)


def _comparable(response: dict[str, Any]) -> dict[str, Any]:
    """The answer without what differs from call to call, and without links to the service's own pages."""
    told: dict[str, Any] = json.loads(runs.without_uuids(response))
    for card in told["cards"]:
        card.pop("links", None)
    return told


@cache
def _client(today: date) -> FlaskClient:
    return create_app(Settings(today_is=today)).test_client()
