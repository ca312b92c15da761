"""The doses that a card was seen to order (``sources/suggested.toml``), each with its source and how certain it is."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from cds_service.content.tree import Tree

Json = Mapping[str, Any]


def doses(tree: Tree, code: str) -> Iterator[str]:
    """One line for each, as canonical text."""
    told = _toml(tree.get("vocabulary/regimens.toml", ""))
    yield from (_line(key, told[key]) for key in ordered(tree, code) if key in told)


def ordered(tree: Tree, code: str) -> list[str]:
    """The regimens, by key, in the order of ``regimens.toml``."""
    seen = {each.removeprefix("drug ") for each in _toml(tree.get("sources/suggested.toml", "")).get(code, {})}
    return [key for key in _toml(tree.get("vocabulary/regimens.toml", "")) if key in seen]


def _line(key: str, each: Json) -> str:
    label, source = each["label"], each.get("source", {"en": "", "zh": ""})
    told = " / ".join(filter(None, (source["en"], source["zh"])))
    found = " | ".join((told, *each["cites"]))
    every = f"{each.get('times', 1)} x {each['dose']:g} {each['unit']} {each['route']}, {each['every'][0]} {each['every'][1]}"
    ends = f", {each['weeks']} wk" if each.get("weeks") else ", once" if each.get("once") else ""
    return f"{key} = {every}{ends} [{each.get('status', '')}] {label['en']} / {label['zh']} <- {found}"


@cache
def _toml(text: str) -> Json:
    return tomllib.loads(text)
