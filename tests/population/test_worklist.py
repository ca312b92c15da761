"""Who is on the worklist, in which order, and what a nurse reads there."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import orjson
import pytest

from cds_service.config import Settings
from cds_service.pipeline import Evaluator
from cds_service.population import gaps, worklist
from cds_service.population.judge import Rules, evaluate
from cds_service.population.person import person
from cds_service.population.rows import Item
from cds_service.population.worklist import COLUMNS, REASONS, STATES, WORDS, cells, rank
from tests.population.conftest import TODAY, patient

OSTEOPOROSIS = ("problem osteoporosis since 2020-03-01", "T-score total-hip -2.8, T-score lumbar-spine -3.0 on 2025-12-01")
LABORATORY = (
    "creatinine 0.8 mg/dL, calcium 9.4 mg/dL (range 8.6-10.2), albumin 4.2 g/dL, 25(OH)D 34 ng/mL, height 158 cm on 2026-05-20"
)


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules(Evaluator(Settings()), TODAY)


def item(rules: Rules, *record: str, who: str = "female 72", name: str = "p1") -> Item | None:
    some = [b'{"resource":' + orjson.dumps(each) + b"}" for each in patient(name, who, *record)]
    judged = evaluate(name, some, rules)
    assert not judged.why
    return judged.item


def keys(found: Item | None) -> list[str]:
    return [gap.key for gap in found.gaps] if found else []


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("days", "key"), [(111, "fracture-new"), (112, "fracture-untreated"), (365, "fracture-untreated"), (366, "")]
)
@pytest.mark.parametrize("site", ["hip", "vertebra"])
def test_a_fracture_is_overdue_for_treatment_from_16_weeks_on_and_for_a_year(
    rules: Rules, days: int, key: str, site: str
) -> None:
    found = item(rules, f"fracture {site} on {ago(days)}", LABORATORY)
    assert [each for each in keys(found) if each.startswith("fracture-")] == ([key] if key else [])
    assert found
    assert found.fracture
    assert (found.fracture.site, cells(found, TODAY, "en")["days_since"]) == (site, days)
    if key:
        assert found.gaps[keys(found).index(key)].clock == ago(days - 112)


@pytest.mark.parametrize(
    ("who", "record"),
    [
        ("female 72", [f"zoledronate given {ago(90)}"]),
        ("female 72", [f"alendronate taken since {ago(90)}"]),
        ("female 72", [f"encounter hospice on {ago(20)}"]),
        ("female 72, deceased", []),
    ],
)
def test_a_fracture_that_is_treated_or_not_to_be_treated_has_no_clock(rules: Rules, who: str, record: list[str]) -> None:
    found = item(rules, f"fracture hip on {ago(150)}", LABORATORY, *record, who=who)
    assert not [each for each in keys(found) if each.startswith("fracture-")]


def test_other_fractures_have_no_clock(rules: Rules) -> None:
    found = item(rules, f"fracture distal-forearm on {ago(150)}", LABORATORY)
    assert not [each for each in keys(found) if each.startswith("fracture-")]


@pytest.mark.parametrize(
    ("last", "key", "overdue"),
    [
        (date(2026, 2, 1), "", None),
        (date(2025, 12, 20), "denosumab-due", None),
        (date(2025, 12, 15), "denosumab-due", None),
        (date(2025, 12, 14), "denosumab-overdue", 1),
        (date(2025, 11, 17), "denosumab-overdue", 29),
        (date(2025, 6, 15), "denosumab-overdue", 182),
        (date(2023, 6, 15), "denosumab-overdue", 913),
    ],
)
def test_denosumab_is_overdue_from_the_day_after_it_is_due(rules: Rules, last: date, key: str, overdue: int | None) -> None:
    found = item(rules, *OSTEOPOROSIS, LABORATORY, f"denosumab given 2022-06-15, 2022-12-15, {last}")
    assert [each for each in keys(found) if each.startswith("denosumab-")] == ([key] if key else [])
    if key and found:
        told = cells(found, TODAY, "en")
        assert (told["drug"], told["last_dose"], told["overdue_days"]) == ("Denosumab", last.isoformat(), overdue)
        assert found.gaps[0].key == key


def test_a_gap_that_zoledronate_has_closed_is_none(rules: Rules) -> None:
    found = item(rules, *OSTEOPOROSIS, LABORATORY, "denosumab given 2025-01-10, 2025-07-10", "zoledronate given 2026-01-12")
    assert "denosumab-overdue" not in keys(found)
    assert found is None or found.taken is None or found.taken.drug == "zoledronate"


@pytest.mark.parametrize(("begun", "ends"), [(date(2024, 7, 1), True), (date(2024, 12, 1), False)])
def test_an_anabolic_that_ends_without_a_follow_on(rules: Rules, begun: date, ends: bool) -> None:
    found = item(rules, *OSTEOPOROSIS, LABORATORY, f"teriparatide taken since {begun}")
    assert ("anabolic-ending" in keys(found)) is ends


def test_an_anabolic_past_its_end_and_one_that_was_followed(rules: Rules) -> None:
    ended = f"teriparatide taken 2024-04-01 to {ago(60)} (stopped)"
    assert "anabolic-ending" in keys(item(rules, *OSTEOPOROSIS, LABORATORY, ended))
    assert "anabolic-ending" not in keys(item(rules, *OSTEOPOROSIS, LABORATORY, ended, f"zoledronate given {ago(50)}"))


def test_a_review_of_a_bisphosphonate_or_a_holiday(rules: Rules) -> None:
    assert "holiday-review" in keys(item(rules, *OSTEOPOROSIS, LABORATORY, "alendronate taken since 2019-06-01"))
    assert "holiday-review" not in keys(item(rules, *OSTEOPOROSIS, LABORATORY, "alendronate taken since 2024-06-01"))
    assert "holiday-review" in keys(
        item(rules, *OSTEOPOROSIS, LABORATORY, "alendronate taken 2015-06-01 to 2022-06-01 (stopped)")
    )


@pytest.mark.parametrize(("record", "due"), [(["test dxa ordered 2026-06-01"], False), ([], True)])
def test_dxa_is_due_unless_it_is_ordered(rules: Rules, record: list[str], due: bool) -> None:
    found = item(rules, "problem osteoporosis since 2020-03-01", LABORATORY, "alendronate taken since 2024-06-01", *record)
    assert ("dxa-due" in keys(found)) is due
    assert found
    assert found.ordered is not due


def test_an_emergency_leads(rules: Rules) -> None:
    found = item(rules, "calcium 14.5 mg/dL on 2026-06-14 (range 8.6-10.2)", f"fracture hip on {ago(150)}")
    assert keys(found)[0] == "emergency"


def test_nobody_is_on_the_list_for_nothing(rules: Rules) -> None:
    assert item(rules, LABORATORY, who="female 40") is None


def test_what_was_assessed_counts_for_a_year(rules: Rules) -> None:
    found = item(rules, *OSTEOPOROSIS, f"Morse 30 on {ago(365)}", f"test assess-muscle done {ago(366)}")
    assert found
    assert (found.falls, found.strength) == (ago(365), None)


def test_only_what_has_a_day_has_a_clock(rules: Rules) -> None:
    """ "0 days left" would say that a day has come."""
    found = item(rules, "problem osteoporosis since 2020-03-01", LABORATORY, "alendronate taken since 2019-06-01")
    assert found
    clocks = {gap.key: gap.clock for gap in found.gaps}
    assert (clocks["dxa-due"], clocks["holiday-review"]) == (None, None)
    assert cells(found, TODAY, "en")["days_left"] is None


@pytest.mark.parametrize(
    ("language", "words"), [("en", "osteoporosis with fragility fracture"), ("zh", "骨质疏松症伴脆性骨折")]
)
def test_what_is_recommended_is_said_in_words(rules: Rules, language: str, words: str) -> None:
    found = item(rules, f"fracture hip on {ago(150)}", LABORATORY)
    assert found
    said = str(cells(found, TODAY, language)["next"])
    assert words in said
    assert not re.search(r"[a-z]-with-", said)


def test_the_order_of_the_list(rules: Rules) -> None:
    some = {
        "late": item(rules, *OSTEOPOROSIS, LABORATORY, "denosumab given 2025-06-15", name="late"),
        "later": item(rules, *OSTEOPOROSIS, LABORATORY, "denosumab given 2025-04-15", name="later"),
        "broken": item(rules, f"fracture hip on {ago(150)}", LABORATORY, name="broken"),
        "anabolic": item(rules, *OSTEOPOROSIS, LABORATORY, "teriparatide taken since 2024-07-01", name="anabolic"),
        "review": item(rules, *OSTEOPOROSIS, LABORATORY, "alendronate taken since 2019-06-01", name="review"),
        "dxa": item(
            rules, "problem osteoporosis since 2020-03-01", LABORATORY, "alendronate taken since 2024-06-01", name="dxa"
        ),
    }
    listed = [each.patient for each in sorted((each for each in some.values() if each), key=rank)]
    assert listed == ["later", "late", "broken", "anabolic", "review", "dxa"]


def test_who_it_is() -> None:
    told: dict[str, Any] = {
        "resourceType": "Patient",
        "id": "p1",
        "name": [{"use": "old", "text": "A"}, {"use": "official", "family": "Wang", "given": ["Xiu", "Ying"]}],
        "identifier": [{"value": "M1"}],
        "telecom": [{"system": "email", "value": "x"}, {"system": "phone", "value": "+86 10 1"}],
    }
    entry = b'{"resource":' + orjson.dumps(told) + b"}"
    who = person("p1", [b'{"resource":{"resourceType":"Patient","id":"p2"}}', entry])
    assert (who.name, who.identifier, who.phone) == ("Xiu Ying Wang", "M1", "+86 10 1")
    odd = b'{"resource":{"resourceType":"Patient","id":"p1","name":"Wang","telecom":{"system":"phone","value":7}}}'
    assert person("p1", [odd]).phone == "7"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_gap_and_column_has_words(rules: Rules, language: str) -> None:
    assert {f"gap.{key}" for key in gaps.ORDER} == {key for key in WORDS if key.startswith("gap.")}
    found = item(rules, *OSTEOPOROSIS, "denosumab given 2025-06-15")
    assert found
    assert tuple(cells(found, TODAY, language)) == COLUMNS
    assert {"reached", "arranged", "declined"} < {*STATES}
    assert all(worklist.say(f"reason.{key}", language) for key in REASONS)
