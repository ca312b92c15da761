"""Everything known about a call's patient: what was sent with the call, and what is fetched from the EHR.

All of it, including the Medications referenced by orders, is available before anything is read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from cards.chart import Hook
from cards.engine.catalog import cards_of
from cards.vocabulary import COURSES, Data
from cds_service import metrics
from cds_service import site as sites
from cds_service.config import ConfigError, Settings
from cds_service.fhir.fetching.answers import asked_for, why_failed
from cds_service.fhir.fetching.client import Access, FhirClient, medication_urls
from cds_service.fhir.fetching.pages import below, page_of
from cds_service.fhir.fetching.queries import Query, build
from cds_service.fhir.reading.given import Source
from cds_service.fhir.reading.medications import dangling
from cds_service.fhir.reading.record import Record
from cds_service.fhir.reading.trace import Trace
from cds_service.fhir.terminology.codes import Terminology
from cds_service.hooks.request import HOOKS, Call

_FIRST = frozenset({Data.PATIENT, Data.CONDITIONS, *COURSES, Data.ALLERGIES})


class Gathered(Struct):
    """What was retrieved: the record of all resources, the groups that failed and why (``answers.WHYS``), and the keys they
    belong to. ``fetched``: the pages of orders that the EHR answered with, as received."""

    record: Record
    failed: dict[Data, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    fetched: list[bytes] = field(default_factory=list)

    def lack(self, query: Query, why: str) -> None:
        for data in query.brings:
            self.failed.setdefault(data, why)
            metrics.LACKING.labels(data.value, why).inc()
        self.missing.add(query.key)


class Reply(Struct):
    """The answer to a query: its pages, and whether any is missing; ``why`` where that is known."""

    pages: list[Source] = field(default_factory=list)
    complete: bool = False
    why: str = ""


def opened(call: Call, *, full: bool = False) -> Gathered:
    """The content of the hook's context: the orders being written, or what was just recorded. ``full``: its trace will have a
    line per resource."""
    record = Record(Trace(lines=[] if full else None), Hook(call.hook))
    for drafts in call.drafts:
        record.add_drafts(drafts)
    for entered in call.entered:
        record.add(entered)
    record.settle_patient(call.patient_id)
    if call.fhir is not None:
        record.bases.add(call.fhir.server)
    return Gathered(record)


class Gatherer:
    """Holds what is created once: the queries of each hook, and the FHIR client."""

    def __init__(self, settings: Settings, site: sites.Site, terminology: Terminology, client: FhirClient) -> None:
        self._settings = settings
        self._site = site
        self._terminology = terminology
        self._client = client
        self._needed = {hook: frozenset(data for card in cards_of(Hook(hook)) for data in card.needs) for hook in HOOKS}
        self._queries = {"": self._all_queries("")} | {each.iss: self._all_queries(each.iss) for each in site.prefetch}

    def _queries_of(self, hook: Hook) -> tuple[Query, ...]:
        reads = frozenset(data for card in cards_of(hook) for data in card.reads)
        since = self._settings.today() if self._site.observations == "category" else None
        return build(reads, self._terminology.observation_codes(), by_category=since)

    def _all_queries(self, iss: str) -> dict[str, tuple[Query, ...]]:
        """By hook, with a site's own templates for a client in the place of ours."""
        own = self._site.templates(iss)
        queries = {hook: self._queries_of(Hook(hook)) for hook in HOOKS}
        if unknown := sorted(own.keys() - {query.key for some in queries.values() for query in some}):
            raise ConfigError(f"CDS_SITE: prefetch: unknown keys: {', '.join(unknown)}")
        return {hook: tuple(replace(q, template=own.get(q.key, q.template)) for q in some) for hook, some in queries.items()}

    @property
    def clients(self) -> frozenset[str]:
        """Issuers that have templates of their own; "" for all others."""
        return frozenset(self._queries)

    def prefetch_of(self, iss: str) -> dict[str, dict[str, str]]:
        """The templates for one client: hook -> key -> template."""
        queries = self._queries.get(iss, self._queries[""])
        return {hook: {query.key: query.template for query in some} for hook, some in queries.items()}

    def complete(self, gathered: Gathered, call: Call) -> None:
        """Add to the content of the context: what the client sent, what it did not send but the EHR has, and, in the remaining
        time, the Medications that orders refer to but nobody sent."""
        access = self._access(call)
        queries = self._queries.get(call.client, self._queries[""])[call.hook]
        replies, urls = _sent(call, queries, access)
        allowance = self._client.allowance(access) if access else None
        if access and urls:
            for key, answer in self._client.fetch(
                access, self._first_things_first(call.hook, queries, urls), allowance
            ).items():
                replies[key].pages.extend(answer.pages)
                gathered.fetched += answer.written
                replies[key].complete, replies[key].why = answer.complete, answer.why
        _take(gathered, queries, replies, asked=urls.keys())
        if access and (references := dangling(gathered.record, self._terminology)):
            answers = self._client.fetch(access, medication_urls(access.base, references), allowance)
            for answer in answers.values():
                for page in answer.pages:
                    gathered.record.add(page)

    def _first_things_first(self, hook: str, queries: Sequence[Query], urls: Mapping[str, str]) -> dict[str, str]:
        """The URLs in the order in which they are requested, since there may not be time for all: patient, problems and drugs
        first, then whatever a rule cannot run without."""
        needed = self._needed[hook]
        ranks = {q.key: 0 if q.data in _FIRST else 2 if needed.isdisjoint(q.brings) else 1 for q in queries}
        return dict(sorted(urls.items(), key=lambda url: ranks[url[0]]))

    def _access(self, call: Call) -> Access | None:
        """The FHIR server that may be queried: offered by the client, with a usable token, and on the allow-list."""
        if call.fhir is None or not call.fhir.usable:
            return None
        base = call.fhir.server.removesuffix("/")
        listed = self._settings.fhir_servers if call.fhir_servers is None else call.fhir_servers
        if base not in listed:
            return None
        granted = f"{call.client} {call.fhir.scope}" if call.fhir.scope else ""
        return Access(base, call.fhir.token, call.fhir.until, granted)


