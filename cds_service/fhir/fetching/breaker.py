"""A server that does not answer is left alone for a few seconds: calls answer at once from what they have.

Own code, since the breakers that are published hold a lock during the call, or let every caller try when one may.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

FAILURES = 5
"""Calls in a row that heard nothing."""
SECONDS = 5.0
"""Then one call tries again this often."""


class Breaker:
    """Of one server. Shared by all threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failures = 0
        self._next_try = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= FAILURES

    def lets_through(self) -> bool:
        """Whether a call may ask the server: always while it answers, else one now and then."""
        with self._lock:
            if not self.is_open:
                return True
            if self._clock() < self._next_try:
                return False
            self._next_try = self._clock() + SECONDS
            return True

    def note(self, *, heard: bool) -> None:
        """What became of a call: whether the server answered anything that tells that it works."""
        with self._lock:
            self._failures = 0 if heard else self._failures + 1
            if self.is_open:
                self._next_try = self._clock() + SECONDS
