"""What a card was seen to propose in its cases (``suggested.toml``), as the actions of its plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from cards.engine.card import Card
from cards.thresholds import HERE, read_toml
from cards.vocabulary import ANTI_OSTEOPOROSIS, DRUGS
from cards.vocabulary.regimens import REGIMENS
from cds_service.package.activities import steps
from cds_service.package.metadata import TERMINOLOGY, Json, concept

SUGGESTED = HERE / "sources" / "suggested.toml"
_ACTION = f"{TERMINOLOGY}action-type"
_DRAFTS = {
    "delete": ("Delete the draft that the card is about", "remove"),
    "update": ("Amend the order that the card is about", "update"),
}
"""What a suggestion does to orders that exist, by the type of its CDS Hooks action."""
_BONE = "one drug for bone"


@cache
def suggested() -> Mapping[str, Mapping[str, str]]:
    """By card, what it was seen to propose, as "kind key" ("delete", "update": a draft), and the case that shows it."""
    found: Mapping[str, Mapping[str, str]] = read_toml(SUGGESTED)
    return found


def proposals(card: Card) -> Iterator[Json]:
    """The actions. Drugs of which a patient is to get one are a group of which at most one may be chosen."""
    groups: dict[str, dict[str, Json]] = {}
    for each in suggested().get(card.code, {}):
        kind, _, key = each.partition(" ")
        for name, step in _steps(kind, key):
            groups.setdefault(choice(key) if kind == "drug" else name, {})[name] = step
    for of in groups.values():
        yield from of.values() if len(of) == 1 else [_at_most_one(of)]


def choice(key: str) -> str:
    """Which regimens stand for each other: those of drugs for bone; those of another class, of vitamin D apart by whether they
    end (a loading) or go on.

    >>> choice("denosumab") == choice("zoledronate-once"), choice("calcitriol") == choice("alfacalcidol")
    (True, True)
    >>> choice("cholecalciferol"), choice("cholecalciferol-2000"), choice("cholecalciferol-weekly-6")
    ('vitamin-d', 'vitamin-d', 'vitamin-d loading')
    """
    regimen = REGIMENS[key]
    mechanism = DRUGS[regimen.drug or key].mechanism
    return _BONE if mechanism in ANTI_OSTEOPOROSIS else f"{mechanism}{' loading' if regimen.weeks else ''}"


def _steps(kind: str, key: str) -> Iterator[tuple[str, Json]]:
    if kind in _DRAFTS:
        title, code = _DRAFTS[kind]
        yield kind, {"title": title, "type": concept(_ACTION, code)}
        return
    for step in steps(kind, key):
        yield step["definitionCanonical"], {**step, "type": concept(_ACTION, "create")}


def _at_most_one(of: Mapping[str, Json]) -> Json:
    return {
        "title": "Not more than one of these",
        "groupingBehavior": "logical-group",
        "selectionBehavior": "at-most-one",
        "action": list(of.values()),
    }
