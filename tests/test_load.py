"""What a worker does at a time: few compute, some wait, bodies share the room."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from cds_service.fhir.fetching.breaker import FAILURES, SECONDS, Breaker
from cds_service.serving.load import COMPUTING, FETCHING, THREADS, Load, Overloaded


def is_turned_away(load: Load) -> bool:
    """Whether another thread gets no turn to compute."""

    def attempt() -> bool:
        try:
            with load.computing():
                return False
        except Overloaded:
            return True

    with ThreadPoolExecutor(1) as other:
        return other.submit(attempt).result()


def test_who_waits_too_long_for_a_turn_is_turned_away() -> None:
    load = Load(100, computing=1, patience=0)
    with load.computing():
        assert is_turned_away(load)
    assert not is_turned_away(load)


def test_a_turn_is_given_back_while_a_call_waits_for_a_server_and_taken_again() -> None:
    load = Load(100, computing=1, patience=0)
    with load.computing():
        with load.waiting():
            assert not is_turned_away(load)
        assert is_turned_away(load)
    assert not is_turned_away(load)


def test_fewer_wait_for_servers_than_there_are_threads() -> None:
    assert FETCHING + COMPUTING < THREADS
    load = Load(100, fetching=1)
    with load.waiting(), pytest.raises(Overloaded, match="fetching"):
        load.waiting().__enter__()


def test_bodies_share_the_room_that_there_is() -> None:
    load = Load(100)
    with load.body(60):
        with load.body(40):
            pass
        with pytest.raises(Overloaded, match="memory"):
            load.body(41).__enter__()
    with load.body(100):
        pass


def test_a_server_that_is_not_heard_is_left_alone_and_tried_now_and_then() -> None:
    now = [0.0]
    breaker = Breaker(lambda: now[0])
    for _ in range(FAILURES):
        assert breaker.lets_through()
        breaker.note(heard=False)
    assert breaker.is_open
    assert not breaker.lets_through()
    now[0] = SECONDS
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]
    breaker.note(heard=True)
    assert not breaker.is_open
    assert breaker.lets_through()


def test_one_answer_in_between_keeps_it_in_use() -> None:
    breaker = Breaker()
    for number in range(3 * FAILURES):
        breaker.note(heard=number % FAILURES == 0)
    assert breaker.lets_through()
