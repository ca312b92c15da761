"""What if: where along an axis the answer becomes another one. Nothing that changes it is passed over in silence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient

import fhir_fixtures
from cards.engine.catalog import all_cards
from cards.vocabulary import ANTI_OSTEOPOROSIS, DRUGS
from cds_service.casebook.runs import served
from cds_service.hooks.request import parse
from cds_service.web.playground.what_if import AXES
from tests.web.test_screen import TODAY, drawn, told

Json = dict[str, Any]

STORIES = ("denosumab-missed", "vitamin-d-hip", "bmd-falling", "complex-orders")
STEP = 9
"""Days from one look of the test to the next; the page looks at other days."""


def turns(client: FlaskClient, name: str, axis: str, language: str = "en") -> Json:
    return dict(client.post(f"/playground/turns?lang={language}", json={"fixture": name, "axis": axis}).json)


def gist(view: Any) -> Any:
    """What a reader takes from the screen: how urgent, to do what, which drugs on which condition, and whether it is safe."""
    shown, first = drawn(view), view.response["cards"][:1]
    safe = [(each.get("drug"), re.sub(r"\d+ \w+ \d+", "", each.get("word", ""))) for each in shown["safe"]]
    options = {(o.kind, o.key, tuple(f.code for f in o.condition), o.first, o.after) for f in view.findings for o in f.options}
    drugs = sorted(each for each in options if each[0] == "drug" and DRUGS[each[1]].mechanism in ANTI_OSTEOPOROSIS)
    return [(card["indicator"], card["summary"].split()[:2]) for card in first], safe, drugs


def on_day(name: str) -> Callable[[int], Any]:
    evaluator, _ = served()
    story = fhir_fixtures.load(name).shifted(TODAY)
    call = parse(json.dumps(story.request()).encode(), story.hook)
    return lambda days: evaluator.view(call, "en", TODAY + timedelta(days=days))


def unnamed(gists: dict[float, Any], found: list[float]) -> Iterator[tuple[float, float]]:
    """Between which two looks the answer changed with no turn between them."""
    for low, high in pairwise(sorted(gists)):
        if gists[low] != gists[high] and not any(low <= at <= high for at in found):
            yield low, high


@pytest.mark.parametrize("name", STORIES)
def test_whatever_changes_with_the_days_is_named(client: FlaskClient, name: str) -> None:
    look = on_day(name)
    gists = {days: gist(look(days)) for days in range(0, int(AXES["day"].high), STEP)}
    answer = turns(client, name, "day")
    assert [*unnamed(gists, [turn["at"] for turn in answer["turns"]])] == []
    assert all(turn["changes"] for turn in answer["turns"])


@pytest.mark.parametrize("name", STORIES)
def test_whatever_changes_with_the_kidneys_is_named(client: FlaskClient, name: str) -> None:
    gists = {egfr: gist(told(name, egfr=egfr)) for egfr in range(5, 100, 3)}
    assert [*unnamed(gists, [turn["at"] for turn in turns(client, name, "egfr")["turns"]])] == []


def test_a_line_that_falls_from_critical_says_so_and_when(client: FlaskClient) -> None:
    said = " ".join("; ".join(turn["changes"]) for turn in turns(client, "denosumab-missed", "day")["turns"])
    for words in (
        "zoledronate (after creatinine is checked)",
        "is denosumab safe? Not yet",
        "“Reassess, then treat",
        "(warning)",
    ):
        assert words in said


def test_below_30_it_is_said_that_the_drug_is_a_specialists_to_give(client: FlaskClient) -> None:
    found = {turn["at"]: "; ".join(turn["changes"]) for turn in turns(client, "denosumab-missed", "egfr")["turns"]}
    assert "Only with a specialist" in found[29]
    assert "referral to nephrology" in found[29]
    assert "zoledronate and alendronate" in found[34]
    assert "“Tests due” goes" not in found[34], "its tests are ordered by another card"


@pytest.mark.parametrize(("axis", "span"), [("vitd", "from 3 to 120"), ("day", "until 14 Jun 2028")])
def test_where_it_was_looked_is_said(client: FlaskClient, axis: str, span: str) -> None:
    assert turns(client, "healthy", axis)["span"] == span


def test_every_card_that_comes_is_called_by_its_title(client: FlaskClient) -> None:
    titles = {card.title["zh"] for card in all_cards().values()}
    for turn in turns(client, "denosumab-missed", "egfr", "zh")["turns"]:
        for each in turn["changes"]:
            come = re.match(r"出现“(.+?)”", each)
            assert come is None or come[1] in titles
