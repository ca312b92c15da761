"""Where along an axis of what may be assumed the answer changes, and how, in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from msgspec import Struct

from cards.chart import Chart
from cards.engine.catalog import all_cards
from cards.engine.findings import Finding, Indicator
from cards.vocabulary import ANTI_OSTEOPOROSIS, DRUGS
from cards.words.options import named, what
from cards.words.phrases import day, listed, num
from cards.words.summary import headline
from cds_service.web.playground.what_if import AXES
from cds_service.web.screen.marks import ASSUMED
from cds_service.web.screen.plan import first_drug, first_order
from cds_service.web.screen.safe import safe
from cds_service.web.words import say

Json = dict[str, Any]

_SOON, _FINE, _COARSE = 56, 7, 14
"""Days from one look ahead to the next, fewer in the first weeks; what changes between two is found by halving."""
_COUNTED = re.compile(r"\d[\d.,]*(?: ?(?:[A-Za-z]+|[年月周天日个]+))?")
"""A number with its unit, or a day: they go with the calendar, and are no other answer."""


class Answer(Struct, frozen=True):
    """What the screen says of one chart, as far as another one would be another answer."""

    findings: Sequence[Finding]
    head: str
    """The first line, whole."""
    safe: tuple[tuple[str, str], ...]
    """Each drug in question, and whether it is safe, in a word."""
    drugs: Mapping[str, str]
    """The drugs against osteoporosis that may be chosen, by key, each with what must come first."""


def turns(
    key: str, read: Callable[[date], Chart], today: date, shown: Callable[[Chart], Sequence[Finding]], language: str
) -> Json:
    """``now``, what the record has, in words, and ``turns``: ``{at, said, changes}`` for each place on the axis from which on
    the answer is another one, seen from the record: below it downward, above it upward, what is nearest first; ``span`` says
    where was looked. ``read`` gives the chart of a day, with all else that is assumed; ``shown`` what the answer would show."""
    axis = AXES[key]

    def answer(chart: Chart) -> Answer:
        return _answer(chart, shown(chart), language)

    if key == "day":
        last = int(axis.high)
        span = say("whatif.until", language, at=day(today + timedelta(days=last), language))
        found = [*_by_day(lambda days: answer(read(today + timedelta(days=days))), today, last, language)]
        return {"now": "", "span": span, "turns": found}
    chart = read(today)
    count = round((axis.high - axis.low) / axis.step)
    answers = {
        at: answer(axis.assume(chart, at)) for at in (round(axis.low + step * axis.step, 4) for step in range(count + 1))
    }
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
    span = say("whatif.span", language, low=num(axis.low), high=num(axis.high))
    return {"now": "" if value is None else say("whatif.record", language, at=num(value)), "span": span, "turns": found}


def _answer(chart: Chart, findings: Sequence[Finding], language: str) -> Answer:
    drugs = {
        option.key: named(option, language, chart)
        for finding in findings
        for option in finding.options
        if option.kind == "drug" and DRUGS[option.key].mechanism in ANTI_OSTEOPOROSIS
    }
    return Answer(
        findings=findings,
        head=_undated(headline(findings[0], language, chart)[1], chart, language) if findings else "",
        safe=tuple((each.drug, each.word) for each in safe(chart, findings, language) if each.drug),
        drugs=drugs,
    )


def _undated(head: str, chart: Chart, language: str) -> str:
    """The line without today as the day of a value that is assumed."""
    if not any(_assumed_in(chart)):
        return head
    when = day(chart.today, language)
    for said in (f" ({when})", f"({when})", f"（{when}）"):
        head = head.replace(said, "")
    return head


def _assumed_in(chart: Chart) -> Iterator[bool]:
    return (each.source == ASSUMED for values in chart.measured.values() for each in values)


def _by_day(look: Callable[[int], Answer], today: date, last: int, language: str) -> Iterator[Json]:
    seen: dict[int, Answer] = {}

    def at(days: int) -> Answer:
        if days not in seen:
            seen[days] = look(days)
        return seen[days]

    def differ(one: int, other: int) -> bool:
        return any(_changes(at(one), at(other), language))

    def first(low: int, high: int) -> int:
        """The first day after ``low`` that is another answer, where ``high`` is one."""
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if differ(low, middle) else (middle, high)
        return high

    for low, high in pairwise([*range(0, _SOON, _FINE), *range(_SOON, last, _COARSE), last]):
        start = low
        while differ(start, high):  # more than one thing may change between two looks
            turn = first(start, high)
            when = day(today + timedelta(days=turn), language)
            told = [*_changes(at(turn - 1), at(turn), language)]
            yield {"at": turn, "said": say("whatif.from", language, at=when), "changes": told}
            start = turn


def _changes(before: Answer, after: Answer, language: str) -> Iterator[str]:
    """In words: the first line, cards, whether it is safe, then what is ordered and offered."""
    yield from _first_line(before, after, language)
    yield from _cards(before.findings, after.findings, language)
    orders = [first_order(some.findings, date.max) for some in (before, after)]
    ordered = [what(order, language) if order else "" for order in orders]
    if ordered[0] != ordered[1] and ordered[1]:
        yield say("whatif.order", language, what=ordered[1])
    yield from _verdicts(before, after, language)
    yield from _drugs(before, after, language)


def _first_line(before: Answer, after: Answer, language: str) -> Iterator[str]:
    """Another first line, and how urgent it is; a number in it that goes with the calendar is none."""
    weights = [some.findings[0].indicator if some.findings else None for some in (before, after)]
    if not after.head or (_uncounted(before.head) == _uncounted(after.head) and weights[0] is weights[1]):
        return
    yield say("whatif.head", language, head=after.head, how=_weight(after.findings[0].indicator, language))


def _uncounted(words: str) -> str:
    return _COUNTED.sub("#", words)


def _cards(before: Sequence[Finding], after: Sequence[Finding], language: str) -> Iterator[str]:
    """Cards that come, go or weigh otherwise; the orders of one that goes may stand in another."""
    old, new = ({f.code: f for f in some} for some in (before, after))
    for code in [*new, *(code for code in old if code not in new)]:
        title = all_cards()[code].title[language]
        if code not in old:
            yield say("whatif.appears", language, what=title, how=_weight(new[code].indicator, language))
        elif code not in new:
            heir = _heir(old[code], [f for f in after if f.code not in old or len(f.options) > len(old[f.code].options)])
            if heir is None:
                yield say("whatif.goes", language, what=title)
            else:
                yield say("whatif.moves", language, what=title, to=all_cards()[heir].title[language])
        elif old[code].indicator is not new[code].indicator:
            yield say("whatif.becomes", language, what=title, how=_weight(new[code].indicator, language))


def _heir(gone: Finding, others: Sequence[Finding]) -> str | None:
    """The card that now orders what the one that is gone did, or stands for it."""
    keys = {option.key for option in gone.options if option.recommended and option.kind != "discard"}
    for each in others:
        if gone.code in {inner.code for inner in each.contains} or (keys and keys <= {option.key for option in each.options}):
            return each.code
    return None


def _verdicts(before: Answer, after: Answer, language: str) -> Iterator[str]:
    """Of each drug in question, where the answer is another one."""
    old = {drug: _uncounted(word) for drug, word in before.safe}
    for drug, word in after.safe:
        if old.get(drug) != _uncounted(word):
            yield say("whatif.safe", language, drug=drug, word=word)


def _drugs(before: Answer, after: Answer, language: str) -> Iterator[str]:
    """The drug that comes first, which may be chosen beside it, and what must come before it."""
    first = [option.key if (option := first_drug(some.findings)) else "" for some in (before, after)]
    if first[0] and not first[1]:
        yield say("whatif.no-drug", language)
        return
    if first[0] != first[1]:
        yield say("whatif.first", language, drug=after.drugs.get(first[1]) or DRUGS[first[1]].name[language])
    old, new = before.drugs, after.drugs
    gone = [DRUGS[key].name[language] for key in old if key not in new]
    come = [name for key, name in new.items() if key not in old and key != first[1]]
    come += [new[first[1]]] if first[0] == first[1] and first[1] in new and first[1] not in old else []
    other = [name for key, name in new.items() if key in old and _uncounted(old[key]) != _uncounted(name)]
    for key, some in (("whatif.not-offered", gone), ("whatif.offered", come), ("whatif.condition", other)):
        if some:
            yield say(key, language, drugs=listed(some, language))


def _weight(indicator: Indicator, language: str) -> str:
    return say(f"indicator.{indicator.value}", language).lower()
