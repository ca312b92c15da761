"""Fetches what prefetch did not provide: a few queries at a time, one deadline for all of them, and no trust in the server.

The server's address is allow-listed, but its answers are not trusted: redirects are not followed, next links must stay below
the same base, and size, pages, entries and requests are capped. A read timeout is not a deadline, since a server that trickles
bytes defeats it; so at the deadline the sockets of unfinished queries are closed.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock

import requests
import urllib3
from msgspec import Struct, field

from cds_service.fhir.fetching.allowance import Allowance
from cds_service.fhir.fetching.answers import DEPTH, NO_SUCH_TYPE, VALUES
from cds_service.fhir.fetching.breaker import Breaker
from cds_service.fhir.fetching.pages import MAX_VALUES, below, page_of, too_deep, values_of
from cds_service.fhir.fetching.refusals import Refusals
from cds_service.fhir.fetching.transport import Bearer, InUse, proxies, session
from cds_service.fhir.reading.given import Source

PARALLEL = 6
MEMORY = 32 * 1024**2
MAX_PAGES = 20
MAX_ENTRIES = 5_000
MAX_MEDICATIONS = 20
"""How many Medications referenced by orders are read in addition."""

CHUNK = 64 * 1024
CONNECTIONS = 32

_MEDICATION = re.compile(r"Medication/[A-Za-z0-9.-]{1,64}")
_TYPE = re.compile(r"([A-Z][A-Za-z]{1,40})(\?|$)")
_ORDER_OR_NUMBER = re.compile(r"(?<=[?&])_(?:sort|count)=[^&]*&?")


class Access(Struct, frozen=True):
    """A FHIR server that may be asked: base URL without a slash at the end, the client's token ("" for an open server).

    ``until`` is when the token expires, on the clock of ``time.monotonic``. ``granted`` identifies tokens with equal rights:
    the client and its scopes; "" if these are unknown.
    """

    base: str
    token: str = ""
    until: float | None = None
    granted: str = ""


_ORDERS = "MedicationRequest"


class Answer(Struct, frozen=True):
    """The pages of one query. ``complete`` is False if the query failed or a page is missing; ``why``, where a limit is the
    cause or the server has no such type, is its name. ``written``: the pages of orders as received, since an order that is to
    be stopped goes back as it came."""

    pages: tuple[Source, ...] = ()
    complete: bool = False
    written: tuple[bytes, ...] = ()
    why: str = ""


class _Job(Struct, eq=False):
    """One query under way."""

    url: str
    access: Access
    request: requests.PreparedRequest
    allowance: Allowance
    in_use: InUse = field(default_factory=InUse)
    heard: bool = False

    @property
    def kind(self) -> str:
        """The type that is searched; "" for a read."""
        match = _TYPE.match(self.url.removeprefix(f"{self.access.base}/"))
        return match[1] if match else ""


class _Reply(Struct):
    """The result of one request: ``content`` of a 200; else ``wait``, the seconds that Retry-After asks for, if it does."""

    status: int = 0
    content: bytes | None = None
    wait: float | None = None


class Watch:
    """Who must know what the client does: those who count it, and those who share out a worker's time."""

    def waiting(self) -> AbstractContextManager[None]:
        """Around the wait for a server."""
        return nullcontext()

    def fetched(self, server: str, seconds: float, heard: bool, is_open: bool) -> None:
        """A call's queries are over: how long they took, whether the server answered any, whether it is left alone now."""


