"""What a site decides for itself about the content (``CDS_SITE``): a TOML file, read and checked once at the start.

cards_off = ["fall-prevention"]
code_system = "us"

[thresholds]
anabolic-gap-days = 120
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

import cards.catalog  # noqa: F401  registers every rule
from cards import thresholds
from cards.rule import REGISTRY
from cds_service.config import ConfigError


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """``cards_off``: codes of cards that are never shown; their rules still run, since options are filtered by them.
    ``thresholds``: values for thresholds of status RECALL. ``code_system``: the codes that come first in proposed orders."""

    cards_off: frozenset[str] = frozenset()
    thresholds: dict[str, int | float] = {}
    code_system: Literal["international", "us"] = "international"


def load(path: Path | None) -> Site:
    """The site's file, checked; its thresholds are in force from here on, for the whole process.

    Raises:
        ConfigError: it cannot be read, or names what does not exist or may not be changed.
    """
    if path is None:
        return Site()
    try:
        site = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Site)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError("CDS_SITE: must name a readable TOML file") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"CDS_SITE: {error}") from None
    if unknown := sorted(site.cards_off - REGISTRY.keys()):
        raise ConfigError(f"CDS_SITE: cards_off: no such cards: {', '.join(unknown)}")
    try:
        thresholds.override(site.thresholds)
    except ValueError as error:
        raise ConfigError(f"CDS_SITE: thresholds: {error}") from None
    return site
