"""What a FHIR server said that it lacks or does not allow, remembered for some minutes, so that not every call asks again."""

from __future__ import annotations

import time
from collections.abc import Hashable
from threading import Lock

MINUTES = 5
MOST = 1_000


class Refusals:
    """Questions that were refused lately. Shared by all threads."""

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
