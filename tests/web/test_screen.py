"""The screen as data: what is drawn is what the rules know, and every card finds on it what it rests on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

import fhir_fixtures
from cards.chart import Chart, Draft
from cards.engine.catalog import all_cards
from cards.engine.checked import Result, checked
from cards.engine.findings import CRITICAL, INFO
from cards.engine.run import run
from cards.engine.trial import safety
from cards.thresholds import Thresholds
from cards.vocabulary import ANTI_OSTEOPOROSIS, DRUGS
from cds_service.casebook.cases import Case, all_cases
from cds_service.casebook.requests import request
from cds_service.casebook.runs import served, site_of
from cds_service.hooks.cards import evidence
from cds_service.hooks.request import parse
from cds_service.pipeline import View
from cds_service.web.playground.what_if import AXES, change
from cds_service.web.screen import screen
from cds_service.web.screen.lights import key_of
from cds_service.web.screen.plan import first_drug
from tests.each import for_each

Json = dict[str, Any]

TODAY = date(2026, 6, 15)
EVERY = 50
"""Beside the first cases of each card, every fiftieth: all of them are thousands."""


@cache
def told(name: str, **assumed: float) -> View:
    evaluator, _ = served()
    story = fhir_fixtures.load(name).shifted(TODAY)
    return evaluator.view(parse(json.dumps(story.request()).encode(), story.hook), "en", TODAY, change(assumed))


def of_case(case: Case, language: str = "en") -> View:
    evaluator, _ = served(site_of(case))
    body = request(case)
    return evaluator.view(parse(json.dumps(body).encode(), body["hook"]), language, case["today"])


def drawn(view: View, language: str = "en") -> Json:
    return screen(view.chart, view.findings, language, view.off)


@cache
def shown_of(name: str, language: str = "en") -> Json:
    """The screen of a story. It must not be modified."""
    return drawn(told(name), language)


def from_lines(*record: str, patient: str = "female 72", hook: str = "patient-view", today: date = TODAY) -> View:
    case = {"card": "tests-due", "name": "", "today": today, "patient": patient, "hook": hook, "record": list(record)}
    return of_case(case)


def marks(shown: Json, strip: str = "") -> Iterator[Json]:
    for group in shown["groups"]:
        for each in group["strips"]:
            if strip in ("", each["key"]):
                yield from each["marks"]


def strip_of(shown: Json, key: str) -> Json:
    return next(each for group in shown["groups"] for each in group["strips"] if each["key"] == key)


# -- what a card rests on ------------------------------------------------------------------------------------------------


def dark(view: View, language: str) -> list[str]:
    """The evidence that lights nothing."""
    shown = drawn(view, language)
    ids = {mark["id"] for mark in marks(shown)}
    told = [each for finding in view.findings for each in evidence(finding, language)]
    return [key for each in told if not (set(shown["lights"][key := key_of(each)]) & ids)]


@for_each("name", fhir_fixtures.names())
def test_all_that_a_card_of_a_story_rests_on_is_on_the_picture(name: str) -> None:
    assert dark(told(name), "en") == []


def test_all_that_any_card_rests_on_is_on_the_picture() -> None:
    lit: set[str] = set()
    for place, case in enumerate(all_cases()):
        if case["card"] in lit and place % EVERY:
            continue
        language = "zh" if place % 2 else "en"
        view = of_case(case, language)
        assert dark(view, language) == [], (case["card"], case["name"])
        lit |= {code for finding in view.findings if evidence(finding, language) for code in finding.codes}
    assert lit == all_cards().keys()


def test_a_dose_lights_itself_and_no_other() -> None:
    shown = shown_of("denosumab-missed")
    (key,) = (key for key in shown["lights"] if key.startswith("denosumab, last dose"))
    (lit,) = (mark for mark in marks(shown) if mark["id"] in shown["lights"][key])
    assert (lit["kind"], lit["date"]) == ("dose", "2025-09-12")


# -- limits ----------------------------------------------------------------------------------------------------------------


LIMITS = (
    ("t-osteoporosis", "t-score", 0.25),
    ("t-low", "t-score", 0.25),
    ("lsc-total-hip", "bmd-total-hip", 1),
    ("btm-fall-ctx", "ctx", 5),
    ("vitamin-d-deficient", "vitamin-d", 3),
    ("vitamin-d-target", "vitamin-d", 3),
    ("egfr-zoledronate", "kidney", 4),
    ("egfr-specialist", "kidney", 4),
    ("calcium-low", "calcium", 0.1),
)
RECORD = (
    "problem osteoporosis since 2023-01-01",
    "alendronate taken since 2025-01-10",
    "T-score total-hip -2.8, BMD total-hip 0.70, CTX 600 pg/mL on 2024-12-20",
    "BMD total-hip 0.71, CTX 500 pg/mL on 2026-01-10",
    "eGFR 70 mL/min/{1.73_m2}, calcium 9.2 mg/dL, 25(OH)D 34 ng/mL on 2026-06-01",
)


def limits(shown: Json, strip: str) -> list[Any]:
    found = strip_of(shown, strip)
    return [[line["at"] for line in found.get("lines", ())], [(b.get("low"), b.get("high")) for b in found.get("bands", ())]]


@pytest.mark.parametrize(("number", "strip", "by"), LIMITS)
def test_a_limit_is_drawn_where_the_number_says(number: str, strip: str, by: float) -> None:
    view = from_lines(*RECORD)
    table = view.chart.thresholds.table
    moved = Thresholds({**table, number: replace(table[number], value=table[number].value + by)})
    option = DRUGS["zoledronate"]
    chart = view.chart.with_draft(Draft("MedicationRequest/d", option)) if number == "egfr-zoledronate" else view.chart
    before = screen(chart, view.findings, "en")
    after = screen(replace(chart, thresholds=moved), view.findings, "en")
    assert limits(before, strip) != limits(after, strip)


def test_a_limit_stands_in_the_unit_of_the_record() -> None:
    view = from_lines("25(OH)D 40 nmol/L on 2026-06-01")
    labels = [line["label"] for line in strip_of(drawn(view), "vitamin-d")["lines"]]
    assert labels == ["50 deficient", "75 target"]


# -- treatment ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("second", "gaps"), [("2025-08-07", 0), ("2025-08-08", 1)])
def test_a_dose_within_the_grace_leaves_no_gap(second: str, gaps: int) -> None:
    """Six months after 10 January is 10 July; 28 days of grace end on 7 August."""
    view = from_lines(f"denosumab given 2025-01-10, {second}", today=date(2025, 12, 1))
    assert len([m for m in marks(drawn(view), "drug-denosumab") if m["kind"] == "gap"]) == gaps


@pytest.mark.parametrize(("today", "gaps"), [(date(2025, 7, 10), 0), (date(2025, 7, 11), 1)])
def test_nothing_covers_from_the_day_after_the_effect_ends(today: date, gaps: int) -> None:
    view = from_lines("denosumab given 2025-01-10", today=today)
    assert len([m for m in marks(drawn(view), "drug-denosumab") if m["kind"] == "gap"]) == gaps


def test_a_drug_that_took_over_leaves_no_gap() -> None:
    view = from_lines("denosumab given 2025-01-10", "zoledronate given 2025-07-15", today=date(2026, 1, 10))
    assert not [m for m in marks(drawn(view), "drug-denosumab") if m["kind"] == "gap"]


def test_what_is_proposed_and_what_is_on_the_desk_are_ahead_of_today() -> None:
    proposed = [m for m in marks(shown_of("denosumab-missed")) if m["kind"] == "planned"]
    drafted = [m for m in marks(shown_of("alendronate-egfr-28")) if m["kind"] == "draft"]
    assert [m["date"] for m in (*proposed, *drafted)] == ["2026-06-15"] * 2


# -- is it safe --------------------------------------------------------------------------------------------------------------


def results(chart: Chart, draft: Draft) -> dict[str, str]:
    """What order safety says of each check, the words of the screen."""
    found = [f for f in run(chart) if f.about == draft]
    (told,) = (each for each in checked(chart, found) if each.draft == draft)
    severity = {f.code: "stop" if f.indicator is CRITICAL else "ok" if f.indicator is INFO else "warn" for f in found}
    return {
        code: severity[code]
        if result is Result.FIRED
        else "unknown"
        if result is not Result.NO_OBJECTION
        else SILENT.get(code, "ok")
        for code, result in told.results.items()
    }


SILENT = {"dental-check": "ask"}
"""Checks whose silence says nothing where nobody looked: no story has a dentist's report."""
ON_THE_DESK = [each.name for each in fhir_fixtures.stories() if each.hook == "order-sign"]


