"""The FHIR client of a worker: what it does is counted, and while it waits others compute."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from cds_service import metrics
from cds_service.config import Settings
from cds_service.fhir.fetching.client import FhirClient, Watch
from cds_service.serving.load import Load


class _Watched(Watch):
    """Counts what the client does, and gives its turn to others while it waits."""

    def __init__(self, load: Load | None) -> None:
        self._load = load

    def waiting(self) -> AbstractContextManager[None]:
        return self._load.waiting() if self._load else nullcontext()

    def fetched(self, server: str, seconds: float, heard: bool, is_open: bool) -> None:
        metrics.FHIR_SECONDS.labels("answered" if heard else "silent").observe(seconds)
        metrics.BREAKER.labels(server).set(is_open)


def fhir_client(settings: Settings, load: Load | None = None) -> FhirClient:
    """``load``: what shares out the worker; without it nobody else computes."""
    watch = _Watched(load)
    return FhirClient(settings.fhir_timeout, parallel=settings.fhir_parallel, memory=settings.fhir_memory, watch=watch)
