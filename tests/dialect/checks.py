"""What a card in a dialect must satisfy beside ``tests.protocol.checks``: what its EHR understands, and nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cards.words.phrases import escape
from cds_service.dialect import Dialect, Spoken

Json = Mapping[str, Any]
MOST_CODE = 100
"""Characters of a topic code (fhir.epic.com, CDS Hooks tutorial, "Card Attributes")."""


def check_dialect(plain: Json, spoken: Spoken, dialect: Dialect) -> None:
    """Raise AssertionError where a card breaks its dialect, or does not say what the plain one says."""
    card = spoken.card
    suggestions = card.get("suggestions", ())
    assert {member: card[member] for member in ("uuid", "summary", "indicator")} == {
        member: plain[member] for member in ("uuid", "summary", "indicator")
    }
    if dialect.selection == "any":
        assert card.get("selectionBehavior", "any") == "any"
    for each in suggestions:
        actions = each.get("actions", ())
        assert dialect.actions == "many" or len(actions) <= 1, "one action"
        assert {action["type"] for action in actions} <= dialect.types, "known types"
        assert actions or dialect.labels, "a suggestion that nobody would see"
        assert dialect.recommended == "when-true" or isinstance(each.get("isRecommended"), bool)
        assert dialect.recommended != "none" or not each["isRecommended"]
        for action in actions:
            if not dialect.order_details and "dosageInstruction" in action.get("resource", {}):
                assert re.search("fills in dose, timing and start|由本系统填入", action["description"]), "said"
            assert not set(dialect.systems) & set(_systems(action.get("resource"))) or action["type"] != "create", "systems"
    if dialect.codes == "alphanumeric":
        for coding in (card["source"]["topic"], *card.get("overrideReasons", ())):
            assert coding["code"].isalnum(), "letters and digits"
            assert coding["code"].isascii(), "letters and digits"
            assert len(coding["code"]) <= MOST_CODE
    assert {link["type"] for link in card.get("links", ())} <= dialect.links
    assert not dialect.detail_max or len(card["detail"]) <= dialect.detail_max
    _check_what_to_do_is_whole(plain, spoken)
    _check_nothing_is_lost(plain, spoken)
    _check_removals(plain, spoken)
    _check_no_order_stands_beside_what_it_replaces(plain, spoken)
    _check_choices(plain, spoken, dialect)


def _check_what_to_do_is_whole(plain: Json, spoken: Spoken) -> None:
    """However short the EHR wants the text."""
    first = plain["detail"].partition("\n\n**")[0]
    assert spoken.card["detail"].startswith(first), "what to do was cut"


def _check_removals(plain: Json, spoken: Spoken) -> None:
    """A draft that a suggestion of its own removes waits for nothing: it does not say what the order in its place waits for.
    A part is a part of what it says."""
    whole = {each["uuid"]: each for each in plain.get("suggestions", ())}
    alone = {
        action["resourceId"]: action["description"]
        for each in whole.values()
        for action in each.get("actions", ())
        if action["type"] == "delete" and len(each["actions"]) == 1
    }
    offered = [action for each in spoken.card.get("suggestions", ()) for action in each.get("actions", ())]
    changed = {action["resource"]["id"] for action in offered if action["type"] == "update"}
    there = {action.get("resourceId") for action in offered}
    assert {each for each in alone if each.rpartition("/")[2] not in changed} <= there, (
        "do not sign: no way to remove the draft"
    )
    for each in spoken.card.get("suggestions", ()):
        told = each.get("actions", ())
        of = whole[spoken.parts.get(each["uuid"], each["uuid"])].get("actions", ())
        assert {_does(action) for action in told} <= {_does(action) for action in of}, "a part of something else"
        if len(told) == 1 and told[0]["type"] == "delete" and told[0]["resourceId"] in alone:
            assert told[0]["description"].startswith(alone[told[0]["resourceId"]]), "a removal that waits"


def _does(action: Json) -> tuple[str, str, str]:
    resource = action.get("resource", {})
    what = resource.get("medicationCodeableConcept") or resource.get("code") or {}
    return action["type"], action.get("resourceId", resource.get("id", "")), what.get("text", "")


def _check_nothing_is_lost(plain: Json, spoken: Spoken) -> None:
    suggestions = spoken.card.get("suggestions", ())
    offered = {spoken.parts.get(each["uuid"], each["uuid"]) for each in suggestions}
    removed = {action["resourceId"] for each in suggestions for action in each.get("actions", ()) if "resourceId" in action}
    for each in plain.get("suggestions", ()):
        actions = each.get("actions", ())
        only_removes = bool(actions) and all(action.get("resourceId") in removed for action in actions)
        said = escape(each["label"]) in spoken.card["detail"]
        assert each["uuid"] in offered or said or only_removes, f"lost: {each['label']}"
        if each["uuid"] in offered:
            there = [_does(action) for other in suggestions for action in other.get("actions", ())]
            gone = [action for action in actions if _does(action) not in there]
            assert all(escape(action["description"]) in spoken.card["detail"] for action in gone), "half of it is lost"


def _check_no_order_stands_beside_what_it_replaces(plain: Json, spoken: Spoken) -> None:
    whole = {each["uuid"]: each.get("actions", ()) for each in plain.get("suggestions", ())}
    for each in spoken.card.get("suggestions", ()):
        actions = each.get("actions", ())
        there = {action["type"] for action in actions}
        if "create" not in there:
            continue
        for other in whole[spoken.parts.get(each["uuid"], each["uuid"])]:
            if other["type"] != "create" and other["type"] not in there:
                created = next(action for action in actions if action["type"] == "create")
                by_hand = escape(other["description"]) in spoken.card["detail"]
                assert other["description"] in created["description"] or by_hand, "an order beside what it replaces"


def _check_choices(plain: Json, spoken: Spoken, dialect: Dialect) -> None:
    """Of choices that exclude each other one is offered, or each says so."""
    if plain.get("selectionBehavior") != "at-most-one" or spoken.card.get("selectionBehavior") != "any":
        return
    placing = [
        each
        for each in spoken.card["suggestions"]
        if any(action["type"] != "delete" for action in each.get("actions", ({"type": "none"},)))
    ]
    wholes = {spoken.parts.get(each["uuid"], each["uuid"]) for each in placing}
    if dialect.choices == "one":
        assert len(wholes) <= 1, "several of what excludes each other"
    elif len(wholes) > 1:
        for each in placing:
            placed = [action for action in each.get("actions", ()) if action["type"] != "delete"]
            told = [each["label"], *(action["description"] for action in placed)]
            assert all("choose one only" in words or "仅选其一" in words for words in told), "one is enough"
    removing = [
        action for each in spoken.card["suggestions"] for action in each.get("actions", ()) if action["type"] == "delete"
    ]
    changed = {_does(action)[1] for each in placing for action in each.get("actions", ()) if action["type"] == "update"}
    for action in removing:
        rivals = action["resourceId"].rpartition("/")[2] in changed
        assert not rivals or re.search("choose one only|仅选其一", action["description"]), "a draft is changed and removed"
    recommended = {spoken.parts.get(each["uuid"], each["uuid"]) for each in placing if each.get("isRecommended")}
    assert len(recommended) <= 1, "two are preselected"


def _systems(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key == "system":
                yield each
            yield from _systems(each)
    elif isinstance(value, list):
        for each in value:
            yield from _systems(each)
