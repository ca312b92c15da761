"""A week against the weeks before it: how often a card comes per 1,000 calls, and between which limits.

The seven days that ended last are held against the eight weeks before, hook by hook, so that a change in which hooks are called
is no drift. Calls are few and a card rarer still, so the measure is the likelihood ratio of two counts that share a rate
(binomial, given their sum), which also knows how little the weeks before may tell; its signed root is nearly normal down to a
count of nothing. One patient's chart is opened again and again, so that counts vary more than chance alone: the variance over
up to 26 weeks, against what chance gives, divides it (quasi-likelihood), at least 1.

``LIMIT`` of 5.5 standard deviations: 4 in 100 million, two-sided. With 250 cards and codes looked at every day a false alarm is
expected less than once in 200 years, by a normal law; what is left is for what the law does not know.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import accumulate
from math import log, sqrt
from statistics import median

from msgspec import Struct

from cds_service.store.seen import CALL, CARD, CODE, Days, Series

WEEK, BEFORE, VARIANCE = 7, 8 * 7, 26 * 7
"""Days: what is judged, what it is held against, from how many days the variance is taken."""
LEAST = 4 * 7
"""Days before of which calls must be on record: the four weeks of shadow mode."""
LIMIT = 5.5
SILENT, LOUD, GONE = "silent", "loud", "gone"
_ROUGHLY = 20
"""Expected a week from which a series tells of the variance of all."""


class Line(Struct, frozen=True):
    """One card or code in the last seven days. ``seen`` calls of ``calls`` had it; ``expected`` by the weeks before; ``low``
    and ``high``: the limits; ``z``: in standard deviations; ``alarm``: "silent", "loud", "gone" or "". ``watched``: that
    it comes often enough for complete silence to be told within a week."""

    kind: str
    key: str
    seen: int
    calls: int
    expected: float
    low: int
    high: int
    z: float = 0.0
    alarm: str = ""
    watched: bool = False

    def per_thousand(self, number: float) -> float:
        return 1000 * number / self.calls if self.calls else 0.0


class Sums:
    """Sums of one hook's days, each in one step. Days are ordinals, as ``date.toordinal`` has them."""

    def __init__(self, days: Days, first: int, last: int) -> None:
        self._first, self._most = first, last - first + 1
        told = {day.toordinal(): times for day, times in days.items()}
        self._upto = [0, *accumulate(told.get(day, 0) for day in range(first, last + 1))]

    def between(self, begin: int, end: int) -> int:
        """From ``begin`` to ``end``, both included."""
        low, high = begin - self._first, end - self._first + 1
        return self._upto[min(max(high, 0), self._most)] - self._upto[min(max(low, 0), self._most)]


