"""Bringing the schema up to date: at the start, by any number of processes at once."""

from __future__ import annotations

from importlib.resources import files
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

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
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(files("cds_service.store").joinpath("migrations")).replace("%", "%%"))
        if not _is_newer(connection, config):
            command.upgrade(config, "head")


def _is_newer(connection: Connection, config: Config) -> bool:
    """Whether a later version of the service was here: after a roll-back its schema stays, which only adds to ours."""
    current = MigrationContext.configure(connection).get_current_revision()
    known = {each.revision for each in ScriptDirectory.from_config(config).walk_revisions()}
    return current is not None and current not in known
