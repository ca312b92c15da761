"""A quiet year raises no alarm; a card or code that breaks raises one within seven days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cds_service.drift.limits import GONE, LIMIT, LOUD, SILENT, Line, Watched, alarms, deviation, limits
from cds_service.store.seen import CALL, CARD, CODE, Series
from tests.drift.simulated import FIRST, broken, usual, year

DAYS = 365
BREAK = FIRST + timedelta(days=200)


@pytest.fixture(scope="module")
def quiet() -> Series:
    """400 calls on a working day, some 110,000 in the year; 100 cards and 150 codes."""
    return year(1, DAYS, usual())


def replayed(series: Series, begin: date, days: int) -> list[tuple[date, Line]]:
    """The alarms of each day, as they would have been raised at its end."""
    watched = Watched(series)
    every = (begin + timedelta(days=number) for number in range(days))
    return [(day, line) for day in every for line in alarms(watched.judged(day))]


def test_a_quiet_year_raises_no_alarm(quiet: Series) -> None:
    assert 90_000 < sum(sum(some.values()) for some in quiet[CALL, ""].values()) < 130_000
    assert replayed(quiet, FIRST, DAYS) == []


@pytest.mark.parametrize("seed", range(2, 5))
def test_nor_does_another_one_in_which_counts_vary_more(seed: int) -> None:
    assert replayed(year(seed, DAYS, usual(seed, 40, 60), spread=0.5), FIRST, DAYS) == []


def before(series: Series, kind: str) -> list[Line]:
    """The week before the break."""
    return [line for line in Watched(series).table(BREAK - timedelta(days=1)) if line.kind == kind]


def alarm_of(series: Series, kind: str, key: str) -> set[str]:
    """The alarms of one card or code in the seven days after the break."""
    alone = {what: some for what, some in series.items() if what in ((CALL, ""), (kind, key))}
    return {line.alarm for _, line in replayed(alone, BREAK, 7)}


@pytest.mark.parametrize(("kind", "alarm"), [(CARD, SILENT), (CODE, GONE)])
def test_what_falls_silent_raises_an_alarm_within_seven_days(quiet: Series, kind: str, alarm: str) -> None:
    """Every one that the page says is watched."""
    watched = [line for line in before(quiet, kind) if line.watched]
    assert len(watched) > 30
    for line in watched:
        assert alarm_of(broken(quiet, (kind, line.key), BREAK, 0), kind, line.key) == {alarm}, line


@pytest.mark.parametrize(("factor", "alarm", "least", "found"), [(3.0, LOUD, 60, 1.0), (0.2, SILENT, 120, 0.8)])
def test_a_moved_limit_raises_one_where_a_card_comes_often_enough(
    quiet: Series, factor: float, alarm: str, least: float, found: float
) -> None:
    """``found``: the share within seven days. A card that varies much falls to a fifth without leaving its limits."""
    often = [line.key for line in before(quiet, CARD) if line.expected >= least]
    assert len(often) > 10
    told = [alarm_of(broken(quiet, (CARD, key), BREAK, factor), CARD, key) == {alarm} for key in often]
    assert sum(told) / len(told) >= found, f"{sum(told)} of {len(told)}"


def test_nothing_is_said_before_four_weeks_are_counted(quiet: Series) -> None:
    assert Watched(quiet).judged(FIRST + timedelta(days=33)) == []
    assert Watched(quiet).judged(FIRST + timedelta(days=34))
    assert Watched({}).judged(FIRST) == []


def test_another_mix_of_hooks_is_no_drift() -> None:
    """A card of patient-view alone, while order-select begins to be called as often."""
    days = [FIRST + timedelta(days=number) for number in range(100)]
    series: Series = {
        (CALL, ""): {"patient-view": dict.fromkeys(days, 100), "order-select": {d: 0 if d < days[93] else 300 for d in days}},
        (CARD, "a"): {"patient-view": dict.fromkeys(days, 20)},
    }
    assert alarms(Watched(series).judged(days[-1])) == []


def test_the_limits_are_the_last_weeks_without_alarm() -> None:
    for before, expected, spread in ((160, 20, 1.0), (800, 100, 2.0), (16, 2, 1.0)):
        low, high = limits(before, expected, spread)
        assert deviation(low, before, expected, spread) >= -LIMIT
        assert deviation(high, before, expected, spread) <= LIMIT
        assert low <= expected <= high
