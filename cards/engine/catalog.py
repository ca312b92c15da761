"""All cards, read from their folders, and the three orders that are declared of them.

- *Running*: a card runs after those that its ``card.toml`` names in ``earlier``; the one that speaks of all others runs last.
- *Showing*: most urgent first, then as ``sections.toml`` ranks the chapters, then by code.
- *Checking orders*: options are tried against the cards that say ``checks_orders`` before they are offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter

from msgspec import Struct, convert

from cards.chart import Hook
from cards.engine.card import Card, read
from cards.thresholds import CATALOG, ContentError, read_toml
from cards.vocabulary import Mechanism, Name


class Section(Struct, frozen=True, forbid_unknown_fields=True):
    """A chapter of the catalog. ``shown``: its rank among findings of one urgency; chapters may share one.
    ``safety``: its cards judge orders."""

    title: Name
    shown: int
    safety: bool = False


class Retired(Struct, frozen=True, forbid_unknown_fields=True):
    """A card that is no more: the content version that had it last, and the code of the card that speaks instead ("": none)."""

    until: str
    instead: str = ""


@cache
def retired() -> Mapping[str, Retired]:
    """The cards that are no more, by code."""
    return convert(read_toml(CATALOG / "retired.toml"), dict[str, Retired])


@cache
def sections() -> Mapping[str, Section]:
    """The chapters, in the order in which they are listed."""
    return convert(read_toml(CATALOG / "sections.toml"), dict[str, Section])


@cache
def all_cards() -> Mapping[str, Card]:
    """Every card by its code, in the order in which the rules run. Called at the start: ContentError, one sentence, for
    whatever a folder lacks."""
    found = {folder.name: read(folder) for folder in sorted(CATALOG.glob("*/*")) if folder.is_dir() and _is_card(folder.name)}
    if strangers := sorted({card.section for card in found.values()} - sections().keys()):
        raise ContentError(f"catalog/sections.toml does not name {', '.join(strangers)}")
    if back := sorted(found.keys() & retired().keys()):
        raise ContentError(f"catalog/retired.toml: {', '.join(back)} was retired: a code is never given again")
    for card in found.values():
        if unknown := sorted(set(card.earlier) - found.keys()):
            raise ContentError(
                f"catalog/{card.section}/{card.code}/card.toml: earlier names {', '.join(unknown)}: no such card"
            )
    return {code: found[code] for code in _running(found)}


def _is_card(name: str) -> bool:
    return not name.startswith(("_", "."))


def _running(found: Mapping[str, Card]) -> list[str]:
    """Each card after those it asks for; otherwise by code, so that nothing depends on the file system."""
    sorter = TopologicalSorter({code: sorted(found[code].earlier) for code in sorted(found)})
    try:
        order = list(sorter.static_order())
    except CycleError as error:
        raise ContentError(f"cards that wait for each other: {', '.join(error.args[1])}") from None
    return sorted(order, key=lambda code: found[code].last)


@cache
def cards_of(hook: Hook) -> tuple[Card, ...]:
    """The cards whose rules run on a hook, in this order: those that it may give, and those that run unshown."""
    return tuple(card for card in all_cards().values() if hook in card.hooks | card.unshown)


@cache
def safety_checks(mechanism: Mechanism) -> tuple[Card, ...]:
    """The cards that judge an order of this mechanism when it is signed."""
    return tuple(c for c in cards_of(Hook.ORDER_SIGN) if c.checks_orders and mechanism in c.drugs)


def citing(recommendation: str) -> list[Card]:
    """The cards that rest on a recommendation, by code."""
    return [card for _, card in sorted(all_cards().items()) if recommendation in card.cites]


def shown(code: str) -> tuple[int, str]:
    """Sort key of a card among those of one urgency."""
    return sections()[all_cards()[code].section].shown, code
