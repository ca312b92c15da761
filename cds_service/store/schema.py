"""Bringing the schema up to date: at the start, by any number of processes at once."""

from __future__ import annotations

from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config

LATEST = "0009"
"""The newest revision in ``migrations``. Where the database has it, Alembic is not even loaded: that takes as long as all of
SQLAlchemy."""
MIGRATING = 0x05CD5
"""Names our lock among PostgreSQL's advisory locks."""

_one_thread = Lock()


def upgrade(connection: Connection) -> None:
    """Run the revisions that are missing, within the transaction of ``connection``; none where it is up to date, or
    of a later version.

    The others wait meanwhile: in SQLite the transaction holds the database's write lock, in PostgreSQL an advisory one.
    Alembic itself keeps its state in a module, so that threads of one process take turns.
    """
    with _one_thread:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATING})
        if _revision(connection) != LATEST:
            _migrate(connection)


def _revision(connection: Connection) -> str | None:
    """The revision that the database has; None where it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _migrate(connection: Connection) -> None:
    from alembic import command

    if not _is_newer(_revision(connection), config := configured(connection)):
        command.upgrade(config, "head")


def configured(connection: Connection) -> Config:
    """Alembic for our revisions, on this connection."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(files("cds_service.store").joinpath("migrations")).replace("%", "%%"))
    return config


def _is_newer(current: str | None, config: Config) -> bool:
    """Whether a later version of the service was here: after a roll-back its schema stays, which only adds to ours."""
    from alembic.script import ScriptDirectory

    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    return current is not None and current not in known
