"""States of the worklist: what was set last counts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

from cds_service.store.tables import WORKLIST


class Line(NamedTuple):
    """One gap in the care of one patient (a keyed hash), and the day of its clock, "" where none runs."""

    patient: str
    gap: str
    episode: str


class State(NamedTuple):
    state: str
    reason: str
    set_at: datetime


def states(connection: Connection, patients: Collection[str] | None = None) -> dict[Line, State]:
    """All that are kept, or those of some patients."""
    columns = WORKLIST.c
    wanted = select(columns.patient, columns.gap, columns.episode, columns.state, columns.reason, columns.set_at)
    if patients is not None:
        wanted = wanted.where(columns.patient.in_(patients))
    return {Line(*row[:3]): State(*row[3:]) for row in connection.execute(wanted)}


def put(connection: Connection, line: Line, state: str, reason: str = "") -> None:
    """Set a state in place of an earlier one; "" takes it away."""
    columns = WORKLIST.c
    same = (columns.patient == line.patient, columns.gap == line.gap, columns.episode == line.episode)
    connection.execute(delete(WORKLIST).where(*same))
    if state:
        row = {**line._asdict(), "state": state, "reason": reason, "set_at": datetime.now(UTC)}
        connection.execute(insert(WORKLIST).values(row))
