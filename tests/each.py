"""What is tried on many: in one test instead of a test of each, and on a part of them where another target tries all."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any
from zlib import crc32

import pytest

ALL = bool(os.environ.get("ALL_CASES"))
"""Nothing is left out (`make laws`)."""
ONLY: list[str] = []
"""What ``--only`` asks for: part of the name of those that are tried alone."""

Check = Callable[..., None]
Name = Callable[[Any], object]


def chance(name: str, sides: int) -> int:
    """The same for a name whatever others there are; 0 for all of them where all is asked for."""
    return 0 if ALL else crc32(name.encode()) % sides


def for_each(
    argument: str, values: Iterable[Any] | Callable[[], Iterable[Any]], ids: Name = str, by: Name | None = None
) -> Callable[[Check], Check]:
    """Like ``pytest.mark.parametrize`` with one argument, without the 3 ms that a test costs before it begins: all are tried
    in one test, each that fails is named with what is wrong, and the first of them keeps its traceback.

    Other arguments are fixtures or parametrized, and shared. ``values`` that it takes time to make are made by a function
    when the test runs. ``by``: a test for each part of them."""

    def of(check: Check) -> Check:
        @wraps(check)
        def all_of_them(**others: Any) -> None:
            part = others.pop("part", None)
            some = [each for each in (values() if callable(values) else values) if by is None or by(each) == part]
            if ONLY:
                some = [each for each in some if ONLY[0] in str(ids(each))] or pytest.skip("there is none of this name")
            _try(some, lambda value: check(**others, **{argument: value}), ids)

        told = inspect.signature(check)
        others = [parameter for name, parameter in told.parameters.items() if name != argument]
        if by is not None:
            others.append(inspect.Parameter("part", inspect.Parameter.POSITIONAL_OR_KEYWORD))
        all_of_them.__signature__ = told.replace(parameters=others)  # type: ignore[attr-defined]  # what pytest asks for
        if by is None:
            return all_of_them
        return pytest.mark.parametrize("part", dict.fromkeys(map(by, values() if callable(values) else values)))(all_of_them)

    return of


def _try(some: Iterable[Any], check: Check, ids: Name) -> None:
    wrong: list[str] = []
    first: BaseException | None = None
    for value in some:
        try:
            check(value)
        except (Exception, pytest.fail.Exception) as error:
            first = first or error
            kind = "" if isinstance(error, AssertionError | pytest.fail.Exception) else f"{type(error).__name__}: "
            wrong.append(f"{ids(value)}: {kind}{error}")
    if first:
        raise AssertionError("\n\n".join((f"{len(wrong)} wrong", *wrong))) from first
