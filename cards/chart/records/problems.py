"""What was diagnosed, what broke, what is not tolerated."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.chart.records.dated import Dated
from cards.vocabulary import Drug, Mechanism


class Problem(Dated, frozen=True, gc=False):
    """A recorded condition that is neither refuted nor entered in error. It is active unless its status is inactive, in
    remission or resolved, or it has ended. Its date is the onset, otherwise the day on which it was recorded."""

    key: str
    source: str = ""
    onset: date | None = None
    recorded: date | None = None
    abated: date | None = None
    active: bool = True
    text: str = ""
    latest: date | None = None
    from_text: bool = False
    """Told by nothing but the words of a report."""

    @property
    def when(self) -> date | None:
        return self.onset or self.recorded


class FractureEntry(Struct, frozen=True, gc=False):
    """A fracture as one Condition records it, before ``cards.definitions.fractures`` decides what counts.

    ``site`` is a key of ``FRACTURE_SITES``, ``part`` the side ("left", "right") or vertebral level ("thoracic", "lumbar"), ""
    if not stated, ``level`` the vertebrae that the words name ("T12"). ``osteoporotic``: the code says so. ``subsequent``: the
    7th character says that it is not a new fracture. ``from_text``: read from the words of a report. ``several``: more than one
    vertebra, without their names.
    """

    site: str
    source: str = ""
    part: str = ""
    when: date | None = None
    osteoporotic: bool = False
    subsequent: bool = False
    text: str = ""
    latest: date | None = None
    low_energy: bool = False
    level: str = ""
    from_text: bool = False
    several: bool = False


class Fracture(Dated, frozen=True):
    """A fragility fracture. ``presumed``: low energy is inferred from site and age; the code does not say osteoporotic.
    ``level``, ``from_text`` and ``several`` as in the entries; ``from_text`` only where nothing but words tells of it."""

    site: str
    when: date | None
    source: str = ""
    part: str = ""
    presumed: bool = False
    after_bone_tumor: bool = False
    latest: date | None = None
    level: str = ""
    from_text: bool = False
    several: bool = False

    def may_be_within(self, begin: date, end: date) -> bool:
        """Whether any of its possible days lies between ``begin`` and ``end``, inclusive."""
        return self.when is not None and self.when <= end and begin <= (self.latest or self.when)


class Allergy(Struct, frozen=True):
    """An active, unrefuted allergy or intolerance to a drug or a whole mechanism. ``unconfirmed``: nobody has verified it."""

    drug: Drug | None
    mechanism: Mechanism | None
    source: str = ""
    intolerance: bool = False
    severe: bool = False
    text: str = ""
    recorded: date | None = None
    unconfirmed: bool = False
