"""An evaluator that judges charts that are alike once: a case told in other ways, fetched, or made worse is mostly the same."""

from __future__ import annotations

from collections.abc import Hashable

from cards.chart import Chart
from cards.engine.findings import Finding
from cds_service.config import Settings
from cds_service.fhir.fetching.client import FhirClient
from cds_service.pipeline import Evaluator

MOST = 300


class Once(Evaluator):
    """The rules know nothing but the chart (import-linter holds them to it), so that what they find is found again on one like
    it. Each call is read, made one answer and put into words all the same."""

    def __init__(self, settings: Settings, client: FhirClient | None = None) -> None:
        super().__init__(settings, client)
        self._known: dict[Hashable, list[tuple[tuple[object, ...], list[Finding]]]] = {}

    def forget(self) -> None:
        """What comes next is judged, whatever was judged before."""
        self._known.clear()

    def _run(self, chart: Chart) -> list[Finding]:
        alike = self._known.setdefault(
            (chart.hook, chart.today, chart.failed, chart.set_aside, chart.unread, chart.patient), []
        )
        told = tuple(getattr(chart, name) for name in chart.__struct_fields__ if name != "known")
        for other, found in alike:
            if other == told:
                return found
        found = super()._run(chart)
        alike.append((told, found))
        if len(self._known) > MOST:
            self.forget()
        return found
