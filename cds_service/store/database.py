"""Access to the database: opened after the fork, given up after five seconds, made anew when it comes back.

Nothing here raises anything but StoreUnavailable for what a database does; its message never holds the URL.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, insert, make_url
from sqlalchemy.exc import SQLAlchemyError

from cds_service.store import schema
from cds_service.store.tables import SHOWN, TOKENS

SECONDS = 5.0
"""The longest wait for the database."""
THREADS = 8
POSTGRESQL = "postgresql+psycopg"
SCHEMES = {"sqlite": "sqlite", "sqlite+pysqlite": "sqlite"} | dict.fromkeys(("postgresql", "postgres", POSTGRESQL), POSTGRESQL)

T = TypeVar("T")
Work = Callable[[Connection], T]


class StoreUnavailable(Exception):  # noqa: N818  what it is, in the words of the protocol
    """The database cannot be reached, does not answer in time, or rejects a write."""


def url_of(text: str) -> URL:
    """A database URL with the driver that is installed.

    >>> url_of("postgresql://cds@db.example.org/cds").drivername
    'postgresql+psycopg'

    Raises:
        ValueError: neither a file for SQLite nor a PostgreSQL database.
    """
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in SCHEMES:
        raise ValueError("must be a URL such as sqlite:////absolute/path.db or postgresql://user@host/name")
    try:
        url = make_url(f"{SCHEMES[scheme]}://{rest}")
    except (SQLAlchemyError, ValueError) as error:
        raise ValueError("must be a URL such as sqlite:////absolute/path.db or postgresql://user@host/name") from error
    if url.drivername == "sqlite" and (url.database or ":memory:") == ":memory:":
        raise ValueError("must name a file: a database in memory cannot be shared by the workers")
    return url


def where(url: URL) -> str:
    """Which database it is, without user, password or options.

    >>> where(url_of("postgresql://cds:secret@db.example.org:5433/cds?sslpassword=x")), where(url_of("sqlite:///data/cds.db"))
    ('postgresql://db.example.org:5433/cds', 'sqlite:///data/cds.db')
    """
    plain = URL.create(url.get_backend_name(), host=url.host, port=url.port, database=url.database)
    return plain.render_as_string()


class Database:
    """One database as one process sees it. Made before the fork, opened by each process when it first asks."""

    def __init__(self, url: str) -> None:
        """``url`` in SQLAlchemy's form. Opens nothing."""
        self.url = url_of(url)
        self._forget()
        os.register_at_fork(after_in_child=self._after_fork)

    @property
    def folder(self) -> Path:
        """Where a file beside the database belongs; ``data`` where that is a server."""
        path = self._file
        return path.parent if path else Path("data")

    @property
    def _file(self) -> Path | None:
        """The file of an SQLite database, be it named by path or as ``file:...?uri=true``."""
        if self.url.drivername != "sqlite":
            return None
        return Path(str(self.url.database).removeprefix("file:"))

    def _after_fork(self) -> None:
        """Leave the parent's connections to it: closing them here would end them there."""
        if self._engine is not None:
            self._engine.dispose(close=False)
        self._forget()

    def _forget(self) -> None:
        self._lock = Lock()
        self._engine: Engine | None = None
        self._threads: ThreadPoolExecutor | None = None
        self._ready = False

    def run(self, work: Work[T], *, writes: bool = True) -> T:
        """What ``work`` gives, done in one transaction; the schema is made first where that has not happened.

        Raises:
            StoreUnavailable: it failed, or five seconds have passed. Then it may or may not have been done.
        """
        with self._lock:
            self._threads = self._threads or ThreadPoolExecutor(THREADS, thread_name_prefix="store")
        future = self._threads.submit(self._attempt, work, writes)
        try:
            return future.result(SECONDS)
        except Late:
            future.cancel()
            raise StoreUnavailable("the database does not answer in time") from None

    def _attempt(self, work: Work[T], writes: bool) -> T:
        """Do it; once more where the schema was there before: the database may have been replaced since."""
        was_ready = self._ready
        try:
            return self._once(work, writes)
        except StoreUnavailable:
            if not was_ready:
                raise
            return self._once(work, writes)

    def _once(self, work: Work[T], writes: bool) -> T:
        try:
            engine = self._open()
            if not self._ready:
                self._migrate(engine)
            with engine.connect().execution_options(reads=not writes) as connection, connection.begin():
                return work(connection)
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            self._ready = False
            raise StoreUnavailable(f"the database failed ({type(error).__name__})") from None

    def _open(self) -> Engine:
        with self._lock:
            if self._engine is None:
                self._engine = _engine(self.url)
            return self._engine

    def _migrate(self, engine: Engine) -> None:
        if (path := self._file) is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)  # the files that SQLite puts beside it are made like it
        with engine.begin() as connection:
            schema.upgrade(connection)
        self._ready = True

    def probe(self) -> None:
        """Open the database anew, find the tables there and that they can be written; leave nothing behind.

        Raises:
            StoreUnavailable: one of these is not so.
        """

        def write(_: Connection) -> None:
            engine = _engine(self.url, anew=True)
            try:
                with engine.connect() as connection, connection.begin() as attempt:
                    connection.execute(SHOWN.select().limit(1))
                    connection.execute(insert(TOKENS), {"token": os.urandom(32).hex(), "until": datetime.now(UTC)})
                    attempt.rollback()
            finally:
                engine.dispose()

        self.run(write, writes=False)

    def close(self) -> None:
        """Let go of connections and threads; what is under way is not waited for."""
        with self._lock:
            if self._threads is not None:
                self._threads.shutdown(wait=False, cancel_futures=True)
            if self._engine is not None:
                self._engine.dispose()
        self._forget()


def _engine(url: URL, *, anew: bool = False) -> Engine:
    """SQLite is opened for each use, so that a file that was replaced is seen; PostgreSQL keeps a few connections."""
    if url.drivername == "sqlite":
        engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": SECONDS - 1, "check_same_thread": False})
        event.listen(engine, "connect", _set_up)
        event.listen(engine, "begin", _begin)
        return engine
    limits = {
        "connect_timeout": 3,
        "tcp_user_timeout": 3000,
        "options": "-c statement_timeout=4000 -c lock_timeout=4000 -c timezone=UTC",
    }
    if anew:
        return create_engine(url, poolclass=NullPool, connect_args=limits)
    return create_engine(url, pool_size=THREADS, max_overflow=0, pool_timeout=4, pool_pre_ping=True, connect_args=limits)


def _set_up(connection: sqlite3.Connection, _: Any) -> None:
    """Readers beside a writer (WAL), and transactions that are ours to begin."""
    connection.isolation_level = None
    with suppress(sqlite3.OperationalError):  # another process is just changing the mode, or the file is read-only
        connection.execute("PRAGMA journal_mode=WAL")


def _begin(connection: Connection) -> None:
    """A transaction that will write takes the lock at once, so it waits only once and cannot fail halfway for lack of it."""
    reads = connection.get_execution_options().get("reads")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
