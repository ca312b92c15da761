"""What is written and read, each as work for ``Database.run``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import Connection, Dialect, Select, Table, and_, bindparam, case, delete, func, not_, or_, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from cds_service.store.tables import FEEDBACK, OFFERED, SHOWN, TOKENS, WORKLIST, Moment

BATCH = 500
AGAIN = timedelta(seconds=30)
"""For how long a proxy may try a call again whose token was taken: longer than proxy_next_upstream_timeout in deploy/nginx."""


class Offer(NamedTuple):
    """A suggestion of a card, by its uuid, and what it proposed: "drug/alendronate"."""

    suggestion: str
    option: str


class Shown(Struct, frozen=True):
    """A card as it is put on record. ``card`` is its uuid; ``facts``, ``patient``, ``practitioner`` are keyed hashes.

    ``rests_until``: how long an override of it holds, where that is longer than of others. ``holds``: what it holds drugs back
    for, with blanks between. ``encounter``: a keyed hash of the one in which it is shown, or of the day.
    """

    card: str
    code: str
    indicator: str
    service: str
    hook: str
    content: str
    facts: str
    patient: str
    practitioner: str
    shadow: bool
    shown_at: datetime
    rests_until: datetime | None = None
    holds: str | None = None
    encounter: str | None = None
    offers: tuple[Offer, ...] = ()


class Report(Struct, frozen=True):
    """One feedback of a client. ``comment`` is free text: stored, never logged."""

    card: str
    outcome: str
    outcome_at: datetime
    reason: str | None = None
    reason_system: str | None = None
    comment: str | None = None
    suggestions: tuple[str, ...] = ()


class Override(NamedTuple):
    """Who set aside which card about whom, over which facts. ``encounter``: a keyed hash of the only one in which that holds;
    "" where it holds beyond it."""

    patient: str
    practitioner: str
    code: str
    facts: str
    encounter: str = ""


class Hold(NamedTuple):
    """What drugs of a patient (a keyed hash) are held back for."""

    patient: str
    finding: str


CLARIFIED = "clarified"
"""The reason of an override that ends what is held."""
OURS = "urn:osteoporosis-cds:%"
"""Its code systems. A code of the same name that somebody else defines ends nothing; one that names no system is ours."""
LATER = "reconsider-later"
"""The reason of an override that holds until the next encounter and no longer."""


def unless_there(connection: Connection, table: Table) -> Any:
    """An insert that skips rows which are there already."""
    return _skipping(connection.dialect, table)


def _skipping(dialect: Dialect, table: Table) -> Any:
    make = postgresql_insert if dialect.name == "postgresql" else sqlite_insert
    return make(table).on_conflict_do_nothing()


_OF_A_CARD = tuple(column.name for column in SHOWN.columns if column.name != "id")
_of_a_card = attrgetter(*_OF_A_CARD)
_OF_AN_OFFER = ("suggestion", "option", "card", "shown_at")


def add_shown(connection: Connection, rows: Sequence[Shown]) -> None:
    _put(connection, SHOWN, _OF_A_CARD, map(_of_a_card, rows))
    offers = ((*offer, row.card, row.shown_at) for row in rows for offer in row.offers)
    _put(connection, OFFERED, _OF_AN_OFFER, offers)


def _put(connection: Connection, table: Table, names: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows that are not there, values in the order of ``names``, by the driver itself: what every request leaves."""
    statement, write = _prepared(connection.dialect, table, names)
    if values := [write(row) for row in rows]:
        connection.exec_driver_sql(statement, values)


