"""What a site decides for itself about the content (``CDS_SITE``): a TOML file, read and checked once at the start.

cards_off = ["lifestyle-education"]
code_system = "us"
observations = "category"
units = "si"
vitd_loading = "daily"
phone = "010-5555 0100"

[thresholds]
anabolic-gap-days = 120

[figures]
expected_non_spine = 240
expected_source = "hip fractures of the district in 2025, times 3"

[[prefetch]]
iss = "https://ehr.example.org"
templates.conditions = "Condition?patient={{context.patientId}}&category=problem-list-item"

[[dialect]]
iss = "https://ehr.example.org"
like = "epic"
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Struct

from cards.chart.units import System
from cards.definitions.loading import DAILY, SEVERE
from cards.engine.catalog import all_cards, retired
from cards.indicators import Rates
from cards.thresholds import Thresholds, shipped
from cards.vocabulary import Data
from cards.vocabulary.regimens import REGIMENS
from cds_service import misspelled
from cds_service.config import ConfigError
from cds_service.dialect.settings import PLAIN, Dialect, checked, expanded
from cds_service.fhir.fetching import queries
from cds_service.logs import LOGGER

_KEYS = frozenset(queries.camel_case(data) for data in Data) | {each.key for each in queries.CATEGORIES}
"""Prefetch keys, without the number that a second query of a group has."""

_PHONE = r"^(?:[+(]?[0-9][0-9 ()/.-]{1,28}[0-9](?: ?(?:ext\.|转) ?[0-9]{1,6})?)?\Z"
"""A telephone number as people write it, with an extension."""

_PRODUCT = "vitamin-d-product-units"
"""The number that decides whether a loading is weekly or daily."""


class Prefetch(Struct, frozen=True, forbid_unknown_fields=True):
    """Templates in place of ours, by prefetch key, for the client whose tokens name ``iss``; "": for every client."""

    templates: dict[str, str]
    iss: str = ""


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """What a site may choose.

    ``cards_off``: codes of cards that are never shown; their rules still run, since options are filtered by them. A card that
    is no more is named in the log.
    ``thresholds``: values for thresholds of status RECALL. ``code_system``: the codes that come first in proposed orders.
    ``phone``: the one number that patients are told to call. ``observations``: whether results are asked for by "code" or,
    where they have no LOINC, by "category" and date. ``units``: the system in which values are told of an analyte that a
    record holds in both. ``vitd_loading``: "daily" where there is no product of vitamin D strong enough for a weekly dose.
    ``prefetch``: queries that a client's FHIR server needs otherwise. ``dialect``: how a client wants its answers. ``figures``:
    how key figures are counted."""

    cards_off: frozenset[str] = frozenset()
    thresholds: dict[str, int | float] = {}
    code_system: Literal["international", "us"] = "international"
    observations: Literal["code", "category"] = "code"
    units: System | None = None
    vitd_loading: Literal["weekly", "daily"] = "weekly"
    phone: Annotated[str, msgspec.Meta(pattern=_PHONE)] = ""
    prefetch: tuple[Prefetch, ...] = ()
    dialect: tuple[Dialect, ...] = ()
    figures: Rates = Rates()

    def numbers(self) -> Thresholds:
        """The numbers of the medicine with the site's own in their place."""
        daily = {_PRODUCT: REGIMENS[DAILY[SEVERE]].dose} if self.vitd_loading == "daily" else {}
        return shipped().overridden(daily | self.thresholds)

    def templates(self, iss: str) -> dict[str, str]:
        """The templates for one client: those for every client, and its own over them."""
        ours = [each for each in self.prefetch if not each.iss]
        own = [each for each in self.prefetch if iss and each.iss == iss]
        return {key: template for each in (*ours, *own) for key, template in each.templates.items()}

    def dialect_of(self, iss: str) -> Dialect:
        """The dialect of one client: its own, or the one for every client."""
        known = {each.iss: each for each in self.dialect}
        return known.get(iss) or known.get("", PLAIN)


def unmatched(site: Site, issuers: Collection[str]) -> Iterator[tuple[str, str]]:
    """Tables for a client that nobody is, which would never count: their name, and the ``iss`` with what may be meant."""
    tables = [*(("dialect", each.iss) for each in site.dialect), *(("prefetch", each.iss) for each in site.prefetch)]
    for table, iss in tables:
        if iss and iss not in issuers:
            yield table, iss + misspelled.meant(iss, issuers)


def load(path: Path | None) -> Site:
    """The site's file, checked.

    Raises:
        ConfigError: it cannot be read, or names what does not exist or may not be changed.
    """
    if path is None:
        return Site()
    try:
        site = msgspec.convert(_told(path), Site)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError("CDS_SITE: must name a readable TOML file") from error
    except msgspec.ValidationError as error:
        raise ConfigError(f"CDS_SITE: {misspelled.told(error, Site)}") from None
    try:
        checked(site.dialect)
    except ValueError as error:
        raise ConfigError(f"CDS_SITE: dialect: {error}") from None
    if unknown := sorted(site.cards_off - all_cards().keys() - retired().keys()):
        raise ConfigError(
            f"CDS_SITE: cards_off: no such cards: {', '.join(unknown)}{misspelled.meant(unknown[0], all_cards())}"
        )
    for code in sorted(site.cards_off & retired().keys()):
        fields = {"card": code, "until": retired()[code].until, "instead": retired()[code].instead}
        LOGGER.warning("CDS_SITE: cards_off names a card that is no more", extra={"fields": fields})
    for key, template in (item for each in site.prefetch for item in each.templates.items()):
        if key.rstrip("0123456789") not in _KEYS:
            raise ConfigError(f"CDS_SITE: prefetch: no such key: {key}{misspelled.meant(key, _KEYS)}")
        if wrong := queries.misshapen(template):
            raise ConfigError(f"CDS_SITE: prefetch: {key}: {wrong[0]}")
    try:
        site.numbers()
    except ValueError as error:
        raise ConfigError(f"CDS_SITE: thresholds: {error}") from None
    return site


def _told(path: Path) -> dict[str, Any]:
    """What the file says, each dialect over its preset."""
    told = tomllib.loads(path.read_text("utf-8"))
    try:
        if isinstance(tables := told.get("dialect"), list):
            told["dialect"] = [expanded(each) for each in tables]
    except ValueError as error:
        raise ConfigError(f"CDS_SITE: dialect: {error}") from None
    return told
