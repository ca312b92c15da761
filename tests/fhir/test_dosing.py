"""Dose, interval, duration and route of orders: structured, in free text (English, Chinese), or not to be read."""

from __future__ import annotations

from typing import Any

import pytest

from cards.chart import Dosing
from cards.vocabulary.regimens import REGIMENS
from tests.fhir.conftest import SNOMED, Reader, medication

MONTH = 365.25 / 12
ALENDRONATE = "Alendronic acid 70 MG Oral Tablet"


def read_dosing(chart_of: Reader, name: str, *instructions: dict[str, Any], **more: Any) -> Dosing | None:
    draft = medication("MedicationRequest", {"text": name}, status="draft", dosageInstruction=list(instructions), **more)
    chart, _ = chart_of(drafts=(draft,))
    assert chart.drafts[0].drug is not None
    return chart.drafts[0].dosing


def dose(value: Any, unit: str = "", code: str = "") -> dict[str, Any]:
    quantity = {"value": value, **({"unit": unit} if unit else {}), **({"code": code} if code else {})}
    return {"doseAndRate": [{"doseQuantity": quantity}]}


def every(period: float = 1, unit: str = "d", frequency: float = 1, **more: Any) -> dict[str, Any]:
    return {"timing": {"repeat": {"frequency": frequency, "period": period, "periodUnit": unit, **more}}}


WRITTEN = [
    # English
    (ALENDRONATE, "70 mg once weekly", 70, 7),
    (ALENDRONATE, "1 tablet daily", 70, 1),
    (ALENDRONATE, "take one tablet by mouth every day", 70, 1),
    (ALENDRONATE, "Take 1 tablet (70 mg) by mouth once a week with 240 mL of plain water, 30 minutes before food", 70, 7),
    (ALENDRONATE, "one tablet every Monday", 70, 7),
    (ALENDRONATE, "1 tab PO qwk", 70, 7),
    (ALENDRONATE, "1 tablet q.d.", 70, 1),
    (ALENDRONATE, "70mg po qd", 70, 1),
    ("alendronate 35 mg tablet", "2 tablets every week", 70, 7),
    ("alendronate", "10 mg daily", 10, 1),
    ("denosumab 60 mg/mL", "60 mg subcutaneously every 6 months", 60, 6 * MONTH),
    ("Prolia", "1 injection every six months", 60, 6 * MONTH),
    ("Prolia", "60 mg SC q6mo", 60, 6 * MONTH),
    ("Prolia", "60 mg SC q6m", 60, 6 * MONTH),
    ("普罗力 60mg", "60mg ih q6月", 60, 6 * MONTH),
    ("密固达 5mg", "5mg ivgtt q12m", 5, 12 * MONTH),
    ("Prolia", "60 mg SC every 4 weeks", 60, 28),
    ("Prolia", "60 mg twice a year", 60, 12 * MONTH / 2),
    ("zoledronic acid 5 mg/100 mL", "5 mg IV once yearly over 15 minutes", 5, 12 * MONTH),
    ("zoledronic acid 5 mg/100 mL", "5 mg IV annually", 5, 12 * MONTH),
    ("zoledronic acid 5 mg/100 mL", "5 mg IV once", 5, None),
    ("ibandronate 150 mg", "1 tablet once a month", 150, MONTH),
    ("risedronate 75 mg", "1 tablet on two consecutive days a month", 75, MONTH / 2),
    ("teriparatide 20 mcg/dose pen", "20 mcg SC daily", 0.02, 1),
    ("teriparatide", "56.5 ug weekly", 0.0565, 7),
    ("teriparatide", "28.2 mcg twice weekly", 0.0282, 3.5),
    ("romosozumab", "210 mg monthly", 210, MONTH),
    ("raloxifene 60 mg", "1 tablet nightly", 60, 1),
    ("prednisone 5 mg", "half a tablet daily", 2.5, 1),
    ("prednisone 5 mg", "take 2 tablets every other day", 10, 2),
    ("prednisone 5 mg", "1 tablet every morning and every night", 5, 0.5),
    ("prednisone 5 mg", "1 tab bid", 5, 0.5),
    ("prednisone 5 mg", "1 tab TID", 5, 1 / 3),
    ("prednisone 5 mg", "2 tablets q12h", 10, 0.5),
    ("prednisone 5 mg", "7.5 mg/day", 7.5, 1),
    ("prednisone 5 mg", "5 mg at bedtime", 5, 1),
    ("prednisone 5 mg", "5 mg three times a week on dialysis days", 5, 7 / 3),
    ("vitamin D3 1000 IU", "1 capsule daily", 1000, 1),
    ("cholecalciferol", "50,000 units once a week", 50000, 7),
    ("cholecalciferol 25 mcg", "1 tablet daily", 1000, 1),
    ("calcitonin nasal spray", "200 IU daily, alternating nostrils", None, None),
    ("calcitonin", "50 IU im qd", 50, 1),
    # Chinese
    ("阿仑膦酸钠片 70mg", "每周一次 每次70mg", 70, 7),
    ("阿仑膦酸钠片 70mg", "每日1次，每次1片", 70, 1),
    ("阿仑膦酸钠片 70mg", "每周1片，晨起空腹用200ml温水送服，服药后30分钟内不得平卧", 70, 7),
    ("阿仑膦酸钠片 70mg", "1片 qw", 70, 7),
    ("阿仑膦酸钠片 70mg", "70毫克 每周一", 70, 7),
    ("阿仑膦酸钠片 10mg", "一日一次，一次一片", 10, 1),
    ("福善美 70mg", "1次/周，1片/次", 70, 7),
    ("地舒单抗注射液 60mg", "每6个月1次 60mg 皮下注射", 60, 6 * MONTH),
    ("普罗力", "60mg 皮下注射 每半年一次", 60, 6 * MONTH),
    ("普罗力", "每6个月皮下注射1支", 60, 6 * MONTH),
    ("密固达 5mg:100ml", "5mg 静脉滴注 每年1次", 5, 12 * MONTH),
    ("复泰奥", "20μg 皮下注射 每日1次", 0.02, 1),
    ("雷洛昔芬片 60mg", "每晚1片", 60, 1),
    ("醋酸泼尼松片 5mg", "隔日2片", 10, 2),
    ("醋酸泼尼松片 5mg", "早晚各1片", 5, 0.5),
    ("醋酸泼尼松片 5mg", "2片/次，3次/日", 10, 1 / 3),
    ("醋酸泼尼松片", "每次10mg，每日两次", 10, 0.5),
    ("醋酸泼尼松片 5mg", "半片 qd", 2.5, 1),
    ("骨化三醇胶丸 0.25μg", "1粒 bid", 0.00025, 0.5),
    ("维生素D3软胶囊 400IU", "每日2粒", 800, 1),
    ("维生素D3", "5万单位 每月1次", 50000, MONTH),
    ("阿仑膦酸钠片 10mg", "每周一、三、五各1片", 10, 7 / 3),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "amount", "interval"), WRITTEN, ids=lambda x: str(x)[:40])
