"""Choices that exclude each other, for an EHR where any number may be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cds_service.dialect.possible import Offer
from cds_service.dialect.words import ONE_OF

Json = dict[str, Any]


def one_of(offers: Sequence[Offer]) -> list[Offer]:
    """Those that stay on offer: the recommended one, and what only removes a draft, which need not wait for it. If the EHR
    cannot do what is recommended, no other order takes its place. If none is recommended: what removes, and the first of the
    others that can stand beside it."""
    able = [each for each in offers if each.able]
    first = [each for each in able if each.recommended]
    removing = [each for each in able if only_removes(each.suggestion) and not _excluded(each.suggestion, first)]
    removing = [each for each in removing if not _excluded(each.suggestion, removing[:1])]
    if not any(each.recommended for each in offers):
        others = [each for each in able if not only_removes(each.suggestion)]
        first = [each for each in others if not any(_excluded(gone.suggestion, [each]) for gone in removing)][:1]
    return [each for each in able if each in first or each in removing]


def _excluded(removal: Json, beside: Sequence[Offer]) -> bool:
    return _only_without_others(removal, [each.suggestion for each in beside])


def only_removes(suggestion: Json) -> bool:
    actions = suggestion.get("actions", [])
    return bool(actions) and all(each["type"] == "delete" for each in actions)


def drafts_of(suggestion: Json, kind: str) -> frozenset[str]:
    """The drafts that a suggestion removes ("delete") or changes ("update")."""
    return frozenset(
        each["resourceId"] if kind == "delete" else f"{each['resource']['resourceType']}/{each['resource']['id']}"
        for each in suggestion.get("actions", ())
        if each["type"] == kind
    )


def each_alone(suggestions: Sequence[Json], language: str) -> list[Json]:
    """The suggestions; if several of them exclude each other, each of those with the words that one is enough."""
    rivals = [each for each in suggestions if not only_removes(each) or _only_without_others(each, suggestions)]
    if len(rivals) < 2:
        return list(suggestions)
    return [_alone(each, language) if each in rivals else each for each in suggestions]


def _only_without_others(removal: Json, suggestions: Sequence[Json]) -> bool:
    """Whether a removal excludes another suggestion: one that changes its draft, or one that removes others and keeps it.
    Beside an order, a removal is safe."""
    gone = drafts_of(removal, "delete")
    return any(
        drafts_of(each, "update") & gone or (only_removes(each) and drafts_of(each, "delete") != gone) for each in suggestions
    )


def _alone(suggestion: Json, language: str) -> Json:
    told = suggestion | {"label": ONE_OF[language].format(action=suggestion["label"])}
    if "actions" in suggestion:
        with_it = {"delete"} if not only_removes(suggestion) else set()
        told["actions"] = [
            each if each["type"] in with_it else each | {"description": ONE_OF[language].format(action=each["description"])}
            for each in suggestion["actions"]
        ]
    return told
