"""The alarm: asked for by whoever scrapes the metrics or opens the page, worked out every ten minutes at most."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta
from threading import Lock

from cds_service import logs, metrics
from cds_service.drift.limits import BEFORE, VARIANCE, WEEK, Line, Watched, alarms
from cds_service.store import Store, StoreUnavailable, seen

EVERY = 600.0
"""Seconds for which an answer holds."""
_REACH = timedelta(days=WEEK + max(BEFORE, VARIANCE))


class Watch:
    """The lines of the week that ended yesterday (UTC), of one store."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock = store, clock
        self._lock = Lock()
        self._at = float("-inf")
        self._lines: list[Line] = []
        self._told: set[tuple[str, str, str]] = set()

    def lines(self, today: date | None = None) -> list[Line]:
        """StoreUnavailable where the counts cannot be read. An alarm that is new is told to the log."""
        with self._lock:
            if today is not None or self._clock() - self._at >= EVERY:
                self._at = self._clock()
                last = (today or seen.today()) - timedelta(days=1)
                found = self._store.ask(lambda connection: seen.series(connection, last - _REACH, last))
                self._lines = Watched(found).table(last)
                self._tell()
            return self._lines

    def refresh(self) -> None:
        """For the metrics: without the database they stay as they were."""
        try:
            self.lines()
        except StoreUnavailable:
            logs.warn("store unavailable", {"reason": "drift was not worked out"})

    def _tell(self) -> None:
        now = {(line.kind, line.key, line.alarm): line for line in alarms(self._lines)}
        for kind in (seen.CARD, seen.CODE):
            metrics.DRIFTING.labels(kind).set(sum(line.kind == kind for line in now.values()))
        for (kind, key, alarm), line in now.items():
            metrics.DRIFT.labels(kind, key, alarm).set(round(line.z, 1))
            if (kind, key, alarm) not in self._told:
                fields = {"kind": kind, "key": key, "alarm": alarm, "seen": line.seen, "expected": round(line.expected, 1)}
                logs.warn("drift", {**fields, "calls": line.calls})
        for over in self._told - {*now}:
            metrics.DRIFT.labels(*over).set(0)
        self._told = {*now}