def test_free_text(chart_of: Reader, name: str, text: str, amount: float | None, interval: float | None) -> None:
    found = read_dosing(chart_of, name, {"text": text})
    assert found is not None
    if amount is None:
        assert (found.readable, found.daily) == (False, None)
        return
    assert found.readable
    assert found.amount == pytest.approx(amount)
    assert found.every_days == (None if interval is None else pytest.approx(interval))


@pytest.mark.parametrize(
    "text",
    [
        "as directed",
        "遵医嘱",
        "1-2 tablets daily",
        "每次1至2片，每日1次",
        "10 mg daily for 5 days, then 5 mg daily",
        "每日30mg，逐渐减量",
        "5 mg daily or 70 mg weekly",
        "1 tablet biweekly",
        "do not take daily; 1 tablet",
        "1 tablet Mon Wed Fri",
        "0.5 mg/kg daily",
        "2 tablets",
    ],
)
def test_what_cannot_be_read_is_not_guessed(chart_of: Reader, text: str) -> None:
    found = read_dosing(chart_of, "prednisone", {"text": text})
    assert found is not None
    assert (found.readable, found.daily) == (False, None)


STRUCTURED = [
    (ALENDRONATE, {**dose(70, "mg"), **every(1, "wk")}, 70, 7),
    (ALENDRONATE, {**dose(0.07, "g"), **every(7, "d")}, 70, 7),
    (ALENDRONATE, {**dose(1, code="{pill}"), **every()}, 70, 1),
    (ALENDRONATE, {**dose(1, code="{pill}"), **every(frequency=2)}, 70, 0.5),
    (ALENDRONATE, {**dose(1, code="{pill}"), **every(frequency=3)}, 70, 1 / 3),
    (ALENDRONATE, {**dose(1), **every()}, 70, 1),
    (ALENDRONATE, {**dose(1, "tablet"), **every(168, "h")}, 70, 7),
    (ALENDRONATE, {**dose(1, "{tbl}"), "timing": {"repeat": {"dayOfWeek": ["mon"]}}}, 70, 7),
    (ALENDRONATE, {**dose(1, "片"), **every(1, "wk", dayOfWeek=["mon"])}, 70, 7),
    (ALENDRONATE, {**dose(1, "{tbl}"), **every(1, "d", dayOfWeek=["mon"])}, 70, 7),
    (ALENDRONATE, {**dose(1, "{tbl}"), "timing": {"code": {"coding": [{"code": "QW"}]}}}, 70, 7),
    (ALENDRONATE, {**dose(1, "{tbl}"), "timing": {"code": {"text": "once weekly"}}}, 70, 7),
    (ALENDRONATE, {**dose(70, "mg"), "text": "1 tablet every week"}, 70, 7),
    (ALENDRONATE, {**every(1, "wk"), "text": "1 tablet every week"}, 70, 7),
    ("prednisone 5 mg", {**dose(5, "mg"), "timing": {"code": {"coding": [{"code": "BID"}]}}}, 5, 0.5),
    ("prednisone 5 mg", {**dose(5, "mg"), "timing": {"code": {"coding": [{"code": "TID"}]}}}, 5, 1 / 3),
    ("prednisone 5 mg", {**dose(5, "mg"), "timing": {"code": {"coding": [{"code": "QID"}]}}}, 5, 0.25),
    ("prednisone 5 mg", {**dose(5, "mg"), "timing": {"code": {"coding": [{"code": "QOD"}]}}}, 5, 2),
    ("prednisone 5 mg", {**dose(5, "mg"), "timing": {"code": {"coding": [{"code": "Q8H"}]}}}, 5, 1 / 3),
    ("prednisone 5 mg", {**dose(5, "mg"), "timing": {"repeat": {"when": ["MORN", "HS"]}}}, 5, 0.5),
    ("prednisone 5 mg", {**dose(5, "mg"), "timing": {"repeat": {"timeOfDay": ["08:00:00"]}}}, 5, 1),
    ("Prolia", {**dose(1, "syringe"), **every(6, "mo")}, 60, 6 * MONTH),
    ("Prolia", {**dose(60, "mg"), "timing": {"code": {"coding": [{"code": "Q6MO"}]}}}, 60, 6 * MONTH),
    ("1 ML denosumab 60 MG/ML Prefilled Syringe", {**dose(1, "mL"), **every(6, "mo")}, 60, 6 * MONTH),
    ("zoledronic acid 5 mg/100 mL", {**dose(5, "mg"), **every(1, "a")}, 5, 12 * MONTH),
    ("zoledronic acid 5 mg/100 mL", {**dose(100, "mL"), "timing": {"repeat": {"count": 1}}}, 5, None),
    ("teriparatide", {**dose(20, "μg"), **every()}, 0.02, 1),
    ("vitamin D3", {**dose(800, code="[iU]"), **every()}, 800, 1),
    ("vitamin D3 400 IU", {**dose(2, "capsule"), **every()}, 800, 1),
    ("calcitonin", {**dose(100, "IU"), **every()}, 100, 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "instruction", "amount", "interval"), STRUCTURED)
