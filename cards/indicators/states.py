"""The states of an indicator, in the one order that holds for all: excluded, met, pending, not met, unknown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from cards.indicators.care import Care, Episode, Event, Outcome, Rates

NOTHING, UNDATED, STRADDLES, NOT_CONFIRMED, NOT_READ = (
    "nothing-recorded",
    "undated",
    "date-straddles",
    "not-confirmed",
    "not-read",
)
"""Why something is unknown."""
LATE = "late"
NOT_APPLICABLE = Outcome("not-applicable")


def excluded(care: Care, rates: Rates, begin: date, last: date, *, death: bool) -> Outcome | None:
    """Whether the episode is out of this row, on or before the last day of its window. *published*: death, where the row says
    so (``death``). *clinical*: in every row, and comfort care, and who has left."""
    if (death or rates.profile == "clinical") and care.died is not None:
        if care.died.first is None:
            return Outcome("excluded", "death-undated", source=care.died.source)
        if care.died.first <= last:
            return Outcome("excluded", "died", day=care.died.first, source=care.died.source)
    if rates.profile != "clinical":
        return None
    if care.comfort(min(last, care.today)):
        return Outcome("excluded", "comfort-care")
    gone = next((e for e in care.left if e.first is None or begin <= e.first <= last), None)
    if gone is None:
        return None
    return Outcome("excluded", "left", day=gone.first, source=gone.source)


def within(care: Care, key: str, begin: date, last: date, *more: Event) -> Outcome:
    """Whether an event of ``key`` (or one ``more``) lies in the window, with every day that it can have been.

    Sources that could not be read come before "too late": what is missing may have been in time. So does an event without a
    date, or one whose date straddles a limit.
    """
    events = [*care.done.get(key, ()), *more]
    inside = [e for e in events if e.first and begin <= e.first and (e.latest or e.first) <= last]
    if inside:
        best = min(inside, key=lambda e: (e.latest or e.first or last, e.source))
        return Outcome("met", how=best.how, day=best.first, source=best.source)
    earlier = max((e.latest or e.first for e in events if e.first and (e.latest or e.first) < begin), default=None)
    if care.today <= last:
        return Outcome("pending", earlier=earlier)
    if key in care.not_read:
        return Outcome("unknown", NOT_READ, earlier=earlier)
    known = [e for e in events if e.first]
    if any(e.first and e.first <= last and (e.latest or e.first) >= begin for e in known):
        return Outcome("unknown", STRADDLES, earlier=earlier)
    if len(known) < len(events):
        return Outcome("unknown", UNDATED, earlier=earlier)
    if late := [e for e in known if e.first and e.first > last]:
        first = min(late, key=lambda e: (e.first or date.max, e.source))
        return Outcome("not-met", LATE, first.how, first.first, first.source)
    if told := denied(care.denied.get(key, ()), begin, last):
        return Outcome("not-met", told.how, day=told.first, source=told.source)
    return Outcome("unknown", NOTHING, earlier=earlier)


def denied(events: Iterable[Event], begin: date, last: date) -> Event | None:
    """The first word inside the window that it did not happen."""
    inside = (e for e in events if e.first and begin <= e.first and (e.latest or e.first) <= last)
    return min(inside, key=lambda e: (e.first or last, e.source), default=None)


def after(episode: Episode, care: Care, rates: Rates, key: str, days: int, *more: Event, death: bool = False) -> Outcome:
    """The state of a row that asks for one event within so many days after the fracture."""
    last = episode.t0 + timedelta(days=days)
    return excluded(care, rates, episode.t0, last, death=death) or within(care, key, episode.t0, last, *more)
