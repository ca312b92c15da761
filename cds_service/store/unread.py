"""What was not understood, counted: as work for ``Database.run``. Shapes only: no patient, no value, no day but our own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from cds_service.store.tables import UNREAD

KEPT = 2_000
"""Rows that are kept, the most frequent ones: a client whose codes are all different must not fill the database."""

SYSTEM, CODE, NAME = 200, 100, 60
"""Characters that are kept of each: as wide as the columns."""


class Unread(NamedTuple):
    """What something unread is told by. ``data``: the group; ``why``: a reason of ``cards.chart.Unread``; "" for what it
    does not have."""

    data: str
    why: str
    system: str
    code: str
    name: str


class Counted(NamedTuple):
    """How often it came, and the last day (UTC) of a call in which it did."""

    what: Unread
    times: int
    last: date


def add(connection: Connection, counts: Mapping[Unread, int]) -> None:
    """Add to what was counted before. In one order, so that two processes do not wait for each other's rows."""
    today = datetime.now(UTC).date()
    rows = [what._asdict() | {"times": times, "last": today} for what, times in sorted(counts.items())]
    if not rows:
        return
    statement = (postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert)(UNREAD)
    added = {"times": UNREAD.c.times + statement.excluded.times, "last": statement.excluded.last}
    connection.execute(statement.on_conflict_do_update(index_elements=Unread._fields, set_=added), rows)


def most_frequent(connection: Connection, limit: int) -> list[Counted]:
    """What was not understood, most frequent first."""
    columns = [UNREAD.c[name] for name in Unread._fields]
    wanted = select(*columns, UNREAD.c.times, UNREAD.c.last).order_by(UNREAD.c.times.desc(), *columns).limit(limit)
    return [Counted(Unread(*what), times, last) for *what, times, last in connection.execute(wanted)]


def prune(connection: Connection, days: int) -> int:
    """Delete what did not come for ``days``, and of the rest all but the most frequent. The number of rows deleted."""
    oldest = (datetime.now(UTC) - timedelta(days=days)).date()
    rows = connection.execute(delete(UNREAD).where(UNREAD.c.last < oldest)).rowcount
    if (connection.scalar(select(func.count()).select_from(UNREAD)) or 0) > KEPT:
        kept = select(UNREAD.c.id).order_by(UNREAD.c.times.desc(), UNREAD.c.last.desc(), UNREAD.c.id).limit(KEPT)
        rows += connection.execute(delete(UNREAD).where(UNREAD.c.id.not_in(kept))).rowcount
    return rows
