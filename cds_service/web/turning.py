"""Where along an axis of what may be assumed the answer changes, and how, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from cards.chart import Chart
from cards.engine.catalog import all_cards
from cards.engine.findings import Finding, Indicator
from cards.vocabulary import ANTI_OSTEOPOROSIS, DRUGS
from cards.words.options import what
from cards.words.phrases import day, listed, num
from cds_service.web.assumed import AXES
from cds_service.web.screen.plan import first_drug, first_order
from cds_service.web.words import say

Json = dict[str, Any]

_COARSE = 14
"""Days from one look ahead to the next; what changes between two is found by halving."""
_AHEAD = 365


def turns(
    key: str, read: Callable[[date], Chart], today: date, shown: Callable[[Chart], Sequence[Finding]], language: str
) -> Json:
    """``now``, what the record has, in words, and ``turns``: ``{at, said, changes}`` for each place on the axis from which on
    the answer is another one, seen from the record: below it downward, above it upward, what is nearest first. ``read`` gives
    the chart of a day, with all else that is assumed; ``shown`` what the answer would show."""
    axis = AXES[key]
    if key == "day":
        return {"now": "", "turns": [*_by_day(lambda days: shown(read(today + timedelta(days=days))), today, language)]}
    chart = read(today)
    count = round((axis.high - axis.low) / axis.step)
    answers = {at: shown(axis.assume(chart, at)) for at in (round(axis.low + step * axis.step, 4) for step in range(count + 1))}
    value = axis.recorded(chart)
    now = axis.low if value is None else value
    below = [*pairwise(reversed([at for at in answers if at <= now]))]
    above = [*pairwise([at for at in answers if at >= now])]
    across = [(at, next_) for at, next_ in pairwise(answers) if at < now < next_]
    found = [
        {"at": at, "said": say(f"whatif.{way}", language, at=num(at)), "changes": told}
        for way, pairs in (("lower", below), ("higher", [*across, *above]))
        for before, at in pairs
        if (told := [*_changes(answers[before], answers[at], language)])
    ]
    return {"now": "" if value is None else say("whatif.record", language, at=num(value)), "turns": found}


def _by_day(look: Callable[[int], Sequence[Finding]], today: date, language: str) -> Iterator[Json]:
    seen: dict[int, Sequence[Finding]] = {}

    def at(days: int) -> Sequence[Finding]:
        if days not in seen:
            seen[days] = look(days)
        return seen[days]

    for low, high in pairwise(range(0, _AHEAD + _COARSE, _COARSE)):
        if not [*_changes(at(low), at(high), language)]:
            continue
        left, right = low, high
        while right - left > 1:
            middle = (left + right) // 2
            if [*_changes(at(low), at(middle), language)]:
                right = middle
            else:
                left = middle
        when = day(today + timedelta(days=right), language)
        yield {"at": right, "said": say("whatif.from", language, at=when), "changes": [*_changes(at(low), at(right), language)]}


def _changes(before: Sequence[Finding], after: Sequence[Finding], language: str) -> Iterator[str]:
    """In words: cards, then what is ordered and offered."""
    yield from _cards(before, after, language)
    orders = [first_order(some, date.max) for some in (before, after)]
    named = [what(order, language) if order else "" for order in orders]
    if named[0] != named[1] and named[1]:
        yield say("whatif.order", language, what=named[1])
    yield from _drugs(before, after, language)


def _cards(before: Sequence[Finding], after: Sequence[Finding], language: str) -> Iterator[str]:
    """Cards that come, go or weigh otherwise."""
    old, new = ({f.code: f.indicator for f in some} for some in (before, after))
    for code in [*new, *(code for code in old if code not in new)]:
        title = all_cards()[code].title[language]
        if code not in old:
            yield say("whatif.appears", language, what=title, how=_weight(new[code], language))
        elif code not in new:
            yield say("whatif.goes", language, what=title)
        elif old[code] is not new[code]:
            yield say("whatif.becomes", language, what=title, how=_weight(new[code], language))


def _drugs(before: Sequence[Finding], after: Sequence[Finding], language: str) -> Iterator[str]:
    """The drug that comes first, and which may be chosen beside it."""
    first = [option.key if (option := first_drug(some)) else "" for some in (before, after)]
    if first[0] and not first[1]:
        yield say("whatif.no-drug", language)
        return
    if first[0] != first[1]:
        yield say("whatif.first", language, drug=DRUGS[first[1]].name[language])
    old, new = _offered(before), _offered(after)
    for key, some in (("whatif.not-offered", old - new), ("whatif.offered", new - old)):
        if some:
            yield say(key, language, drugs=listed([DRUGS[each].name[language] for each in sorted(some)], language))


def _offered(findings: Sequence[Finding]) -> set[str]:
    """The drugs against osteoporosis that may be chosen."""
    options = (option for finding in findings for option in finding.options if option.kind == "drug")
    return {option.key for option in options if DRUGS[option.key].mechanism in ANTI_OSTEOPOROSIS}


def _weight(indicator: Indicator, language: str) -> str:
    return say(f"indicator.{indicator.value}", language).lower()
