"""Which shared numbers a card uses, recorded while its cases run: ``shared`` in its card.toml must list them.

A rule is passed no others, but a definition that it calls may read more. Recording the reads during every case of the card
captures both without analyzing the source. What other rules read while an option is tested against them is not counted.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from cards.chart import Chart
from cards.definitions.workup import Row
from cards.engine import trial
from cards.engine.card import Card
from cards.engine.findings import Earlier, Finding
from cards.engine.run import run
from cards.thresholds import Numbers, Thresholds, shipped
from cds_service.casebook.cases import all_cases
from cds_service.casebook.doubt import asked
from cds_service.casebook.requests import request
from cds_service.casebook.runs import chart_of, charts, served, site_of


class _Noted(Numbers):
    """Numbers that record which of them are read."""

    def __init__(self, values: Mapping[str, int | float], seen: set[str]) -> None:
        super().__init__({})
        self._values = {key.replace("-", "_"): (key, value) for key, value in values.items()}
        self._seen = seen

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._values:
            return super().__getattr__(name)
        key, value = self._values[name]
        self._seen.add(key)
        return value


class _NotedThresholds(Thresholds):
    """Thresholds that record which of the shared ones are read."""

    def __init__(self, seen: set[str]) -> None:
        super().__init__(shipped().table)
        self.__dict__["shared"] = _Noted({key: each.value for key, each in self.table.items() if not each.card}, seen)


class Watched(_NotedThresholds):
    """Thresholds that record in ``seen`` every number that is read, by a definition, a rule or a text."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        super().__init__(self.seen)

    def of(self, card: str, shared: tuple[str, ...]) -> Numbers:
        handed = {key: each.value for key, each in self.table.items() if each.card == card or key in shared}
        return _Noted(handed, self.seen)

    def filled(self, words: str) -> str:
        self.seen.update(key for key in self.table if f"{{{key}}}" in words)
        return super().filled(words)


def read_by(card: Card) -> tuple[str, ...]:
    """The shared numbers that the card reads, itself or through definitions, in any of its cases; sorted."""
    seen: set[str] = set()
    with _trials_aside():
        for chart in _charts(card):
            noted = replace(chart, thresholds=_NotedThresholds(seen))
            list(card.rule(noted, _Noted(_handed(card), seen), *_earlier(card, chart)))
    return tuple(sorted(key for key in seen if not shipped().table[key].card))


def unread_with_records(keys: Collection[str]) -> set[str]:
    """Those of these shared numbers that are read while no record, of any case, becomes a chart."""
    seen: set[str] = set()
    for case in all_cases():
        if seen.issuperset(keys):
            break
        evaluator, _ = served(site_of(case))
        of_site, evaluator.thresholds = evaluator.thresholds, _NotedThresholds(seen)
        try:
            chart_of(case, request(case))
        finally:
            evaluator.thresholds = of_site
    return {*keys} - seen


def _handed(card: Card) -> dict[str, int | float]:
    return {key: each.value for key, each in shipped().table.items() if each.card in ("", card.code)}


def _charts(card: Card) -> Iterator[Chart]:
    yield from (chart for _, chart in charts(card.folder) if chart.hook in card.hooks)


def _earlier(card: Card, chart: Chart) -> tuple[Earlier, ...]:
    """What the rule is handed of the others' findings."""
    if not card.wants_earlier:
        return ()
    found: dict[str, tuple[Finding, ...]] = {}
    for finding in run(chart, asked(card.code, chart.hook)):
        if card.last or finding.code in card.earlier:
            found[finding.code] = (*found.get(finding.code, ()), finding)
    return (Earlier(found),)


@contextmanager
def _trials_aside() -> Iterator[None]:
    """While an option is tested against the safety rules and the work-up, nothing is recorded."""
    ours, read = trial.safety, trial.work_up

    def quietly(chart: Chart, *asked: Any, **named: Any) -> list[Finding]:
        return ours(replace(chart, thresholds=shipped()), *asked, **named)

    trial.safety = quietly

    def aside(chart: Chart, *, starting: bool = False) -> tuple[Row, ...]:
        return read(replace(chart, thresholds=shipped()), starting=starting)

    trial.work_up = aside
    try:
        yield
    finally:
        trial.safety, trial.work_up = ours, read


def wrong(card: Card) -> str:
    """The corrected ``shared`` entry, ready to paste; "" if it is correct."""
    read = read_by(card)
    return "" if read == tuple(sorted(card.shared)) else f"shared = {json.dumps(read)}"
