"""What meets the eye, and what a story's screen keeps to."""

from __future__ import annotations

import json
import os

import pytest

import fhir_fixtures
from tests.web.visitor import SIZES, Visitor

EVIDENCE = "org.osteoporosis-cds.evidence"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_the_decision_and_its_order_are_seen_without_scrolling(visitor: Visitor, size: str, language: str) -> None:
    visitor.look(SIZES[size])
    visitor.go(language=language, fixture="denosumab-missed")
    for part in (".now .advice", ".now .order", ".safe", ".next"):
        visitor.until(lambda part=part: visitor.sees(f".bar {part}"))


WRONG = {
    "denosumab-missed": ("last safe day passed", "no follow-on"),
    "complex-denosumab-late-failure": ("Rebound fractures", "last safe day passed"),
    "calcium-high": ("13.4", "calcium"),
    "complex-orders": ("Do not sign alendronate", "limit 35"),
    "vitamin-d-hip": ("16 ng/mL", "zoledronate"),
}
"""Patients, and what must meet the eye."""


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_meets_the_eye(visitor: Visitor, name: str) -> None:
    visitor.go(fixture=name)
    said = visitor.until(lambda: visitor.one(".bar").text)
    assert [words for words in WRONG[name] if words.lower() not in said.lower()] == []
    assert visitor.all(".bar .bad, .bar .stop, .bar li.warn")


NOT_TO_PRESS = ("kidney-rising-pth", "denosumab-date-unknown", "denosumab-late-egfr-28")
"""Patients for whom the drug that comes first is not recommended, or whose first card has no order."""


EACH = 1 if os.environ.get("ALL_CASES") else 9
"""Every so many-th story joins them (`make laws`: each)."""
LIGHTS = """
const found = [];
for (const card of document.querySelectorAll(".card")) {
  card.dispatchEvent(new Event("mouseenter"));
  if (!document.querySelector(".picture .lit")) found.push(card.dataset.code);
  card.dispatchEvent(new Event("mouseleave"));
}
return found;
"""
"""The cards that light nothing when they are pointed at."""


@pytest.mark.parametrize("name", dict.fromkeys((*NOT_TO_PRESS, *fhir_fixtures.names()[::EACH])))
def test_the_bar_offers_only_what_is_recommended_and_every_card_with_evidence_lights_it(visitor: Visitor, name: str) -> None:
    visitor.go(fixture=name)
    answer = json.loads(visitor.all("#inspect pre")[1].get_property("textContent"))
    suggested = [each for card in answer["cards"] for each in card.get("suggestions", ())]
    offered = {each.get_attribute("data-order") for each in visitor.all(".bar .order")}
    assert offered <= {each["uuid"] for each in suggested if each.get("isRecommended")}
    bare = [card["source"]["topic"]["code"] for card in answer["cards"] if EVIDENCE not in card["extension"]]
    assert visitor.js(LIGHTS) == bare
