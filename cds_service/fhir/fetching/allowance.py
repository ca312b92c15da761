"""What one call may spend on querying the EHR: time, requests, memory. Shared by all its queries."""

from __future__ import annotations

import time
from threading import Lock

MAX_GETS = 100
MAX_ENTRIES = 20_000
MAX_VALUES = 1_000_000
"""Objects, lists and what they hold, in all answers of one call, as in a request: what is made of each takes a hundred times
its bytes."""


class Allowance:
    """``deadline`` is a reading of ``time.monotonic``, ``memory`` are bytes of answers, unpacked."""

    def __init__(
        self, deadline: float, memory: int, gets: int = MAX_GETS, entries: int = MAX_ENTRIES, values: int = MAX_VALUES
    ) -> None:
        self.deadline = deadline
        self._memory = memory
        self._gets = gets
        self._entries = entries
        self._values = values
        self._lock = Lock()

    @property
    def left(self) -> float:
        """Seconds to the deadline; never 0, which a socket interprets as "do not wait"."""
        return max(self.deadline - time.monotonic(), 0.001)

    @property
    def over(self) -> bool:
        return time.monotonic() > self.deadline

    def one_more(self) -> bool:
        """Whether one more request may be made."""
        with self._lock:
            self._gets -= 1
            return self._gets >= 0

    def has_entries(self, number: int) -> bool:
        """Whether so many entries more may be kept."""
        with self._lock:
            self._entries -= number
            return self._entries >= 0

    def has_values(self, number: int) -> bool:
        """Whether so many JSON values more may be made something of."""
        with self._lock:
            self._values -= number
            return self._values >= 0

    def has_room(self, size: int) -> bool:
        """Whether so many bytes more may be kept."""
        with self._lock:
            self._memory -= size
            return self._memory >= 0
