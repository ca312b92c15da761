"""Feedback as CSV, for reviewing how the cards are received."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TextIO

COLUMNS = (
    *("outcome_at", "received_at", "service", "card", "code", "indicator", "shown_at", "content"),
    *("outcome", "reason", "reason_system"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write(rows: Iterable[Mapping[str, Any]], out: TextIO, *, comments: bool = False) -> None:
    """One line per feedback, oldest first; times in ISO 8601, UTC. ``comments``: include the free text."""
    columns = [*COLUMNS, "comment"] if comments else COLUMNS
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)


def _cell(value: Any) -> str:
    """A cell that no spreadsheet interprets as a formula, since its content comes from clients.

    >>> _cell("=1+1")
    "'=1+1"
    """
    if isinstance(value, datetime):
        return value.isoformat()
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
