"""The bar and the labels of the picture: what is to be done today is named, and every row says what it shows."""

from __future__ import annotations

import pytest

import fhir_fixtures
from cards.engine.findings import INFO
from cards.words.options import what
from cards.words.text import render
from cds_service.web.screen.plan import first_drug, first_order, for_today, lead
from cds_service.web.words import WORDS
from tests.each import for_each
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
    asked = drawn(view)["step"].rstrip(".")
    told_now = [each["what"] for each in drawn(view)["next"] if each["day"] == NOW["en"]]
    named = [each for each in told_now if each != asked and not each.startswith(("Also", "Stop ", "End ", "Add ", "Remove "))]
    assert {each.casefold() for each in named} <= {each.casefold() for each in recommended}


def test_what_must_come_off_the_desk_stands_first_in_next() -> None:
    told_now = [each["what"] for each in shown_of("complex-orders")["next"] if each["day"] == NOW["en"]]
    assert told_now[:2] == ["Remove the draft: alendronate 70 mg every week", "Remove the draft: raloxifene 60 mg every day"]


def test_what_holds_drugs_back_stands_beside_what_comes_first() -> None:
    assert shown_of("complex-orders")["holding"] == ["secondary-causes"]
    assert shown_of("denosumab-missed")["holding"] == []


def test_the_risk_says_why_a_patient_is_treated() -> None:
    assert shown_of("denosumab-missed")["risk"] == "High fracture risk: osteoporosis"
    assert shown_of("vitamin-d-hip")["risk"] == "Very high fracture risk: a fracture within a year"
    assert shown_of("healthy")["risk"] == ""


@pytest.mark.parametrize(
    ("lines", "said"),
    [("eGFR 14 mL/min/{1.73_m2} on 2026-05-20", ["not on record: ask"]), ("eGFR 15 mL/min/{1.73_m2} on 2026-05-20", [])],
    ids=["kidney failure", "not yet"],
)
def test_in_kidney_failure_it_is_asked_whether_dialysis_was_begun(lines: str, said: list[str]) -> None:
    (safe,) = drawn(from_lines("problem osteoporosis since 2020-01-01", lines))["safe"]
    assert [check["said"] for check in safe["checks"] if check["title"] == "On dialysis?"] == said


@pytest.mark.parametrize(("egfr", "word"), [(29, "Only with a specialist"), (30, "Yes")])
def test_below_30_what_nothing_rules_out_is_a_specialists_to_give(egfr: int, word: str) -> None:
    view = told("denosumab-missed", egfr=egfr)
    assert [each["word"] for each in drawn(view)["safe"]] == [word]


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
        ("bmd-falling", ["care"]),
    ],
)
def test_whether_it_is_safe_is_answered_in_a_word(name: str, verdicts: list[str]) -> None:
    assert [each["verdict"] for each in shown_of(name)["safe"]] == verdicts


@for_each("name", fhir_fixtures.names())
def test_the_word_is_never_better_than_the_checks(name: str) -> None:
    for each in shown_of(name)["safe"]:
        results = {check["result"] for check in each["checks"]}
        assert bool(each.get("drug")) == bool(each.get("word"))
        assert ("stop" in results and "drug" in each) == (each.get("verdict") == "no")
        assert each.get("verdict") != "yes" or results - {"ask"} == {"ok"}


def test_what_is_to_begin_later_says_from_which_day() -> None:
    assert [shown_of("vitamin-d-hip", language)["safe"][0]["word"] for language in ("en", "zh")] == [
        "Not yet: from 29 Jun 2026",
        "暂不可用，2026年6月29日起可用",
    ]


@for_each("name", fhir_fixtures.names())
def test_every_value_of_a_check_stands_beside_its_limit(name: str) -> None:
    for each in shown_of(name)["safe"]:
        for check in each["checks"]:
            if "code" not in check and "ialysis" not in check["title"] and check["said"] != "none on record":
                assert "(" in check["said"], check


def test_a_draft_that_the_order_itself_ends_is_no_duplicate() -> None:
    (safe,) = shown_of("bmd-falling")["safe"]
    assert [c["said"] for c in safe["checks"] if c.get("code") == "same-class-duplicate"] == ["alendronate to be stopped"]


# -- one plan ---------------------------------------------------------------------------------------------------------------


