"""How much one worker does at a time, so that nothing that is slow or large takes all of it.

A call computes in one of a few slots, so that health checks, and those who only wait, get their turn. It gives its slot back
while it waits for a FHIR server, and of those who wait there are fewer than threads. Bodies share what memory there is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

THREADS = 32
"""Calls that a worker has in hand."""
BACKLOG = 32
"""Calls that wait for a thread; one more is told to come again."""
COMPUTING = 4
FETCHING = 24
PATIENCE = 5.0
"""Seconds that a call waits for its turn to compute."""
RETRY_AFTER = 2
"""Seconds after which a client that was turned away may try again."""


class Overloaded(Exception):  # noqa: N818  what it is
    """This worker has its hands full: 503, with Retry-After. ``why`` names what there is none left of."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Load:
    """The slots and the room for bodies of one worker."""

    def __init__(self, room: int, *, computing: int = COMPUTING, fetching: int = FETCHING, patience: float = PATIENCE) -> None:
        """``room``: bytes of all bodies together; ``patience``: seconds to wait for a slot."""
        self._slots = threading.Semaphore(computing)
        self._fetching = threading.Semaphore(fetching)
        self._patience = patience
        self._room = room
        self._lock = threading.Lock()
        self._mine = threading.local()

    @contextmanager
    def computing(self) -> Iterator[None]:
        """Wait for a turn. Raises Overloaded if it does not come."""
        self._take_slot()
        self._mine.held = True
        try:
            yield
        finally:
            if self._mine.held:
                self._mine.held = False
                self._slots.release()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait for somebody else, without a slot. Raises Overloaded if too many do."""
        if not self._fetching.acquire(blocking=False):
            raise Overloaded("fetching")
        held = getattr(self._mine, "held", False)
        if held:
            self._mine.held = False
            self._slots.release()
        try:
            yield
        finally:
            self._fetching.release()
            if held:
                self._take_slot()
                self._mine.held = True

    def _take_slot(self) -> None:
        if not self._slots.acquire(timeout=self._patience):
            raise Overloaded("computing")

    @contextmanager
    def body(self, size: int) -> Iterator[None]:
        """Room for a body of this size, as long as it is being worked on. Raises Overloaded if there is none."""
        with self._lock:
            if size > self._room:
                raise Overloaded("memory")
            self._room -= size
        try:
            yield
        finally:
            with self._lock:
                self._room += size
