"""What the bar says is what the cards say: no green word beside a condition, no check that hides what it looked at."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

import fhir_fixtures
from cds_service.web.screen.plan import first_drug
from tests.each import for_each
from tests.web.test_screen import drawn, from_lines, marks, shown_of, told

Json = dict[str, Any]

ENGLISH = re.compile(r"[A-Za-z]{6,}")
"""A word, where a unit or an abbreviation is shorter."""
BONE = ("problem osteoporosis since 2020-01-01", "T-score total-hip -2.7 on 2026-02-01")


def checks(shown: Json, title: str) -> list[Json]:
    return [check for each in shown["safe"] for check in each["checks"] if check["title"] == title]


@pytest.mark.parametrize("name", fhir_fixtures.names())
def test_what_a_label_says_must_come_first_is_no_plain_yes(name: str) -> None:
    view = told(name)
    option = first_drug(view.findings)
    (safe, *_) = drawn(view)["safe"]
    if option is not None and (option.after or option.condition) and not view.chart.drafts:
        assert safe["verdict"] != "yes"
        assert option.after == "" or safe["verdict"] in ("later", "no")


def test_what_the_work_up_holds_says_why_before_the_checks() -> None:
    (safe,) = shown_of("work-up-myeloma")["safe"]
    assert (safe["word"], safe["checks"][0]["title"]) == ("Not yet", "After myeloma and metastasis are excluded")
    assert safe["checks"][0]["said"] == "hemoglobin 89 and ESR 112"


@pytest.mark.parametrize(("language", "word"), [("en", "Yes, after the first step"), ("zh", "可以，但须先完成第一步")])
def test_what_must_be_asked_before_a_change_is_no_plain_yes(language: str, word: str) -> None:
    (safe,) = shown_of("bmd-falling", language)["safe"]
    assert safe["word"] == word
    assert [c["result"] for c in safe["checks"] if "18" in c.get("said", "")] == ["unknown"]


@pytest.mark.parametrize(
    ("egfr", "pth", "results"), [(14, 129, ["warn"]), (14, 130, ["ok"]), (14, 586, ["warn"]), (15, 129, [])]
)
def test_in_kidney_failure_the_parathyroid_hormone_is_a_check(egfr: int, pth: int, results: list[str]) -> None:
    view = from_lines(*BONE, f"eGFR {egfr} mL/min/{{1.73_m2}}, PTH {pth} pg/mL, calcium 9.3 mg/dL on 2026-06-01")
    assert [check["result"] for check in checks(drawn(view), "PTH")] == results


def test_a_hip_fracture_is_seen_by_the_check_that_looks_at_it() -> None:
    (check,) = checks(shown_of("vitamin-d-hip"), "Zoledronate after a hip fracture")
    assert (check["result"], check["said"], check["day"]) == ("ok", "hip fracture", "9 Jun 2026")


def test_a_value_that_holds_or_drops_drugs_stands_out_among_the_evidence() -> None:
    tones = {mark["title"]: mark.get("tone", "") for mark in marks(shown_of("kidney-failure-low-pth"), "deciding")}
    assert (tones["PTH"], tones["Phosphate"]) == ("bad", "")


@for_each("name", lambda: [each for each in fhir_fixtures.names() if told(each).chart.drafts])
def test_drafts_are_called_in_the_language_of_the_page(name: str) -> None:
    called = shown_of(name, "zh")["drafts"]
    assert called.keys() == {draft.id for draft in told(name).chart.drafts if draft.drug}
    assert not [each for each in called.values() if ENGLISH.search(each)]


def test_another_choice_is_named_with_what_must_come_first() -> None:
    names = shown_of("complex-orders")["names"].values()
    assert "teriparatide (after calcium is in range, after normal PTH and ALP)" in names
    assert "denosumab (after two weeks of vitamin D)" in shown_of("vitamin-d-hip")["names"].values()


def test_where_there_is_no_order_the_first_step_is_what_is_next() -> None:
    assert shown_of("two-bisphosphonates-listed")["next"][0]["what"].startswith("Find out whether both are really taken")
    days = {each["what"]: each["day"] for each in shown_of("two-bisphosphonates-listed")["next"]}
    assert days["Rehabilitation assessment: 6 items"] == "As time allows"


def test_a_value_that_is_too_old_is_not_said_to_be_missing() -> None:
    view = from_lines(*BONE, "calcium 9.3 mg/dL, 25(OH)D 34 ng/mL, eGFR 70 mL/min/{1.73_m2} on 2024-06-14")
    told_of = {check["title"]: check["said"] for safe in drawn(view)["safe"] for check in safe["checks"] if check.get("said")}
    assert told_of["Total calcium"].endswith("months: repeat)")
    assert "older than" in told_of["eGFR"]
    assert told_of["eGFR"].startswith("70 mL/min")


@pytest.mark.parametrize("name", ["denosumab-missed", "vitamin-d-hip", "complex-orders"])
def test_teeth_that_nobody_looked_at_are_asked_for_and_never_fine(name: str) -> None:
    found = checks(shown_of(name), "Teeth before a drug that acts on the jaw")
    assert found
    assert {check["result"] for check in found} == {"ask"}
    assert {check["said"] for check in found} == {"not on record: ask"}


def test_what_a_blocked_drug_waits_for_comes_first_and_the_drug_then() -> None:
    view = from_lines(*BONE, "calcium 9.3 mg/dL, eGFR 70 mL/min/{1.73_m2} on 2024-06-14", "denosumab given 2025-09-01")
    ahead = [(each["day"], each["what"]) for each in drawn(view)["next"]]
    assert ahead[2] == ("Now", "Serum calcium with albumin")
    assert [what for day, what in ahead if day == "Then"] == [
        "After calcium is checked: denosumab 60 mg subcutaneously every 6 months"
    ]


def test_a_day_to_decide_that_has_passed_is_overdue() -> None:
    record = (*BONE, "risedronate taken since 2025-01-10", "corrected-calcium 8.2 mg/dL on 2026-05-10")
    late, early = (drawn(from_lines(*record, today=day))["next"] for day in (date(2026, 6, 7), date(2026, 6, 6)))
    assert [each["day"] for each in late if "day to decide passed" in each["what"]] == ["7 Jun 2026"]
    assert not [each for each in early if "passed" in each["what"]]
    assert [each["day"] for each in early if each["what"].startswith("Cause still not clear")] == ["7 Jun 2026"]
