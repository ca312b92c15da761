"""Words that are the same are written once: of orders that are alike, and of which the same is said, only the ids differ."""

from __future__ import annotations

from collections.abc import Hashable

from msgspec.structs import replace

from cards.chart import Chart
from cards.engine.findings import Finding
from cards.vocabulary import Drug
from cards.words.parts import Text
from cards.words.text import render


class Writer:
    """Puts the findings of one answer into words. Of each card, variant, drug and other drug it remembers the last that it
    wrote."""

    def __init__(self, language: str, chart: Chart, *, for_patient: bool = False) -> None:
        self._language = language
        self._chart = chart
        self._for_patient = for_patient
        self._written: dict[Hashable, tuple[Finding, Text]] = {}

    def write(self, finding: Finding) -> Text:
        if finding.about is None:
            return self._render(finding)
        drugs = (finding.about.drug, finding.values.get("other"))
        kind = (finding.code, finding.variant, *(drug.key for drug in drugs if isinstance(drug, Drug)))
        nameless = _without_ids(finding)
        known = self._written.get(kind)
        if known is None or known[0] != nameless:
            known = self._written[kind] = (nameless, self._render(finding))
        return known[1]

    def _render(self, finding: Finding) -> Text:
        return render(finding, self._language, self._chart, for_patient=self._for_patient)


def _without_ids(finding: Finding) -> Finding:
    """The finding without what tells its order from another that says the same: ids are not in the words."""
    return replace(
        finding,
        about=finding.about and replace(finding.about, id=""),
        facts=tuple([replace(fact, source="") for fact in finding.facts]),
        options=tuple([replace(option, replaces=()) for option in finding.options]),
        contains=tuple([_without_ids(each) for each in finding.contains]),
    )