@lru_cache(maxsize=8)
def _prepared(dialect: Dialect, table: Table, names: tuple[str, ...]) -> tuple[str, Callable[[tuple[Any, ...]], Any]]:
    """An insert as the driver takes it, and what makes its parameters of a row."""
    compiled = _skipping(dialect, table).compile(dialect=dialect, column_keys=names)
    order = [names.index(name) for name in compiled.positiontup or names]
    as_driver = [(each, table.c[names[each]].type.dialect_impl(dialect).bind_processor(dialect)) for each in order]

    def positional(row: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(process(row[each]) if process else row[each] for each, process in as_driver)

    def named(row: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip(names, positional(row), strict=True))

    return str(compiled), positional if compiled.positional else named


def add_feedback(connection: Connection, service: str, reports: Iterable[Report]) -> Counter[str]:
    """Store what is new and count it by outcome; a report that is there already (card, outcome, time) adds nothing."""
    now = datetime.now(UTC)
    rows = [
        asdict(report) | {"service": service, "received_at": now, "suggestions": "\n".join(report.suggestions) or None}
        for report in reports
    ]
    statement = unless_there(connection, FEEDBACK).returning(FEEDBACK.c.outcome)
    new: Counter[str] = Counter()
    for start in range(0, len(rows), BATCH):
        new.update(connection.scalars(statement, rows[start : start + BATCH]).all())
    return new


def add_token(connection: Connection, token: str, until: datetime, again: str = "") -> bool:
    """Whether the token was not there before, or else ``again`` was left with it lately: that is good for one time."""
    now = datetime.now(UTC)
    statement = unless_there(connection, TOKENS).returning(TOKENS.c.token)
    if connection.execute(statement, {"token": token, "until": until}).first() is not None:
        if again:
            connection.execute(statement, {"token": again, "until": now + AGAIN})
        return True
    return bool(again) and connection.execute(delete(TOKENS).where(TOKENS.c.token == again, TOKENS.c.until > now)).rowcount > 0


_RECEIVED = FEEDBACK.c.received_at >= bindparam("received_since", type_=Moment)
_WITH_A_REASON = and_(FEEDBACK.c.outcome == "overridden", func.coalesce(FEEDBACK.c.reason, FEEDBACK.c.comment).is_not(None))


def overrides(connection: Connection, days: int, received_since: datetime | None = None) -> set[Override]:
    """What practitioners set aside with a reason in the last ``days``, or of a card whose override still rests; critical cards
    are never among them.

    The client's clock decides when that was, but the future does not count. ``received_since`` narrows it to what is new. What
    is to be reconsidered later rests in its encounter alone; one shown without any (before there was the column) does not rest.
    """
    now = datetime.now(UTC)
    told = {"now": now, "since": now - timedelta(days=days), "received_since": received_since}
    found = connection.execute(_overrides(narrowed=received_since is not None), told)
    return {Override(*row) for row in found}


@cache
def _overrides(*, narrowed: bool) -> Select[Any]:
    """Made once: it is asked every second."""
    since, now = bindparam("since", type_=Moment), bindparam("now", type_=Moment)
    lately = and_(FEEDBACK.c.outcome_at >= since, FEEDBACK.c.received_at >= since)
    later = func.coalesce(FEEDBACK.c.reason == LATER, False)
    wanted = (
        select(SHOWN.c.patient, SHOWN.c.practitioner, SHOWN.c.code, SHOWN.c.facts, case((later, SHOWN.c.encounter), else_=""))
        .join(FEEDBACK, FEEDBACK.c.card == SHOWN.c.card)
        .where(_WITH_A_REASON, or_(lately, SHOWN.c.rests_until >= now))
        .where(SHOWN.c.indicator != "critical", SHOWN.c.practitioner != "", SHOWN.c.shadow.is_(False))
        .where(or_(not_(later), SHOWN.c.encounter.is_not(None)))
    )
    return wanted.where(_RECEIVED) if narrowed else wanted


def clarified(connection: Connection, received_since: datetime | None = None) -> dict[Hold, datetime]:
    """What practitioners have clarified of a patient, and when last, as long as that is kept. The client's clock decides, but
    the future does not count. ``received_since`` narrows it to what is new."""
    found: dict[Hold, datetime] = {}
    wanted = _clarified(narrowed=received_since is not None)
    for patient, holds, told, received in connection.execute(wanted, {"received_since": received_since}):
        for finding in holds.split():
            hold = Hold(patient, finding)
            found[hold] = max(min(told, received), found.get(hold, min(told, received)))
    return found


@cache
def _clarified(*, narrowed: bool) -> Select[Any]:
    wanted = (
        select(SHOWN.c.patient, SHOWN.c.holds, FEEDBACK.c.outcome_at, FEEDBACK.c.received_at)
        .join(FEEDBACK, FEEDBACK.c.card == SHOWN.c.card)
        .where(FEEDBACK.c.outcome == "overridden", FEEDBACK.c.reason == CLARIFIED, SHOWN.c.holds.is_not(None))
        .where(or_(FEEDBACK.c.reason_system.is_(None), FEEDBACK.c.reason_system.like(OURS)))
        .where(SHOWN.c.practitioner != "", SHOWN.c.shadow.is_(False))
    )
    return wanted.where(_RECEIVED) if narrowed else wanted


def prune(connection: Connection, days: int, *, resting: bool = True) -> int:
    """Delete what is older than ``days``, and the ids of tokens that have expired. The number of rows deleted.

    ``resting``: leave a card whose override still rests, and what was reported of it.
    """
    now = datetime.now(UTC)
    oldest = now - timedelta(days=days)
    rests = (
        select(SHOWN.c.card).join(FEEDBACK, FEEDBACK.c.card == SHOWN.c.card).where(_WITH_A_REASON, SHOWN.c.rests_until >= now)
    )
    rows = 0
    for column, limit, kept in (
        (FEEDBACK.c.received_at, oldest, FEEDBACK.c.card),
        (SHOWN.c.shown_at, oldest, SHOWN.c.card),
        (OFFERED.c.shown_at, oldest, None),
        (TOKENS.c.until, now - timedelta(minutes=5), None),
        (WORKLIST.c.set_at, oldest, None),
    ):
        old = delete(column.table).where(column < limit)
        if resting and kept is not None:
            old = old.where(kept.not_in(rests))
        rows += connection.execute(old).rowcount
    return rows


def reported() -> Select[Any]:
    """Every feedback with the card that it is about, as far as that is on record; oldest first."""
    return (
        select(
            FEEDBACK.c.outcome_at,
            FEEDBACK.c.received_at,
            FEEDBACK.c.service,
            FEEDBACK.c.card,
            SHOWN.c.code,
            SHOWN.c.indicator,
            SHOWN.c.shown_at,
            SHOWN.c.content,
            FEEDBACK.c.outcome,
            FEEDBACK.c.reason,
            FEEDBACK.c.reason_system,
            FEEDBACK.c.comment,
        )
        .join(SHOWN, SHOWN.c.card == FEEDBACK.c.card, isouter=True)
        .order_by(FEEDBACK.c.received_at, FEEDBACK.c.id)
    )
