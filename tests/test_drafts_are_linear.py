"""What one order costs does not grow with the number of orders beside it: counted in calls, not in time."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from bench.records import TODAY
from cards.engine.options import TRIED_FOR
from cds_service.config import Settings
from cds_service.hooks.request import parse
from cds_service.pipeline import BODY, Evaluator
from tests.attack.bodies import BASKETS, Basket

FEW, MANY = 20, 60
GROWTH = 1.15
"""Of pairs there are four times as many an order, and of what each of them has to be tried with."""


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator(Settings(today_is=TODAY))


def calls(work: Callable[[], object]) -> int:
    """How many functions, of Python and of C, are called."""
    number = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal number
        number += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return number


@pytest.mark.parametrize("name", BASKETS)
def test_an_order_costs_the_same_beside_few_others_and_beside_many(name: str, evaluator: Evaluator) -> None:
    few, many = (cost(evaluator, BASKETS[name], number) / number for number in (FEW, MANY))
    assert many <= few * GROWTH


@pytest.mark.parametrize("name", BASKETS)
def test_an_answer_grows_with_the_orders_and_not_with_their_pairs(name: str, evaluator: Evaluator) -> None:
    few, many = (answered(evaluator, BASKETS[name], number) for number in (FEW, MANY))
    assert len(many) / MANY <= len(few) / FEW * GROWTH
    assert len(json.dumps(many)) / MANY <= len(json.dumps(few)) / FEW * GROWTH


def test_something_else_is_looked_for_in_the_place_of_the_first_orders_and_all_are_judged(evaluator: Evaluator) -> None:
    basket = BASKETS["drafts that are forbidden"]
    cards = answered(evaluator, basket, TRIED_FOR + 1)
    offered = [len(card["suggestions"]) > 1 for card in cards]
    assert {card["indicator"] for card in cards} == {"critical"}
    assert offered.count(True) == TRIED_FOR
    assert offered.count(False) == 1


def cost(evaluator: Evaluator, basket: Basket, number: int) -> int:
    """Calls, once what is remembered between requests is known."""
    answered(evaluator, basket, number)
    return calls(lambda: answered(evaluator, basket, number))


def answered(evaluator: Evaluator, basket: Basket, number: int) -> list[Any]:
    body = json.dumps(basket.of([basket.make(each) for each in range(number)])).encode()
    cards: list[Any] = evaluator.evaluate(parse(body, "order-sign", body=BODY), "en").response["cards"]
    return cards
