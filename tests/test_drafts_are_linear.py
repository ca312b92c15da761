"""What one order costs does not grow with the number of orders beside it: counted in calls, not in time."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest

from bench.records import TODAY
from cards.chart import Chart, Draft
from cards.engine import trial
from cards.engine.trial import TRIED_FOR
from cards.vocabulary import Drug
from cds_service.config import Settings
from cds_service.hooks.request import parse
from cds_service.pipeline import BODY, Evaluator
from tests.attack.bodies import BASKETS, Basket

JUDGE = trial.judge
FEW, MORE, MANY = 22, 44, 66
"""Each drug equally often, and something is offered in the place of no more orders than of the fewest."""
GROWTH = 1.08
"""The third part costs no more than the second; of pairs it would have five for each three."""
MOST = 2_400
"""Calls for one order. With so many the 60 to 90 that fit into 20 kB cost some 14 times a bare request (``make attack``)."""


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
    costs = [cost(evaluator, BASKETS[name], number) for number in (FEW, MORE, MANY)]
    assert is_linear(costs)
    assert costs[-1] - costs[0] <= MOST * (MANY - FEW)


@pytest.mark.parametrize("name", BASKETS)
def test_an_answer_grows_with_the_orders_and_not_with_their_pairs(name: str, evaluator: Evaluator) -> None:
    answers = [answered(evaluator, BASKETS[name], number) for number in (FEW, MORE, MANY)]
    assert is_linear([len(cards) for cards in answers])
    assert is_linear([len(json.dumps(cards)) for cards in answers])


@pytest.mark.parametrize(
    ("sizes", "linear"), [([1, 2, 3], True), ([9, 10, 11], True), ([1, 4, 9], False), ([9, 12, 17], False)]
)
def test_what_is_linear(sizes: list[int], linear: bool) -> None:
    assert is_linear(sizes) is linear


def test_something_else_is_looked_for_in_the_place_of_the_first_orders_and_all_are_judged(
    evaluator: Evaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: set[str] = set()

    def judge(chart: Chart, drug: Drug, rows: Any, start: Any, replaces: tuple[Draft, ...], **how: Any) -> Any:
        tried.update(draft.id for draft in replaces)
        return JUDGE(chart, drug, rows, start, replaces, **how)

    monkeypatch.setattr(trial, "judge", judge)
    cards = answered(evaluator, BASKETS["drafts that are forbidden"], TRIED_FOR + 1)
    assert len(tried) == TRIED_FOR
    assert [card["indicator"] for card in cards] == ["critical"] * (TRIED_FOR + 1)
    assert [len(card["suggestions"]) > 1 for card in cards] == [True] + [False] * TRIED_FOR, "what is offered is offered once"


def is_linear(sizes: list[int]) -> bool:
    """Whether what is added last is no more than what was added before it; what is there from the start does not count."""
    few, more, many = sizes
    return many - more <= (more - few) * GROWTH


def cost(evaluator: Evaluator, basket: Basket, number: int) -> int:
    """Calls, once what is remembered between requests is known."""
    answered(evaluator, basket, number)
    return calls(lambda: answered(evaluator, basket, number))


def answered(evaluator: Evaluator, basket: Basket, number: int) -> list[Any]:
    body = json.dumps(basket.of([basket.make(each) for each in range(number)])).encode()
    cards: list[Any] = evaluator.evaluate(parse(body, "order-sign", body=BODY), "en").response["cards"]
    return cards