class FhirClient:
    """Queries FHIR servers. One per process: it holds the threads, the keep-alive connections, and what servers refused."""

    def __init__(self, timeout: float, *, parallel: int = PARALLEL, memory: int = MEMORY, watch: Watch | None = None) -> None:
        """``timeout``: seconds for all queries of one request together; ``parallel``: queries at a time per server;
        ``memory``: bytes of all answers of one call, unpacked; ``watch``: who must know of it."""
        self.timeout = timeout
        self._parallel = parallel
        self._memory = memory
        self._session = session(CONNECTIONS)
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._lock = Lock()
        self._watch = watch or Watch()
        self._breakers: dict[str, Breaker] = {}
        self._lacking = Refusals()
        self._plain = Refusals()

    def allowance(self, access: Access) -> Allowance:
        """What a call that starts now may spend on this server."""
        return Allowance(min(time.monotonic() + self.timeout, access.until or math.inf), self._memory)

    def fetch(self, access: Access, urls: Mapping[str, str], allowance: Allowance | None = None) -> dict[str, Answer]:
        """The answers to these queries (key -> absolute URL below the base), the first ones first, within the timeout or what
        is left of an ``allowance``.

        Never raises because of a server: a failed query is an incomplete Answer, and so is each if the server has not answered
        for some time (``breaker``).
        """
        breaker = self._breaker_of(access.base)
        if not breaker.lets_through():
            return dict.fromkeys(urls, Answer())
        allowance = self.allowance(access) if allowance is None else allowance
        request = self._session.prepare_request(requests.Request("GET", access.base, auth=Bearer(access.token)))
        jobs = {key: _Job(url, access, request, allowance) for key, url in urls.items()}
        threads = self._threads_of(access.base)
        running: dict[str, Future[Answer]] = {key: threads.submit(self._run, job) for key, job in jobs.items()}
        began, granted = time.monotonic(), max(allowance.deadline - time.monotonic(), 0)
        with self._watch.waiting():
            wait(running.values(), timeout=granted)
        for key, future in running.items():
            if not future.done() and not future.cancel():
                jobs[key].in_use.shut()
        heard = any(job.heard for job in jobs.values())
        if jobs and (heard or granted >= self.timeout / 2):  # a token that is about to expire tells nothing about the server
            breaker.note(heard=heard)
        self._watch.fetched(access.base, time.monotonic() - began, heard, breaker.is_open)
        return {key: _result(future) for key, future in running.items()}

    def close(self) -> None:
        """Stop the threads; waits for those in progress."""
        for threads in self._threads.values():
            threads.shutdown(wait=True)

    def _breaker_of(self, base: str) -> Breaker:
        with self._lock:
            return self._breakers.setdefault(base, Breaker())

    def _threads_of(self, base: str) -> ThreadPoolExecutor:
        """The threads of one server: so many queries at a time, of all calls together."""
        with self._lock:
            if base not in self._threads:
                self._threads[base] = ThreadPoolExecutor(self._parallel, thread_name_prefix="fhir")
            return self._threads[base]

    def _run(self, job: _Job) -> Answer:
        job.in_use.watch()
        pages: list[Source] = []
        written: list[bytes] = []
        seen: set[str] = set()
        entries, url, complete, why = 0, job.url, False, ""
        if self._lacking.holds(_grant(job)) or self._has_no_such_type(job):
            return Answer(why=NO_SUCH_TYPE if self._has_no_such_type(job) else "")
        while url not in seen and len(pages) < MAX_PAGES:
            seen.add(url)
            content = self._get(job, url)
            if content is None:
                why = NO_SUCH_TYPE if self._has_no_such_type(job) else ""
                break
            values = values_of(content)
            if values > MAX_VALUES or not job.allowance.has_values(values):
                why = VALUES
                break
            if (page := page_of(content)) is None:
                why = DEPTH if too_deep(content) else ""
                break
            pages.append(page.source)
            written += [content] if job.kind == _ORDERS else []
            entries += page.entries
            if not job.allowance.has_entries(page.entries):
                break
            following = page.following(job.access.base)
            complete = following is None
            if following is None or entries >= MAX_ENTRIES or not below(job.access.base, following):
                break
            url = following
        return Answer(tuple(pages), complete, tuple(written), why)

    def _has_no_such_type(self, job: _Job) -> bool:
        """Whether a search for this type was answered with 404 in the last minutes."""
        return self._lacking.holds((job.access.base, job.kind))

    def _get(self, job: _Job, url: str) -> bytes | None:
        """The body of a 200, after one retry if that may help; otherwise None, a failed query."""
        plain = (job.access.base, job.kind)
        if url == job.url and self._plain.holds(plain):  # a next link is the server's own
            url = _ORDER_OR_NUMBER.sub("", url).rstrip("?&")
        reply = self._ask(job, url)
        if reply.status == 400 and (simpler := _ORDER_OR_NUMBER.sub("", url).rstrip("?&")) != url:
            reply = self._ask(job, simpler)
            if reply.status == 200:
                self._plain.note(plain)
        elif _may_be_repeated(reply, job.allowance):
            time.sleep(reply.wait or 0)
            reply = self._ask(job, url)
        if job.kind and reply.status == 404:
            self._lacking.note((job.access.base, job.kind))
        elif job.kind and reply.status == 403:
            self._lacking.note(_grant(job))
        return reply.content

    def _ask(self, job: _Job, url: str) -> _Reply:
        """One GET."""
        allowance = job.allowance
        if allowance.over or not allowance.one_more():
            return _Reply()
        request = job.request.copy()  # all but the address is the same for all queries
        try:
            request.url = requests.utils.requote_uri(url)
            with self._session.send(
                request, proxies=proxies(job.access.base), stream=True, allow_redirects=False, timeout=allowance.left
            ) as response:
                job.heard = job.heard or response.status_code < 500
                if response.status_code != 200:
                    return _Reply(response.status_code, wait=_retry_after(response.headers.get("Retry-After")))
                content = bytearray()
                for chunk in response.iter_content(CHUNK):
                    content += chunk
                    if not allowance.has_room(len(chunk)) or allowance.over:
                        return _Reply()
                return _Reply(200, bytes(content))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
            return _Reply()
        finally:
            job.in_use.release()


def _may_be_repeated(reply: _Reply, allowance: Allowance) -> bool:
    """A gateway error may pass at once. If the server says when to retry, it is not asked sooner, and not at all if that is too
    late. A 429 without a time is not retried."""
    if reply.status not in (429, 502, 503, 504):
        return False
    return reply.status != 429 if reply.wait is None else reply.wait < allowance.left


def _retry_after(header: str | None) -> float | None:
    """Seconds of a Retry-After, which is a number or a date; None if it is neither.

    >>> _retry_after("2"), _retry_after("soon"), _retry_after("Wed, 21 Oct 2015 07:28:00 GMT")
    (2.0, None, 0.0)
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def _grant(job: _Job) -> tuple[str, str, str]:
    """What a 403 applies to: the type, for all tokens with equal rights."""
    access = job.access
    return access.base, job.kind, access.granted or str(hash(access.token))


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