def test_structured(chart_of: Reader, name: str, instruction: dict[str, Any], amount: float, interval: float | None) -> None:
    found = read_dosing(chart_of, name, instruction)
    assert found is not None
    assert found.readable
    assert found.amount == pytest.approx(amount)
    assert found.every_days == (None if interval is None else pytest.approx(interval))


@pytest.mark.parametrize(
    ("name", "instruction"),
    [
        (ALENDRONATE, {**dose(70), **every(1, "wk")}),
        (ALENDRONATE, {**dose(1, "applicator"), **every(1, "wk")}),
        (ALENDRONATE, {**dose(70, "mg"), **every(1, "fortnight")}),
        (ALENDRONATE, {**dose(70, "mg"), **every(1, "wk"), "text": "1 tablet daily"}),
        (ALENDRONATE, {**dose(70, "mg"), **every(1, "wk", frequencyMax=2)}),
        (ALENDRONATE, {**dose(70, "mg"), **every(1, "wk", dayOfWeek=["mon", "wed", "fri"])}),
        ("alendronate", {**dose(1, "tablet"), **every(1, "wk")}),
        ("Forteo 600 mcg/2.4 mL pen", {**dose(1, "pen"), **every()}),
        ("calcitonin", {**dose(1, "spray"), **every()}),
        (ALENDRONATE, {"doseAndRate": [{"doseRange": {"low": {"value": 1}, "high": {"value": 2}}}], **every()}),
    ],
)
def test_structure_that_cannot_be_read(chart_of: Reader, name: str, instruction: dict[str, Any]) -> None:
    found = read_dosing(chart_of, name, instruction)
    assert found is not None
    assert (found.readable, found.daily) == (False, None)


