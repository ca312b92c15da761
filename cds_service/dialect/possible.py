"""What the EHR can do with a suggestion; the rest is left to the clinician, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from cds_service.dialect.settings import Dialect
from cds_service.dialect.words import WITH, joined

Json = dict[str, Any]


class Offer(Struct, frozen=True):
    """A suggestion as far as this EHR can follow it. ``able``: it can, at least in part; ``by_hand``: what is left to do if it
    is chosen; ``label``: all of it, in words."""

    suggestion: Json
    label: str
    able: bool = True
    recommended: bool = False
    by_hand: tuple[str, ...] = ()


def possible(suggestion: Json, dialect: Dialect, language: str) -> Offer:
    """What this EHR can do with a suggestion. An order whose EHR cannot stop the one that it replaces is still offered: its
    words, and those by hand, say so."""
    actions = suggestion.get("actions", [])
    done = [each for each in actions if each["type"] in dialect.types]
    undone = [each for each in actions if each["type"] not in dialect.types]
    codeless = any(_lacks_own_code(each, dialect) for each in done)
    able = not codeless and bool(done or not actions) and (bool(actions) or dialect.labels)
    beside = joined([each["description"] for each in done], language)
    return Offer(
        suggestion | ({"actions": done} if done else {}),
        suggestion["label"],
        able,
        bool(suggestion.get("isRecommended")),
        tuple(WITH[language].format(action=each["description"], others=beside) for each in undone if done),
    )


def _lacks_own_code(action: Mapping[str, Any], dialect: Dialect) -> bool:
    is_order = action["type"] == "create" and action["resource"]["resourceType"] != "Condition"
    return is_order and dialect.order_codings == "only" and not dialect.own_codes.holds(action["resource"])
