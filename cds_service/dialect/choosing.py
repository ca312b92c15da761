"""Choices that exclude each other, for an EHR where any number may be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cds_service.dialect.possible import Offer
from cds_service.dialect.words import ONE_OF

Json = dict[str, Any]


def one_of(offers: Sequence[Offer]) -> list[Offer]:
    """Those that stay on offer: the recommended one. If the EHR cannot do that, no other order takes its place, only what
    removes a draft. If none is recommended: what removes, and the first of the others."""
    able = [each for each in offers if each.able]
    recommended = [each for each in offers if each.recommended]
    if kept := [each for each in able if each.recommended]:
        return kept
    removing = [each for each in able if only_removes(each.suggestion)]
    ordering = [each for each in able if not only_removes(each.suggestion)]
    kept = removing if recommended else [*removing, *ordering[:1]]
    return [each for each in able if each in kept]


def only_removes(suggestion: Json) -> bool:
    actions = suggestion.get("actions", [])
    return bool(actions) and all(each["type"] == "delete" for each in actions)


def each_alone(suggestions: Sequence[Json], language: str) -> list[Json]:
    """The suggestions; if several order something, each of those with the words that one is enough."""
    if len([each for each in suggestions if not only_removes(each)]) < 2:
        return list(suggestions)
    return [each if only_removes(each) else _alone(each, language) for each in suggestions]


def _alone(suggestion: Json, language: str) -> Json:
    told = suggestion | {"label": ONE_OF[language].format(action=suggestion["label"])}
    if "actions" in suggestion:
        told["actions"] = [
            each if each["type"] == "delete" else each | {"description": ONE_OF[language].format(action=each["description"])}
            for each in suggestion["actions"]
        ]
    return told
