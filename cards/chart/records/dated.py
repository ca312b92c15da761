"""Days as the record gives them: exact, or no more than a month or a year."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from msgspec import Struct

from cards.chart.calendar import Partial, as_recorded


class _Days(Protocol):
    @property
    def when(self) -> date | None: ...

    @property
    def latest(self) -> date | None: ...


class Dated(Struct, frozen=True):
    """What has a first possible day, ``when``, and a last possible one, ``latest``, where it is not exact."""

    @property
    def at_latest(self: _Days) -> date | None:
        """The last day that it can have been."""
        return self.latest or self.when

    @property
    def dated(self: _Days) -> date | Partial | None:
        """The day as recorded, for display."""
        return as_recorded(self.when, self.latest)
