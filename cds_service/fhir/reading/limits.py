"""How much of anything one call may bring. What is beyond has a name, so that a client knows what to send less of."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from cds_service.fhir.reading import elements, wire
from cds_service.fhir.reading.given import Given, Kept

MOST = {"entries": 20_000, "components": 20_000, "codings": 20_000}
"""In one call: entries of Bundles, Observation.component, codings of what resources are about."""

REPORTS = 200_000
"""Characters of the texts of reports that are read in one call: they cost most. What is beyond is set aside, and said."""

DRAFTS = 100
"""Orders that are judged. Those beyond are named, as unjudged."""

_ORDINARY = 2_000
"""Bytes of a code within which there are not many codings."""


class TooMuchError(ValueError):
    """A call brings more of something than is read; ``name`` is one of ``MOST``."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}: more than {MOST[name]:,} in one call")
        self.name = name


class Room:
    """What a call may still bring."""

    def __init__(self) -> None:
        self._left = dict(MOST)
        self._reports = REPORTS

    def take(self, name: str, number: int = 1) -> None:
        """Note so many of them. TooMuchError where there is no room for them."""
        self._left[name] -= number
        if self._left[name] < 0:
            raise TooMuchError(name)

    def reads_report(self, size: int) -> bool:
        """Whether there is time to read a report of so many characters."""
        self._reports -= size
        return self._reports >= 0

    def take_parts(self, kept: Kept) -> None:
        """Note the components and codings of a resource."""
        if isinstance(kept, wire.Observation):  # most of a chart
            if kept.component:
                self.take("components", len(kept.component))
            code: Any = kept.code
        elif isinstance(kept, Given):
            return
        else:
            code = getattr(kept, "code", None) or getattr(kept, "medication_codeable_concept", None)
        if isinstance(code, Raw):
            if len(code) > _ORDINARY:
                self.take("codings", bytes(code).count(b"{") - 1)
        elif isinstance(code, elements.Concept) and code.coding:
            self.take("codings", len(code.coding))
