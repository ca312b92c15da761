"""Which numbers of thresholds.toml a rule uses: read from the source of the medicine, so that no list can go stale."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cards
from cards.rule import Rule
from cards.thresholds import THRESHOLDS

Place = tuple[str, str]
"""A module of ``cards`` and a name at its top level."""


def used_by(rule: Rule) -> tuple[frozenset[str], frozenset[str]]:
    """The keys that the rule's own module asks for on its behalf, and all of them with those of other modules.

    Calls are followed by name from function to function; what a rule hands over at run time (options tried against the safety
    rules) is not.
    """
    home = rule.__module__.removeprefix("cards.")
    start = (home, getattr(rule, "__name__", ""))
    reached, waiting = {start}, [start]
    while waiting:
        for place in _uses()[waiting.pop()] - reached:
            reached.add(place)
            waiting.append(place)
    own = frozenset(key for place in reached if place[0] == home for key in _keys()[place])
    return own, frozenset(key for place in reached for key in _keys()[place])


@cache
def _modules() -> dict[str, ast.Module]:
    folder = Path(str(cards.__file__)).parent
    return {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.py"))}


@cache
def _definitions() -> dict[Place, ast.stmt]:
    found: dict[Place, ast.stmt] = {}
    for module, tree in _modules().items():
        for statement in tree.body:
            for name in _names(statement):
                found[module, name] = statement
    return found


def _names(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
    yield from (target.id for target in targets if isinstance(target, ast.Name))


@cache
def _keys() -> dict[Place, frozenset[str]]:
    """The thresholds that each definition names: as a string, or by the beginning or the end of an f-string ("lsc-{site}",
    "{kind}-low", where kind is one of the strings of that definition).

    ``concepts`` names what is measured: a score and its limit may be called alike."""
    named = {place: frozenset(_named(statement)) for place, statement in _definitions().items()}
    return {place: frozenset() if place[0] == "concepts" else keys for place, keys in named.items()}


def _named(statement: ast.stmt) -> Iterator[str]:
    strings = {node.value for node in ast.walk(statement) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    yield from strings & THRESHOLDS.keys()
    for begin in (string for string in strings if string.endswith("-")):
        yield from (key for key in THRESHOLDS if key.startswith(begin))
    for end in (string for string in strings if string.startswith("-")):
        yield from {kind + end for kind in strings} & THRESHOLDS.keys()


@cache
def _uses() -> dict[Place, frozenset[Place]]:
    """The definitions of ``cards`` that each one names."""
    return {place: frozenset(_named_places(place[0], statement)) for place, statement in _definitions().items()}


def _named_places(module: str, statement: ast.stmt) -> Iterator[Place]:
    imported = _imports(module)
    for node in ast.walk(statement):
        if isinstance(node, ast.Name):
            place = imported.get(node.id, (module, node.id))
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            place = (imported.get(node.value.id, ("", ""))[1], node.attr)
        else:
            continue
        if place in _definitions():
            yield place


@cache
def _imports(module: str) -> dict[str, Place]:
    """Local name -> where it comes from: ("risk", "adult") of ``from cards.risk import adult``, ("", "risk") of a module."""
    found: dict[str, Place] = {}
    for node in _modules()[module].body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cards":
            source = (node.module or "").removeprefix("cards").removeprefix(".")
            found |= {alias.asname or alias.name: (source, alias.name) for alias in node.names}
    return found
