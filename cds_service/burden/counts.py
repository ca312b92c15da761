"""Alerts a day and a clinician-hour, and what the cap, the routine card and overrides make of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from msgspec import Struct

from cds_service.burden.calls import Call, Card

CAPS = (1, 2, 3, 5, 8)
REPORTED = (0.46, 0.96)
"""Shares of such alerts that are overridden, lowest and highest reported (as the reviews of such alerts tell: RECALL)."""
INFO, CRITICAL = "info", "critical"


class Burden(Struct, frozen=True):
    """A day. ``alerts``: cards on the screen by hook; ``calls``: by hook; ``by_card``: by code and urgency; ``an_hour``: for
    each clinician-hour, None where hours were not told; ``caps``: alerts at each cap; ``apart``: if what the routine card and
    others speak for stood by itself; ``empty``: share of calls without a card; ``most``: cards in the busiest twentieth of
    calls; ``overrides``: share of alerts that overrides would hold back, by what is assumed of them."""

    source: str
    calls: dict[str, float]
    alerts: dict[str, float]
    by_card: dict[tuple[str, str], float]
    an_hour: float | None
    caps: dict[int, float]
    apart: float
    empty: float
    most: int
    overrides: dict[str, float]

    @property
    def a_day(self) -> float:
        return sum(self.alerts.values())


def shown(cards: Sequence[Card], cap: int) -> int:
    """Cards that are shown: warnings and critical ones are never cut, as in an answer."""
    return sum(place < cap or card.indicator != INFO for place, card in enumerate(cards))


def of_run(calls: Sequence[Call], openings: float, hours: float | None, cap: int, rest_days: int) -> Burden:
    """From a population: so many charts ``openings`` a day, each of anybody. What overrides would do depends on how often the
    same chart is opened again while they rest."""
    share = openings / len(calls) if calls else 0.0
    again = openings * rest_days / len(calls) if calls else 0.0
    held = {f"{part:.0%} overridden": _held(calls, cap, part, again) for part in REPORTED}
    return _burden("population run", calls, {"patient-view": openings}, share, hours, cap, held)


def of_store(
    calls: Sequence[Call], counted: dict[str, int], days: int, hours: float | None, cap: int, rest_days: int
) -> Burden:
    """From what was recorded. ``counted``: all calls by hook."""
    every = {hook: max(number, sum(call.hook == hook for call in calls)) / days for hook, number in counted.items()}
    every |= {call.hook: sum(c.hook == call.hook for c in calls) / days for call in calls if call.hook not in every}
    held = {"the same card seen again": _seen_again(calls, rest_days)}
    return _burden("store", calls, every, 1 / days, hours, cap, held)


def _burden(
    source: str,
    calls: Sequence[Call],
    every: dict[str, float],
    share: float,
    hours: float | None,
    cap: int,
    held: dict[str, float],
) -> Burden:
    alerts: Counter[str] = Counter()
    by_card: Counter[tuple[str, str]] = Counter()
    for call in calls:
        kept = [c for place, c in enumerate(call.cards) if place < cap or c.indicator != INFO]
        alerts[call.hook] += len(kept)
        by_card.update((card.code, card.indicator) for card in kept)
    sizes = sorted(shown(call.cards, cap) for call in calls)
    silent = max(sum(every.values()) / share - sum(map(bool, sizes)), 0) if share else 0
    a_day = {hook: number * share for hook, number in alerts.items()}
    return Burden(
        source=source,
        calls=every,
        alerts=a_day,
        by_card={key: number * share for key, number in by_card.most_common()},
        an_hour=sum(a_day.values()) / hours if hours else None,
        caps={each: share * sum(shown(call.cards, each) for call in calls) for each in CAPS},
        apart=share * sum(1 + len(card.contains) for call in calls for card in call.cards),
        empty=silent * share / sum(every.values()) if sum(every.values()) else 0.0,
        most=sizes[int(0.95 * (len(sizes) - 1))] if sizes else 0,
        overrides=held,
    )


def _held(calls: Iterable[Call], cap: int, part: float, again: float) -> float:
    """Of the alerts the share that overrides hold back, if a card is overridden with a reason in so many cases and each chart
    is opened ``again`` times while that rests: all but the first time. Critical cards are never held back."""
    kept = [c for call in calls for place, c in enumerate(call.cards) if place < cap or c.indicator != INFO]
    if not kept or again <= 1:
        return 0.0
    may = sum(card.indicator != CRITICAL for card in kept) / len(kept)
    return may * part * (again - 1) / again


def _seen_again(calls: Iterable[Call], rest_days: int) -> float:
    """The share of alerts that the same person had of the same patient, over the same facts, in the days for which an override
    rests: what overrides hold back if every one is answered by an override with a reason. The most that they can do."""
    first: dict[str, date] = {}
    again = total = 0
    for call in calls:
        for card in call.cards:
            total += 1
            if not card.again or card.indicator == CRITICAL or call.day is None:
                continue
            since = first.get(card.again)
            if since is not None and (call.day - since).days < rest_days:
                again += 1
            else:
                first[card.again] = call.day
    return again / total if total else 0.0
