"""Whether a card is complete: its cases cover each of its hooks and its silence, and the links of its numbers work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cards.engine.card import Card
from cards.engine.sources import opens
from cards.thresholds import shipped
from cds_service.casebook.cases import of_file


def unopened(card: Card) -> Iterator[str]:
    """The numbers of a card whose source link leads nowhere, one sentence each."""
    for key, number in shipped().table.items():
        if number.card == card.code and not opens(number.link):
            yield f"card.toml: number {key}: the link {number.link} opens nothing"


def lacking(card: Card) -> Iterator[str]:
    """What the cases as a whole omit or get wrong, one sentence each."""
    cases = of_file(card.folder / "cases.yaml")
    if others := sorted({str(case["card"]) for case in cases} - {card.code}):
        yield f"cases.yaml: these are cases of {', '.join(others)}"
    expected = {case.get("hook", "patient-view") for case in cases if case.get("expect") != "none"}
    hooks = {hook.value for hook in card.hooks}
    yield from (f"cases.yaml: no case expects the card on {hook}" for hook in sorted(hooks - expected))
    yield from (f"cases.yaml: a case expects the card on {hook}, which card.toml lacks" for hook in sorted(expected - hooks))
    if all(case.get("expect") != "none" for case in cases):
        yield "cases.yaml: no case expects none: when is the card silent?"
    names = Counter(case["name"] for case in cases)
    yield from (f"cases.yaml: {times} cases are called {name!r}" for name, times in names.items() if times > 1)
