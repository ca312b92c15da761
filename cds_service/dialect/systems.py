"""Code systems that a client knows by another URI, in the resources that are proposed to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def renamed(suggestion: Json, systems: Mapping[str, str]) -> Json:
    """The suggestion with these systems renamed in what it creates; what it updates is the client's own."""
    if not systems or "actions" not in suggestion:
        return suggestion
    actions = [
        each | {"resource": _renamed(each["resource"], systems)} if each["type"] == "create" else each
        for each in suggestion["actions"]
    ]
    return suggestion | {"actions": actions}


def _renamed(value: Any, systems: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: systems.get(each, each) if key == "system" and isinstance(each, str) else _renamed(each, systems)
            for key, each in value.items()
        }
    return [_renamed(each, systems) for each in value] if isinstance(value, list) else value
