"""The whole check, in the order of the sheet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from cds_service.client_check import behavior, capabilities, queries
from cds_service.client_check.server import Server, Told
from cds_service.client_check.sheet import Sheet, to_fill_in
from cds_service.config import ConfigError
from cds_service.fhir.fetching.client import FhirClient

_NOBODY = {
    "SSLError": "its certificate is not trusted, or it does not speak TLS",
    "ConnectTimeout": "it takes no connection in time",
    "ProxyError": "the proxy does not let us through",
    "ConnectionError": "no such host, or it takes no connection",
}


def reached(server: Server) -> Told:
    """What ``/metadata`` answers, whatever that is. ConfigError where nobody is there: every line of the sheet would say so.
    An answer that is only late is one more line."""
    told = server.ask("metadata")
    if told.status or told.error == "ReadTimeout":
        return told
    raise ConfigError(f"{server.base}: does not answer: {_NOBODY.get(told.error, told.error)}")


def checked(
    server: Server, prefetch: Mapping[str, Mapping[str, str]], patient: str, client: FhirClient, *, today: date, content: str
) -> Sheet:
    """The sheet of a server. ``prefetch``: hook -> key -> template; ``patient``: the id of a test patient, "" for none;
    ``client`` asks as hooks do. Only GET is sent. ConfigError where nobody answers."""
    told = reached(server)
    templates = {key: template for keys in prefetch.values() for key, template in keys.items()}
    rows = (
        *capabilities.rows(server, told, templates.values()),
        *queries.rows(server, templates, patient),
        *behavior.paging(server, patient),
        *behavior.refusals(server, patient),
        *behavior.pacing(server, prefetch["patient-view"], patient, client),
        *to_fill_in(),
    )
    return Sheet(server.base, today.isoformat(), content, rows)
