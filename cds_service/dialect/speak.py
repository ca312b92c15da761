"""The steps from a card in plain CDS Hooks to the card that one client understands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from cards.vocabulary import Name
from cds_service.dialect import choosing, codes, detail, single, words
from cds_service.dialect.possible import Offer, possible
from cds_service.dialect.settings import PLAIN, Dialect
from cds_service.dialect.single import Parts
from cds_service.dialect.systems import renamed

Json = dict[str, Any]


class Spoken(Struct, frozen=True):
    """A card as a client gets it. ``parts``: uuid of a suggestion -> uuid of the one that it is a part of."""

    card: Json
    parts: Mapping[str, str] = {}


def speak(card: Json, dialect: Dialect, language: str) -> Spoken:
    """The card in a dialect. ``card`` itself is not changed."""
    if dialect is PLAIN:
        return Spoken(card)
    parts = Parts(language)
    card = _suggesting(dict(card), dialect, language, parts)
    card = _linking(card, dialect)
    if dialect.codes == "alphanumeric":
        card = codes.with_bare_codes(card)
    return Spoken(card | {"detail": detail.shortened(card["detail"], dialect.detail_max, language)}, parts.of)


def _suggesting(card: Json, dialect: Dialect, language: str, parts: Parts) -> Json:
    exclusive = card.pop("selectionBehavior", "any") == "at-most-one"
    offers = [possible(each, dialect, language) for each in card.pop("suggestions", ())]
    loose = exclusive and _comes_loose(offers, dialect)
    kept = choosing.one_of(offers) if loose and dialect.choices == "one" else [each for each in offers if each.able]
    offered = [each.suggestion for each in kept]
    if loose:
        offered = choosing.each_alone(offered, language)
    if dialect.actions == "one":
        offered = parts.apart(offered)
    if offered:
        card["suggestions"] = [_finished(each, dialect, language) for each in offered]
        card["selectionBehavior"] = "at-most-one" if exclusive and not loose else "any"
    taken = {single.removed(each) for each in offered} - {""}
    gone = [each for each in offers if each not in kept and single.removed(each.suggestion) not in taken]
    return card | {"detail": detail.with_sections(card["detail"], list(_said(gone, kept, exclusive, language)))}


def _comes_loose(offers: Sequence[Offer], dialect: Dialect) -> bool:
    """Whether the EHR would let several of what excludes each other be chosen."""
    several = any(len(each.suggestion.get("actions", ())) > 1 for each in offers if each.able)
    return dialect.selection == "any" or (dialect.actions == "one" and several)


def _said(gone: Sequence[Offer], kept: Sequence[Offer], exclusive: bool, language: str) -> Iterable[str]:
    """What is said instead of offered: what is to be done by hand, and the other choices."""
    apart = [each for each in gone if exclusive and not each.recommended]
    by_hand = [*(each.label for each in gone if each not in apart), *(line for each in kept for line in each.by_hand)]
    yield from _section(words.BY_HAND, by_hand, language)
    yield from _section(words.OTHER_CHOICES if kept or by_hand else words.BY_HAND_ONE, [e.label for e in apart], language)


def _section(heading: Name, lines: Sequence[str], language: str) -> Iterable[str]:
    return [words.listed(heading, dict.fromkeys(lines), language)] if lines else []


def _finished(suggestion: Json, dialect: Dialect, language: str) -> Json:
    suggestion = renamed(suggestion, dialect.systems)
    if not dialect.order_details and "actions" in suggestion:
        suggestion = suggestion | {"actions": [_to_be_checked(each, language) for each in suggestion["actions"]]}
    if dialect.recommended != "when-true":
        marked = dialect.recommended == "always" and bool(suggestion.get("isRecommended"))
        suggestion = suggestion | {"isRecommended": marked}
    return suggestion


def _to_be_checked(action: Json, language: str) -> Json:
    """An order whose dose, timing or start does not reach the EHR says so."""
    if action["type"] != "create" or not action["resource"].keys() & {"dosageInstruction", "occurrenceDateTime"}:
        return action
    return action | {"description": words.OWN_DETAILS[language].format(action=action["description"])}


def _linking(card: Json, dialect: Dialect) -> Json:
    links = [each for each in card.pop("links", []) if each["type"] in dialect.links]
    return card | {"links": links} if links else card
