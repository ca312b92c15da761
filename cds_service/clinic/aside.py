"""What a clinician has set aside: the store of the service, in memory and in simulated time."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, cast

from cards.chart.calendar import add_months
from cards.engine.findings import Finding
from cds_service.config import Settings
from cds_service.hooks.request import Call
from cds_service.repetition import Repetition
from cds_service.store import Hold, Override, Store


class Aside:
    """The overrides of one clinician about one patient. It answers ``Repetition`` as the store would on ``today``."""

    def __init__(self) -> None:
        self.today = date.min
        self._until: dict[Override, date] = {}

    def hashed(self, *parts: str) -> str:
        return "\0".join(parts)

    def overridden(self, override: Override) -> bool:
        return self._until.get(override, date.min) >= self.today

    def clarified(self, hold: Hold) -> datetime | None:
        return None

    def fresh(self, found: list[Finding], today: date) -> list[Finding]:
        """Those that were not set aside."""
        self.today = today
        return self._repetition.fresh(found)

    def override(self, finding: Finding, today: date) -> None:
        """A card is overridden with a reason, and rests as long as the service lets it."""
        days = today + timedelta(days=Settings().suppress_days)
        until = max(days, add_months(today, finding.rests.months)) if finding.rests else days
        self._until[self._repetition.override_of(finding)] = until

    @property
    def _repetition(self) -> Repetition:
        call = Call(hook="patient-view", patient_id="1", user_id="Practitioner/1")
        return Repetition(cast(Store, cast(Any, self)), call, "clinic", self.today)
