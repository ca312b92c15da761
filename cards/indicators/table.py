"""The indicators by id (``indicators.toml``), and the function of each."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct

from cards.indicators import fls, uk, us
from cards.indicators.care import Care, Episode, Outcome, Rates
from cards.vocabulary import Name


class Indicator(Struct, frozen=True, forbid_unknown_fields=True):
    """One key figure; the fields are explained in ``indicators.toml``."""

    name: Name
    asks: Name
    function: str
    days: int
    levels: str
    source: str
    cannot: Name


INDICATORS: dict[str, Indicator] = msgspec.convert(
    tomllib.loads(files("cards.indicators").joinpath("indicators.toml").read_text(encoding="utf-8")), dict[str, Indicator]
)
_MODULES = {"fls": fls, "uk": uk, "us": us}
YEARLY = ("us-screened-65",)
"""Asked of a person and a year."""
WIDE = ("us-fracture-managed-180d", "us-fracture-managed-50")
"""Asked of any fracture but finger, toe, face, skull, whatever set the site counts."""
EPISODE = tuple(key for key, each in INDICATORS.items() if each.function and key not in YEARLY and key not in WIDE)
"""Asked of each episode."""


@cache
def _function(key: str) -> Callable[[Any, Care, Rates], Outcome]:
    module, _, name = INDICATORS[key].function.partition(".")
    found: Callable[[Any, Care, Rates], Outcome] = getattr(_MODULES[module], name)
    return found


def judged(key: str, of: Episode | int, care: Care, rates: Rates) -> Outcome:
    """The state of one indicator. ``of``: the episode; of a yearly one, the year."""
    return _function(key)(of, care, rates)
