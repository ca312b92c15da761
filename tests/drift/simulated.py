"""A year of calls, invented day by day: charts opened again and again, weekends, holidays, a slow change of who comes."""

from __future__ import annotations

from datetime import date, timedelta
from math import exp, pi, sin
from random import Random

from cds_service.store.seen import CALL, CARD, CODE, Series

FIRST = date(2025, 1, 6)
HOOKS = {"patient-view": 0.8, "order-select": 0.2}
A_DAY = 400
"""Calls on a working day."""


def year(seed: int, days: int, rates: dict[tuple[str, str], float], spread: float = 0.25, a_day: int = A_DAY) -> Series:
    """The counts of so many days. ``rates``: of each card or code, by call. ``spread``: how much a day varies, as a
    share of it (a day's calls are about few patients), so that counts vary more than chance makes them."""
    chance = Random(seed)
    phase = {what: chance.uniform(0, 2 * pi) for what in rates}
    found: Series = {(CALL, ""): {hook: {} for hook in HOOKS}} | {what: {hook: {} for hook in HOOKS} for what in rates}
    for number in range(days):
        day = FIRST + timedelta(days=number)
        busy = 0.2 if day.weekday() >= 5 else 0.5 if number % 91 < 5 else 1.0
        for hook, part in HOOKS.items():
            calls = poisson(chance, a_day * busy * part)
            found[CALL, ""][hook][day] = calls
            for what, rate in rates.items():
                slow = 1 + 0.15 * sin(2 * pi * number / 365 + phase[what])
                today = chance.gammavariate(1 / spread**2, spread**2)
                found[what][hook][day] = min(poisson(chance, calls * rate * slow * today), calls)
    return found


def poisson(chance: Random, mean: float) -> int:
    """By Knuth for few, by the normal law for many.

    >>> poisson(Random(1), 0.0)
    0
    """
    if mean > 60:
        return max(0, round(chance.gauss(mean, mean**0.5)))
    limit, product, number = exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        number += 1
    return number


def usual(seed: int = 5, cards: int = 100, codes: int = 150) -> dict[tuple[str, str], float]:
    """Cards from one call in 2,000 to one in 5; codes up to nearly every call."""
    chance = Random(seed)
    told = {(CARD, f"card-{number}"): exp(chance.uniform(-7.6, -1.6)) for number in range(cards)}
    return told | {(CODE, f"code-{number}"): exp(chance.uniform(-7.6, -0.2)) for number in range(codes)}


def broken(series: Series, what: tuple[str, str], day: date, factor: float, seed: int = 3) -> Series:
    """The same from that day on with so much of a card or code; 0 is none."""
    chance = Random(seed)
    changed = {
        hook: {d: (poisson(chance, n * factor) if d >= day else n) for d, n in some.items()}
        for hook, some in series[what].items()
    }
    return series | {what: changed}
