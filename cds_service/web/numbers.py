"""Which numbers a card's rule rests on: the thresholds that its function, and the functions it calls, ask for by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, ModuleType
from typing import Any

from cards.concepts import DRUGS
from cards.rule import Rule
from cards.thresholds import THRESHOLDS, Threshold


def thresholds_of(rule: Rule, *, shared: bool = True) -> dict[str, Threshold]:
    """The thresholds that the rule can ask for, by key; without ``shared`` only those of its own module.

    A key put together from a drug's name counts for every drug.
    """
    said = set(_strings(rule, set(), "cards." if shared else rule.__module__))
    keys = {key for key in said if key in THRESHOLDS}
    keys |= {f"{drug}{end}" for end in said if end.startswith("-") for drug in DRUGS if f"{drug}{end}" in THRESHOLDS}
    keys |= {f"{start}{drug}" for start in said if start.endswith("-") for drug in DRUGS if f"{start}{drug}" in THRESHOLDS}
    return {key: THRESHOLDS[key] for key in THRESHOLDS if key in keys}


def _strings(function: Any, seen: set[Any], within: str) -> Iterator[str]:
    """The string constants of a function of the medicine and of those that it names, each function once."""
    if not isinstance(function, FunctionType) or function in seen or not function.__module__.startswith(within):
        return
    seen.add(function)
    for code in _codes(function.__code__):
        yield from (each for each in code.co_consts if isinstance(each, str))
        for called in _named(code, function.__globals__):
            yield from _strings(called, seen, within)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


def _named(code: CodeType, names: Mapping[str, Any]) -> Iterator[Any]:
    """What the names of a function's code stand for: its module's own, and those reached through a module (``risk.adult``)."""
    found = [names[name] for name in code.co_names if name in names]
    yield from found
    for module in found:
        if isinstance(module, ModuleType):
            yield from (getattr(module, name, None) for name in code.co_names)