@pytest.mark.parametrize(
    ("name", "instruction", "daily"),
    [
        ("calcium 600 mg tablet", dose(1, "tablet"), 600),
        ("Calcium 500 MG / Cholecalciferol 200 UNT Oral Tablet", dose(1, "{tbl}"), 500),
        ("calcium carbonate 1250 mg", dose(1, "tablet"), 500),
        ("calcium carbonate 1500 mg (600 mg elemental calcium)", dose(2, "tablet"), 1200),
        ("calcium carbonate 1250 MG (calcium 500 MG) Oral Tablet", dose(1250, "mg"), 500),
        ("calcium citrate 950 mg", dose(2, "tablet"), 399),
        ("calcium citrate 1000 mg (calcium 210 mg)", dose(1, "tablet"), 210),
        ("钙尔奇 碳酸钙D3片 600mg", dose(1, "片"), 600),
        ("碳酸钙片 1.25g", dose(1, "片"), 500),
        ("碳酸钙D3片（每片含钙300mg）", dose(2, "片"), 600),
        ("calcium carbonate 600 mg", dose(1, "tablet"), None),
        ("碳酸钙片 0.5g", dose(1, "片"), None),
        ("calcium gluconate 500 mg", dose(1, "tablet"), None),
        ("calcium supplement", dose(600, "mg"), 600),
        ("calcium carbonate", dose(1250, "mg"), 500),
    ],
)
def test_calcium_counts_as_the_element(chart_of: Reader, name: str, instruction: dict[str, Any], daily: float | None) -> None:
    found = read_dosing(chart_of, name, {**instruction, **every()})
    assert found is not None
    assert found.daily == (None if daily is None else pytest.approx(daily))
    assert found.readable is (daily is not None)


@pytest.mark.parametrize(
    ("more", "days"),
    [
        (every(boundsDuration={"value": 3, "unit": "mo", "code": "mo"}), 3 * MONTH),
        (every(boundsDuration={"value": 2, "code": "wk"}), 14),
        (every(boundsPeriod={"start": "2026-01-15", "end": "2026-01-24"}), 10),
        (every(2, count=5), 10),
        ({**every(), "text": "1 tablet daily for 10 days"}, 10),
        ({"text": "每日1片 共7天"}, 7),
        (every(), None),
    ],
)
def test_how_long(chart_of: Reader, more: dict[str, Any], days: float | None) -> None:
    found = read_dosing(chart_of, "prednisone 5 mg", {**dose(5, "mg"), **more})
    assert found is not None
    assert found.days == (None if days is None else pytest.approx(days))


def test_how_long_by_supply(chart_of: Reader) -> None:
    supply = {"expectedSupplyDuration": {"value": 30, "unit": "days"}, "numberOfRepeatsAllowed": 2}
    found = read_dosing(chart_of, "prednisone 5 mg", {**dose(5, "mg"), **every()}, dispenseRequest=supply)
    assert found is not None
    assert found.days == 90


CONTINUOUS = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy", "code": "continuous"}]
}


@pytest.mark.parametrize(
    ("instruction", "more", "long_term"),
    [
        ({"text": "5 mg daily, long-term"}, {}, True),
        ({"text": "5 mg daily", "patientInstruction": "long term"}, {}, True),
        ({"text": "每日5mg，长期服用"}, {}, True),
        ({"text": "5 mg daily"}, {"courseOfTherapyType": CONTINUOUS}, True),
        ({"text": "5 mg daily, not long-term"}, {}, False),
        ({"text": "每日5mg，不可长期服用"}, {}, False),
        ({"text": "5 mg daily"}, {}, False),
    ],
)
def test_what_goes_on_for_long(chart_of: Reader, instruction: dict[str, Any], more: dict[str, Any], long_term: bool) -> None:
    found = read_dosing(chart_of, "prednisone 5 mg", instruction, **more)
    assert found is not None
    assert found.long_term is long_term


