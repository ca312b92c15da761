"""What a file of settings says that it cannot mean: named, with what may be meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, get_args, get_type_hints

from msgspec import Struct
from msgspec.structs import fields

_PLACE = re.compile(r"(?: - at `\$(?P<place>[^`]*)`)?$")
_UNKNOWN = re.compile(r"unknown field `(?P<name>[^`]*)`")


def meant(name: str, known: Iterable[str]) -> str:
    """What to add to a message about an unknown name.

    >>> meant("selectoin", ["selection", "actions"])
    '; selection is meant?'
    """
    nearest = get_close_matches(name, sorted(known), 1)
    return f"; {nearest[0]} is meant?" if nearest else ""


def told(error: Exception, kind: type[Struct]) -> str:
    """A validation error of msgspec on a TOML file that was to be a ``kind``, with the nearest name or what is allowed."""
    said = str(error)
    place = _PLACE.search(said)
    path = (place["place"] or "") if place else ""
    if unknown := _UNKNOWN.search(said):
        table = _at(kind, path)
        return said + (meant(unknown["name"], [each.name for each in fields(table)]) if _is_table(table) else "")
    if "Invalid enum value" in said:
        return f"{said}; one of {', '.join(map(repr, _choices(_at(kind, path))))}"
    if "Expected `array`, got `object`" in said:
        return f"{said}; write [[{path.lstrip('.')}]]"
    return said


def _at(kind: Any, path: str) -> Any:
    """The type of what stands at a path such as ``.dialect[0].selection``."""
    for member in re.findall(r"\.(\w+)", path):
        hint = get_type_hints(kind, include_extras=True)[member] if _is_table(kind) else kind
        kind = next((each for each in _parts(hint) if _is_table(each)), hint)
    return kind


def _parts(hint: Any) -> list[Any]:
    return [hint, *(part for each in get_args(hint) if not isinstance(each, str) for part in _parts(each))]


def _choices(hint: Any) -> list[str]:
    return [each for part in _parts(hint) for each in get_args(part) if isinstance(each, str)]


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)
