"""The straight way itself: a hook call becomes a chart, the rules read it, what they find becomes cards.

Shared by HTTP and the command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct, field, json

import cards.catalog  # noqa: F401  registers every rule
from cards import text
from cards.chart import ORDER_HOOKS, Chart, Hook
from cards.concepts import Data, Name
from cards.phrases import phrase
from cards.risk import postmenopausal
from cards.rule import INFO, Finding, Option, cards_of, run
from cds_service import metrics
from cds_service import site as sites
from cds_service.config import ConfigError, Settings
from cds_service.fhir import orders
from cds_service.fhir.client import Access, FhirClient, medication_urls
from cds_service.fhir.pages import below, page_of
from cds_service.fhir.queries import Query, build
from cds_service.fhir.read import read
from cds_service.fhir.record import Source
from cds_service.fhir.terminology import codes
from cds_service.fhir.trace import Trace
from cds_service.fhir.wire import AnyResource
from cds_service.hooks import errors
from cds_service.hooks.cards import suggestion, to_wire
from cds_service.hooks.request import HOOKS, Body, Call
from cds_service.repetition import Repetition

Json = dict[str, Any]

NOT_SHOWN = Name("**Not shown here**, to keep the list short: {titles}", "**为保持简短，此处未显示**：{titles}")


NOT_SHOWN_TO_PATIENT = Name(
    "There is more that is less urgent. Ask about it at your next visit.",
    "还有一些不太紧急的内容没有在这里显示，可在下次就诊时询问。",
)
"""The same for a patient, to whom the titles of cards say nothing."""

BODY: json.Decoder[Body[AnyResource | None]] = json.Decoder(Body[AnyResource | None])
"""A request with all that was prefetched, in one go."""


class Evaluation(Struct, frozen=True):
    """The answer to one call, and what may be told of it: ``trace`` for the one who asked, ``counts`` for the log."""

    response: Json
    trace: Trace | None = None
    counts: Mapping[str, Any] = field(default_factory=dict)


class _Gathered(Struct):
    """What could be had: resources and Bundles as they came, the groups that failed, the keys that they stand under."""

    sources: list[Source] = field(default_factory=list)
    failed: set[Data] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    deadline: float | None = None

    def lack(self, query: Query) -> None:
        self.failed.add(query.data)
        self.missing.add(query.key)


def terminology_of(settings: Settings) -> codes.Terminology:
    """The code tables, with the site's own. ConfigError where those cannot be used."""
    try:
        return codes.load(settings.local_codes)
    except codes.LocalCodesError as error:
        raise ConfigError(f"CDS_LOCAL_CODES: {error}") from None


