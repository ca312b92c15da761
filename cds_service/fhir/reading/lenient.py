"""Decoding resources that are not quite valid FHIR: a field of the wrong type is left out, and the rest is kept."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct, json

Wanted = TypeVar("Wanted")

MOST = 20
"""Fields that are left out of one resource before it is given up."""

UNREADABLE = "\ufffd"
"""Stands for unreadable text where it matters that something was stated."""

_STEP = re.compile(r"([A-Za-z_]\w*)|\[(\d+)\]")
_ARRAY_FOR_OBJECT = re.compile(r"Expected `[^`]*array[^`]*`, got `object`")
_OBJECT_FOR_ARRAY = re.compile(r"Expected `[^`]*object[^`]*`, got `array`")
_ANYTHING = json.Decoder()


class Patience(Struct):
    """How many bytes may still be re-decoded because of errors: one record must not take seconds."""

    left: int = 16 * 1024**2

    def takes(self, size: int) -> bool:
        self.left -= size + 256
        return self.left >= 0


def field_of(error: Exception) -> str:
    """The path of the field that could not be read, never its value."""
    _, mark, path = str(error).rpartition(" - at `")
    return path.removesuffix("`").removeprefix("$").removeprefix(".") if mark else ""


def shape_of(path: str) -> str:
    """A path without the places in lists.

    >>> shape_of("component[3].valueQuantity.value")
    'component.valueQuantity.value'
    """
    return re.sub(r"\[\d+\]", "", path)


def repaired(decoder: json.Decoder[Wanted], content: bytes | Raw, patience: Patience) -> tuple[Wanted, tuple[str, ...]]:
    """What ``content`` says, and the paths of the fields that were left out, since they are of a wrong type. A numeric id, an
    object in place of a list and a one-item list in place of an object are interpreted as intended.

    Raises msgspec.DecodeError when it is no JSON, ValidationError where the whole is of a wrong type, or too much is.
    """
    try:
        return decoder.decode(content), ()
    except msgspec.ValidationError as error:
        first = last = error
    found, left_out = _ANYTHING.decode(content), []
    for _ in range(MOST):
        path = field_of(last)
        if not path or not patience.takes(len(bytes(content))):
            break
        if not _put_right(found, path, str(last)):
            left_out.append(path)
        try:
            return decoder.decode(json.encode(found)), tuple(left_out)
        except msgspec.ValidationError as error:
            last = error
    raise first


def _put_right(found: Any, path: str, complaint: str) -> bool:
    """Change the field that a path leads to into what was meant, else take it out; whether it was the former."""
    steps = [name or int(place) for name, place in _STEP.findall(path)]
    holder = found
    for step in steps[:-1]:
        holder = holder[step]
    last = steps[-1]
    value = holder[last]
    if path == "id" and isinstance(value, int) and not isinstance(value, bool):
        holder[last] = str(value)
    elif _ARRAY_FOR_OBJECT.match(complaint):
        holder[last] = [value]
    elif _OBJECT_FOR_ARRAY.match(complaint) and len(value) == 1 and isinstance(value[0], dict):
        holder[last] = value[0]
    else:
        _take_out(found, holder, steps)
        return False
    return True


def _take_out(found: Any, holder: Any, steps: list[str | int]) -> None:
    """Leave a field out, but remember that there was an end date or a component value."""
    if steps[0] == "component" and len(steps) > 2 and str(steps[2]).startswith("value"):
        component = found["component"][steps[1]]
        del component[steps[2]]
        component["valueString"] = UNREADABLE
        return
    del holder[steps[-1]]
    if len(steps) == 1 and str(steps[0]).startswith("abatement"):
        holder["abatementString"] = UNREADABLE
