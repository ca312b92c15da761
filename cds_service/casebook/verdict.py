"""Compares the cards of an answer with what a case expects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from typing import Any

from cards.vocabulary import ANTI_OSTEOPOROSIS, DRUGS, SERVICES
from cards.vocabulary.regimens import REGIMENS
from cds_service.casebook.cases import Case
from cds_service.fhir.proposing.order_templates import order_codes
from cds_service.hooks.cards import spoken_for

Json = dict[str, Any]


def faults(case: Case, cards: Iterable[Json], language: str = "en") -> list[str]:
    """The differences between the cards and the case's expectations, one sentence each; empty if there are none."""
    shown: dict[str, list[Json]] = {}
    for card in cards:
        shown.setdefault(card["source"]["topic"]["code"], []).append(card)
    mine = shown.get(case["card"], [])
    return [*_indicators(case, mine, shown), *(_content(case, mine[0], language) if mine else _absent(case))]


def _indicators(case: Case, mine: list[Json], shown: dict[str, list[Json]]) -> Iterator[str]:
    expected = [("expect", case["card"], case["expect"])] if "expect" in case else []
    expected += [("also", code, wanted) for code, wanted in case.get("also", {}).items()]
    for _, code, wanted in expected:
        came = [card["indicator"] for card in shown.get(code, ())]
        hoped = [] if wanted == "none" else wanted if isinstance(wanted, list) else [wanted]
        if came != hoped:
            yield f"{code}: expected {', '.join(hoped) or 'no card'}, got {', '.join(came) or 'no card'}"


def _absent(case: Case) -> Iterator[str]:
    if case.get("expect") not in ("none", None) or "expect" not in case:
        yield f"no card {case['card']}"


def _content(case: Case, card: Json, language: str) -> Iterator[str]:
    yield from _suggestions(case, card.get("suggestions", []))
    if "contains" in case and (held := contained(card)) != sorted(case["contains"]):
        yield f"contains {', '.join(held) or 'nothing'}, not {', '.join(sorted(case['contains']))}"
    text = card["summary"] + card.get("detail", "")
    if language == "en":
        yield from (f"does not say {said!r}" for said in case.get("says", ()) if said not in text)
    yield from (f"says {said!r}" for said in case.get("says-not", ()) if said.casefold() in text.casefold())


def contained(card: Json) -> list[str]:
    """The codes of the cards that this one stands for."""
    return sorted(code for code, _ in spoken_for(card)[1:])


def _suggestions(case: Case, suggestions: list[Json]) -> Iterator[str]:
    keys = [key_of(suggestion) for suggestion in suggestions]
    recommended = [key for key, each in zip(keys, suggestions, strict=True) if each.get("isRecommended")]
    told = [f"{key}*" if each.get("isRecommended") else key for key, each in zip(keys, suggestions, strict=True)]
    if "suggests" in case and told != case["suggests"]:
        yield f"suggests {', '.join(told) or 'nothing'}, not {', '.join(case['suggests']) or 'nothing'}"
    yield from (f"does not offer {key}" for key in case.get("offers", ()) if key not in keys)
    yield from (f"offers {key}" for key in case.get("drops", ()) if key in keys)
    yield from (f"recommends {key}" for key in case.get("not-recommended", ()) if key in recommended)
    yield from _recommended(case, recommended)
    for key, day in case.get("starts", {}).items():
        if key not in keys or (starts := _start(suggestions[keys.index(key)])) != day:
            yield f"{key} starts {starts if key in keys else 'never: it is not offered'}, not {day}"


def _recommended(case: Case, recommended: list[str]) -> Iterator[str]:
    """What a case recommends is the only one; beside a drug against osteoporosis tests may be recommended, too."""
    if "recommends" not in case:
        return
    wanted = case["recommends"]
    found = [key for key in recommended if _against_osteoporosis(key)] if _against_osteoporosis(wanted) else recommended
    if found != ([] if wanted == "none" else [wanted]):
        yield f"recommends {', '.join(found) or 'nothing'}, not {wanted}"


def _against_osteoporosis(key: str) -> bool:
    return key in DRUGS and DRUGS[key].mechanism in ANTI_OSTEOPOROSIS


def _start(suggestion: Json) -> date:
    order = next(action["resource"] for action in suggestion["actions"] if action["type"] == "create")
    stated = order.get("dispenseRequest", {}).get("validityPeriod", {}).get("start") or order.get("occurrenceDateTime")
    return date.fromisoformat(stated or order["authoredOn"])


def key_of(suggestion: Json) -> str:
    """What a suggestion proposes, as a vocabulary key; "discard" if it only deletes a draft, "mend" if it changes one."""
    actions = suggestion.get("actions", ())
    created = [action["resource"] for action in actions if action["type"] == "create"]
    if not created:
        return "mend" if any(action["type"] == "update" for action in actions) else "discard"
    code = created[0].get("medicationCodeableConcept") or created[0]["code"]
    return _proposed()[code["coding"][0]["code"] if "coding" in code else code["text"]]


@cache
def _proposed() -> dict[str, str]:
    """First code of a proposed resource, or its text where it has none -> the key for it."""
    known: dict[str, str] = {}
    for _, key, _, code, _ in order_codes():
        known.setdefault(code, key.removesuffix("-postmenopausal"))
    for key, name in (*SERVICES.items(), *((key, regimen.product) for key, regimen in REGIMENS.items())):
        known |= dict.fromkeys((name.en, name.zh), key)
    return known
