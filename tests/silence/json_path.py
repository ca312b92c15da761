"""Places in JSON, and copies of JSON with one place changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
Path = tuple[str | int, ...]

REMOVED: Any = object()
"""In place of a value: the member is left out."""


def put(value: Any, path: Path, new: Any) -> Any:
    """A copy of ``value`` with ``new`` at ``path``; what does not lie on the way is shared with the original.

    >>> put({"a": [1, 2], "b": {}}, ("a", 1), "x")
    {'a': [1, 'x'], 'b': {}}
    >>> put({"a": [1, 2], "b": {}}, ("b",), REMOVED)
    {'a': [1, 2]}
    """
    if not path:
        return new
    step, rest = path[0], path[1:]
    copied = list(value) if isinstance(value, list) else dict(value)
    if new is REMOVED and not rest:
        del copied[step]
    else:
        copied[step] = put(value[step] if rest else None, rest, new)
    return copied


def at(value: Any, path: Path) -> Any:
    """What stands at ``path``."""
    for step in path:
        value = value[step]
    return value


def places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every member and every item below ``value``, with its path.

    >>> [written(path) for path, _ in places({"a": [{"b": 1}]})]
    ['a', 'a[0]', 'a[0].b']
    """
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in steps:
        yield (*path, step), each
        yield from places(each, (*path, step))


def written(path: Path) -> str:
    """A path as FHIR writes it."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
