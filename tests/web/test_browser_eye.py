"""What meets the eye, and what a story's screen keeps to."""

from __future__ import annotations

import json
import os

import pytest

import fhir_fixtures
from tests.each import chance, for_each
from tests.web.visitor import SIZES, Visitor

EVIDENCE = "org.osteoporosis-cds.evidence"


FIRST_LINES = (".now .advice", ".now .order", ".safe h2", ".next h2", ".next .thing")
TALL = ("bmd-falling", "vitamin-d-hip", "complex-orders", "complex-denosumab-late-failure", "calcium-high")
"""Patients about whom there is much to say."""


@pytest.mark.parametrize("name", ["denosumab-missed", *TALL])
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", ["200 %", "phone"])
def test_what_is_to_be_done_whether_it_is_safe_and_what_is_next_begin_in_a_small_window(
    visitor: Visitor, name: str, size: str, language: str
) -> None:
    visitor.look(SIZES[size])
    visitor.go(language=language, fixture=name)
    visitor.until(lambda: visitor.all(".bar .thing"))
    parts = [part for part in FIRST_LINES if visitor.all(f".bar {part}")]
    visitor.keep(f"small-{size}-{language}-{name}")
    assert [part for part in parts if not visitor.sees(f".bar {part}")] == []
    assert {".now .advice", ".safe h2", ".next h2"} <= set(parts)
    visitor.unfold()
    assert len(visitor.all(".bar .checks li:not(.clear)")) >= 3, "what there was no room for is there to unfold"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_the_decision_and_its_order_are_seen_without_scrolling(visitor: Visitor, size: str, language: str) -> None:
    visitor.look(SIZES[size])
    visitor.go(language=language, fixture="denosumab-missed")
    for part in (".now .advice", ".now .order", ".safe", ".next"):
        visitor.until(lambda part=part: visitor.sees(f".bar {part}"))


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_what_is_to_be_done_today_is_the_first_button(visitor: Visitor, size: str) -> None:
    visitor.look(SIZES[size])
    visitor.go(fixture="vitamin-d-hip")
    visitor.until(lambda: visitor.sees(".bar .now .order"))
    first, later = visitor.all(".bar .now .order")
    assert "primary" in first.get_attribute("class").split()
    assert first.text.startswith("Cholecalciferol")
    assert later.text.endswith("from 29 Jun 2026")
    first.click()
    visitor.until(lambda: "cholecalciferol" in visitor.one("#drafts").text)


WRONG = {
    "denosumab-missed": ("latest day for the dose, missed", "no follow-on"),
    "complex-denosumab-late-failure": ("Rebound fractures", "latest day for the dose, missed"),
    "calcium-high": ("13.4", "calcium"),
    "complex-orders": ("Do not sign alendronate", "limit 35", "Low calcium 7.9 mg/dL", "reflux disease"),
    "kidney-failure-low-pth": ("bone turnover may be low (adynamic bone)", "before any antiresorptive", "Dialysis", "Warning"),
    "vitamin-d-hip": ("16 ng/mL", "zoledronate", "Load vitamin D"),
}
"""Patients, and what must meet the eye."""


def test_what_comes_today_leads_the_list_as_it_leads_the_bar(visitor: Visitor) -> None:
    visitor.go(fixture="vitamin-d-hip")
    visitor.until(lambda: visitor.all(".card h3"))
    assert visitor.all(".card h3")[0].text == visitor.all(".bar .advice")[0].text


def test_what_is_asked_first_has_no_button_to_compete_with(visitor: Visitor) -> None:
    visitor.go(fixture="bmd-falling")
    visitor.until(lambda: visitor.all(".bar .order"))
    assert "Only then" in visitor.one(".bar .now").text
    assert not visitor.all(".bar .order.primary")


def test_on_a_phone_the_next_day_is_never_folded_away(visitor: Visitor) -> None:
    visitor.look(SIZES["phone"])
    visitor.go(fixture="vitamin-d-hip")
    visitor.until(lambda: visitor.all(".bar .next .later"))
    assert "29 Jun 2026" in visitor.one(".bar .next > .ahead").text


@for_each("name", WRONG)
def test_what_is_wrong_meets_the_eye(visitor: Visitor, name: str) -> None:
    visitor.turn(name)
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


@for_each("name", dict.fromkeys((*NOT_TO_PRESS, *fhir_fixtures.names()[::EACH])), by=lambda name: chance(name, 4))
def test_the_bar_offers_only_what_is_recommended_and_every_card_with_evidence_lights_it(visitor: Visitor, name: str) -> None:
    visitor.turn(name)
    answer = json.loads(visitor.all("#inspect pre")[1].get_property("textContent"))
    suggested = [each for card in answer["cards"] for each in card.get("suggestions", ())]
    offered = {each.get_attribute("data-order") for each in visitor.all(".bar .order")}
    assert offered <= {each["uuid"] for each in suggested if each.get("isRecommended")}
    bare = [card for card in answer["cards"] if EVIDENCE not in card["extension"] and not card.get("suggestions")]
    assert visitor.js(LIGHTS) == [card["source"]["topic"]["code"] for card in bare], "there is nothing that these could light"


# -- what a reader in a hurry must not miss ---------------------------------------------------------------------------------

