"""What became of the cards, counted over both kinds of database: the last word counts, and silence is no refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from cds_service.figures.wilson import rate
from cds_service.store import Offer, Report, Shown, Store, queries
from cds_service.store.activity import Row, Taken, activity, taken
from tests.store.test_store import overridden, shown

Opened = Callable[..., Store]
SERVICE = "osteoporosis-patient-view"
MAY, JUNE = datetime(2026, 5, 31, 23, 59, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)


def accepted(card: str, *suggestions: str) -> Report:
    return Report(card, "accepted", datetime.now(UTC), suggestions=suggestions)


def offering(*options: str, **more: object) -> Shown:
    return shown(offers=tuple(Offer(str(uuid4()), option) for option in options), **more)


@pytest.fixture
def counted(url: str, opened: Opened) -> Callable[..., list[Row]]:
    """Puts cards and reports on record and counts them."""

    def count(cards: list[Shown], reports: list[Report], *by: str) -> list[Row]:
        store = opened(url)
        store.migrate()
        if cards:
            store._database.run(lambda connection: queries.add_shown(connection, cards))
        for report in reports:
            store.report(SERVICE, [report])
        return store.ask(lambda connection: activity(connection, by))  # type: ignore[arg-type]

    return count


def told(rows: list[Row]) -> dict[tuple[str, ...], tuple[int, int, int, int]]:
    return {row.key: (row.shown, row.accepted, row.overridden, row.silent) for row in rows}


def test_a_card_on_which_there_was_no_word_is_not_refused(counted: Callable[..., list[Row]]) -> None:
    cards = [shown() for _ in range(5)]
    (row,) = counted(cards, [accepted(cards[0].card, "s"), overridden(cards[1].card)])
    assert (row.shown, row.accepted, row.overridden, row.silent) == (5, 1, 1, 3)
    assert row.said == 2
    assert rate(row.accepted, row.said).share == 0.5  # type: ignore[union-attr]


def test_the_last_word_on_a_card_counts_and_clicks_do_not(counted: Callable[..., list[Row]]) -> None:
    first, second = shown(), shown()
    reports = [overridden(first.card), accepted(first.card, "a"), accepted(first.card, "a", "b")]
    (row,) = counted([first, second], [*reports, accepted(second.card, "s"), overridden(second.card, reason="x")])
    assert (row.accepted, row.overridden, row.silent) == (1, 1, 0)
    assert row.reasons == {"x": 1}


def test_a_card_that_stands_for_others_is_one_card_and_counts_with_each_of_them(counted: Callable[..., list[Row]]) -> None:
    whole = shown(code="whole")
    cards = [whole, shown(card=whole.card, code="part"), shown(code="part")]
    reports = [accepted(whole.card, "s")]
    assert told(counted(cards, reports)) == {(): (2, 1, 0, 1)}
    assert told(counted([], [], "code")) == {("whole",): (1, 1, 0, 0), ("part",): (2, 1, 0, 1)}


def test_months_services_and_cards_are_told_apart(counted: Callable[..., list[Row]]) -> None:
    may, june = shown(shown_at=MAY, code="a"), shown(shown_at=JUNE, code="b", service="osteoporosis-order-sign")
    reports = [overridden(may.card)]
    assert told(counted([may, june], reports, "month")) == {("2026-05",): (1, 0, 1, 0), ("2026-06",): (1, 0, 0, 1)}
    assert told(counted([], [], "service")) == {(SERVICE,): (1, 0, 1, 0), ("osteoporosis-order-sign",): (1, 0, 0, 1)}
    both = told(counted([], [], "month", "service", "code"))
    assert both == {("2026-05", SERVICE, "a"): (1, 0, 1, 0), ("2026-06", "osteoporosis-order-sign", "b"): (1, 0, 0, 1)}


def test_what_shadow_mode_kept_back_is_not_counted_and_an_unknown_card_is_told_apart(counted: Callable[..., list[Row]]) -> None:
    hidden = shown(shadow=True, code="hidden")
    rows = counted([hidden, shown(code="seen")], [overridden(hidden.card), overridden("elsewhere", reason=None)], "code")
    assert told(rows) == {("seen",): (1, 0, 0, 1), ("",): (0, 0, 1, 0)}
    assert told(counted([], [])) == {(): (1, 0, 0, 1)}


def test_an_option_is_counted_where_it_was_offered_and_where_it_was_chosen(url: str, opened: Opened) -> None:
    store = opened(url)
    store.migrate()
    chosen, other, set_aside, silent = (offering("drug/alendronate", "drug/zoledronate") for _ in range(4))
    twice, taken_back = offering("drug/alendronate", "drug/alendronate"), offering("drug/alendronate")

    def work(connection: Connection) -> None:
        queries.add_shown(connection, [chosen, other, set_aside, silent, twice, taken_back])
        click = [each.offers[0].suggestion for each in (chosen, twice, taken_back)]
        said = [accepted(chosen.card, click[0]), accepted(other.card, other.offers[1].suggestion), overridden(set_aside.card)]
        said += [accepted(twice.card, click[1].upper(), twice.offers[1].suggestion), accepted(taken_back.card, click[2])]
        queries.add_feedback(connection, SERVICE, [*said, overridden(taken_back.card)])

    store._database.run(work)
    assert store.ask(taken) == [Taken("drug/alendronate", 6, 5, 2), Taken("drug/zoledronate", 4, 3, 1)]


def test_what_was_offered_is_forgotten_with_its_card(url: str, opened: Opened) -> None:
    store = opened(url)
    store.migrate()
    old = offering("drug/alendronate", shown_at=datetime.now(UTC) - timedelta(days=31))

    def work(connection: Connection) -> int:
        queries.add_shown(connection, [old, offering("drug/zoledronate")])
        return queries.prune(connection, 30)

    assert store._database.run(work) == 2
    assert [each.option for each in store.ask(taken)] == ["drug/zoledronate"]


@pytest.mark.parametrize(
    ("met", "of", "low", "high"),
    [
        (0, 5, 0, 43.4),
        (5, 5, 56.6, 100),
        (8, 10, 49.0, 94.3),
        (27, 40, 52.0, 79.9),
        (41, 50, 69.2, 90.2),
        (50, 100, 40.4, 59.6),
    ],
)
def test_the_interval_is_wilsons(met: int, of: int, low: float, high: float) -> None:
    found = rate(met, of)
    assert found is not None
    assert (round(100 * found.low, 1), round(100 * found.high, 1)) == (low, high)
    assert found.low <= found.share <= found.high
