"""Clinicians of several habits: which of the options of a visit they choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from cards.engine.findings import Finding, Option

Choice = list[tuple[Finding, Option]]
Habit = Callable[[Choice, Random], Choice]


def _recommended(offered: Choice, rng: Random) -> Choice:
    return [each for each in offered if each[1].recommended]


def _everything(offered: Choice, rng: Random) -> Choice:
    """What is recommended; where a card recommends no drug, the first that waits for nothing; all tests."""
    chosen = [each for each in offered if each[1].recommended or each[1].kind == "service"]
    if not any(option.kind == "drug" for _, option in chosen):
        ready = (each for each in offered if each[1].kind == "drug" and not each[1].condition and not each[1].after)
        chosen += list(ready)[:1]
    return chosen


def _at_random(offered: Choice, rng: Random) -> Choice:
    chosen = [each for each in offered if rng.random() < 0.5]
    drugs = [each for each in chosen if each[1].kind == "drug"]
    return [each for each in chosen if each[1].kind != "drug" or each is drugs[0]]


def _no_drugs(offered: Choice, rng: Random) -> Choice:
    """Overrides every drug with a reason; orders the tests that are recommended."""
    return [each for each in offered if each[1].recommended and each[1].kind == "service"]


HABITS: Mapping[str, Habit] = {
    "everything": _everything,
    "starred": _recommended,
    "random": _at_random,
    "forgets": _everything,
    "overrides": _no_drugs,
    "no-shows": _everything,
    "moves": _everything,
}
FOLLOW_TEXTS = frozenset({"everything", "starred", "forgets", "no-shows", "moves"})
"""Habits that also do what no button does: a holiday that is advised."""
OVERRIDES = frozenset({"overrides"})
"""Habits that give a reason for what they do not do: the card rests."""
MISSES = {"forgets": 0.5}
"""The part of the visits that a habit misses."""
LOST = {"no-shows": 0.4}
"""The part of the tests that are ordered and never done: the order stays open."""
AWAY = {"moves": range(9, 17)}
"""Visits missed in a row: the patient lives elsewhere for two years, and nobody renews a prescription."""