def test_several_instructions(chart_of: Reader) -> None:
    morning = {**dose(10, "mg"), **every()}
    evening = {**dose(5, "mg"), **every()}
    assert read_dosing(chart_of, "prednisone", morning, evening) == Dosing(15, "mg", 1, route="")
    assert read_dosing(chart_of, "prednisone", evening, evening) == Dosing(5, "mg", 0.5, route="")
    first = {**morning, "sequence": 1, **every(boundsDuration={"value": 7, "code": "d"})}
    second = {**evening, "sequence": 2, **every(boundsDuration={"value": 7, "code": "d"})}
    found = read_dosing(chart_of, "prednisone", first, second)
    assert found is not None
    assert (found.readable, found.daily, found.days) == (False, None, 14)


def bounded(start: str, end: str) -> dict[str, Any]:
    return every(boundsPeriod={"start": start, "end": end})


TEN, FIVE = dose(10, "mg"), dose(5, "mg")


@pytest.mark.parametrize(
    ("first", "second", "daily", "days"),
    [
        ({**TEN, **every(), "sequence": 1}, {**FIVE, **every(), "sequence": 2}, None, None),
        ({**TEN, **every()}, {**FIVE, **every(), "text": "then 5 mg daily"}, None, None),
        ({"text": "10 mg daily for 7 days"}, {"text": "THEN 5 mg daily for 14 days"}, None, 21),
        ({"text": "每日10mg 共7天"}, {"text": "然后改为每日5mg 共7天"}, None, 14),
        ({**TEN, **bounded("2026-01-15", "2026-01-21")}, {**FIVE, **bounded("2026-01-22", "2026-01-28")}, None, 14),
        ({**FIVE, **bounded("2026-01-15", "2026-01-21")}, {**FIVE, **bounded("2026-01-22", "2026-01-28")}, 5, 14),
        ({"text": "5 mg daily for 7 days"}, {"text": "then 5 mg daily for 7 days"}, 5, 14),
        # side by side
        ({**TEN, **every(), "sequence": 1}, {**FIVE, **every(), "sequence": 1}, 15, None),
        ({**TEN, **every()}, {**FIVE, **every(), "text": "5 mg daily"}, 15, None),
        ({**TEN, **bounded("2026-01-15", "2026-01-21")}, {**FIVE, **bounded("2026-01-15", "2026-01-21")}, 15, 7),
        ({**TEN, **bounded("2026-01-15", "2026-01-21")}, {**FIVE, **every()}, 15, 7),
    ],
)
def test_steps_that_follow_each_other_are_never_added_up(
    chart_of: Reader, first: dict[str, Any], second: dict[str, Any], daily: float | None, days: float | None
) -> None:
    found = read_dosing(chart_of, "prednisone", first, second)
    assert found is not None
    assert (found.readable, found.daily, found.days) == (daily is not None, daily, days)


@pytest.mark.parametrize(
    ("dosages", "steps"),
    [
        (({**FIVE, **every(), "sequence": 2}, {**TEN, **every(), "sequence": 1}), [(10, None), (5, None)]),
        (
            ({**FIVE, **bounded("2026-01-22", "2026-01-28")}, {**TEN, **bounded("2026-01-15", "2026-01-21")}),
            [(10, 7), (5, 7)],
        ),
        (({"text": "10 mg daily for 7 days, then 5 mg daily"},), [(10, 7), (5, None)]),
        (({"text": "10 mg daily for 7 days; 5 mg daily for 14 days"},), [(10, 7), (5, 14)]),
        (({"text": "每日10mg 共7天，然后每日5mg 共14天"},), [(10, 7), (5, 14)]),
        (({"text": "10 mg daily; 5 mg daily"},), []),
        (({"text": "10 mg daily for 7 days, then as directed"},), []),
        (({"text": "10 mg daily for 7 days, then stop for 7 days"},), []),
        (({**TEN, **every(), "text": "10 mg daily for 7 days, then 5 mg daily"},), []),
    ],
)
def test_a_taper_is_read_step_by_step(
    chart_of: Reader, dosages: tuple[dict[str, Any], ...], steps: list[tuple[float, float | None]]
) -> None:
    found = read_dosing(chart_of, "prednisone", *dosages)
    assert found is not None
    assert [(step.daily, step.days) for step in found.steps] == steps


