"""The laws of the simulated clinic, over a few journeys; ``python -m tests.clinic`` for many."""

from __future__ import annotations

import pytest

from cds_service.clinic.clinicians import HABITS
from cds_service.clinic.journey import live
from tests.clinic.laws import LAWS

SEEDS = range(8)
VISITS = 24


@pytest.mark.parametrize("seed", SEEDS)
def test_the_laws_hold_over_a_journey(seed: int) -> None:
    journey = live(seed, tuple(HABITS)[seed % len(HABITS)], VISITS)
    broken = {law.name: lines for law in LAWS if journey.habit in law.habits and (lines := list(law.breaks(journey)))}
    assert not broken


def test_a_journey_is_the_same_for_the_same_seed() -> None:
    one, other = (live(3, "random", 6) for _ in range(2))
    assert [[card.code for card in visit.cards] for visit in one.visits] == [
        [card.code for card in visit.cards] for visit in other.visits
    ]
