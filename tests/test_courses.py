"""Courses from what records say: which entry ends them, what a dispense speaks of, and when the current one began."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cards.chart import Course, Exposure, facts
from cards.definitions.courses import build
from cards.thresholds import shipped
from cards.vocabulary import DRUGS

TODAY = date(2026, 6, 15)
BEGUN = date(2024, 1, 1)


def said(kind: str, status: str, start: date = BEGUN, drug: str = "alendronate", **more: Any) -> Exposure:
    return Exposure(DRUGS[drug], kind, status, start=start, **more)


def course(*exposures: Exposure, today: date = TODAY) -> Course:
    return build(shipped().shared, exposures, {}, today)["alendronate"]


PRESCRIBED = said("request", "completed", supply_days=84)
DISPENSED = said("dispense", "completed", supply_days=90)
SWITCHED = said("request", "active", date(2024, 11, 1), "raloxifene")


@pytest.mark.parametrize(
    ("exposures", "end", "assumed"),
    [
        ((said("statement", "stopped", end=date(2024, 2, 1)), DISPENSED, SWITCHED), date(2024, 2, 1), ""),
        ((PRESCRIBED, DISPENSED, SWITCHED), date(2024, 3, 31), "dispensed"),
        ((PRESCRIBED, SWITCHED), date(2024, 3, 25), "supply"),
        ((said("request", "completed"), SWITCHED), date(2024, 10, 31), "next-drug"),
        ((said("statement", "completed", authored=date(2024, 9, 1)), SWITCHED), date(2024, 10, 31), "next-drug"),
        ((said("statement", "completed", authored=date(2024, 9, 1)),), date(2024, 9, 1), "asserted"),
        ((said("request", "completed", authored=date(2024, 9, 1)),), date(2025, 1, 1), "order"),
    ],
)
def test_an_end_that_is_not_on_record_is_assumed_in_the_order_of_the_specification(
    exposures: tuple[Exposure, ...], end: date, assumed: str
) -> None:
    found = course(*exposures)
    assert (found.end or found.last_dose, found.end_assumed) == (end, assumed)
    told = facts.stopped(found).note
    assert (told is not None and told.en.startswith("end assumed")) == bool(assumed), "and said on every card that names it"


@pytest.mark.parametrize(("today", "end"), [(date(2024, 12, 31), date(2024, 12, 31)), (date(2025, 1, 2), date(2025, 1, 1))])
def test_an_order_runs_a_year_and_never_beyond_today(today: date, end: date) -> None:
    assert course(said("request", "completed"), today=today).last_dose == end


@pytest.mark.parametrize(
    ("status", "covered"), [("active", date.max), ("completed", date(2024, 3, 31)), ("cancelled", date(2024, 3, 31))]
)
def test_what_was_ordered_after_the_last_dispense_counts_by_itself(status: str, covered: date) -> None:
    """A completed order has used up what it says, not what was dispensed before."""
    found = course(DISPENSED, said("request", status, date(2024, 1, 16), supply_days=30))
    assert found.covered_until == covered


@pytest.mark.parametrize(("day", "until"), [(date(2024, 3, 31), date(2024, 3, 31)), (date(2024, 4, 1), None)])
def test_the_supply_bounds_the_refill_of_what_was_ordered_while_it_lasted(day: date, until: date | None) -> None:
    found = course(DISPENSED, said("request", "active", day))
    assert (found.supply_until, found.covered_until) == (until, date.max)


@pytest.mark.parametrize(("day", "months"), [(date(2024, 12, 15), 0), (date(2024, 12, 14), 18)])
def test_an_old_order_after_an_older_dispense_is_not_confirmed(day: date, months: int) -> None:
    assert course(DISPENSED, said("request", "active", day)).unconfirmed == months


@pytest.mark.parametrize(("again", "current"), [(date(2025, 2, 1), date(2025, 2, 1)), (date(2025, 1, 31), BEGUN)])
def test_a_pause_of_a_year_starts_the_course_anew(again: date, current: date) -> None:
    first = said("statement", "stopped", end=date(2024, 2, 1))
    found = course(first, said("statement", "active", again))
    assert (found.start, found.current_start, found.resumed) == (BEGUN, current, current != BEGUN)


def test_of_a_restart_in_some_month_both_ends_of_it_are_known() -> None:
    first = said("statement", "stopped", end=date(2024, 2, 1))
    found = course(first, said("statement", "active", date(2025, 3, 1), latest=date(2025, 3, 31)))
    assert (found.current_start, found.current_start_at_latest) == (date(2025, 3, 1), date(2025, 3, 31))


@pytest.mark.parametrize(("again", "resumed"), [(date(2026, 1, 1), True), (date(2025, 12, 31), False)])
def test_a_pause_of_an_infusion_begins_when_it_has_worn_off(again: date, resumed: bool) -> None:
    doses = (said("administration", "completed", day, "zoledronate") for day in (BEGUN, again))
    assert build(shipped().shared, doses, {}, TODAY)["zoledronate"].resumed is resumed


def depot(kind: str, status: str, start: date, **more: Any) -> Exposure:
    return said(kind, status, start, "leuprorelin", **more)


def of_depots(*exposures: Exposure, today: date = TODAY) -> Course:
    return build(shipped().shared, exposures, {}, today)["leuprorelin"]


HANDED = depot("dispense", "completed", date(2026, 5, 1), supply_days=84)
GIVEN = depot("administration", "completed", date(2026, 5, 10), supply_days=84, strength_mg=11.25)


@pytest.mark.parametrize(
    ("exposures", "covered"),
    [
        ((HANDED,), date(2026, 7, 24)),
        ((GIVEN,), date(2026, 8, 2)),
        ((HANDED, GIVEN), date(2026, 8, 2)),
        ((depot("dispense", "completed", date(2025, 5, 1), supply_days=84), GIVEN), date(2026, 8, 2)),
        ((depot("request", "active", date(2025, 4, 20)), HANDED, GIVEN), date(2026, 8, 2)),
        ((GIVEN, depot("dispense", "completed", date(2026, 6, 1), supply_days=84)), date(2026, 8, 24)),
        (
            (depot("administration", "completed", date(2026, 1, 20), supply_days=168, strength_mg=45.0), HANDED),
            date(2026, 7, 24),
        ),
        (
            (depot("administration", "completed", date(2026, 2, 20), supply_days=168, strength_mg=45.0), HANDED),
            date(2026, 8, 7),
        ),
    ],
)
def test_a_depot_works_from_the_day_it_is_given_whenever_it_was_dispensed(
    exposures: tuple[Exposure, ...], covered: date
) -> None:
    """And one that was dispensed alone, from that day."""
    assert of_depots(*exposures).covered_until == covered


@pytest.mark.parametrize(
    ("exposures", "covered"),
    [
        ((depot("request", "stopped", date(2026, 3, 1), end=date(2026, 5, 20)), GIVEN), date(2026, 8, 2)),
        ((depot("request", "stopped", date(2026, 3, 1), end=date(2026, 5, 20)), HANDED, GIVEN), date(2026, 8, 2)),
        ((depot("request", "stopped", date(2026, 3, 1)), GIVEN), date(2026, 8, 2)),
        ((depot("request", "stopped", date(2025, 3, 1), end=date(2026, 5, 20)), HANDED), date(2026, 5, 20)),
    ],
)
def test_what_was_injected_works_on_after_the_stop(exposures: tuple[Exposure, ...], covered: date) -> None:
    """Nobody takes a depot out again; what was only dispensed is not used."""
    found = of_depots(*exposures)
    assert (found.stopped, found.active, found.covered_until) == (True, False, covered)


def test_a_stop_before_the_depot_was_given_is_none() -> None:
    found = of_depots(depot("statement", "stopped", date(2026, 1, 1), end=date(2026, 4, 20)), GIVEN)
    assert (found.stopped, found.covered_until) == (False, date(2026, 8, 2))


def test_tablets_ordered_again_after_an_old_dispense_count_by_their_order() -> None:
    found = course(DISPENSED, said("request", "active", date(2026, 1, 10)))
    assert (found.active, found.covered_until, found.supply_until) == (True, date.max, None)
    assert found.spans == ((BEGUN, date(2024, 3, 31)), (date(2026, 1, 10), TODAY))


@pytest.mark.parametrize(
    ("exposures", "covered", "supply"),
    [
        ((said("request", "stopped", end=date(2024, 2, 1)), DISPENSED), date(2024, 2, 1), date(2024, 3, 31)),
        ((said("request", "stopped", end=date(2024, 6, 1)), DISPENSED), date(2024, 3, 31), date(2024, 3, 31)),
        ((said("request", "stopped"), DISPENSED), date(2024, 3, 31), date(2024, 3, 31)),
        ((DISPENSED, said("request", "stopped", date(2025, 9, 1), end=date(2026, 5, 1))), date(2026, 5, 1), None),
        ((DISPENSED, said("request", "stopped", date(2025, 9, 1))), None, None),
    ],
)
def test_tablets_that_were_stopped_cover_nobody_beyond_the_stop_or_the_supply(
    exposures: tuple[Exposure, ...], covered: date | None, supply: date | None
) -> None:
    found = course(*exposures)
    assert (found.stopped, found.covered_until, found.supply_until) == (True, covered, supply)


# -- an entry whose status is not known -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["statement", "request"])
def test_an_unknown_status_is_taken_for_active_and_said(kind: str) -> None:
    found = course(said(kind, "unknown"))
    assert (found.active, found.stopped, found.unsure) == (True, False, True)
    note = facts.taken(found).note
    assert note is not None
    assert note.en == "status of the record unknown"
    assert not course(said(kind, "unknown"), said(kind, "active")).unsure


def test_an_unknown_status_says_nothing_against_a_stop_that_is_on_record() -> None:
    stopped = said("statement", "stopped", end=date(2025, 1, 1))
    assert course(stopped, said("statement", "unknown", start=None)).stopped


# -- one entry has it as taken, another as stopped ---------------------------------------------------------------------


BEGAN, LATER = date(2025, 1, 1), date(2025, 3, 1)


@pytest.mark.parametrize(
    ("taken", "stop", "disputed"),
    [
        (said("statement", "active", BEGAN), said("request", "stopped", BEGAN), True),
        (said("statement", "active", BEGAN), said("request", "stopped", LATER), True),
        (said("request", "active", BEGAN), said("request", "stopped", BEGAN), True),
        (said("statement", "active", BEGAN), said("statement", "stopped", BEGAN), True),
        (said("request", "active", BEGAN), said("request", "stopped", LATER), False),
        (said("statement", "active", BEGAN), said("statement", "stopped", LATER), False),
        (said("statement", "active", BEGAN), said("request", "stopped", BEGAN, end=LATER), False),
        (said("statement", "active", BEGAN), said("statement", "stopped", BEGAN, end=LATER), False),
        (said("statement", "unknown", BEGAN), said("request", "stopped", BEGAN), False),
    ],
)
def test_a_stop_that_nothing_dates_is_not_trusted_beside_an_entry_that_has_the_drug_as_taken(
    taken: Exposure, stop: Exposure, disputed: bool
) -> None:
    for entries in ((taken, stop), (stop, taken)):
        found = course(*entries)
        assert (bool(found.disputed), found.active, found.stopped) == (disputed, disputed, not disputed)
        note = facts.taken(found).note
        assert (note is not None and "as stopped" in note.en) is disputed


def test_what_was_taken_up_again_after_the_stop_is_not_disputed() -> None:
    found = course(said("request", "stopped", BEGAN), said("statement", "active", LATER))
    assert (found.disputed, found.active, found.stopped) == ("", True, False)


def courses(*exposures: Exposure) -> dict[str, Course]:
    return build(shipped().shared, exposures, {}, TODAY)


LAST_DOSE = said("administration", "completed", date(2025, 10, 10), "denosumab")


def test_a_dose_of_unknown_status_is_a_dose_where_no_other_is_on_record() -> None:
    only = courses(said("administration", "unknown", date(2025, 10, 10), "denosumab"))["denosumab"]
    assert (only.last_dose, only.unsure) == (date(2025, 10, 10), True)


@pytest.mark.parametrize(
    ("kind", "drug"), [("statement", "alendronate"), ("administration", "denosumab"), ("administration", "zoledronate")]
)
def test_what_may_or_may_not_have_been_given_closes_no_gap_after_denosumab(kind: str, drug: str) -> None:
    found = courses(LAST_DOSE, said(kind, "unknown", date(2026, 4, 1), drug))
    assert found.keys() == {"denosumab"}
    assert found["denosumab"].last_dose == date(2025, 10, 10)