@for_each("name", fhir_fixtures.names())
def test_what_the_buttons_order_is_part_of_what_is_next(name: str) -> None:
    view = told(name)
    leading, first = lead(view.findings, view.chart.today), first_order(view.findings, view.chart.today)
    named = [each["what"].casefold() for each in drawn(view)["next"]]
    for order in (leading.order if leading else None, first):
        if order is not None and order.kind != "discard":
            assert any(what(order, "en").casefold() in each for each in named), order


@for_each("name", fhir_fixtures.names())
def test_what_is_for_today_stands_before_what_is_for_a_later_day(name: str) -> None:
    """Whatever is more than information and has an order for today."""
    view = told(name)
    today = view.chart.today
    due = [o for f in view.findings if f.indicator is not INFO for o in f.options if o.recommended and for_today(o, today)]
    leading, first = lead(view.findings, today), first_order(view.findings, today)
    offered = leading.order if leading else first
    assert first is None or not due or (offered is not None and for_today(offered, today))


@pytest.mark.parametrize(
    ("language", "head"), [("en", "Load vitamin D 50,000 units a week, 4 weeks"), ("zh", "请给予维生素D负荷剂量")]
)
def test_the_vitamin_d_of_today_leads_with_its_order(language: str, head: str) -> None:
    shown = drawn(told("vitamin-d-hip"), language)
    assert shown["lead"]["head"].startswith(head)
    assert shown["lead"]["order"] in [each["what"] for each in shown["next"]]
    assert drawn(told("denosumab-missed"), language)["lead"] == {}


@pytest.mark.parametrize("name", ["bmd-falling", "failure-on-alendronate", "refill-late", "denosumab-stopped-undated"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_must_be_asked_before_an_order_is_the_first_thing_next(name: str, language: str) -> None:
    shown = drawn(told(name), language)
    assert shown["step"]
    assert today(name, language).startswith(shown["step"].rstrip(".。"))


@pytest.mark.parametrize("name", ["teriparatide-ended", "achalasia-alendronate", "height-lost", "tests-overdue"])
def test_a_step_that_only_says_the_order_in_other_words_is_not_told_twice(name: str) -> None:
    shown = drawn(told(name))
    assert shown["step"]
    assert shown["step"].rstrip(".") not in today(name)


def test_nothing_that_is_to_come_is_called_safe_beside_the_answer_whether_the_drug_is() -> None:
    """A last safe day that has passed, beside a drug that is safe, reads as a contradiction."""
    for language, word in (("en", "safe"), ("zh", "安全")):
        assert word in WORDS["bar.safe-of"][language]
        assert not [key for key, name in WORDS.items() if key.startswith("ahead.") and word in name[language]]


def test_the_first_step_of_the_first_advice_is_told() -> None:
    assert shown_of("bmd-falling")["step"].startswith("Ask whether alendronate was taken")
    assert shown_of("bmd-falling", "zh")["step"].startswith("先核实阿仑膦酸钠是否规律服用")


def test_what_is_not_named_is_told_by_its_card() -> None:
    ahead = {each["what"]: each["day"] for each in shown_of("teriparatide-ended")["next"]}
    assert ahead["Routine care: 3 items"] == "As time allows"
    assert "Also, in the cards: Secondary causes (6 more)" in {each["what"] for each in shown_of("vitamin-d-hip")["next"]}


@for_each("name", fhir_fixtures.names())
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_headline_is_cut_short(name: str, language: str) -> None:
    view = told(name)
    heads = shown_of(name, language)["heads"]
    for finding in view.findings:
        short = render(finding, language, view.chart).summary
        assert not heads.get(short, short).endswith("…")
        assert heads.get(short, short).startswith(short.rstrip("…"))


def test_osteoporosis_that_only_the_problem_list_knows_is_said_to_stand_there() -> None:
    listed = drawn(from_lines("problem osteoporosis since 2019-10-14"))["risk"]
    assert listed.endswith("osteoporosis on the problem list (14 Oct 2019), no bone density or fracture on record")
    measured = drawn(from_lines("problem osteoporosis since 2019-10-14", "T-score total-hip -2.7 on 2026-02-01"))["risk"]
    assert measured == "High fracture risk: osteoporosis"


def test_a_drug_that_waits_for_calcium_is_not_drawn_as_possible_today() -> None:
    shown = shown_of("complex-orders")
    drugs = [strip for group in shown["groups"] if group["key"] == "treatment" for strip in group["strips"]]
    assert [strip["newest"] for strip in drugs if strip["newest"].startswith(("possible", "waits"))] == [
        "waits for what comes first"
    ]
