"""The thread of a process that carries between memory and database, so that a hook never waits."""

from __future__ import annotations

import logging
import os
import time
from collections import Counter, deque
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Event, Lock, Thread
from typing import NamedTuple

from sqlalchemy import Connection

from cds_service.store import queries, seen, unread
from cds_service.store.database import Database, StoreUnavailable
from cds_service.store.queries import BATCH, Hold, Override, Shown

ROOM = 20_000
"""Cards that may wait to be written: about 10 MB."""
ROOM_OF_UNREAD = 2_000
"""Different unread things that may wait to be written. They wait as counts."""
REFRESH = 1.0
"""Seconds between two looks for new overrides."""
RELOAD = 600.0
"""Seconds between two readings of all overrides, by which those that have grown old are dropped."""
OVERLAP = timedelta(minutes=5)
"""How far back a look for new overrides reaches: a card may be written later than the feedback about it."""
PRUNE = 3600.0
GATHER = 0.5
"""Seconds for which cards are gathered into one transaction: opening and closing one costs more than its rows. Those of a
process that is killed are lost."""
TELL = 10.0
"""Seconds for which what was seen is counted in memory."""
CLOSING = 3.0
"""Seconds to write what is queued when the process ends."""

LOGGER = logging.getLogger("cds_service")


class _Look(NamedTuple):
    """A look for what was reported: when it is made, and since when it was received (None: all of it)."""

    at: float
    since: datetime | None


class Background:
    """A bounded queue of shown cards, counts of what was unread, a copy of what was overridden and clarified, and the thread
    for all."""

    def __init__(self, database: Database, *, suppress_days: int, retention_days: int) -> None:
        self._database = database
        self._suppress_days = suppress_days
        self._retention_days = retention_days
        self._forget()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        """A child process starts empty: the parent's cards are the parent's to write."""
        self.overrides: frozenset[Override] = frozenset()
        self.clarified: dict[Hold, datetime] = {}
        self._queue: deque[Shown] = deque()
        self._unread: Counter[unread.Unread] = Counter()
        self._seen: Counter[seen.Seen] = Counter()
        self._lock = Lock()
        self._wake = Event()
        self._now = Event()
        self._stopping = False
        self._thread: Thread | None = None
        self._hurried = False
        self._failing = False
        self._refreshed = self._reloaded = self._pruned = self._told = float("-inf")

    @property
    def running(self) -> bool:
        return self._thread is not None

    def start(self) -> None:
        if self._thread is None:
            self._thread = Thread(target=self._run, name="store-background", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop, after one more attempt to write what is queued."""
        if self._thread is not None:
            self._stopping = True
            self._wake.set()
            self._now.set()
            self._thread.join(CLOSING)
            self._thread = None

    def queue(self, cards: Iterable[Shown]) -> int:
        """Take cards to be written; the number of those that found no room."""
        lost = 0
        with self._lock:
            for card in cards:
                if len(self._queue) < ROOM:
                    self._queue.append(card)
                else:
                    lost += 1
        self._wake.set()
        return lost

    def count(self, unread_things: Iterable[unread.Unread]) -> None:
        """Count what was unread. What is new and finds no room is not counted: it will come again."""
        with self._lock:
            for each in unread_things:
                if each in self._unread or len(self._unread) < ROOM_OF_UNREAD:
                    self._unread[each] += 1

    def see(self, what: Iterable[seen.Seen]) -> None:
        """Count what a call had. It is bounded by the cards and value sets that there are."""
        with self._lock:
            self._seen.update(what)

    def hurry(self) -> None:
        """Look for new overrides now."""
        self._hurried = True
        self._wake.set()
        self._now.set()

    def _run(self) -> None:
        while not self._stopping:
            self._round()
            self._wake.wait(REFRESH)
            if self._failing or not self._hurried:
                self._now.wait(REFRESH if self._failing else GATHER)
            self._wake.clear()
            self._now.clear()
        self._attempt()

    def _round(self) -> None:
        if self._attempt():
            self._failing = False

    def _attempt(self) -> bool:
        """Write, look, prune: whatever is due. What failed is due again."""
        try:
            while self._carry():
                pass
            if not self._stopping:
                self._prune()
        except StoreUnavailable as error:
            if not self._failing:
                LOGGER.warning("store unavailable", extra={"fields": {"reason": str(error)}})
            self._failing = True
            self._reloaded = float("-inf")
            return False
        return True

    def _carry(self) -> bool:
        """Write what is queued and read what was reported, in one transaction. Whether more is queued."""
        with self._lock:
            batch = list(islice(self._queue, BATCH))
            counts = self._unread.copy()
            seen_now = self._seen.copy() if self._stopping or time.monotonic() - self._told >= TELL else Counter[seen.Seen]()
        look = None if self._stopping or len(self._queue) > len(batch) else self._what_to_look_for()

        def work(connection: Connection) -> tuple[set[Override], dict[Hold, datetime]] | None:
            if batch:
                queries.add_shown(connection, batch)
            unread.add(connection, counts)
            seen.add(connection, seen_now)
            return self._reported(connection, look.since) if look else None

        if not (batch or counts or seen_now or look):
            return False
        reported = self._database.run(work, writes=bool(batch or counts or seen_now))
        with self._lock:
            for _ in batch:
                self._queue.popleft()
            self._unread -= counts  # what came meanwhile stays
            self._seen -= seen_now
        if seen_now:
            self._told = time.monotonic()
        if look and reported:
            self._remember(look, *reported)
        return bool(self._queue)

    def _what_to_look_for(self) -> _Look | None:
        now = time.monotonic()
        if now - self._refreshed < REFRESH and not self._hurried:
            return None
        self._hurried = False
        whole = now - self._reloaded >= RELOAD
        return _Look(now, None if whole else datetime.now(UTC) - OVERLAP)

    def _remember(self, look: _Look, found: set[Override], clarified: dict[Hold, datetime]) -> None:
        whole = look.since is None
        self.overrides = frozenset(found) if whole else self.overrides | found
        self.clarified = clarified if whole else self.clarified | clarified
        self._refreshed = look.at
        if whole:
            self._reloaded = look.at

    def _reported(self, connection: Connection, since: datetime | None) -> tuple[set[Override], dict[Hold, datetime]]:
        overrides = queries.overrides(connection, self._suppress_days, since) if self._suppress_days else set()
        return overrides, queries.clarified(connection, since)

    def _prune(self) -> None:
        now = time.monotonic()
        if now - self._pruned >= PRUNE:
            rows = self._database.run(self._prune_all)
            self._pruned = now
            if rows:
                LOGGER.info("store pruned", extra={"fields": {"rows": rows}})

    def _prune_all(self, connection: Connection) -> int:
        days = self._retention_days
        counted = unread.prune(connection, days) + seen.prune(connection, days)
        return queries.prune(connection, days, resting=self._suppress_days > 0) + counted
