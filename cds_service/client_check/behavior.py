"""How the server behaves: paging, refusals, and how much it takes at once."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote
from uuid import uuid4

from cds_service.client_check import queries
from cds_service.client_check.server import Server, Told
from cds_service.client_check.sheet import Row
from cds_service.fhir.fetching.client import Access, FhirClient
from cds_service.fhir.fetching.pages import below, page_of

PAGING, REFUSALS, PACING = "Paging", "Refusals", "Pacing"
BURST = 20


def paging(server: Server, patient: str) -> Iterator[Row]:
    """Whether further pages can be had: a page of one entry, of the type that is likeliest to have two."""
    if not patient:
        yield Row(PAGING, "next link", "not asked", means="name a test patient with --patient")
        return
    for kind in ("Observation", "Condition", "MedicationRequest"):
        told = server.ask(f"{kind}?patient={quote(patient, safe='')}&_count=1")
        page = page_of(told.content) if told.status == 200 else None
        following = page.following(server.base) if page else None
        if page is None or following is None:
            continue
        if not below(server.base, following):
            yield Row(
                PAGING,
                "next link",
                "problem",
                "leads elsewhere than the base URL",
                "not followed: what has pages counts as incomplete",
            )
            return
        second = server.ask(following)
        again = page_of(second.content) if second.status == 200 else None
        found = f"{kind}: page of {page.entries}, then status {second.status}"
        yield Row(
            PAGING, "next link", "ok" if again else "problem", found, "" if again else "what has pages counts as incomplete"
        )
        return
    yield Row(PAGING, "next link", "note", "no second page came", "either _count is not read, or the patient has too little")


def refusals(server: Server, patient: str) -> Iterator[Row]:
    """Whether what is wrong is told by its status: an empty answer would be taken for 'nothing there'."""
    missing = server.ask(f"Patient/{uuid4()}")
    known = missing.status in (404, 410, 403)
    yield Row(
        REFUSALS,
        "a patient that does not exist",
        "ok" if known else "problem",
        f"status {missing.status}",
        "" if known else "404 expected",
    )
    odd = server.ask(f"NoSuchType?patient={quote(patient or '0', safe='')}")
    told = odd.status >= 400
    yield Row(
        REFUSALS,
        "a type that does not exist",
        "ok" if told else "problem",
        f"status {odd.status}",
        "" if told else "an error expected: an empty answer means 'nothing there'",
    )
    if server.token:
        path = f"Patient/{quote(patient, safe='')}" if patient else "Patient?_count=1"
        for what, token in (("no token", ""), ("a wrong token", "wrong")):
            answer = server.ask(path, token=token)
            closed = answer.status in (401, 403)
            yield Row(
                REFUSALS,
                what,
                "ok" if closed else "problem",
                f"status {answer.status}",
                "" if closed else "patients are open to anyone",
            )
    else:
        yield Row(REFUSALS, "no token", "note", "an open server", "for tests only; name a token with --token-file")


def pacing(server: Server, templates: Mapping[str, str], patient: str, client: FhirClient) -> Iterator[Row]:
    """All queries as a hook sends them, within its time, and then more than that at once."""
    if not patient:
        yield Row(PACING, "all queries of a hook", "not asked", means="name a test patient with --patient")
        return
    urls = {key: f"{server.base}/{queries.of(template, patient)}" for key, template in templates.items()}
    began = time.perf_counter()
    answers = client.fetch(Access(server.base, server.token), urls)
    took = time.perf_counter() - began
    late = sorted(key for key, answer in answers.items() if not answer.complete)
    found = f"{len(urls) - len(late)} of {len(urls)} complete in {took:.1f} s of {client.timeout:g} s (CDS_FHIR_TIMEOUT)"
    means = f"prefetch these, or raise the time: {', '.join(late)}" if late else ""
    yield Row(PACING, "all queries of patient-view", "problem" if late else "ok", found, means)
    yield _burst(server, f"Patient/{quote(patient, safe='')}")


def _burst(server: Server, path: str) -> Row:
    with ThreadPoolExecutor(BURST) as threads:
        told = list(threads.map(lambda _: server.ask(path), range(BURST)))
    times = sorted(each.ms for each in told)
    found = f"{BURST} reads: {_counted(told)}; median {statistics.median(times):.0f} ms, slowest {times[-1]} ms"
    throttled = [each for each in told if each.status == 429]
    if not throttled:
        good = all(each.status == 200 for each in told)
        return Row(PACING, f"{BURST} reads at once", "ok" if good else "problem", found)
    waits = sorted({each.retry_after for each in throttled if each.retry_after})
    means = (
        f"Retry-After {', '.join(waits)}: waited for, if it fits into the time"
        if waits
        else "429 without Retry-After: not asked again"
    )
    return Row(
        PACING,
        f"{BURST} reads at once",
        "note" if waits else "problem",
        found,
        f"{means}; lower CDS_FHIR_PARALLEL, or prefetch",
    )


def _counted(told: list[Told]) -> str:
    statuses = sorted({each.status for each in told})
    return ", ".join(f"{sum(each.status == status for each in told)} x {status or 'no answer'}" for status in statuses)