def _sent(call: Call, queries: Sequence[Query], access: Access | None) -> tuple[dict[str, Reply], dict[str, str]]:
    """What the client sent, by key, and the URLs of what it did not send but can be fetched: whole queries and further pages.
    Keys for which the client found nothing have neither."""
    replies: dict[str, Reply] = {}
    urls: dict[str, str] = {}
    for query in queries:
        if query.key in call.empty:
            continue
        reply = replies[query.key] = Reply()
        url = f"{access.base}/{query.of(call.patient_id)}" if access else None
        if (given := call.given.get(query.key)) is not None:
            if (page := page_of(given)) is None:
                continue
            reply.pages.append(page.source)
            if (url := page.following(access.base if access else "")) is None:
                reply.complete = True
                continue
        if access and url and query.key not in call.failed and below(access.base, url):
            urls[query.key] = url
    return replies, urls


def _take(gathered: Gathered, queries: Sequence[Query], replies: Mapping[str, Reply], *, asked: Collection[str]) -> None:
    """Take in everything that arrived, then determine which answers are valid: whose data they are is known only when all is
    there."""
    record = gathered.record
    for reply in replies.values():
        for page in reply.pages:
            record.add(page)
    for query in queries:
        if query.key not in replies:
            continue
        reply = replies[query.key]
        why = reply.why or why_failed(asked_for(query.template), reply.pages, record.is_ours, complete=reply.complete)
        if why:
            gathered.lack(query, why)
        if query.key in asked:
            metrics.FETCHES.labels("complete" if not why else "partial" if reply.pages else "failed").inc()
