"""Whether the database is as this version has it, told without Alembic: to load that takes as long as all of SQLAlchemy."""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

LATEST = "0009"
"""The newest revision in ``migrations``."""


def is_latest(connection: Connection) -> bool:
    """Whether nothing is missing; of a database of a later version it is ``schema`` that knows what to do."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    return connection.scalar(text("SELECT version_num FROM alembic_version")) == LATEST
