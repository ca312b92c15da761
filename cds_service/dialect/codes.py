"""Codes without punctuation, for EHRs that take letters and digits only, and the way back to ours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from cards.engine.catalog import all_cards
from cds_service.hooks.override_reasons import every_code

Json = dict[str, Any]

BARE = "urn:osteoporosis-cds:bare-code"
"""The system of these codes: in that of the original there is none such."""


def bare(code: str) -> str:
    """
    >>> bare("denosumab-sequence")
    'denosumabsequence'
    """
    return re.sub(r"[^A-Za-z0-9]", "", code)


def with_bare_codes(card: Json) -> Json:
    """The card, its topic and its override reasons in letters and digits."""
    source = card["source"]
    card = card | {"source": source | {"topic": _bare(source["topic"])}}
    if "overrideReasons" in card:
        card["overrideReasons"] = [_bare(each) for each in card["overrideReasons"]]
    return card


def _bare(coding: Json) -> Json:
    return coding | {"code": bare(coding["code"]), "system": BARE}


def our_card(code: str) -> str:
    """The card that a code on the wire means."""
    return _cards().get(code, code)


def our_reason(code: str) -> str:
    """The override reason that a code on the wire means; one that is not ours is left as it is."""
    return _reasons().get(code, code)


@cache
def _cards() -> Mapping[str, str]:
    return {bare(code): code for code in all_cards()}


@cache
def _reasons() -> Mapping[str, str]:
    return {bare(code): code for code in every_code()}
