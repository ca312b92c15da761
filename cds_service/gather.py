"""What is known of a call's patient: what was sent with the call, and what the EHR is asked for besides.

All of it, the Medications that orders point at included, is at hand before anything is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from cards.chart import Hook
from cards.engine.catalog import cards_of
from cards.vocabulary import Data
from cds_service import metrics
from cds_service import site as sites
from cds_service.config import ConfigError, Settings
from cds_service.fhir.fetching.client import Access, Answer, FhirClient, medication_urls
from cds_service.fhir.fetching.pages import below, page_of
from cds_service.fhir.fetching.queries import Query, build
from cds_service.fhir.reading.medications import dangling
from cds_service.fhir.reading.record import Record
from cds_service.fhir.reading.trace import Trace
from cds_service.fhir.terminology.codes import Terminology
from cds_service.hooks.request import HOOKS, Call


class Gathered(Struct):
    """What could be had: the record of all resources, the groups that failed, the keys that they stand under."""

    record: Record
    failed: set[Data] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)

    def lack(self, query: Query) -> None:
        self.failed.add(query.data)
        self.missing.add(query.key)


def opened(call: Call, *, full: bool = False) -> Gathered:
    """What the context of the hook holds: the orders being written, or what was just put on record.
    ``full``: its trace will have a line per resource."""
    record = Record(Trace(lines=[] if full else None), refill=call.hook == Hook.REFILL)
    for drafts in call.drafts:
        record.add_drafts(drafts)
    for entered in call.entered:
        record.add(entered)
    record.settle_patient(call.patient_id)
    return Gathered(record)


class Gatherer:
    """Holds what is made once: the queries of each hook, the FHIR client."""

    def __init__(self, settings: Settings, site: sites.Site, terminology: Terminology, client: FhirClient) -> None:
        self._settings = settings
        self._site = site
        self._terminology = terminology
        self._client = client
        self._queries = {"": self._all_queries("")} | {each.iss: self._all_queries(each.iss) for each in site.prefetch}

    def _queries_of(self, hook: Hook) -> tuple[Query, ...]:
        reads = frozenset(data for card in cards_of(hook) for data in card.reads)
        return build(reads, self._terminology.observation_codes())

    def _all_queries(self, iss: str) -> dict[str, tuple[Query, ...]]:
        """By hook, with a site's own templates for a client in the place of ours."""
        own = self._site.templates(iss)
        queries = {hook: self._queries_of(Hook(hook)) for hook in HOOKS}
        if unknown := sorted(own.keys() - {query.key for some in queries.values() for query in some}):
            raise ConfigError(f"CDS_SITE: prefetch: no such keys: {', '.join(unknown)}")
        return {hook: tuple(Query(q.key, q.data, own.get(q.key, q.template)) for q in some) for hook, some in queries.items()}

    @property
    def clients(self) -> frozenset[str]:
        """Issuers that have templates of their own; "" for all others."""
        return frozenset(self._queries)

    def prefetch_of(self, iss: str) -> dict[str, dict[str, str]]:
        """The templates for one client: hook -> key -> template."""
        queries = self._queries.get(iss, self._queries[""])
        return {hook: {query.key: query.template for query in some} for hook, some in queries.items()}

    def complete(self, gathered: Gathered, call: Call) -> None:
        """Add to what the context holds: what the client sent, what it did not and the EHR has, and the Medications that
        orders point at and nobody sent, in what is left of the time."""
        access = self._access(call)
        queries = self._queries.get(call.client, self._queries[""])[call.hook]
        urls = _taken(gathered, call, queries, access)
        deadline = self._client.deadline(access) if access else None
        if access and urls:
            answers = self._client.fetch(access, urls, deadline)
            _add(gathered, queries, answers)
        if access and (references := dangling(gathered.record, self._terminology)):
            answers = self._client.fetch(access, medication_urls(access.base, references), deadline)
            for answer in answers.values():
                for page in answer.pages:
                    gathered.record.add(page)

    def _access(self, call: Call) -> Access | None:
        """The FHIR server that may be asked: offered by the client, with a token that can be used, and on our list."""
        if call.fhir is None or not call.fhir.usable:
            return None
        base = call.fhir.server.removesuffix("/")
        listed = self._settings.fhir_servers if call.fhir_servers is None else call.fhir_servers
        return Access(base, call.fhir.token, call.fhir.until) if base in listed else None


def _taken(gathered: Gathered, call: Call, queries: Sequence[Query], access: Access | None) -> dict[str, str]:
    """Take what the client sent; the URLs of what it did not and can be asked for, by key."""
    urls: dict[str, str] = {}
    for query in queries:
        if query.key in call.empty:
            continue
        url = f"{access.base}/{query.of(call.patient_id)}" if access else None
        if (given := call.given.get(query.key)) is not None:
            if (page := page_of(given)) is None:
                gathered.lack(query)
                continue
            gathered.record.add(page.source)
            if (url := page.following(access.base if access else "")) is None:
                continue
        if access and url and query.key not in call.failed and below(access.base, url):
            urls[query.key] = url
        else:
            gathered.lack(query)
    return urls


def _add(gathered: Gathered, queries: Sequence[Query], answers: Mapping[str, Answer]) -> None:
    """Take what was fetched; what did not come whole is lacking."""
    for query in queries:
        if (answer := answers.get(query.key)) is not None:
            metrics.FETCHES.labels("complete" if answer.complete else "partial" if answer.pages else "failed").inc()
            for page in answer.pages:
                gathered.record.add(page)
            if not answer.complete:
                gathered.lack(query)