class Watched:
    """The counts of a store, to be judged at the end of any day."""

    def __init__(self, series: Series) -> None:
        days = [day.toordinal() for by_hook in series.values() for some in by_hook.values() for day in some]
        self._first, last = min(days, default=0), max(days, default=0)
        self._sums = {
            what: {hook: Sums(some, self._first, last) for hook, some in by_hook.items()} for what, by_hook in series.items()
        }
        self._calls = self._sums.get((CALL, ""), {})
        self._usual: dict[int, float] = {}

    def judged(self, day: date) -> list[Line]:
        """Every card and code in the seven days that end with ``day``; nothing while there is too little before them. The
        variance is asked for only of what would raise an alarm without it, and limits are left to ``table``."""
        last = day.toordinal()
        found = self._lines(last)
        far = any(abs(line.z) > LIMIT for line in found)
        pooled = self._pooled(last - WEEK + 1) if far else 1.0
        return [self._damped(line, last, pooled) if abs(line.z) > LIMIT else line for line in found]

    def table(self, day: date) -> list[Line]:
        """The same with limits that know the variance: for a page."""
        last = day.toordinal()
        lines = self._lines(last)
        pooled = self._pooled(last - WEEK + 1) if lines else 1.0
        return [self._damped(line, last, pooled) for line in lines]

    def _lines(self, last: int) -> list[Line]:
        """Without the variance: what is inside the limits now is inside them with it."""
        begin, found = last - WEEK + 1, []
        calls = sum(each.between(begin, last) for each in self._calls.values())
        if not calls or begin - self._first < LEAST:
            return []
        for (kind, key), by_hook in self._sums.items():
            if kind == CALL:
                continue
            seen = sum(each.between(begin, last) for each in by_hook.values())
            expected, before = self._expected(by_hook, begin)
            if seen or before:
                z = deviation(seen, before, expected)
                found.append(Line(kind, key, seen, calls, expected, 0, 0, z, _alarm(kind, z)))
        return found

    def _damped(self, line: Line, last: int, pooled: float) -> Line:
        begin, by_hook = last - WEEK + 1, self._sums[line.kind, line.key]
        expected, before = self._expected(by_hook, begin)
        spread = max(1.0, pooled, self._spread(by_hook, begin) or 1.0)
        z = deviation(line.seen, before, expected, spread)
        low, high = limits(before, expected, spread)
        told = (line.kind, line.key, line.seen, line.calls, expected, low, high, z, _alarm(line.kind, z))
        return Line(*told, watched=deviation(0, before, expected, spread) < -LIMIT)

    def _expected(self, by_hook: Mapping[str, Sums], begin: int) -> tuple[float, int]:
        """How many of the calls of the week from ``begin`` would have it at the rate of the weeks before, hook by hook, and how
        many had it then. A hook that was not called before tells nothing."""
        since, until, last = begin - BEFORE, begin - 1, begin + WEEK - 1
        expected, before = 0.0, 0
        for hook, some in by_hook.items():
            calls = self._calls.get(hook)
            of = calls.between(since, until) if calls else 0
            if calls and of:
                had = some.between(since, until)
                expected += calls.between(begin, last) * had / of
                before += had
        return expected, before

    def _spread(self, by_hook: Mapping[str, Sums], begin: int) -> float | None:
        """The variance of whole weeks before, against what chance gives; None where too little came."""
        weeks = min(VARIANCE, begin - self._first) // WEEK
        since, until = begin - WEEK * weeks, begin - 1
        hooks = [(self._calls[hook], some) for hook, some in by_hook.items() if hook in self._calls]
        known = [(calls, some, some.between(since, until) / of) for calls, some in hooks if (of := calls.between(since, until))]
        total = squares = 0.0
        for start in range(since, begin, WEEK):
            end = start + WEEK - 1
            expected = sum(calls.between(start, end) * rate for calls, _, rate in known)
            seen = sum(some.between(start, end) for _, some, _ in known)
            total += expected
            squares += (seen - expected) ** 2 / expected if expected else 0.0
        return squares / (weeks - 1) if weeks > 1 and total >= weeks else None

    def _pooled(self, begin: int) -> float:
        """The usual spread of those that come often enough to tell it; worked out once a week."""
        begin -= begin % WEEK
        if begin not in self._usual:
            some = []
            for (kind, _), by_hook in self._sums.items():
                if kind != CALL and self._expected(by_hook, begin)[0] >= _ROUGHLY:
                    spread = self._spread(by_hook, begin)
                    some += [spread] if spread is not None else []
            self._usual[begin] = median(some) if some else 1.0
        return self._usual[begin]


def deviation(seen: float, before: float, expected: float, spread: float = 1.0) -> float:
    """In standard deviations, how far a week lies from what the weeks before make expect; negative for fewer.

    >>> round(deviation(0, 8 * 20, 20), 1), round(deviation(20, 8 * 20, 20), 1), round(deviation(40, 8 * 20, 20), 1)
    (-6.1, 0.0, 3.6)
    >>> deviation(0, 0, 0), deviation(30, 0, 0) > LIMIT  # a card that never came
    (0.0, True)
    """
    whole = seen + before
    if not whole:
        return 0.0
    part = expected / (expected + before) if before else 1 / (1 + BEFORE / WEEK)
    told = 2 * (_term(seen, whole * part) + _term(before, whole * (1 - part)))
    return (1 if seen >= whole * part else -1) * sqrt(max(told, 0.0) / spread)


def _term(seen: float, expected: float) -> float:
    return seen * log(seen / expected) if seen else 0.0


def limits(before: float, expected: float, spread: float) -> tuple[int, int]:
    """The smallest and the largest week that raises no alarm."""
    low = bisect_left(range(int(expected) + 1), True, key=lambda seen: deviation(seen, before, expected, spread) >= -LIMIT)
    most = 8 * int(expected + before + LIMIT * LIMIT * spread)
    return low, bisect_left(range(most), True, key=lambda seen: deviation(seen, before, expected, spread) > LIMIT) - 1


def _alarm(kind: str, z: float) -> str:
    """Of codes only that they are gone: that one is seen more often harms nobody."""
    if z < -LIMIT:
        return SILENT if kind == CARD else GONE
    return LOUD if z > LIMIT and kind == CARD else ""


def alarms(lines: Iterable[Line]) -> list[Line]:
    """Those that raise one, the farthest first."""
    return sorted((line for line in lines if line.alarm), key=lambda line: -abs(line.z))


__all__ = ["CARD", "CODE", "GONE", "LIMIT", "LOUD", "SILENT", "Line", "Watched", "alarms", "deviation", "limits"]
