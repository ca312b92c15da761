"""The whole check, in the order of the sheet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from cds_service.client_check import behavior, capabilities, queries
from cds_service.client_check.server import Server
from cds_service.client_check.sheet import Sheet, to_fill_in
from cds_service.fhir.fetching.client import FhirClient


def checked(
    server: Server, prefetch: Mapping[str, Mapping[str, str]], patient: str, client: FhirClient, *, today: date, content: str
) -> Sheet:
    """The sheet of a server. ``prefetch``: hook -> key -> template; ``patient``: the id of a test patient, "" for none;
    ``client`` asks as hooks do. Only GET is sent."""
    templates = {key: template for keys in prefetch.values() for key, template in keys.items()}
    rows = (
        *capabilities.rows(server, templates.values()),
        *queries.rows(server, templates, patient),
        *behavior.paging(server, patient),
        *behavior.refusals(server, patient),
        *behavior.pacing(server, prefetch["patient-view"], patient, client),
        *to_fill_in(),
    )
    return Sheet(server.base, today.isoformat(), content, rows)
