"""What the service stores: cards shown, feedback, token ids, and counts of unread items. Independent of the protocol, FHIR and
the clinical content.

A hook never waits for the database: what is shown goes into a bounded queue, what was overridden is read from memory; one
thread a process carries both (``store.background``). Feedback and tokens wait, five seconds at most.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from cds_service.store import queries
from cds_service.store.background import Background
from cds_service.store.database import Database, StoreUnavailable, T, Work, where
from cds_service.store.keyed import FILE as KEY_FILE
from cds_service.store.keyed import kept_key, keyed
from cds_service.store.queries import CLARIFIED, Hold, Offer, Override, Report, Shown
from cds_service.store.seen import Seen
from cds_service.store.unread import Unread

LOGGER = logging.getLogger("cds_service")

__all__ = ["CLARIFIED", "Hold", "Offer", "Override", "Report", "Seen", "Shown", "Store", "StoreUnavailable", "Unread"]


class Store:
    """The store of one service. Made before the fork, started in each worker."""

    def __init__(self, url: str, hash_key: str = "", *, suppress_days: int = 90, retention_days: int = 400) -> None:
        """Opens nothing. Without ``hash_key`` the key is kept beside the database, and made there when it is missing."""
        self._database = Database(url)
        self._key = hash_key.encode()
        self._passing_key = secrets.token_bytes(32)
        self._background = Background(self._database, suppress_days=suppress_days, retention_days=retention_days)

    @property
    def where(self) -> str:
        """Which database it is, without credentials."""
        return where(self._database.url)

    @property
    def key(self) -> bytes:
        """That of the hashes, without a new one being made; b"" where there is none."""
        path = self._database.folder / KEY_FILE
        return self._key or (path.read_bytes().strip() if path.is_file() else b"")

    # -- one process ----------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to record and to recall, in this process. Until then nothing is recorded and nothing recalled.

        A hash key that cannot be kept costs what was recalled at the next start, not the start.
        """
        if not self._key:
            try:
                self._key = kept_key(self._database.folder)
            except OSError:
                self._key = self._passing_key
                LOGGER.warning(
                    "the hash key cannot be kept beside the database: overrides will not be recalled after a restart"
                )
        self._background.start()

    def close(self) -> None:
        """Write what is queued, within seconds, and let go of the database."""
        self._background.close()
        self._database.close()

    def migrate(self) -> None:
        """Make the schema, or bring it up to date. StoreUnavailable where that fails."""
        self._database.run(lambda _: None)

    def probe(self) -> None:
        """StoreUnavailable unless the database, opened anew, can be written."""
        self._database.probe()

    # -- for hooks: never waits -----------------------------------------------------------------------------------

    @property
    def running(self) -> bool:
        return self._background.running

    def hashed(self, kind: str, *parts: str) -> str:
        """The keyed hash of an identifier, or of facts."""
        return keyed(self._key, kind, *parts)

    def overridden(self, override: Override) -> bool:
        """Whether this was set aside, as far as this process knows by now."""
        return override in self._background.overrides

    def clarified(self, hold: Hold) -> datetime | None:
        """When this was clarified last, as far as this process knows by now."""
        return self._background.clarified.get(hold)

    def show(self, cards: Iterable[Shown]) -> int:
        """Queue what is shown. The number of cards for which there was no room: they will not be on record."""
        return self._background.queue(cards)

    def count_unread(self, unread: Iterable[Unread]) -> None:
        """Queue what was not understood, to be counted."""
        self._background.count(unread)

    def see(self, what: Iterable[Seen]) -> None:
        """Queue what a call had, to be counted by day."""
        self._background.see(what)

    # -- for feedback and authentication: waits, five seconds at most -----------------------------------------------

    def report(self, service: str, reports: Sequence[Report]) -> Counter[str]:
        """Store feedback, all of it or nothing, and count what is new by outcome. StoreUnavailable if it may not be stored."""
        new = self._database.run(lambda connection: queries.add_feedback(connection, service, reports))
        self._background.hurry()
        return new

    def remember_token(self, iss: str, jti: str, until: datetime | float, proxy_id: str = "") -> bool:
        """Note that a token was used: True the first time, False for a replay. ``until`` (Unix seconds or a datetime with a
        zone) is when it expires; then it may be forgotten. StoreUnavailable when that cannot be told.

        Once more True if the same ``proxy_id``, which only the proxy in front knows, comes with it within ``queries.AGAIN``.
        """
        token = _hashed(f"{iss}\0{jti}")
        again = _hashed(f"{token}\0{proxy_id}") if proxy_id else ""
        end = until if isinstance(until, datetime) else datetime.fromtimestamp(until, UTC)
        return self._database.run(lambda connection: queries.add_token(connection, token, end, again))

    # -- for the pages ------------------------------------------------------------------------------------------------

    def ask(self, work: Work[T]) -> T:
        """What a query gives that only reads. StoreUnavailable when it cannot be read."""
        return self._database.run(work, writes=False)

    def change(self, work: Work[T]) -> T:
        """What a query gives that also writes: all of it or nothing. StoreUnavailable when it cannot be written."""
        return self._database.run(work)

    # -- for the command line ---------------------------------------------------------------------------------------

    def reported(self) -> Iterator[dict[str, Any]]:
        """Every feedback with the card that it is about. StoreUnavailable when it cannot be read."""
        rows = self._database.run(lambda connection: connection.execute(queries.reported()).mappings().all(), writes=False)
        return (dict(row) for row in rows)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
