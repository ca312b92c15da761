"""The groups of data that can change whether a card fires, found by failing each of them in each of its cases: ``rests_on`` in
its card.toml must cover them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from cards.chart import Chart, Hook
from cards.engine.card import Card, group_of
from cards.engine.catalog import all_cards, cards_of
from cards.engine.findings import Finding, Indicator
from cards.engine.run import run
from cards.vocabulary import Data
from cds_service.casebook.requests import FAILED, request
from cds_service.casebook.runs import chart_of, charts
from cds_service.fhir.fetching.queries import camel_case

Json = dict[str, Any]


def missing(card: Card) -> Iterator[str]:
    """The groups that ``rests_on`` (or ``needs``) should name and does not. What a check of orders rests on that the card is
    handed need not be named again: that the check could not be made is said."""
    checks = [all_cards()[code] for code in card.earlier if all_cards()[code].checks_orders]
    named = {group_of(name) for told in (card, *checks) for name in told.rests_on}
    yield from sorted(_needed(card, card.reads - named - {Data.PATIENT}))


def _needed(card: Card, groups: frozenset[Data]) -> set[Data]:
    """Of these groups, those without which the card fires differently (or no longer, or newly) in any of its cases."""
    found: set[Data] = set()
    for case, chart in charts(card.folder):
        if chart.hook not in card.hooks:
            continue
        sound, before = request(case), _fired(card, chart)
        for group in groups - found:
            if (broken := _without(sound, group)) and _differs(card, before, _fired(card, chart_of(case, broken))):
                found.add(group)
    return found


def _without(sound: Json, group: Data) -> Json | None:
    """The request with one group failed; None if it contains nothing of that group, since then only certainty is lost."""
    keys = [key for key in sound["prefetch"] if key.rstrip("0123456789") == camel_case(group)]
    if not any((sound["prefetch"][key] or {}).get("entry") for key in keys):
        return None
    return sound | {"prefetch": sound["prefetch"] | dict.fromkeys(keys, FAILED)}


def _fired(card: Card, chart: Chart) -> list[tuple[str, str]]:
    """Indicator and draft of each finding of the card."""
    return [_kind(finding) for finding in run(chart, asked(card.code, chart.hook)) if finding.code == card.code]


@cache
def asked(card: str, hook: Hook) -> tuple[Card, ...]:
    """The card after those whose findings it is handed, and what these are handed: to run it alone finds the same of it."""
    if all_cards()[card].last:
        return (*cards_of(hook),)
    wanted = {card}
    for each in reversed(cards_of(hook)):
        if each.code in wanted:
            wanted |= {*each.earlier}
    return tuple(each for each in cards_of(hook) if each.code in wanted)


def _differs(card: Card, before: list[tuple[str, str]], after: list[tuple[str, str]]) -> bool:
    """Whether it fires otherwise than before; a check of orders may be graver, for that errs on the safe side."""
    if not card.checks_orders:
        return before != after
    return any(not any(draft == each and _rank(now) <= _rank(then) for now, each in after) for then, draft in before)


def _rank(indicator: str) -> int:
    return Indicator(indicator).rank


def _kind(finding: Finding) -> tuple[str, str]:
    return finding.indicator.value, finding.about.id if finding.about else ""
