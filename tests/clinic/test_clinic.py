"""The laws of the simulated clinic, over a few journeys; ``make clinic`` for many."""

from __future__ import annotations

import pytest

from cds_service.clinic.clinicians import HABITS
from cds_service.clinic.journey import Truth, Visit, live
from tests.clinic.laws import LAWS, needs_treatment

SEEDS = range(10)
VISITS = 22


@pytest.mark.parametrize("seed", SEEDS)
def test_the_laws_hold_over_a_journey(seed: int) -> None:
    journey = live(seed, tuple(HABITS)[seed % len(HABITS)], VISITS)
    lines = [(law.name, line) for law in LAWS if journey.habit in law.habits for line in law.breaks(journey)]
    assert not lines


def test_a_journey_is_the_same_for_the_same_seed() -> None:
    one, other = (live(3, "random", 6) for _ in range(2))
    assert [[card.code for card in visit.cards] for visit in one.visits] == [
        [card.code for card in visit.cards] for visit in other.visits
    ]


@pytest.mark.parametrize("seed", [3, 6])
def test_orders_that_nobody_closes_change_nothing(seed: int) -> None:
    closed, left_open = (live(seed, "everything", 12, leaves_open=each) for each in (False, True))
    assert [_told(visit) for visit in closed.visits] == [_told(visit) for visit in left_open.visits]


def _told(visit: Visit) -> list[tuple[str, str, list[str]]]:
    return [(card.code, card.variant, [option.key for option in card.options]) for card in visit.cards]


@pytest.mark.parametrize(
    ("truth", "needed"),
    [
        (Truth(-2.3, "", -2.5, broken=False), True),
        (Truth(-2.3, "", -2.4, broken=False), False),
        (Truth(-1.5, "", -1.7, broken=True), True),
        (Truth(-3.0, "tablets", -3.2, broken=False), False),
        (Truth(-3.0, "", -3.2, broken=True, comfort=True), False),
    ],
)
def test_who_needs_treatment_is_told_by_the_patient_and_not_by_the_service(truth: Truth, *, needed: bool) -> None:
    assert needs_treatment(truth) is needed
