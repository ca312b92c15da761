"""Counted over many: months, sites, levels, what leaves the site; and a whole run."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.measure import Measure
from fhir.resources.R4B.measurereport import MeasureReport

from cards.indicators import INDICATORS, Outcome, Rates
from cards.indicators.levels import level
from cds_service.config import ConfigError
from cds_service.figures import tables
from cds_service.figures.cells import NO_PLACE, Cell, counted, identified, of_expected, share, spine_share
from cds_service.figures.measures import individual, summaries
from cds_service.figures.person import Figures, Told
from cds_service.figures.shared import suppressed
from cds_service.package.measures import measures
from cds_service.population.folder import MADE
from cds_service.site import load
from tests.indicators.grammar import record
from tests.population.conftest import went, written

DXA = "fls-dxa-12w"
AS_OF = date(2026, 3, 31)
Json = dict[str, Any]


def told(t0: date, state: Any, reason: str = "", site: str = "distal-forearm", place: str = "A", key: str = DXA) -> Figures:
    return Figures((Told(t0, site, place, outcomes={key: Outcome(state, reason)}),))


def many(states: dict[str, int], t0: date = date(2025, 1, 10), place: str = "A") -> list[Figures]:
    return [told(t0, state, "late", place=place) for state, number in states.items() for _ in range(number)]


def cell(cells: Iterable[Cell], month: str = "", place: str = "") -> Cell:
    return next(c for c in cells if (c.month, c.place) == (month, place))


def test_the_worked_example_of_completeness() -> None:
    found = cell(counted(many({"met": 30, "not-met": 11, "unknown": 9}), AS_OF))
    assert (found.known, found.people) == (41, 50)
    known = share("iof", found.known, found.people)
    assert known is not None
    assert (known.level, known.certain, round(100 * known.low), round(100 * known.high)) == ("high", False, 69, 90)
    assert level("iof", 40, 50) == "middle"
    rate = found.share
    assert rate is not None
    assert (rate.floor, rate.ceiling) == (0.6, 0.78)


def test_a_month_is_open_until_the_last_window_of_its_last_day_is_closed() -> None:
    t0, closes = date(2025, 1, 10), date(2025, 1, 31) + timedelta(days=84)
    some = many({"met": 12}, t0)
    assert cell(counted(some, closes), "2025-01").open
    assert cell(counted(some, closes), "2025-01").share is None
    assert not cell(counted(some, closes + timedelta(days=1)), "2025-01").open


def test_totals_are_sums_of_closed_months_alone() -> None:
    some = [*many({"met": 10, "unknown": 10}), *many({"met": 7, "pending": 3}, date(2026, 3, 1))]
    found = cell(counted(some, AS_OF))
    assert (found.met, found.people, found.pending) == (10, 20, 0)


def test_a_site_that_is_not_recorded_is_a_group_of_its_own() -> None:
    cells = counted([*many({"met": 1}, place="A"), *many({"met": 1}, place="")], AS_OF)
    assert {c.place for c in cells} == {"", "A", NO_PLACE}


def test_of_fewer_than_ten_there_is_no_level_and_of_nobody_no_rate() -> None:
    nine, ten = share("iof", 9, 9), share("iof", 10, 10)
    assert (nine and nine.level, ten and ten.level, share("iof", 0, 0)) == ("", "high", None)


@pytest.mark.parametrize(
    ("found", "expected", "of", "level_", "above"),
    [
        (66, 120.0, "fls-non-spine", "middle", False),
        (60, 120.0, "uk-identified", "amber", False),
        (60, 50.0, "uk-identified", "", True),
    ],
)
def test_identified_of_what_the_site_expects(found: int, expected: float, of: str, level_: str, above: bool) -> None:
    told = of_expected(of, 2025, found, expected, AS_OF)
    assert (told.share.level if told.share else "", told.above) == (level_, above)


def test_without_an_expected_number_there_is_no_rate_and_dates_decide_the_year() -> None:
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2024, 12, 31))
    some = [told(day, "met", site=site) for day in days for site in ("vertebra", "hip")]
    rows = {(each.indicator, each.year): each for each in identified(some, Rates(), AS_OF)}
    assert (rows["fls-spine", 2025].found, rows["fls-non-spine", 2025].found, rows["uk-identified", 2025].found) == (1, 1, 2)
    assert rows["fls-spine", 2025].share is None


def test_the_share_of_spine_fractures() -> None:
    for spine, colour in ((21, "green"), (9, "red"), (20, "none-published")):
        sites = ["vertebra"] * spine + ["hip"] * (100 - spine)
        found = spine_share([told(date(2025, 1, 10), "met", site=site) for site in sites])
        assert found is not None
        assert found.level == colour


def test_small_counts_are_suppressed_with_what_would_give_them_away() -> None:
    some = [*many({"met": 20}, place="A"), *many({"met": 30}, place="B"), *many({"met": 4}, place="C")]
    cells = counted(some, AS_OF)
    hidden = {place for _, month, place in suppressed(cells, 5) if month == "2025-01"}
    assert hidden == {"A", "C"}
    assert not suppressed(cells, 1)
    five = counted([*many({"met": 20}, place="A"), *many({"met": 5}, place="C")], AS_OF)
    assert not suppressed(five, 5)


def test_what_leaves_the_site_does_not_tell_of_one_by_how_or_why() -> None:
    some = [*many({"met": 20}), *many({"unknown": 19}), told(date(2025, 1, 10), "unknown", "undated")]
    assert "undated: 1" in tables.table(some, AS_OF, "en")
    assert "undated" not in (shared := tables.table(some, AS_OF, "en", 5))
    assert ",40,20,0,20," in shared


def test_few_in_the_denominator_give_away_as_much_as_few_in_the_numerator() -> None:
    cells = counted(many({"met": 46, "unknown": 4}), AS_OF)
    assert (DXA, "2025-01", "A") in suppressed(cells, 5)


def test_the_measures_and_reports_are_valid() -> None:
    for each in measures():
        Measure.model_validate(each)
    some = many({"met": 20, "unknown": 5})
    for each in individual("p1", some[0], AS_OF):
        MeasureReport.model_validate(each)
    cells = counted(some, AS_OF)
    reports = [*summaries(cells, set(), AS_OF)]
    assert len(reports) == 2  # of the site and of all
    for each in reports:
        MeasureReport.model_validate(each)
    counts = {p["code"]["coding"][0]["code"]: p["count"] for p in reports[0]["group"][0]["population"]}
    assert (counts["denominator"], counts["numerator"], counts["unknown"]) == (25, 20, 5)


def patient(name: str, *told: str) -> list[Json]:
    """A woman with these lines."""
    some = [{"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1953-01-01"}, *record(told)]
    text = json.dumps(some).replace("Patient/p1", f"Patient/{name}")
    return [each | {"id": name if each["resourceType"] == "Patient" else f"{name}-{each['id']}"} for each in json.loads(text)]


def test_a_run_counts_and_says_what_was_not_exported(folder: Path, out: Path) -> None:
    some = patient("a", "fracture hip on 2025-06-10", "test dxa done 2025-07-10", "appointment fls on 2025-08-01 (fulfilled)")
    some += patient("b", "fracture hip on 2025-06-11", "zoledronate given 2025-07-01", "zoledronate ordered 2025-06-20")
    went(written(folder, some), out, complete=False)
    told = json.loads((out / "figures.json").read_text(encoding="utf-8"))
    assert "Communication" in told["not_exported"]
    assert "Appointment" not in told["not_exported"]
    rows = {c["indicator"]: c for c in told["cells"] if c["month"] == "2025-06" and c["site"] == NO_PLACE}
    assert (rows[DXA]["met"], rows[DXA]["unknown"], rows[DXA]["why_unknown"]) == (1, 1, "not-read: 1")
    assert (rows["fls-started-16w"]["met"], rows["fls-started-16w"]["apart"]) == (1, "given: 1")
    assert (rows["fls-follow-up-16w"]["met"], rows["fls-follow-up-16w"]["why_unknown"]) == (1, "not-read: 1")
    with (out / "figures-shared.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {row["state"] for row in csv.DictReader(file)} == {"suppressed"}
    reports = [json.loads(line) for line in (out / "fhir" / "MeasureReport.ndjson").read_bytes().splitlines()]
    assert {each["type"] for each in reports} == {"individual"}
    assert {each.name for each in out.iterdir()} <= MADE  # else another run would not begin in its folder
    assert '"Patient/' not in (out / "figures.json").read_text(encoding="utf-8")


def test_a_site_chooses_and_an_expected_number_needs_its_source(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text('[figures]\nprofile = "clinical"\nexpected_spine = 40\nexpected_source = "2025, x 0.3"\n', "utf-8")
    assert load(path).figures.expected["fls-spine"] == 40
    path.write_text("[figures]\nexpected_spine = 40\n", "utf-8")
    with pytest.raises(ConfigError, match="expected_source"):
        load(path)


def test_every_indicator_has_its_words_and_says_what_a_chart_cannot_tell() -> None:
    for key, each in INDICATORS.items():
        assert all((each.name.en, each.name.zh, each.asks.en, each.asks.zh, each.cannot.en, each.cannot.zh, each.source)), key