@pytest.mark.parametrize("name", ON_THE_DESK)
def test_the_bar_says_of_each_draft_what_order_safety_says(name: str) -> None:
    view = told(name)
    drafts = view.chart.drafted(ANTI_OSTEOPOROSIS)
    for safe, draft in zip(drawn(view)["safe"] if drafts else (), drafts, strict=True):
        given = {check["code"]: check["result"] for check in safe["checks"] if "code" in check}
        expected = results(view.chart, draft)
        assert given == {code: expected[code] for code in given}
        values = {check["result"] for check in safe["checks"] if "code" not in check}
        for code in expected.keys() - given.keys():  # told by the values that it rests on
            assert expected[code] in ("ok", "unknown") or expected[code] in values | {"ok"}, code


@for_each("name", fhir_fixtures.names())
def test_what_is_recommended_is_nowhere_called_ruled_out(name: str) -> None:
    view = told(name)
    option = first_drug(view.findings)
    if view.chart.drafts or option is None or not option.recommended:
        return
    (safe,) = drawn(view)["safe"]
    assert "stop" not in {check["result"] for check in safe["checks"]}
    assert not [f for f in safety(view.chart, DRUGS[option.key], option.start, option.replaces) if f.indicator is CRITICAL]


@pytest.mark.parametrize(("egfr", "result"), [(34, "stop"), (35, "ok")])
def test_the_kidneys_forbid_zoledronate_on_the_desk_below_its_limit(egfr: int, result: str) -> None:
    record = [f"eGFR {egfr} mL/min/{{1.73_m2}}, calcium 9.2 mg/dL, 25(OH)D 34 ng/mL on 2026-06-01"]
    case = {"card": "bisphosphonate-renal", "name": "", "today": TODAY, "patient": "female 72", "hook": "order-sign"}
    view = of_case({**case, "record": record, "draft": ["zoledronate"]})
    (safe,) = drawn(view)["safe"]
    kidneys = safe["checks"][0]
    assert (kidneys["result"], kidneys["day"]) == (result, "1 Jun 2026")
    assert f"{egfr} mL/min" in kidneys["said"]


