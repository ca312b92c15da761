"""Fractures brought together into episodes (key figures, common rules)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from msgspec import Struct

from cards.chart.calendar import years_between
from cards.indicators.care import Episode

TOGETHER_DAYS = 30
"""Fractures within these days are one episode (OWN)."""
APART_DAYS = 180
"""A later fracture opens an episode of its own when it is more than these days after the first (OWN)."""
HISTORY_DAYS = 365
"""Told of more than these days after it happened, a fracture is history (OWN)."""
LEAST_AGE = 50
"""IOF and RCP: people of 50 or older on the index date."""
_RANK = {"hip": 0, "vertebra": 1}


class Broken(Struct, frozen=True):
    """A fracture as the indicators count it. ``recorded``: when it was written down."""

    site: str
    first: date | None
    latest: date | None
    source: str = ""
    presumed: bool = False
    recorded: date | None = None

    @property
    def dated(self) -> bool:
        """Whether its day is known: a month or a year opens no window."""
        return self.first is not None and self.latest in (None, self.first)

    @property
    def history(self) -> bool:
        last = self.latest or self.first
        return last is not None and self.recorded is not None and (self.recorded - last).days > HISTORY_DAYS


def episodes(broken: Iterable[Broken], birth: date | None) -> tuple[Episode, ...]:
    """The episodes of a person, oldest first: of 50 or older on the first day. Without a date of birth: none."""
    some = sorted((b for b in broken if b.dated and not b.history), key=lambda b: (b.first or date.max, b.source))
    found: list[list[Broken]] = []
    again: list[list[date]] = []
    for each in some:
        if each.first is None:
            continue
        begun = found[-1][0].first if found else None
        days = (each.first - begun).days if begun else None
        if days is None or days > APART_DAYS:
            found.append([each])
            again.append([])
        elif days <= TOGETHER_DAYS:
            found[-1].append(each)
        else:
            again[-1].append(each.first)
    told = [_episode(group, tuple(later), _before(some, group)) for group, later in zip(found, again, strict=True)]
    return tuple(each for each in told if birth is not None and years_between(birth, each.t0) >= LEAST_AGE)


def undated(broken: Iterable[Broken]) -> tuple[Broken, ...]:
    """Those that are listed and stand in no rate."""
    return tuple(each for each in broken if not each.dated and not each.history)


def _episode(group: list[Broken], again: tuple[date, ...], before: date | None) -> Episode:
    first = group[0]
    site = min(group, key=lambda b: _RANK.get(b.site, 2)).site
    return Episode(
        t0=first.first or date.max,
        site=site,
        sources=tuple(b.source for b in group),
        presumed=all(b.presumed for b in group),
        since=before,
        again=again,
    )


def _before(some: list[Broken], group: list[Broken]) -> date | None:
    """The last fracture before this episode."""
    t0 = group[0].first or date.max
    return max((b.first for b in some if b.first and b.first < t0), default=None)


def last_day(t0: date, days: int) -> date:
    """The last day of a window of so many days; the day of the fracture is day 0."""
    return t0 + timedelta(days=days)
