"""A value that was measured or reckoned."""

from __future__ import annotations

from datetime import date, datetime

from msgspec import Struct

from cards.chart.calendar import Partial, as_recorded
from cards.vocabulary import Site


class Measurement(Struct, frozen=True, gc=False):
    """A value that is final, amended or corrected, dated, not in the future, plausible, and with a unit that converts. Anything
    else is left out and counted, and a card that relies on the measurement says so. A value with a comparator (<8, >90) is
    decisive if every value it can stand for lies on the same side of the limit. Of two values on one day, the one with the
    later time counts, then the one issued later, then the one updated last.

    ``value`` is in the unit the rules use (``cards.vocabulary.ANALYTES``). ``given`` is the value as recorded ("45 nmol/L"),
    and ``factor`` converts it to the unit of the rules; for a computed value they give the unit of its input, if that is the
    same quantity. ``comparator`` is "", "<", "<=", ">" or ">=". ``low`` and ``high`` are the laboratory's own reference range
    in the unit of the rules. ``computed`` names the formula if the value was not measured. ``order`` sorts values on one day:
    clinical time, then issued, then last updated. ``unsure``: the record does not know its status. ``from_text``: read from the
    words of a report.
    """

    key: str
    value: float
    when: date
    source: str = ""
    comparator: str = ""
    given: str = ""
    site: Site | None = None
    side: str = ""
    low: float | None = None
    high: float | None = None
    method: str = ""
    computed: str = ""
    order: tuple[datetime, ...] = ()
    latest: date | None = None
    factor: float = 1
    unsure: bool = False
    from_text: bool = False

    @property
    def at_latest(self) -> date:
        """The last day that it can have been."""
        return self.latest or self.when

    @property
    def dated(self) -> date | Partial:
        return as_recorded(self.when, self.latest) or self.when

    def below(self, limit: float) -> bool | None:
        """Whether the value lies below ``limit``; None when its comparator leaves it open.

        >>> Measurement("egfr", 60, date(2026, 1, 1), comparator=">").below(35)
        False
        >>> Measurement("egfr", 60, date(2026, 1, 1), comparator="<").below(35) is None
        True
        """
        if self.comparator in ("<", "<="):
            certain = self.value <= limit if self.comparator == "<" else self.value < limit
            return True if certain else None
        if self.comparator in (">", ">="):
            return False if self.value >= limit else None
        return self.value < limit

    def at_most(self, limit: float) -> bool | None:
        """Whether the value is ``limit`` or less; None when its comparator leaves it open."""
        if self.comparator in ("<", "<="):
            return True if self.value <= limit else None
        if self.comparator in (">", ">="):
            certain = self.value >= limit if self.comparator == ">" else self.value > limit
            return False if certain else None
        return self.value <= limit
