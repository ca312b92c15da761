"""Twice the text is twice the work, whatever the words of the grammar that it repeats. Work is counted: lines of Python."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import product
from random import Random

import pytest

from cds_service.fhir.phrases import Phrases
from cds_service.fhir.phrases.density import scores
from cds_service.fhir.phrases.tables import rows

SHORT = 400
ROOM = 2.6
"""2 is linear, 4 quadratic."""
SMALL = 5_000
"""Lines that are too few to tell."""


def lines(work: Callable[[], object]) -> int:
    """The lines of Python that run."""
    count = 0

    def trace(*_: object) -> object:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def words() -> list[str]:
    """One word for each thing that the grammar does with a word, and what separates them."""
    modifiers = {(row["effect"], row["where"], row["reach"]): row["words"] for row in rows("modifiers.tsv")}
    bones = {row["role"]: row["words"] for row in rows("bones.tsv")}
    return [*modifiers.values(), *bones.values(), *",;()?", "osteoporosis", "fracture", "and", "x", "3", "骨质疏松"]


UNITS = [f"{one} {other} " for one, other in Random(7).sample(list(product(words(), words())), 40)]
PHRASES = Phrases([("osteoporosis", "osteoporosis", False), ("骨质疏松", "osteoporosis", False)], bones=True)


@pytest.mark.parametrize("begin", ["", "osteoporosis, fracture of hip, "])
@pytest.mark.parametrize("read", [lambda text: PHRASES.read(text, len(text)), scores], ids=["phrases", "scores"])
def test_twice_the_text_is_twice_the_work(read: Callable[[str], object], begin: str) -> None:
    for unit in UNITS:
        once, again = (begin + unit * (length // len(unit)) for length in (SHORT, 2 * SHORT))
        work = lines(lambda text=once: read(text)), lines(lambda text=again: read(text))  # type: ignore[misc]
        assert work[1] < SMALL or work[1] <= ROOM * work[0], (unit, work)