def test_a_value_that_is_missing_is_not_called_fine() -> None:
    (safe,) = drawn(from_lines("problem osteoporosis since 2023-01-01"))["safe"]
    values = [check for check in safe["checks"] if "code" not in check]
    assert {check["said"] for check in values} == {"none on record"}
    assert "ok" not in {check["result"] for check in values}


def test_a_critical_calcium_is_no_mere_caution() -> None:
    (safe,) = shown_of("calcium-high")["safe"]
    assert [check["result"] for check in safe["checks"] if "13.4" in check["said"]] == ["stop"]


def test_an_injection_without_a_dose_on_record_is_not_drawn_as_cover() -> None:
    assert {m["kind"] for m in marks(shown_of("denosumab-date-unknown"), "drug-denosumab")} == {"other"}


# -- what comes next ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "due", "safe"),
    [
        (date(2025, 7, 10), "Denosumab due", "Denosumab: latest day for the dose"),
        (date(2025, 7, 11), "Denosumab was due", "Denosumab: latest day for the dose"),
        (date(2025, 8, 7), "Denosumab was due", "Denosumab: latest day for the dose"),
        (date(2025, 8, 8), "Denosumab was due", "Denosumab: latest day for the dose, missed"),
    ],
)
def test_the_next_dose_and_the_last_safe_day_have_their_dates(today: date, due: str, safe: str) -> None:
    view = from_lines("denosumab given 2024-07-10, 2025-01-10", today=today)
    told = {each["date"]: each["what"] for each in drawn(view)["next"] if "date" in each}
    assert (told["2025-07-10"], told["2025-08-07"]) == (due, safe)


def test_what_lies_ahead_is_sorted_by_day_and_late_days_are_marked() -> None:
    following = shown_of("denosumab-missed")["next"]
    dated = [each["date"] for each in following if "date" in each]
    assert dated == sorted(dated)
    assert {each["date"] for each in following if each.get("tone") == "bad"} == {"2026-03-12", "2026-04-09"}


