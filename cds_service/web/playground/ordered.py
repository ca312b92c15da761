"""What was ordered or set aside on the page: the record with it, and what is left to decide."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import ORDER_HOOKS, Chart
from cards.engine.catalog import all_cards
from cards.engine.findings import CRITICAL, Finding, Option
from cards.words.options import label

Json = dict[str, Any]


class Decided(Struct, frozen=True):
    """A card that was decided upon: ``label`` of the suggestion that was accepted, "" where the card was set aside."""

    code: str
    label: str = ""


class Left(Struct, frozen=True):
    """``findings`` are still to be decided, without what was chosen of them; ``done`` are those that are not, as they were."""

    findings: Sequence[Finding]
    done: Sequence[Finding]


def decided(asked: Any) -> list[Decided]:
    """What the page says was decided. ValueError for anything else."""
    given = [] if asked is None else asked
    if not isinstance(given, list):
        raise ValueError("decided")
    return [Decided(str(each["code"]), str(each.get("label", ""))) for each in given]


def added(bundle: Json, orders: Sequence[Json]) -> Json:
    """The record with what was ordered; a resource that it holds already is changed."""
    new = {_reference(each): each for each in orders}
    kept = [entry for entry in bundle.get("entry") or () if _reference(entry.get("resource") or {}) not in new]
    return {**bundle, "entry": [*kept, *({"resource": each} for each in new.values())]}


def _reference(resource: Mapping[str, Any]) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id')}"


def left(findings: Sequence[Finding], chosen: Sequence[Decided], chart: Chart, language: str) -> Left:
    """A card of which one may be chosen is decided with the choice; of one with any number, what was chosen goes, and the card
    once nothing that it recommends is left. Set aside goes, too, but for what is critical. A check of orders says itself
    whether it still objects: where orders are being written, it is never taken for decided."""
    labels = frozenset(each.label for each in chosen if each.label)
    kept: list[Finding] = []
    done: list[Finding] = []
    for finding in findings:
        of_it = [each for each in chosen if each.code == finding.code]
        smaller = _without(finding, labels, chart, language)
        if of_it and _is_done(finding, smaller, of_it, chart):
            done.append(finding)
        else:
            kept.append(smaller if of_it else finding)
    return Left(kept, done)


def together(first: Sequence[Finding], others: Sequence[Finding]) -> list[Finding]:
    """What is said of the orders and what else is left, each card once, most urgent first."""
    codes = {finding.code for finding in first}
    return sorted([*first, *(each for each in others if each.code not in codes)], key=lambda each: each.indicator.rank)


def _without(finding: Finding, labels: Container[str], chart: Chart, language: str) -> Finding:
    def open_(options: Sequence[Option]) -> tuple[Option, ...]:
        return tuple(option for option in options if label(option, language, chart) not in labels)

    return replace(finding, options=open_(finding.options), elsewhere=open_(finding.elsewhere))


def _is_done(finding: Finding, smaller: Finding, chosen: Sequence[Decided], chart: Chart) -> bool:
    if chart.hook in ORDER_HOOKS and all_cards()[finding.code].checks_orders:
        return False
    if not any(each.label for each in chosen):
        return finding.indicator is not CRITICAL
    return not finding.any_number or not any(option.recommended for option in smaller.options)
