"""What a FHIR server does not support or allow, remembered for a few minutes so that not every call asks again."""

from __future__ import annotations

import time
from collections.abc import Hashable
from threading import Lock

MINUTES = 5
MOST = 1_000


class Refusals:
    """Recently refused requests. Shared by all threads."""

    def __init__(self, minutes: float = MINUTES) -> None:
        self._seconds = minutes * 60
        self._until: dict[Hashable, float] = {}
        self._lock = Lock()

    def note(self, question: Hashable) -> None:
        with self._lock:
            if len(self._until) >= MOST:
                self._until.clear()
            self._until[question] = time.monotonic() + self._seconds

    def holds(self, question: Hashable) -> bool:
        with self._lock:
            return self._until.get(question, 0) > time.monotonic()