@pytest.mark.parametrize(
    ("more", "as_needed"),
    [
        ({"asNeededBoolean": True}, True),
        ({"asNeededBoolean": "true"}, True),
        ({"asNeededBoolean": False}, False),
        ({"asNeededCodeableConcept": {"text": "pain"}}, True),
        ({"asNeeded": True}, True),
        ({"asNeededFor": [{"text": "pain"}]}, True),
        ({"asNeededFor": []}, False),
        ({"text": "5 mg daily PRN"}, True),
        ({"text": "每日1次 每次5mg 必要时"}, True),
        ({"text": "5 mg daily"}, False),
        ({}, False),
    ],
)
def test_what_is_taken_when_needed_has_no_daily_dose(chart_of: Reader, more: dict[str, Any], as_needed: bool) -> None:
    found = read_dosing(chart_of, "prednisone 5 mg", {**FIVE, **every(), **more})
    assert found is not None
    assert (found.as_needed, found.amount, found.daily) == (as_needed, 5, None if as_needed else 5)


@pytest.mark.parametrize(
    ("name", "instruction", "route"),
    [
        ("prednisone", {"route": {"coding": [{"system": SNOMED, "code": "26643006"}]}}, "oral"),
        ("denosumab", {"route": {"coding": [{"system": SNOMED, "code": "34206005"}]}}, "sc"),
        ("zoledronic acid", {"route": {"text": "静脉滴注"}}, "iv"),
        ("calcitonin nasal spray", {}, "nasal"),
        ("elcatonin", {"text": "10 IU im qw"}, "im"),
        (ALENDRONATE, {}, "oral"),
        ("prednisone", {}, ""),
        ("denosumab", {"text": "60 mg 皮下注射 每6个月1次"}, "sc"),
    ],
)
def test_routes(chart_of: Reader, name: str, instruction: dict[str, Any], route: str) -> None:
    found = read_dosing(chart_of, name, {**every(), **instruction})
    assert found is not None
    assert found.route == route


def test_as_needed_and_nothing_said(chart_of: Reader) -> None:
    found = read_dosing(chart_of, "prednisone 5 mg", {**dose(5, "mg"), **every(), "asNeededBoolean": True})
    assert found is not None
    assert found.as_needed
    assert read_dosing(chart_of, "prednisone 5 mg") is None
    assert read_dosing(chart_of, "prednisone 5 mg", {"route": {"text": "oral"}}) is None


def test_a_course_has_the_dosing_of_its_newest_order(chart_of: Reader) -> None:
    daily = [{**dose(70, "mg"), **every()}]
    older = medication("MedicationRequest", {"text": ALENDRONATE}, id="a", authoredOn="2025-01-01", dosageInstruction=daily)
    newer = {**older, "id": "b", "authoredOn": "2025-12-01", "dosageInstruction": [{**dose(70, "mg"), **every(1, "wk")}]}
    chart, _ = chart_of(older, newer)
    assert chart.drug_courses["alendronate"].dosing == Dosing(70, "mg", 7, route="oral")


@pytest.mark.parametrize("key", REGIMENS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_our_own_orders_are_read(chart_of: Reader, key: str, language: str) -> None:
    regimen = REGIMENS[key]
    texts = (regimen.label[language], regimen.product[language])
    count, unit = regimen.every
    timing = {"timing": {"repeat": {"count": 1}}} if regimen.once else every(count, unit, regimen.times)
    instruction = {**dose(regimen.dose, regimen.unit), **timing, "text": texts[0]}
    found = read_dosing(chart_of, texts[1], instruction)
    assert found is not None
    assert found.readable, texts
    assert found.amount is not None


@pytest.mark.parametrize(
    ("name", "text", "amount", "interval"),
    [
        ("泼尼松片 5mg", "早4片 晚2片", 30, 1),
        ("泼尼松片 5mg", "早20mg，晚10mg 口服", 30, 1),
        ("氢化可的松片 20mg", "早10mg 午5mg 晚5mg", 20, 1),
        ("泼尼松片 5mg", "早餐后2片，晚餐后2片", 10, 0.5),
        ("阿仑膦酸钠片 70mg", "早1片 晚1片", 70, 0.5),
    ],
)
def test_a_dose_in_the_morning_and_one_in_the_evening(
    chart_of: Reader, name: str, text: str, amount: float, interval: float
) -> None:
    told = read_dosing(chart_of, name, {"text": text})
    assert told is not None
    assert (told.amount, told.every_days, told.readable) == (amount, interval, True)


@pytest.mark.parametrize("text", ["早4片 晚2片，每2周减1片", "早4片 晚2片，隔日1次", "早4片，3天后晚2片", "早4片 晚2片 bid"])
def test_its_neighbors_tell_more_and_are_not_guessed(chart_of: Reader, text: str) -> None:
    told = read_dosing(chart_of, "泼尼松片 5mg", {"text": text})
    assert told is None or not told.readable
