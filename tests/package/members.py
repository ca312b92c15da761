"""Who is in a ValueSet, reckoned from the ValueSet alone: by what FHIR says of ``compose``, without our tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

Json = dict[str, Any]


def holds(value_set: Json, system: str, code: str, others: Mapping[str, Json]) -> bool:
    """Whether a code is in it. ``others``: every ValueSet by address and version."""
    told = value_set["compose"]
    return any(_in(part, system, code, others) for part in told["include"]) and not any(
        _in(part, system, code, others) for part in told.get("exclude", ())
    )


def _in(part: Json, system: str, code: str, others: Mapping[str, Json]) -> bool:
    if "valueSet" in part and not all(holds(others[each], system, code, others) for each in part["valueSet"]):
        return False
    if "system" in part and part["system"] != system:
        return False
    if "concept" in part and code not in [each["code"] for each in part["concept"]]:
        return False
    return all(_passes(each, code) for each in part.get("filter", ()))


def _passes(told: Json, code: str) -> bool:
    assert (told["property"], told["op"]) == ("code", "regex")
    return _compiled(told["value"]).fullmatch(code) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
