"""Charts of a hospital: each says what it must, and the same chart told in other forms says the same."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds_service.config import Settings
from cds_service.hooks.cards import spoken_for
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator
from tests.charts.told import TODAY, request

Json = dict[str, Any]

CHARTS: list[Json] = yaml.safe_load(Path(__file__).with_name("charts.yaml").read_text(encoding="utf-8"))
LOW_CALCIUM = ("2.05 mmol/L↓", "↓2.05 mmol/L", "2.05mmol/L（偏低）", "L 2.05 mmol/L", "2.05 mmol/L L", "2.05(L) mmol/L",
               "2.05↓ mmol/L", "2.05 mmol/L (2.11-2.52)", "2.05 mmol/L ↓ 参考值：2.11-2.52", "２．０５ mmol/L ★")  # fmt: skip
WEEKLY = ("1#/周", "1/周 口服", "1片 qw po", "1# po 每周日晨", "70mg 1/W", "一周一片", "1t qw", "1# QW", "70mg/次，1次/周")
DAILY = ("1#/日", "1/日 po", "1# po qd", "70mg 1次/日", "一天一片", "1t qd")
ONCE = ("5mg ivgtt st", "100ml ivdrip once", "5mg+NS 100ml ivgtt st", "5mg 静滴 1次")


@cache
def evaluator() -> Evaluator:
    return Evaluator(Settings())


def cards_of(chart: Json) -> list[Json]:
    body = json.dumps(request(chart)).encode()
    given: list[Json] = evaluator().evaluate(parse(body, chart["hook"]), "en", date.fromisoformat(TODAY)).response["cards"]
    return given


def told_of(cards: list[Json]) -> set[str]:
    """Codes, and codes with their indicator, of all that the cards speak for."""
    spoken = {each for card in cards for each in spoken_for(card)}
    return {code for code, _ in spoken} | {f"{code}:{indicator}" for code, indicator in spoken}


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart["name"])
def test_a_chart_says_what_it_must(chart: Json) -> None:
    cards = cards_of(chart)
    told, words = told_of(cards), "\n".join(card["summary"] + "\n" + card.get("detail", "") for card in cards)
    assert set(chart.get("must", ())) <= told, sorted(told)
    assert not {*chart.get("not", ())} & (told | ({"any"} if cards else set())), sorted(told)
    assert all(each in words for each in chart.get("says", ())), words
    assert not any(each in words for each in chart.get("says-not", ())), words


def ordered(drug: str, sig: str | None, *record: list[Any]) -> Json:
    osteoporosis = ["problem", "绝经后骨质疏松症", "2019-05-01"]
    return {"hook": "order-sign", "patient": "female 1950-03-02", "record": [osteoporosis, *record]} | {
        "writes": [["draft", drug, sig]]
    }


@pytest.mark.parametrize("form", ["result", "panel"])
def test_a_low_calcium_is_one_however_the_laboratory_writes_it(form: str) -> None:
    plain = told_of(
        cards_of(ordered("普罗力", "60mg 皮下 q6m", ["result", "血清钙", "2026-11-20", 2.05, "mmol/L", 2.11, 2.52]))
    )
    assert "hypocalcemia:critical" in plain
    for written in LOW_CALCIUM:
        assert told_of(cards_of(ordered("普罗力", "60mg 皮下 q6m", [form, "血清钙", "2026-11-20", written]))) == plain, written


def test_a_letter_that_may_be_a_unit_is_no_mark() -> None:
    told = told_of(cards_of(ordered("普罗力", "60mg 皮下 q6m", ["result", "血清钙", "2026-11-20", "2.05 L"])))
    assert "hypocalcemia:critical" not in told
    assert "incomplete-data" in told


def test_two_values_in_one_text_are_none() -> None:
    told = told_of(cards_of(ordered("普罗力", "60mg 皮下 q6m", ["result", "血清钙", "2026-11-20", "2.05 mmol/L 2.31 mmol/L"])))
    assert "incomplete-data" in told


@pytest.mark.parametrize("in_the_name", [False, True])
def test_a_dose_is_one_however_it_is_written(in_the_name: bool) -> None:
    def told(drug: str, sig: str) -> set[str]:
        return told_of(cards_of(ordered(f"{drug} {sig}", None) if in_the_name else ordered(drug, sig)))

    for sig in WEEKLY:
        assert told("阿仑膦酸钠片 70mg", sig) == set(), sig
    for sig in DAILY:
        assert "dose-check:critical" in told("阿仑膦酸钠片 70mg", sig), sig
    if not in_the_name:  # a name with two strengths tells no dose
        for sig in ONCE:
            assert told("唑来膦酸注射液 5mg/100ml", sig) == set(), sig


def test_a_name_with_a_strength_alone_is_no_direction() -> None:
    assert "incomplete-data" in told_of(cards_of(ordered("阿仑膦酸钠片 70mg×4片", None)))


NOT_KNOWN = ("见报告单", "标本溶血", "1,95 mmol/L", "2.05 mmol/L 2.31 mmol/L")


@pytest.mark.parametrize(("drug", "sig", "result"), [("普罗力", "60mg 皮下 q6m", "血清钙"), ("密固达", "5mg ivgtt st", "肌酐")])
def test_a_result_that_cannot_be_read_is_never_none_on_record(drug: str, sig: str, result: str) -> None:
    for written in NOT_KNOWN:
        cards = cards_of(ordered(drug, sig, ["result", result, "2026-11-20", written]))
        assert told_of(cards) & {"incomplete-data", "hypocalcemia", "renal-function-unknown"} == {"incomplete-data"}, written
        assert "none on record" not in str(cards), written


def test_nor_is_one_without_a_value() -> None:
    chart = request(ordered("普罗力", "60mg 皮下 q6m", ["result", "血清钙", "2026-11-20", ""]))
    for entry in chart["prefetch"]["renal"]["entry"]:
        if entry["resource"]["code"]["text"] == "血清钙":
            del entry["resource"]["valueString"]
            entry["resource"]["dataAbsentReason"] = {"text": "标本溶血"}
    given = evaluator().evaluate(parse(json.dumps(chart).encode(), "order-sign"), "en", date.fromisoformat(TODAY)).response
    assert "hypocalcemia" not in told_of(given["cards"])
    assert "incomplete-data" in told_of(given["cards"])
