"""A card as a PlanDefinition: a recommendation as HL7's guideline profiles (CPG-on-FHIR) write it, an event-condition-action
rule. Event: the hooks. Condition: in words. Action: what the card was seen to propose in its cases.

The condition is not computable, and does not claim to be: the logic lives in the service that it names.
"""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Hook
from cards.engine.card import Card
from cards.engine.catalog import all_cards, sections
from cards.engine.sources import cited
from cds_service.content.releases import approved
from cds_service.hooks.discovery import SERVICES
from cds_service.package.metadata import (
    CPG,
    EXTENSION,
    PATIENT,
    TERMINOLOGY,
    Json,
    computer_name,
    concept,
    described,
    versioned,
)
from cds_service.package.proposals import proposals, suggested
from cds_service.package.sources import artifact, direction, graded

PROFILE = f"{CPG}StructureDefinition/cpg-recommendationdefinition"
_WORDS = "text/plain"
_ON_ORDERS = frozenset({Hook.ORDER_SELECT, Hook.ORDER_SIGN})


def plans() -> Iterator[Json]:
    """One a card, by code."""
    signed = approved()
    for code, card in sorted(all_cards().items()):
        told, _, _, further = parts(card)
        description = "\n\n".join([told, *further])
        yield described(
            "PlanDefinition", code, card.title, description, name=computer_name(code), approved=signed.get(code)
        ) | {
            "meta": {"profile": [PROFILE]},
            "extension": _representation(),
            "type": concept(f"{TERMINOLOGY}plan-definition-type", "eca-rule"),
            "subjectCodeableConcept": PATIENT,
            "usage": _decided(card),
            "topic": [{"text": sections()[card.section].title.en}],
            "library": [versioned("Library", code)],
            "action": [_action(card)],
        }


def parts(card: Card) -> tuple[str, str, str, list[str]]:
    """The rule in words: the recommendation, when it applies and when not, what it then says, and what else is told of it."""
    first, *others = card.told()
    when = [each for each in others if each.startswith(("When", "Not when"))]
    then = next((each for each in others if each.startswith("Then")), "")
    return first, " ".join(when), then.removeprefix("Then:").strip(), [each for each in others if each not in (*when, then)]


def _representation() -> list[Json]:
    """How far a machine can use it: shared and published, partly structured; not executable."""
    return [
        {"url": f"{EXTENSION}cqf-knowledgeCapability", "valueCode": "shareable"},
        {"url": f"{EXTENSION}cqf-knowledgeCapability", "valueCode": "publishable"},
        {"url": f"{EXTENSION}cqf-knowledgeRepresentationLevel", "valueCode": "semi-structured"},
    ]


def _action(card: Card) -> Json:
    _, when, then, _ = parts(card)
    told = cited(card.cites)
    grades = {each.grade for each in told}
    action: Json = {
        "title": card.title.en,
        "description": then or card.told()[0],
        "documentation": [artifact(each) for each in told],
        "trigger": [{"type": "named-event", "name": hook.value} for hook in hooks(card)],
        "condition": [
            {
                "kind": "applicability",
                "expression": {"description": when or card.told()[0], "language": _WORDS, "expression": _decided(card)},
            }
        ],
    }
    if further := list(proposals(card)):
        action |= {"groupingBehavior": "logical-group", "selectionBehavior": "any", "action": further}
    extension = [*direction(direction_of(card)), *(graded(grades.pop()) if len(grades) == 1 else [])]
    return ({"extension": extension} if extension else {}) | action


def hooks(card: Card) -> list[Hook]:
    return [hook for hook in Hook if hook in card.hooks]


def direction_of(card: Card) -> str:
    """ "against" the order that a card judges, "for" what it proposes; "" for one that does both, or proposes nothing."""
    seen = suggested().get(card.code, {})
    if "delete" in seen:
        return "against" if card.checks_orders or card.hooks <= _ON_ORDERS else ""
    return "for" if seen else ""


def _decided(card: Card) -> str:
    services = [service.id for service in SERVICES.values() if service.hook in card.hooks]
    return (
        f"Decided by the CDS Hooks service{'s' if len(services) > 1 else ''} {', '.join(services)} of osteoporosis-cds "
        f"(card {card.code}), not by this resource: the words here are for people."
    )
