"""Our queries, as a hook would send them: of one patient, one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from cards.engine.catalog import all_cards
from cds_service.client_check.server import Server, Told
from cds_service.client_check.sheet import Row, Verdict
from cds_service.fhir.fetching.answers import asked_for, why_failed
from cds_service.fhir.fetching.pages import below, page_of
from cds_service.fhir.fetching.queries import PATIENT_TOKEN, camel_case
from cds_service.fhir.reading.given import Source

SECTION = "Queries"
MOST_PAGES = 20
_SORT_OR_COUNT = re.compile(r"(?<=[?&])_(?:sort|count)=[^&]*&?")


def rows(server: Server, templates: Mapping[str, str], patient: str) -> Iterator[Row]:
    """One row for each prefetch key."""
    if not patient:
        yield Row(SECTION, f"{len(templates)} prefetch keys", "not asked", means="name a test patient with --patient")
        return
    for key, template in templates.items():
        yield _row(server, key, template, patient)


def of(template: str, patient: str) -> str:
    """The query for one patient, relative to the base."""
    return template.replace(PATIENT_TOKEN, quote(patient, safe=""))


def _row(server: Server, key: str, template: str, patient: str) -> Row:
    told = server.ask(of(template, patient))
    means = ""
    if told.status == 400 and _SORT_OR_COUNT.search(template):
        simpler = server.ask(_SORT_OR_COUNT.sub("", of(template, patient)).rstrip("?&"))
        if simpler.status == 200:
            told, means = simpler, "only without _sort and _count, which is then how it is asked"
    if told.status != 200:
        return Row(SECTION, key, _failed(key), _status(told), _of_status(told.status) + _cards(key))
    pages, complete, entries, seconds = _pages(server, told)
    why = why_failed(asked_for(template), pages, lambda reference: _is(reference, patient), complete=complete)
    found = f"{entries} in {len(pages)} page{'s' * (len(pages) != 1)}, {round(seconds * 1000)} ms"
    if why:
        return Row(
            SECTION,
            key,
            _failed(key),
            f"{found}: {why}",
            f"see 'An answer that does not answer' in integration.md{_cards(key)}",
        )
    return Row(SECTION, key, "note" if means else "ok", found, means)


def _pages(server: Server, first: Told) -> tuple[list[Source], bool, int, float]:
    """The pages, whether all are there, how many entries they hold, and how long they took together."""
    pages: list[Source] = []
    entries, told, seconds = 0, first, first.seconds
    while len(pages) < MOST_PAGES:
        page = page_of(told.content) if told.status == 200 else None
        if page is None:
            return pages, False, entries, seconds
        pages.append(page.source)
        entries += page.entries or (not told.body.get("entry") and told.body.get("resourceType") != "Bundle")
        following = page.following(server.base)
        if following is None:
            return pages, True, entries, seconds
        if not below(server.base, following):
            return pages, False, entries, seconds
        told = server.ask(following)
        seconds += told.seconds
    return pages, False, entries, seconds


def needing(key: str) -> int:
    """How many cards cannot be given without a prefetch key."""
    group = key.rstrip("0123456789")
    return sum(any(camel_case(data) == group for data in card.needs) for card in all_cards().values())


def _failed(key: str) -> Verdict:
    return "problem" if key == "patient" or needing(key) else "note"


def _cards(key: str) -> str:
    if key == "patient":
        return "; without it there is no answer (412)"
    return f"; {number} cards are not given without it" if (number := needing(key)) else "; cards say that it is missing"


def _status(told: Told) -> str:
    return f"status {told.status}, {told.ms} ms" if told.status else f"no answer ({told.error}), {told.ms} ms"


def _of_status(status: int) -> str:
    return {
        0: "not reached, or too slow",
        401: "the token is not accepted",
        403: "not in the scopes",
        404: "the server does not have this",
        429: "too many requests: see Pacing",
    }.get(status, "failed")


def _is(reference: str, patient: str) -> bool:
    return reference.split("/")[-2:] == ["Patient", patient] or reference == patient
