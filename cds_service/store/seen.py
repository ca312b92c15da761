"""In how many calls a card or a code was seen, counted by day: as work for ``Database.run``. No patient, no value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from cds_service.store.tables import SEEN

CALL, CARD, CODE = "call", "card", "code"


class Seen(NamedTuple):
    """Something that a call of a day and hook had; ``key`` is "" for the call itself."""

    day: date
    hook: str
    kind: str
    key: str = ""


def today() -> date:
    """The day (UTC) under which a call is counted."""
    return datetime.now(UTC).date()


def add(connection: Connection, counts: Mapping[Seen, int]) -> None:
    """Add to what was counted before. In one order, so that two processes do not wait for each other's rows."""
    rows = [seen._asdict() | {"times": times} for seen, times in sorted(counts.items())]
    if not rows:
        return
    statement = (postgresql_insert if connection.dialect.name == "postgresql" else sqlite_insert)(SEEN)
    added = {"times": SEEN.c.times + statement.excluded.times}
    connection.execute(statement.on_conflict_do_update(index_elements=Seen._fields, set_=added), rows)


Days = dict[date, int]
Series = dict[tuple[str, str], dict[str, Days]]
"""(kind, key) -> hook -> day -> calls."""


def series(connection: Connection, since: date, until: date) -> Series:
    """What was counted from one day to another, both included."""
    found: Series = defaultdict(lambda: defaultdict(dict))
    columns = (SEEN.c.day, SEEN.c.hook, SEEN.c.kind, SEEN.c.key, SEEN.c.times)
    for day, hook, kind, key, times in connection.execute(select(*columns).where(SEEN.c.day.between(since, until))):
        found[kind, key][hook][day] = times
    return {what: dict(by_hook) for what, by_hook in found.items()}


def prune(connection: Connection, days: int) -> int:
    """Delete what is older than ``days``. The number of rows deleted."""
    return connection.execute(delete(SEEN).where(SEEN.c.day < today() - timedelta(days=days))).rowcount
