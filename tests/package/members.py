"""Who is in a ValueSet, reckoned from the ValueSet alone: by what FHIR says of ``compose``, without our tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Json = dict[str, Any]
Holds = Callable[[str], bool]


def holds(value_set: Json, system: str, code: str, others: Mapping[str, Json]) -> bool:
    """Whether a code is in it. ``others``: every ValueSet by address and version."""
    return of_system(value_set, system, others)(code)


def of_system(value_set: Json, system: str, others: Mapping[str, Json]) -> Holds:
    """Which codes of a system are in it, reckoned once for many."""
    told = value_set["compose"]
    within, without = (_any(told.get(which, ()), system, others) for which in ("include", "exclude"))
    return lambda code: within(code) and not without(code)


def _any(parts: Iterable[Json], system: str, others: Mapping[str, Json]) -> Holds:
    """What any of the parts holds: what they list or describe is put together, the others are asked one by one."""
    listed: set[str] = set()
    described: list[str] = []
    rest: list[Holds] = []
    for part in parts:
        if part.get("system", system) != system:
            continue
        match part:
            case {"valueSet": _}:
                rest.append(_all(part, system, others))
            case {"concept": codes, **more} if "filter" not in more:
                listed |= {each["code"] for each in codes}
            case {"filter": [told], **more} if "concept" not in more:
                described.append(_pattern(told))
            case _:
                rest.append(_all(part, system, others))
    pattern = re.compile("|".join(f"(?:{each})" for each in described) or r"(?!)")
    return lambda code: code in listed or pattern.fullmatch(code) is not None or any(each(code) for each in rest)


def _all(part: Json, system: str, others: Mapping[str, Json]) -> Holds:
    """What meets every condition of one part."""
    inner = [of_system(others[each], system, others) for each in part.get("valueSet", ())]
    listed = {each["code"] for each in part["concept"]} if "concept" in part else None
    patterns = [re.compile(_pattern(told)) for told in part.get("filter", ())]
    return lambda code: (
        all(each(code) for each in inner)
        and (listed is None or code in listed)
        and all(each.fullmatch(code) for each in patterns)
    )


def _pattern(told: Json) -> str:
    assert (told["property"], told["op"]) == ("code", "regex")
    return str(told["value"])
