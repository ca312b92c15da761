"""One action for each suggestion: those with several fall apart, and each part says what it goes with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import uuid4

from cds_service.dialect.words import WITH, joined

Json = dict[str, Any]


class Parts:
    """The parts of the suggestions of one card. ``of``: uuid of a part -> uuid of the suggestion that it is a part of."""

    def __init__(self, language: str) -> None:
        self._language = language
        self.of: dict[str, str] = {}

    def apart(self, suggestions: Iterable[Json]) -> list[Json]:
        """Suggestions with one action each. A draft that several would remove is removed by one, which is recommended if any of
        them is."""
        found: list[Json] = []
        removals: dict[str, Json] = {}
        for part in (part for suggestion in suggestions for part in self._of(suggestion)):
            known = removals.get(removed(part))
            if known is None:
                found.append(part)
                removals |= {removed(part): part} if removed(part) else {}
            else:
                self._join(known, part)
        return found

    def _join(self, known: Json, part: Json) -> None:
        """Two removals of one draft: a suggestion of its own lends its uuid and its words, since a part waits for what its
        order waits for. Of two parts the one that waits for less lends its words."""
        if part.get("isRecommended"):
            known["isRecommended"] = True
        own = self.of.pop(part["uuid"], None) is None
        if own and known["uuid"] in self.of:
            del self.of[known["uuid"]]
            known |= {member: part[member] for member in ("uuid", "label", "actions")}
        elif not own and known["uuid"] in self.of and len(part["label"]) < len(known["label"]):
            known |= {member: part[member] for member in ("label", "actions")}

    def _of(self, suggestion: Json) -> Iterator[Json]:
        actions = suggestion.get("actions", [])
        if len(actions) < 2:
            yield dict(suggestion)
            return
        first = next((each for each in actions if each["type"] == "create"), actions[0])
        for action in actions:
            uuid = suggestion["uuid"] if action is first else str(uuid4())
            if action is not first:
                self.of[uuid] = suggestion["uuid"]
            words = self._told(action, _beside(action, actions))
            yield suggestion | {"uuid": uuid, "label": words, "actions": [action | {"description": words}]}

    def _told(self, action: Json, others: Sequence[Json]) -> str:
        told: str = action["description"]
        beside = joined([each["description"] for each in others], self._language)
        return WITH[self._language].format(action=told, others=beside) if others else told


def _beside(action: Json, actions: Sequence[Json]) -> list[Json]:
    """What an action must not be without: an order the removal of what it replaces, the end of an order the new one. A removal
    is safe alone, and so is each of several tests."""
    if action["type"] == "delete":
        return []
    wanted = ("delete", "update") if action["type"] == "create" else ("delete", "create")
    return [each for each in actions if each is not action and each["type"] in wanted]


def removed(part: Json) -> str:
    """The draft that a part removes; "" if it does something else."""
    actions = part.get("actions", ())
    return actions[0]["resourceId"] if len(actions) == 1 and actions[0]["type"] == "delete" else ""
