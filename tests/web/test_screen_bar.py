"""The bar and the labels of the picture: what is to be done today is named, and every row says what it shows."""

from __future__ import annotations

import pytest

import fhir_fixtures
from cards.words.text import what
from cds_service.web.screen.events import first_drug, first_order
from tests.web.test_screen import drawn, from_lines, marks, strip_of, told

NOW = {"en": "Now", "zh": "现在"}


def today(name: str, language: str = "en") -> str:
    return "; ".join(each["what"] for each in drawn(told(name), language)["next"] if each["day"] == NOW[language])


def test_the_vitamin_d_that_a_drug_waits_for_is_what_is_next() -> None:
    assert today("vitamin-d-hip").startswith("Cholecalciferol (vitamin D3) 50,000 units by mouth once weekly for 4 weeks; DXA")
    assert today("vitamin-d-hip", "zh").startswith("维生素D3")


@pytest.mark.parametrize("name", fhir_fixtures.names()[::6])
def test_what_is_next_repeats_neither_the_order_of_the_bar_nor_what_nobody_recommends(name: str) -> None:
    view = told(name)
    offered = (first_order(view.findings), first_drug(view.findings))
    named = today(name).removesuffix("; more in the cards").casefold().split("; ")
    recommended = [o for f in view.findings for o in f.options if o.recommended and o not in offered]
    assert {each for each in named if each} <= {what(option, "en").casefold() for option in recommended}


def test_a_yearly_infusion_has_its_next_day_and_a_single_one_has_none() -> None:
    yearly = {each["what"]: each["day"] for each in drawn(told("bmd-falling"))["next"]}
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
    (band,) = strip_of(drawn(told("bmd-falling")), "bmd-total-hip")["bands"]
    assert band["label"] == "±5% no real change"


def test_a_draft_that_is_none_of_ours_is_not_drawn_as_treatment_of_bone() -> None:
    kinds = {mark["title"]: mark["kind"] for mark in marks(drawn(told("prednisone-very-high-order")), "drug-prednisone")}
    assert kinds == {"draft order": "draft-other"}
    assert "draft" in {mark["kind"] for mark in marks(drawn(told("complex-orders")), "drug-alendronate")}
