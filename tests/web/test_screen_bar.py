"""The bar and the labels of the picture: what is to be done today is named, and every row says what it shows."""

from __future__ import annotations

import pytest

import fhir_fixtures
from cards.words.text import render, what
from cds_service.web.screen.events import first_drug, first_order
from tests.web.test_screen import drawn, from_lines, marks, shown_of, strip_of, told

NOW = {"en": "Now", "zh": "现在"}


def today(name: str, language: str = "en") -> str:
    return "; ".join(each["what"] for each in shown_of(name, language)["next"] if each["day"] == NOW[language])


def test_the_vitamin_d_that_a_drug_waits_for_is_what_is_next() -> None:
    assert today("vitamin-d-hip").startswith("Cholecalciferol (vitamin D3) 50,000 units by mouth once weekly for 4 weeks; DXA")
    assert today("vitamin-d-hip", "zh").startswith("维生素D3")


@pytest.mark.parametrize("name", fhir_fixtures.names()[::6])
def test_what_is_next_is_only_what_is_recommended(name: str) -> None:
    view = told(name)
    recommended = {what(o, "en") for f in view.findings for o in f.options if o.recommended}
    named = [each for each in today(name).split("; ") if each and not each.startswith(("Also", "Stop "))]
    assert {each.casefold() for each in named} <= {each.casefold() for each in recommended}


def test_a_yearly_infusion_has_its_next_day_and_a_single_one_has_none() -> None:
    yearly = {each["what"]: each["day"] for each in shown_of("bmd-falling")["next"]}
    assert yearly["Then zoledronate again"] == "15 Jun 2027"
    view = told("denosumab-stopped")
    assert (drug := first_drug(view.findings)) is not None
    assert drug.regimen == "zoledronate-once"
    assert not [each for each in drawn(view)["next"] if each["what"] == "Then zoledronate again"]


def test_a_density_says_its_site_also_where_there_is_only_one() -> None:
    shown = drawn(from_lines("BMD total-hip 0.74, T-score total-hip -2.6 on 2026-05-10"))
    assert strip_of(shown, "t-score")["series"] == ["total hip"]
    assert strip_of(shown, "bmd-total-hip")["label"] == "BMD, total hip"


def test_a_change_that_says_nothing_is_called_that() -> None:
    (band,) = strip_of(shown_of("bmd-falling"), "bmd-total-hip")["bands"]
    assert band["label"] == "±5% no real change"


def test_a_draft_that_is_none_of_ours_is_not_drawn_as_treatment_of_bone() -> None:
    kinds = {mark["title"]: mark["kind"] for mark in marks(shown_of("prednisone-very-high-order"), "drug-prednisone")}
    assert kinds == {"draft order": "draft-other"}
    assert "draft" in {mark["kind"] for mark in marks(shown_of("complex-orders"), "drug-alendronate")}


# -- whether it is safe, in a word ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "verdicts"),
    [
        ("complex-orders", ["no", "no"]),
        ("vitamin-d-hip", ["later"]),
        ("complex-denosumab-late-failure", ["yes"]),
        ("bmd-falling", ["yes"]),
    ],
)
def test_whether_it_is_safe_is_answered_in_a_word(name: str, verdicts: list[str]) -> None:
    assert [each["verdict"] for each in shown_of(name)["safe"]] == verdicts


@pytest.mark.parametrize("name", fhir_fixtures.names())
def test_the_word_is_never_better_than_the_checks(name: str) -> None:
    for each in shown_of(name)["safe"]:
        results = {check["result"] for check in each["checks"]}
        assert bool(each.get("drug")) == bool(each.get("word"))
        assert ("stop" in results and "drug" in each) == (each.get("verdict") == "no")
        assert each.get("verdict") != "yes" or results == {"ok"}


def test_what_is_to_begin_later_says_from_which_day() -> None:
    assert [shown_of("vitamin-d-hip", language)["safe"][0]["word"] for language in ("en", "zh")] == [
        "Not yet: from 29 Jun 2026",
        "暂缓：2026年6月29日起",
    ]


@pytest.mark.parametrize("name", fhir_fixtures.names())
def test_every_value_of_a_check_stands_beside_its_limit(name: str) -> None:
    for each in shown_of(name)["safe"]:
        for check in each["checks"]:
            if "code" not in check and check["said"] != "none on record":
                assert "(" in check["said"], check


def test_a_draft_that_the_order_itself_ends_is_no_duplicate() -> None:
    (safe,) = shown_of("bmd-falling")["safe"]
    assert [c["said"] for c in safe["checks"] if c.get("code") == "same-class-duplicate"] == [
        "alendronate stops with this order"
    ]


# -- one plan ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", fhir_fixtures.names())
def test_what_the_button_orders_is_part_of_what_is_next(name: str) -> None:
    order = first_order(told(name).findings)
    if order is None or order.kind not in ("drug", "mend"):
        return
    named = [each["what"].casefold() for each in shown_of(name)["next"]]
    assert any(what(order, "en").casefold() in each for each in named)


def test_the_first_step_of_the_first_advice_is_told() -> None:
    assert shown_of("bmd-falling")["step"].startswith("Ask whether alendronate was taken")
    assert shown_of("bmd-falling", "zh")["step"].startswith("先核实阿仑膦酸钠是否规律服用")


def test_what_is_not_named_is_told_by_its_card() -> None:
    assert "Also, in the cards: Routine care (6)" in {each["what"] for each in shown_of("teriparatide-ended")["next"]}


@pytest.mark.parametrize("name", fhir_fixtures.names())
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_headline_is_cut_short(name: str, language: str) -> None:
    view = told(name)
    heads = shown_of(name, language)["heads"]
    for finding in view.findings:
        short = render(finding, language, view.chart).summary
        assert not heads.get(short, short).endswith("…")
        assert heads.get(short, short).startswith(short.rstrip("…"))
