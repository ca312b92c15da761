"""Signatures of cards, and the texts that were signed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from cds_service.store.queries import unless_there
from cds_service.store.tables import SIGNATURES, SIGNED

_COLUMNS = [column for column in SIGNATURES.c if column.name != "id"]


def add(connection: Connection, signature: Mapping[str, str], text: str) -> None:
    """Keep a signature (the columns but ``id`` and ``at``, which is now) and the text that it is about."""
    connection.execute(unless_there(connection, SIGNED).values(hash=signature["hash"], text=text))
    connection.execute(insert(SIGNATURES).values(**signature, at=datetime.now(UTC)))


def kept(connection: Connection) -> list[dict[str, str]]:
    """Every signature, in the order in which they were given; ``at`` in ISO 8601."""
    rows = connection.execute(select(*_COLUMNS).order_by(SIGNATURES.c.id)).mappings()
    plain = ({str(key): value for key, value in row.items()} for row in rows)
    return [{**row, "at": row["at"].isoformat(timespec="seconds")} for row in plain]


def text_of(connection: Connection, hashed: str) -> str | None:
    """The text of this hash; None where nobody signed it here."""
    found: str | None = connection.execute(select(SIGNED.c.text).where(SIGNED.c.hash == hashed)).scalar()
    return found
