"""Laws that every answer keeps, whoever it is about. One test holds them all against one patient (``test_every_answer.py``):
what they judge, the answer in both languages, the chart and what the rules find on it, is then made once for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Law = Callable[[str], None]
"""Raises AssertionError where the answer to a story or case of this name breaks it."""

LAWS: list[Law] = []


def law(check: Law) -> Law:
    """Marks a function as one of them."""
    LAWS.append(check)
    return check


def broken(name: str) -> Iterator[str]:
    """Each law that a story or case breaks, and how. All of them are tried."""
    for check in LAWS:
        try:
            check(name)
        except AssertionError as error:
            yield f"{check.__module__}.{check.__name__}: {error}"