class Evaluator:
    """Answers calls. Made once; holds what is made once: queries, texts, order templates, the FHIR client."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = FhirClient(settings.fhir_timeout)
        self._terminology = terminology_of(settings)
        self._site = sites.load(settings.site)
        self._queries = {"": self._all_queries("")} | {each.iss: self._all_queries(each.iss) for each in self._site.prefetch}
        text.load()
        orders.templates()

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
    def prefetch(self) -> dict[str, dict[str, str]]:
        """The published templates: hook -> key -> template."""
        return self.prefetch_of("")

    def prefetch_of(self, iss: str) -> dict[str, dict[str, str]]:
        """The templates for one client."""
        queries = self._queries.get(iss, self._queries[""])
        return {hook: {query.key: query.template for query in some} for hook, some in queries.items()}

    @property
    def clients(self) -> frozenset[str]:
        """Issuers that have templates of their own; "" for all others."""
        return frozenset(self._queries)

    def evaluate(
        self,
        call: Call,
        language: str,
        today: date | None = None,
        *,
        full: bool = False,
        repetition: Repetition | None = None,
    ) -> Evaluation:
        """The answer to one call, in "en" or "zh", for ``today`` (default: the settings'). ``full``: with a line per resource.
        ``repetition``: what was set aside before, and where to note what is shown now; without it nothing is noted.

        Raises:
            RequestError: 412 when nothing can be said, because nothing is known of the patient.
        """
        today = today or self._settings.today()
        if HOOKS[call.hook].bundle and not self._concerns_us(call, today):
            return Evaluation({"cards": []}, counts={"cards": []})
        chart, trace, gathered = self._known(call, today, full)
        if not trace.used["patient"]:
            raise errors.missing_data(gathered.missing | {"patient"})
        found = [finding for finding in run(chart) if finding.code not in self._site.cards_off]
        findings = repetition.fresh(found) if repetition else found
        shown = self._capped(findings, chart.hook)
        cards = [self._card(finding, chart, call, language) for finding in shown]
        if len(shown) < len(findings):
            cut = [finding for finding in findings if finding not in shown]
            cards[-1]["detail"] += "\n\n" + (NOT_SHOWN_TO_PATIENT[language] if call.by_patient else _not_shown(cut, language))
        counts = {
            "cards": [finding.code for finding in findings],
            "suppressed": [finding.code for finding in found if finding not in findings],
            "used": trace.used.total(),
            "set_aside": dict(trace.set_aside),
            "failed": sorted(gathered.failed),
        }
        if repetition:
            repetition.note([*zip(shown, (card["uuid"] for card in cards), strict=True)])
        return Evaluation({"cards": cards}, trace, counts)

    def chart(self, call: Call, today: date | None = None) -> Chart:
        """What the rules would see of a call's patient: for pages that draw it."""
        return self._known(call, today or self._settings.today())[0]

    # -- what is known --------------------------------------------------------------------------------------------

    def _known(self, call: Call, today: date, full: bool = False) -> tuple[Chart, Trace, _Gathered]:
        """The chart from all that was sent and fetched; read once more when Medications that orders point at came later."""
        gathered = self._gather(call)
        gathered.sources.extend(call.entered)
        chart, trace = self._read(call, today, gathered.sources, frozenset(gathered.failed), full)
        if trace.unresolved and self._fetch_medications(call, trace.unresolved, gathered):
            chart, trace = self._read(call, today, gathered.sources, frozenset(gathered.failed), full)
        return chart, trace, gathered

    def _read(
        self,
        call: Call,
        today: date,
        sources: Sequence[Source],
        failed: frozenset[Data] = frozenset(),
        full: bool = False,
    ) -> tuple[Chart, Trace]:
        return read(
            sources,
            patient_id=call.patient_id,
            today=today,
            zone=self._settings.zone,
            hook=Hook(call.hook),
            drafts=call.drafts,
            selected=call.selected,
            failed=failed,
            formulary=self._settings.formulary,
            terminology=self._terminology,
            full=full,
        )

    def _concerns_us(self, call: Call, today: date) -> bool:
        """Whether one of the orders, or of the entries just made, is ours or might be. If none is, there is nothing to say and
        nothing to fetch."""
        chart, trace = self._read(call, today, call.entered)
        ours = (trace.used.keys() | trace.set_aside.keys()) - {"patient", "other-patient"} if call.entered else ()
        return any(d.drug or d.service or d.unidentified for d in chart.drafts) or bool(ours)

    def _gather(self, call: Call) -> _Gathered:
        """Take what the client sent, fetch what it did not."""
        gathered = _Gathered()
        access = self._access(call)
        urls: dict[str, str] = {}
        queries = self._queries.get(call.client, self._queries[""])[call.hook]
        for query in queries:
            if query.key in call.empty:
                continue
            url = f"{access.base}/{query.of(call.patient_id)}" if access else None
            if (given := call.given.get(query.key)) is not None:
                if (page := page_of(given)) is None:
                    gathered.lack(query)
                    continue
                gathered.sources.append(page.source)
                if (url := page.following(access.base if access else "")) is None:
                    continue
            if access and url and query.key not in call.failed and below(access.base, url):
                urls[query.key] = url
            else:
                gathered.lack(query)
        if access and urls:
            gathered.deadline = self._client.deadline(access)
            self._fetch(access, urls, queries, gathered)
        return gathered

    def _fetch_medications(self, call: Call, references: Sequence[str], gathered: _Gathered) -> bool:
        """Read the Medications that orders point at, in what is left of the time; whether any came."""
        if (access := self._access(call)) is None:
            return False
        answers = self._client.fetch(access, medication_urls(access.base, references), gathered.deadline)
        found = [page for answer in answers.values() for page in answer.pages]
        gathered.sources.extend(found)
        return bool(found)

    def _fetch(self, access: Access, urls: Mapping[str, str], queries: Sequence[Query], gathered: _Gathered) -> None:
        answers = self._client.fetch(access, urls, gathered.deadline)
        for query in queries:
            if (answer := answers.get(query.key)) is not None:
                metrics.FETCHES.labels("complete" if answer.complete else "partial" if answer.pages else "failed").inc()
                gathered.sources.extend(answer.pages)
                if not answer.complete:
                    gathered.lack(query)

    def _access(self, call: Call) -> Access | None:
        """The FHIR server that may be asked: offered by the client, with a token that can be used, and on our list."""
        if call.fhir is None or not call.fhir.usable:
            return None
        base = call.fhir.server.removesuffix("/")
        listed = self._settings.fhir_servers if call.fhir_servers is None else call.fhir_servers
        return Access(base, call.fhir.token, call.fhir.until) if base in listed else None

    # -- what is said ---------------------------------------------------------------------------------------------

    def _card(self, finding: Finding, chart: Chart, call: Call, language: str) -> Json:
        offered = [] if call.by_patient else [self._suggestion(option, chart, call, language) for option in finding.options]
        offered = [each for each in offered if "actions" in each]
        words = text.render(finding, language, chart, for_patient=call.by_patient)
        base = self._settings.base_url
        return to_wire(finding, words, offered, language=language, for_patient=call.by_patient, base_url=base)

    def _suggestion(self, option: Option, chart: Chart, call: Call, language: str) -> Json:
        reason = chart.active_problem("osteoporosis") if option.reason == "osteoporosis" else None
        actions = orders.actions(
            option,
            patient_id=call.patient_id,
            today=chart.today,
            language=language,
            encounter_id=call.encounter_id or None,
            system=self._site.code_system,
            reason_reference=reason.source if reason and reason.source else None,
            postmenopausal=postmenopausal(chart),
            drafts=orders.drafts_of(call.drafts) if option.kind == "mend" else {},
        )
        return suggestion(text.label(option, language, chart), actions, recommended=option.recommended)

    def _capped(self, findings: Sequence[Finding], hook: Hook) -> list[Finding]:
        """At most ``CDS_MAX_CARDS`` when a chart is opened; what warns is never cut."""
        room = len(findings) if hook in ORDER_HOOKS else self._settings.max_cards
        return [finding for place, finding in enumerate(findings) if place < room or finding.indicator is not INFO]


def _not_shown(cut: Iterable[Finding], language: str) -> str:
    """What is cut is named."""
    titles = dict.fromkeys(phrase("card", finding.code, language) for finding in cut)
    return NOT_SHOWN[language].format(titles=("、" if language == "zh" else ", ").join(titles))
