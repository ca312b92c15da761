"""A finding in words."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from cards.chart import Chart, Draft, SetAside
from cards.chart.facts import Fact
from cards.engine import sources
from cards.engine.catalog import all_cards
from cards.engine.findings import CRITICAL, WARNING, Dropped, Finding, Option
from cards.thresholds import ContentError
from cards.vocabulary import ALENDRONATE, DENOSUMAB, ZOLEDRONATE, Data, Name
from cards.vocabulary.regimens import REGIMENS
from cards.words import options, templates, text

HOSTILE = "<img src=x onerror=alert(1)> [click](https://evil.test) **now** `x` | # \u202e"


def finding(code: str, **values: object) -> Finding:
    values = {"drug": ZOLEDRONATE, "estimate": -28.50, "name": "x", **values}
    return Finding(code=code, indicator=CRITICAL, variant="stop", values=values)


# -- all cards --------------------------------------------------------------------------------------------------------


def test_every_card_has_its_texts_in_both_languages() -> None:
    assert {code for _, code in templates.load()} == set(all_cards())


def test_every_regimen_rests_on_a_recommendation() -> None:
    for regimen in REGIMENS.values():
        assert sources.cited(regimen.cites)


# -- the summary ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "expected"), [("en", "zoledronate at −28.5 for x"), ("zh", "唑来膦酸（−28.5）x")], ids=["English", "Chinese"]
)
def test_the_summary_is_one_plain_line(made_up: str, chart: Chart, language: str, expected: str) -> None:
    assert text.render(finding(made_up), language, chart).summary == expected


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_long_name_never_makes_the_summary_140_characters(made_up: str, chart: Chart, language: str) -> None:
    names = [*(Name("n " * n, "长" * n) for n in range(50, 200)), "word " * 60, "字" * 300]
    for each in names:
        assert len(text.render(finding(made_up, name=each), language, chart).summary) < 140


def test_a_shortened_summary_ends_with_an_ellipsis(made_up: str, chart: Chart) -> None:
    summary = text.render(finding(made_up, name=Name("osteoporosis " * 20, "x")), "en", chart).summary
    assert summary.endswith("osteoporosis…")


def test_record_text_cannot_write_markup_into_a_card(made_up: str, chart: Chart) -> None:
    facts = (Fact(Name(HOSTILE, HOSTILE), HOSTILE, "<b>", None, "", Name(HOSTILE, HOSTILE)),)
    left_out = (SetAside(Data.RENAL, "no-unit", "egfr", detail=HOSTILE),)
    words = text.render(replace(finding(made_up, name=HOSTILE), facts=facts, left_out=left_out), "en", chart)
    for said in (words.summary, words.detail):
        assert "<img" not in said
        assert "evil.test" not in said
        assert "\u202e" not in said
    assert r"\*\*now\*\*" in words.detail
    assert "**now**" in words.summary  # plain text: asterisks mean nothing there


# -- the detail -------------------------------------------------------------------------------------------------------


def test_the_detail_says_what_why_and_on_whose_authority(made_up: str, chart: Chart) -> None:
    fact = Fact(Name("eGFR", "eGFR"), 28.0, "mL/min/1.73 m2", date(2026, 5, 3), "Observation/1", Name("computed", "计算值"))
    detail = text.render(replace(finding(made_up), facts=(fact,)), "en", chart).detail
    assert detail.splitlines() == [
        "**Do**",
        "",
        "Stop.",
        "",
        "**Because**",
        "",
        "Because of x.",
        "",
        "- eGFR: 28 mL/min/1.73 m², 3 May 2026; computed",
        "",
        "**Sources**: EXT-04 · OVCF2021-T9 · ELD2023-07d (2C)",
    ]


def test_a_finding_with_cites_of_its_own_names_no_others(made_up: str, chart: Chart) -> None:
    detail = text.render(replace(finding(made_up), cites=("ELD2023-07d",)), "zh", chart).detail
    assert detail.endswith("**依据**：ELD2023-07d（2C）")


def test_what_was_left_out_could_not_be_had_or_is_not_offered_is_said(made_up: str, chart: Chart) -> None:
    odd = [SetAside(Data.RENAL, "unit-unknown", "creatinine", when=date(2026, 1, day), detail="mg/cup") for day in (3, 9)]
    whole = replace(
        finding(made_up),
        notes=("calcium-uncorrected",),
        dropped=(
            Dropped("alendronate", because=(finding(made_up, estimate=28.0),)),
            Dropped("romosozumab", phrase="formulary"),
        ),
        left_out=(*odd, SetAside(Data.CALCIUM, "future", "calcium", when=date(2030, 1, 1))),
        unread=(Data.ALLERGIES, Data.CONDITIONS),
    )
    detail = text.render(whole, "en", chart).detail
    assert detail.split("**Not offered**\n\n")[1].split("\n\n")[0].splitlines() == [
        "- Alendronate: eGFR 28",
        "- Romosozumab: not on this site's formulary",
    ]
    assert detail.split("**Check first**\n\n")[1].split("\n\n")[0].splitlines() == [
        "- Total calcium, not corrected: no albumin from about the same time on record",
        "- Left out: 2 values of creatinine, the newest of 9 Jan 2026 (unit not recognized “mg/cup”)",
        "- Left out: total calcium, 1 Jan 2030 (dated in the future)",
        "- Not available from the record: allergies and problem list",
    ]
    assert "无法识别" in text.render(whole, "zh", chart).detail


def test_many_kinds_of_unusable_entries_are_counted_and_not_listed(made_up: str, chart: Chart) -> None:
    many = tuple(SetAside(Data.RENAL, "no-unit", "egfr", detail=f"{n}") for n in range(9))
    detail = text.render(replace(finding(made_up), left_out=many), "en", chart).detail
    assert "- 3 further entries were left out" in detail


def test_without_anything_to_check_there_is_no_heading_for_it(made_up: str, chart: Chart) -> None:
    assert "先核对" not in text.render(finding(made_up), "zh", chart).detail


# -- what must not pass silently --------------------------------------------------------------------------------------


def test_a_value_that_the_finding_lacks_is_an_error(made_up: str, chart: Chart) -> None:
    with pytest.raises(ContentError, match=r"en\.md, block summary: '.*' is undefined; the values of the finding are none"):
        text.render(Finding(code=made_up, indicator=CRITICAL, variant="stop"), "en", chart)


def test_a_variant_without_words_is_an_error(made_up: str, chart: Chart) -> None:
    with pytest.raises(ValueError, match="has no text for variant"):
        text.render(replace(finding(made_up), variant="unheard-of"), "en", chart)


# -- labels -----------------------------------------------------------------------------------------------------------


def test_a_label_gives_the_regimen(chart: Chart) -> None:
    assert options.label(Option("drug", "denosumab"), "en", chart) == "Denosumab 60 mg subcutaneously every 6 months"
    assert options.label(Option("drug", "alendronate"), "zh", chart) == "阿仑膦酸钠 70 mg 口服，每周1次"


def test_a_dose_that_is_not_due_yet_has_its_start_in_the_label(chart: Chart) -> None:
    later = Option("drug", "denosumab", start=date(2026, 7, 1))
    assert options.label(later, "en", chart).endswith(", from 1 Jul 2026")
    assert options.label(later, "zh", chart).endswith("，2026年7月1日起")


def test_a_start_that_has_come_is_not_mentioned(chart: Chart, today: date) -> None:
    assert "from" not in options.label(Option("drug", "denosumab", start=today), "en", chart)


def test_a_condition_comes_first(made_up: str, chart: Chart) -> None:
    warned = Option("drug", "denosumab", condition=(replace(finding(made_up, estimate=28.0), indicator=WARNING),))
    assert options.label(warned, "en", chart) == "After eGFR 28 is checked: denosumab 60 mg subcutaneously every 6 months"


def test_several_conditions_stand_side_by_side(made_up: str, chart: Chart) -> None:
    warnings = tuple(replace(finding(made_up, estimate=value), indicator=WARNING) for value in (28.0, 30.0, 28.0))
    label = options.label(Option("drug", "denosumab", condition=warnings), "zh", chart)
    assert label == "先复查eGFR 28；先复查eGFR 30：地舒单抗 60 mg 皮下注射，每6个月1次"


def test_an_option_that_replaces_a_draft_names_it(chart: Chart) -> None:
    draft = Draft("MedicationRequest/1", ALENDRONATE)
    instead = Option("drug", DENOSUMAB.key, replaces=(draft,))
    assert options.label(instead, "en", chart) == "Denosumab 60 mg subcutaneously every 6 months, in place of alendronate"
    assert options.label(Option("discard", replaces=(draft,)), "zh", chart) == "撤销草稿医嘱：阿仑膦酸钠"


def test_a_draft_that_is_not_ours_is_named_by_its_cleaned_text(chart: Chart) -> None:
    draft = Draft("MedicationRequest/1", text="<b>Brand</b> 5 mg")
    assert options.label(Option("discard", replaces=(draft,)), "en", chart) == "Remove the draft: Brand 5 mg"


def test_tests_referrals_and_problems_have_labels(chart: Chart) -> None:
    assert options.label(Option("service", "referral-osteoporosis"), "en", chart) == "Referral to an osteoporosis specialist"
    assert options.label(Option("service", "p1np"), "en", chart) == "Order serum P1NP"
    assert options.label(Option("problem", "osteoporosis"), "zh", chart) == "加入问题列表：骨质疏松症"
