"""A break seeded into the rules, replayed day by day: 400 calls a day, found within seven days; and the store in between."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

import orjson
import pytest

from cds_service import pipeline
from cds_service.config import Settings
from cds_service.drift.codes import met
from cds_service.drift.limits import GONE, LOUD, SILENT, Watched, alarms
from cds_service.drift.watch import Watch
from cds_service.pipeline import Evaluator
from cds_service.population.judge import Rules
from cds_service.population.made import chart
from cds_service.site import Site
from cds_service.store import Store, seen
from cds_service.store.seen import CALL, CARD, CODE, Series
from tests.compare.conftest import PATIENTS, moved_numbers, without_code
from tests.drift.simulated import FIRST
from tests.population.conftest import TODAY

A_DAY, QUIET, WEEK = 400, 70, 7
Met = frozenset[tuple[str, str]]


def judged() -> list[Met]:
    """Of each patient the cards of the answer and the value sets that the record meets, by the rules as they are now."""
    rules = Rules(Evaluator(Settings()), TODAY)
    found = []
    for number in range(PATIENTS):
        entries = [b'{"resource":' + orjson.dumps(each) + b"}" for each in chart(number, 8, 7, TODAY)]
        told = rules.evaluator.judge(rules.call(f"p{number:07}", entries), TODAY)
        cards = {(CARD, code) for finding in told.findings for code in finding.codes}
        found.append(frozenset(cards | {(CODE, key) for key in met(told.chart)}))
    return found


@pytest.fixture(scope="module")
def shipped() -> list[Met]:
    return judged()


def replay(before: Sequence[Met], after: Sequence[Met], seed: int) -> Series:
    """Charts opened by chance, one to four times a day each; from day ``QUIET`` on as the rules are after the break."""
    chance, hook = Random(seed), "patient-view"
    found: Series = {(CALL, ""): {hook: {}}} | {what: {hook: {}} for some in (*before, *after) for what in some}
    for number in range(QUIET + WEEK):
        people, day = before if number < QUIET else after, FIRST + timedelta(days=number)
        left = A_DAY
        while left > 0:
            times = min(chance.randint(1, 4), left)
            left -= times
            for what in (*chance.choice(people), (CALL, "")):
                days = found[what][hook]
                days[day] = days.get(day, 0) + times
    return found


def told(series: Series, number: int) -> set[tuple[str, str]]:
    return {(line.alarm, line.key) for line in alarms(Watched(series).judged(FIRST + timedelta(days=number)))}


@pytest.mark.parametrize(
    ("where", "attribute", "value", "alarm"),
    [
        (Site, "numbers", moved_numbers, (SILENT, "osteoporosis-diagnosis")),
        (pipeline, "terminology_of", without_code, (LOUD, "incomplete-data")),
    ],
)
def test_a_seeded_break_is_found_within_seven_days(
    shipped: list[Met],
    where: object,
    attribute: str,
    value: Callable[..., object],
    alarm: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(where, attribute, value)
    series = replay(shipped, judged(), 1)
    quiet = [told(series, number) for number in range(QUIET)]
    assert not any(quiet)
    assert alarm in {each for number in range(WEEK) for each in told(series, QUIET + number)}


def test_what_is_counted_reaches_the_alarm_through_the_store(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    store = Store(f"sqlite:///{tmp_path}/cds.db", "a key")
    rows = {}
    for number in range(70):
        day = FIRST + timedelta(days=number)
        rows[seen.Seen(day, "patient-view", CALL)] = A_DAY
        rows[seen.Seen(day, "patient-view", CARD, "start-treatment")] = 30 if number < 63 else 0
        rows[seen.Seen(day, "patient-view", CODE, "result/calcium")] = 90 if number < 63 else 0
    store.change(lambda connection: seen.add(connection, {what: times for what, times in rows.items() if times}))
    watch = Watch(store)
    assert not alarms(watch.lines(FIRST + timedelta(days=63)))
    found = alarms(watch.lines(FIRST + timedelta(days=70)))
    assert {(line.alarm, line.key) for line in found} == {(SILENT, "start-treatment"), (GONE, "result/calcium")}
    assert [record.message for record in caplog.records if record.message == "drift"] == ["drift", "drift"]
    store.close()