FIVE = ("complex-orders", "vitamin-d-hip", "complex-denosumab-late-failure", "bmd-falling", "teriparatide-ended")
"""The patients that were shown to an endocrinologist for ten seconds each."""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_draft_that_is_not_to_be_signed_is_named_beside_its_button(visitor: Visitor, language: str) -> None:
    """Whoever does as the bar says leaves none of them on the desk."""
    visitor.look(SIZES["phone"])
    visitor.go(language=language, fixture="complex-orders")
    told = visitor.until(lambda: [each.text for each in visitor.all(".bar .advice")])
    assert len(visitor.all(".bar .order.remove")) == 2
    assert not any("…" in each for each in told)
    names = ("alendronate", "raloxifene") if language == "en" else ("阿仑膦酸钠", "雷洛昔芬")
    assert all(name in each for name, each in zip(names, told[:2], strict=True))
    assert "7.9 mg/dL" in told[2], "what holds every drug back has its own line and order"
    visitor.until(lambda: visitor.sees(".bar"))
    for left in (1, 0):
        visitor.js("document.querySelector('.bar .order.remove:enabled').click()")
        visitor.until(lambda left=left: len(visitor.all("#drafts .chip")) == len(visitor.all(".bar .order.remove")) == left)


ACROSS = """
const zone = document.querySelector(".zone").getBoundingClientRect().left;
const across = (text) => { const box = text.getBoundingClientRect(); return box.left < zone - 1 && box.right > zone + 1; };
return [...document.querySelectorAll(".strip:not(.axis) .strip-svg text")].filter(across).map((text) => text.textContent);
"""
SILENT = """
const words = [...document.querySelectorAll("[data-strip=ahead] text")].map((text) => text.textContent).filter(Boolean);
return document.querySelectorAll("[data-strip=ahead] .point").length - words.length;
"""
"""How many marks of what is due have no words."""

WORDS = "return [...document.querySelectorAll('[data-strip=ahead] text')].map((text) => text.textContent)"

MIDDLES = """
const boxes = [...document.querySelectorAll("[data-strip=fractures] .point")].map((mark) => mark.getBoundingClientRect());
return boxes.map((box) => Math.round(box.left + box.width / 2));
"""
BELOW = """
const [low, high] = [...arguments].map((each) => document.querySelector(each).getBoundingClientRect());
return low.top >= high.bottom;
"""


@pytest.mark.parametrize("language", ["en", "zh"])
@for_each("name", [*FIVE, "complex-hip-discharge"])
def test_no_words_cross_today_and_what_is_due_has_words(visitor: Visitor, name: str, language: str) -> None:
    visitor.look()
    visitor.turn(name, language)
    visitor.until(lambda: visitor.all(".picture .point"))
    assert visitor.js(ACROSS) == []
    assert visitor.js(SILENT) == 0


def test_words_without_room_are_told_in_full_under_a_number(visitor: Visitor) -> None:
    visitor.look(SIZES["phone"])
    visitor.go(fixture="denosumab-discharge")
    visitor.until(lambda: visitor.all(".picture .point"))
    listed = [each.text for each in visitor.all("[data-strip=ahead] .listed li")]
    numbers = [text for text in visitor.js(WORDS) if text.isdigit()]
    assert sorted(numbers) == [each.split()[0] for each in listed]
    assert any("Denosumab: latest day for the dose 3 Aug 2026" in each for each in listed), listed


def test_a_limit_without_room_for_its_words_has_its_number_at_the_line_and_its_words_in_the_label(visitor: Visitor) -> None:
    visitor.look(SIZES["phone"])
    visitor.go(fixture="complex-denosumab-late-failure")
    visitor.until(lambda: visitor.all(".picture .point"))
    assert {"≥35", "<30"} <= set(
        visitor.js("return [...document.querySelectorAll('[data-strip=kidney] text')].map(e => e.textContent)")
    )
    assert "<30 specialist decides" in visitor.one("[data-strip=kidney] .limits").text


CUT = """
const APART = "pre, code, textarea, select, option, a[href^=http], .hidden, .patients, .wire";
const found = [];
const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
const range = document.createRange();
while (walker.nextNode()) {
  const node = walker.currentNode, place = node.parentElement;
  if (place.closest(APART)) continue;
  if (node.textContent.includes("…") && !place.closest("#whatif, .tools, .moment")) found.push(node.textContent.trim());
  for (const word of node.textContent.matchAll(/[A-Za-z0-9]{2,}/g)) {
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    const tops = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
    if (tops.size > 1) found.push(word[0]);
  }
}
for (const each of document.querySelectorAll(".bar *:not(.hidden), .strip-label *, .card h3, .button")) {
  const style = getComputedStyle(each);
  const cut = style.overflowX === "hidden" && each.scrollWidth > each.clientWidth + 1;
  if (cut || style.textOverflow === "ellipsis") found.push(each.className);
}
return found;
"""
"""Words that are cut, or broken within."""


@pytest.mark.parametrize("language", ["en", "zh"])
@for_each("name", [*FIVE, "btm-not-falling", "denosumab-missed"])
def test_no_words_are_cut_at_any_size(visitor: Visitor, name: str, language: str) -> None:
    """Half of the sizes, other ones for other patients; `make laws` tries all."""
    visitor.look(SIZES["phone"])
    visitor.turn(name, language)
    visitor.until(lambda: visitor.all(".picture .point"))
    for size, pixels in SIZES.items():
        if not chance(f"{name} {language} {size}", 2):
            visitor.look(pixels)
            visitor.drawn()
            assert visitor.js(CUT) == [], size


def test_things_of_one_day_stand_on_that_day(visitor: Visitor) -> None:
    visitor.go(fixture="complex-denosumab-late-failure")
    places = visitor.until(lambda: visitor.js(MIDDLES))
    assert len(places) == 2
    assert len(set(places)) == 1


def test_the_answer_stands_above_the_moment_and_names_the_day(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    assert visitor.until(lambda: visitor.js(BELOW, ".moment", ".bar"))
    assert "2026" in visitor.one(".bar .now h2 .day").text