def test_the_effect_ends_where_no_other_dose_is_to_come() -> None:
    words = {each["what"] for each in shown_of("denosumab-sixteen-doses")["next"]}
    assert "Denosumab: effect ends" in words
    assert "Denosumab due" not in words


def test_the_longest_course_of_a_drug_ends_on_a_day() -> None:
    told = {each["what"] for each in drawn(from_lines("teriparatide taken since 2025-01-10"))["next"]}
    assert "Teriparatide: longest course ends" in told


# -- what if -----------------------------------------------------------------------------------------------------------------


def opened(client: FlaskClient, **asked: Any) -> Any:
    answer = client.post("/playground/open", json=asked)
    assert answer.status_code == 200
    return answer.json


def test_an_assumed_value_changes_the_answer_and_records_nothing(client: FlaskClient) -> None:
    said = {
        egfr: opened(client, fixture="denosumab-missed", assumed={"egfr": egfr})["imagined"]["cards"][0]["detail"]
        for egfr in (34, 35)
    }
    assert "Zoledronate: eGFR 34" in said[34]
    assert "Zoledronate: eGFR" not in said[35]
    assert "imagined" not in opened(client, fixture="denosumab-missed")


@pytest.mark.parametrize("axis", sorted(AXES))
def test_the_answer_is_another_one_on_each_side_of_a_turn(client: FlaskClient, axis: str) -> None:
    name = "denosumab-due" if axis == "day" else "denosumab-missed" if axis == "egfr" else "man-untreated"
    found = client.post("/playground/turns", json={"fixture": name, "axis": axis}).json["turns"]
    assert found
    for turn in found:
        back = AXES[axis].step * (1 if "lower" in turn["said"] else -1)
        before, after = (opened(client, fixture=name, assumed={axis: at}) for at in (round(turn["at"] + back, 4), turn["at"]))
        assert [_gist(each) for each in (before,)] != [_gist(each) for each in (after,)], turn


def _gist(answer: Json) -> Any:
    cards = [(c["source"]["topic"]["code"], c["indicator"]) for c in answer["imagined"]["cards"]]
    labels = {s["label"] for card in answer["imagined"]["cards"] for s in card.get("suggestions", ())}
    head = [re.sub(r"\d[\d.]*", "", card["summary"]) for card in answer["imagined"]["cards"][:1]]
    return (
        head,
        sorted(cards),
        [each.get("drug") for each in answer["screen"]["safe"]],
        sorted(labels),
        answer["screen"]["order"],
    )


def test_a_later_day_is_the_same_as_the_service_says_on_that_day(client: FlaskClient) -> None:
    evaluator, _ = served()
    story = fhir_fixtures.load("denosumab-due").shifted(TODAY)
    call = parse(json.dumps(story.request()).encode(), story.hook)
    then = evaluator.evaluate(call, "en", TODAY + timedelta(days=90)).response["cards"]
    imagined = opened(client, fixture="denosumab-due", assumed={"day": 90})["imagined"]["cards"]
    assert [card["summary"] for card in imagined] == [card["summary"] for card in then]


@pytest.mark.parametrize("assumed", [{"egfr": 4}, {"egfr": 121}, {"weight": 60}, {"t": "x"}, [1], "x", {"egfr": None}])
def test_what_cannot_be_assumed_is_refused(client: FlaskClient, assumed: Any) -> None:
    answer = client.post("/playground/open", json={"fixture": "healthy", "assumed": assumed})
    assert answer.status_code == 400
    assert client.post("/playground/turns", json={"fixture": "healthy", "axis": "weight"}).status_code == 400


@pytest.mark.parametrize(("ctx", "tone"), [(280, "good"), (281, "bad")])
def test_a_goal_that_is_met_is_not_red(ctx: int, tone: str) -> None:
    shown = drawn(from_lines("denosumab given 2025-01-10, 2025-07-10", f"CTX {ctx} pg/mL on 2026-05-01"))
    assert [line["tone"] for line in strip_of(shown, "ctx")["lines"] if "goal" in line["label"]] == [tone]


def test_a_marker_without_anything_to_hold_it_against_says_so() -> None:
    shown = drawn(from_lines("CTX 210 pg/mL on 2026-05-01"))
    assert strip_of(shown, "ctx")["newest"] == "no range or baseline on record"
