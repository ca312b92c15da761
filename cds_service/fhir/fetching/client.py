"""Fetching what prefetch did not bring: all queries at once, one deadline for all of them, and trust in nothing.

The server's address is allow-listed, but its answers are not believed: no redirect is followed, a next link leads only
below the same base, size, pages and entries are capped. A read timeout is no deadline, since a server that drips bytes beats
it; so at the deadline the sockets of the unfinished queries are shut.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait

import requests
import urllib3
from msgspec import Struct, field

from cds_service.fhir.fetching.pages import below, page_of
from cds_service.fhir.fetching.transport import Bearer, InUse, proxies, session
from cds_service.fhir.reading.record import Source

MAX_BYTES = 20 * 1024**2
"""Of one query's answer, unpacked, all its pages together."""
MAX_PAGES = 20
MAX_ENTRIES = 5_000
THREADS = 32
MAX_MEDICATIONS = 20
"""How many Medications that orders point at are read besides."""

CHUNK = 64 * 1024

_MEDICATION = re.compile(r"Medication/[A-Za-z0-9.-]{1,64}")


class Access(Struct, frozen=True):
    """A FHIR server that may be asked: base URL without a slash at the end, the client's token ("" for an open server).

    ``until`` is when the token expires, on the clock of ``time.monotonic``.
    """

    base: str
    token: str = ""
    until: float | None = None


class Answer(Struct, frozen=True):
    """The pages of one query. ``complete`` is False when the query failed or a page is missing."""

    pages: tuple[Source, ...] = ()
    complete: bool = False


class _Job(Struct, eq=False):
    """One query under way."""

    url: str
    access: Access
    request: requests.PreparedRequest
    deadline: float
    in_use: InUse = field(default_factory=InUse)

    @property
    def left(self) -> float:
        """Seconds to the deadline; never 0, which a socket takes for "do not wait"."""
        return max(self.deadline - time.monotonic(), 0.001)


class FhirClient:
    """Asks FHIR servers. One for the whole process: it holds the threads and the kept-alive connections."""

    def __init__(self, timeout: float) -> None:
        """``timeout``: seconds for all queries of one request together."""
        self.timeout = timeout
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="fhir")
        self._session = session(THREADS)

    def deadline(self, access: Access) -> float:
        """When all that is fetched for a request that begins now must be there, on the clock of ``time.monotonic``."""
        return min(time.monotonic() + self.timeout, access.until or math.inf)

    def fetch(self, access: Access, urls: Mapping[str, str], deadline: float | None = None) -> dict[str, Answer]:
        """The answers to these queries (key -> absolute URL below the base), within the timeout or until ``deadline``.

        Never raises for what a server does: a query that fails is an Answer that is not complete.
        """
        deadline = self.deadline(access) if deadline is None else deadline
        request = self._session.prepare_request(requests.Request("GET", access.base, auth=Bearer(access.token)))
        jobs = {key: _Job(url, access, request, deadline) for key, url in urls.items()}
        running: dict[str, Future[Answer]] = {key: self._threads.submit(self._run, job) for key, job in jobs.items()}
        wait(running.values(), timeout=max(deadline - time.monotonic(), 0))
        for key, future in running.items():
            if not future.done() and not future.cancel():
                jobs[key].in_use.shut()
        return {key: _result(future) for key, future in running.items()}

    def _run(self, job: _Job) -> Answer:
        job.in_use.watch()
        pages: list[Source] = []
        seen: set[str] = set()
        room, entries, url = MAX_BYTES, 0, job.url
        while url not in seen and len(pages) < MAX_PAGES:
            seen.add(url)
            content = self._get(job, url, room)
            if content is None or (page := page_of(content)) is None:
                return Answer(tuple(pages))
            pages.append(page.source)
            room -= len(content)
            entries += page.entries
            following = page.following(job.access.base)
            if following is None:
                return Answer(tuple(pages), complete=True)
            if entries >= MAX_ENTRIES or not below(job.access.base, following):
                break
            url = following
        return Answer(tuple(pages))

    def _get(self, job: _Job, url: str, room: int) -> bytes | None:
        """The body of a 200, else None: anything else is a failed query, whatever it says."""
        request = job.request.copy()  # all but the address is the same for all queries
        try:
            request.url = requests.utils.requote_uri(url)
            with self._session.send(
                request, proxies=proxies(job.access.base), stream=True, allow_redirects=False, timeout=job.left
            ) as response:
                if response.status_code != 200:
                    return None
                content = bytearray()
                for chunk in response.iter_content(CHUNK):
                    content += chunk
                    if len(content) > room or time.monotonic() > job.deadline:
                        return None
                return bytes(content)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
            return None
        finally:
            job.in_use.release()


def medication_urls(base: str, references: Iterable[str]) -> dict[str, str]:
    """Reference -> URL of the Medications that can be read below the base, a few at most.

    >>> medication_urls("https://ehr.example.org/fhir", ["Medication/7", "#m1", "https://other.example.org/Medication/8"])
    {'Medication/7': 'https://ehr.example.org/fhir/Medication/7'}
    """
    urls: dict[str, str] = {}
    for reference in references:
        path = reference.removeprefix(f"{base}/")
        if _MEDICATION.fullmatch(path) and len(urls) < MAX_MEDICATIONS:
            urls[reference] = f"{base}/{path}"
    return urls


def _result(future: Future[Answer]) -> Answer:
    return future.result() if future.done() and not future.cancelled() else Answer()
