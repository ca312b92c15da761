"""The pipeline: parse, gather, read, run, answer. Shared by HTTP and the command line.

| step | where | gives |
|---|---|---|
| parse the request and all it prefetched, in one pass | ``hooks.request`` | ``Call`` |
| gather what the call holds, and fetch what is missing | ``gather``, ``fhir.fetching`` | ``Record``, groups that failed |
| read the resources: codes, units, dates, whose they are | ``fhir.reading`` | ``Chart``, ``Trace`` |
| run the rules, safety first | ``cards.engine`` | ``Finding``s with ranked options |
| make one answer of it: silence, merge, each order once | ``cards.engine.voice`` | the findings to show |
| answer: hold back, cut, put into words, propose orders | ``repetition``, ``answer``, ``fhir.proposing`` | cards as JSON |
| put them as the client's EHR understands them | ``dialect`` | its cards |
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, tzinfo
from typing import Any

from msgspec import Struct, field, json
from msgspec.structs import replace

from cards.chart import Chart
from cards.chart.units import in_one_system
from cards.definitions.workup import FINDINGS
from cards.engine import voice
from cards.engine.checked import Checked, checked
from cards.engine.findings import Finding
from cards.engine.run import run
from cards.indicators import Rates
from cards.vocabulary import Data
from cards.words.letter import Letter, letter
from cds_service import answer, metrics
from cds_service import site as sites
from cds_service.config import ConfigError, Settings
from cds_service.dialect import PLAIN, Dialect
from cds_service.fhir.fetching.client import FhirClient
from cds_service.fhir.proposing.stopping import Stored
from cds_service.fhir.reading.limits import TooMuchError
from cds_service.fhir.reading.read import concerns_us, read_record
from cds_service.fhir.reading.trace import Trace
from cds_service.fhir.reading.wire import AnyResource
from cds_service.fhir.terminology import codes
from cds_service.fhir.terminology.local import LocalCodesError
from cds_service.gather import Gathered, Gatherer, opened
from cds_service.hooks import errors
from cds_service.hooks.request import HOOKS, Body, Call
from cds_service.repetition import Repetition
from cds_service.serving.fetching import fhir_client
from cds_service.serving.load import Load

Json = dict[str, Any]

BODY: json.Decoder[Body[AnyResource | None]] = json.Decoder(Body[AnyResource | None])
"""Decodes a request with everything prefetched in one pass, for ``hooks.request.parse``."""


class Evaluation(Struct, frozen=True):
    """The answer to one call, and its diagnostics: ``trace`` for the caller, ``counts`` for the log."""

    response: Json
    trace: Trace | None = None
    counts: Mapping[str, Any] = field(default_factory=dict)


class View(Struct, frozen=True):
    """What a page shows of a patient: the chart, the findings as they are shown, the answer that they make, and the cards that
    the site switched ``off``."""

    chart: Chart
    findings: Sequence[Finding]
    response: Json
    off: Container[str] = ()


class _Judged(Struct, frozen=True):
    """What the rules found on a chart: ``found`` everything, ``fresh`` without what was set aside, ``shown`` as one answer."""

    found: Sequence[Finding]
    fresh: Sequence[Finding]
    shown: Sequence[Finding]
    checks: Sequence[Checked]


class Judged(Struct, frozen=True):
    """What the rules make of one call, not yet in words. ``findings``: those of the answer, most urgent first; ``shown``: those
    of them for which there is room on a screen; ``failed``: groups of data that could not be had, and why."""

    chart: Chart
    findings: Sequence[Finding]
    shown: Sequence[Finding]
    trace: Trace
    failed: Mapping[Data, str]


def terminology_of(settings: Settings) -> codes.Terminology:
    """The code tables, including the site's own. ConfigError if those cannot be used."""
    try:
        return codes.load(settings.local_codes)
    except LocalCodesError as error:
        raise ConfigError(f"CDS_LOCAL_CODES: {error}") from None


class Evaluator:
    """Answers calls. Created once, with everything that is loaded once: tables, queries, texts, order templates, the FHIR
    client."""

    def __init__(self, settings: Settings, client: FhirClient | None = None, load: Load | None = None) -> None:
        """``client`` queries FHIR servers; pass one to replace that of the settings. ``load``: what shares out a worker."""
        self._settings = settings
        self._terminology = terminology_of(settings)
        self._site = sites.load(settings.site)
        self.thresholds = self._site.numbers()
        self._gatherer = Gatherer(settings, self._site, self._terminology, client or fhir_client(settings, load))
        self._answerer = answer.Answerer(settings, self._site)

    @property
    def prefetch(self) -> dict[str, dict[str, str]]:
        """The published templates: hook -> key -> template."""
        return self.prefetch_of("")

    def prefetch_of(self, iss: str) -> dict[str, dict[str, str]]:
        """The templates for one client."""
        return self._gatherer.prefetch_of(iss)

    def counting(self) -> tuple[codes.Terminology, Rates, tzinfo]:
        """What key figures are counted with: the code tables, the site's choices, the zone."""
        return self._terminology, self._site.figures, self._settings.zone

    @property
    def phone(self) -> str:
        """The number that patients are told to call; "" where the site names none."""
        return self._site.phone

    @property
    def clients(self) -> frozenset[str]:
        """Issuers that have templates of their own; "" for all others."""
        return self._gatherer.clients

    def dialect_of(self, iss: str) -> Dialect:
        """How one client wants to be answered."""
        return self._site.dialect_of(iss)

    def evaluate(
        self,
        call: Call,
        language: str,
        today: date | None = None,
        *,
        full: bool = False,
        apart: bool = False,
        repetition: Repetition | None = None,
        dialect: Dialect = PLAIN,
    ) -> Evaluation:
        """The answer to one call, in "en" or "zh", for ``today`` (default: the settings'). ``full``: with a line per resource.
        ``apart``: every finding as a separate card, nothing silenced or merged, which is how a card's cases judge it.
        ``repetition``: earlier overrides, and where to record what is shown now; without it nothing is recorded. ``dialect``:
        that of the client (``dialect_of``); pages and the command line show plain CDS Hooks.

        Raises:
            RequestError: 412 if nothing is known about the patient, so that nothing can be said; 413 if it brings too much.
        """
        return self._evaluations(call, (language,), today, full=full, apart=apart, repetition=repetition, dialect=dialect)[
            language
        ]

    def in_languages(
        self, call: Call, languages: Sequence[str], today: date | None = None, *, apart: bool = False
    ) -> dict[str, Json]:
        """The same answer in each language, read and judged once; nothing is recorded. Raises what ``evaluate`` raises."""
        given = self._evaluations(call, languages, today, apart=apart)
        return {language: each.response for language, each in given.items()}

    def _evaluations(
        self,
        call: Call,
        languages: Sequence[str],
        today: date | None,
        *,
        full: bool = False,
        apart: bool = False,
        repetition: Repetition | None = None,
        dialect: Dialect = PLAIN,
    ) -> dict[str, Evaluation]:
        gathered = _opened(call, full=full)
        if not self._concerns_us(gathered, call):
            return {language: Evaluation({"cards": []}, counts={"cards": []}) for language in languages}
        chart, trace = self._chart_of(gathered, call, today)
        _count(chart)
        if repetition and chart.unread:
            repetition.note_unread(chart.unread)
        if not trace.used["patient"]:
            raise errors.missing_patient(gathered.missing)
        if repetition:
            chart = replace(chart, clarified=repetition.clarified(FINDINGS, self._settings.zone))
        judged = self._judge(chart, repetition, apart=apart)
        cards = {language: self._cards(judged, chart, call, language, gathered, repetition, dialect) for language in languages}
        counts = _counts(judged, trace, gathered)
        if repetition:
            repetition.note_seen(chart, (*counts["cards"], *counts["suppressed"]))
        return {language: Evaluation(answer.whole(each, judged.checks), trace, counts) for language, each in cards.items()}

    def view(
        self, call: Call, language: str, today: date | None = None, change: Callable[[Chart], Chart] = lambda chart: chart
    ) -> View:
        """What a page shows of a call's patient, as everything is on record or with a ``change`` of it; nothing is recorded or
        held back. Raises what ``evaluate`` raises."""
        gathered = _opened(call)
        chart = change(self._chart_of(gathered, call, today)[0])
        judged = self._judge(chart)
        cards = self._cards(judged, chart, call, language, gathered)
        return View(chart, judged.shown, answer.whole(cards, judged.checks), self._site.cards_off)

    def letter(self, call: Call, language: str, today: date | None = None) -> Letter:
        """The answer to a call as a letter to the patient; nothing is recorded or held back. Raises what ``evaluate``
        raises."""
        gathered = _opened(call)
        if not self._concerns_us(gathered, call):
            return Letter(())
        chart, trace = self._chart_of(gathered, call, today)
        if not trace.used["patient"]:
            raise errors.missing_patient(gathered.missing)
        return letter(self.shown(chart), language, chart)

    def shown(self, chart: Chart) -> Sequence[Finding]:
        """The findings that a chart's answer would show."""
        return self._judge(chart).shown

    def judge(self, call: Call, today: date) -> Judged:
        """What the answer to a call rests on, without its words and orders: for reports over many patients. Nothing is held
        back for what was overridden, and nothing recorded. Raises as ``evaluate`` does."""
        gathered = _opened(call)
        chart, trace = self._chart_of(gathered, call, today)
        if not trace.used["patient"]:
            raise errors.missing_patient(gathered.missing)
        findings = self._judge(chart).shown
        return Judged(chart, findings, self._answerer.capped(findings, chart.hook), trace, gathered.failed)

    def chart(self, call: Call, today: date | None = None) -> Chart:
        """What the rules would see of a call's patient, for pages that display it."""
        return self._chart_of(_opened(call), call, today)[0]

    def _judge(self, chart: Chart, repetition: Repetition | None = None, *, apart: bool = False) -> _Judged:
        """Run the rules; ``apart``: nothing silenced or merged."""
        every, off = self._run(chart), self._site.cards_off
        found = [finding for finding in every if finding.code not in off]
        fresh = repetition.fresh(found) if repetition else found
        shown = voice.alone(fresh, chart) if apart else voice.answered(fresh, found, chart, off)
        return _Judged(found, fresh, shown, checked(chart, every, off))

    def _run(self, chart: Chart) -> list[Finding]:
        return run(chart)

    def _cards(
        self,
        judged: _Judged,
        chart: Chart,
        call: Call,
        language: str,
        gathered: Gathered,
        repetition: Repetition | None = None,
        dialect: Dialect = PLAIN,
    ) -> list[Json]:
        drafts = {given.source: bytes(given.raw) for given in gathered.record.drafts}
        stored = Stored(call.content, gathered.record.is_ours, gathered.fetched)
        return self._answerer.cards(
            judged.shown,
            chart,
            call,
            language,
            drafts=drafts,
            stored=stored,
            repetition=repetition,
            checks=judged.checks,
            dialect=dialect,
        )

    def _concerns_us(self, gathered: Gathered, call: Call) -> bool:
        """Whether anything of what is ordered or was just recorded does: most often nothing, and then nothing is fetched."""
        return not HOOKS[call.hook].bundle or concerns_us(gathered.record, call.selected, self._terminology)

    def _chart_of(self, gathered: Gathered, call: Call, today: date | None) -> tuple[Chart, Trace]:
        """Gather what the call did not bring, then read all of it, once."""
        with _within_limits():
            self._gatherer.complete(gathered, call)
        chart = read_record(
            gathered.record,
            today=today or self._settings.today(),
            zone=self._settings.zone,
            selected=call.selected,
            failed=gathered.failed,
            formulary=self._settings.formulary,
            terminology=self._terminology,
            thresholds=self.thresholds,
        )
        told = in_one_system(chart, self._site.units) if self._site.units else chart
        return told, gathered.record.trace


def _opened(call: Call, *, full: bool = False) -> Gathered:
    with _within_limits():
        return opened(call, full=full)


@contextmanager
def _within_limits() -> Iterator[None]:
    """413, with the name of the limit, for a call that brings more than is read."""
    try:
        yield
    except TooMuchError as error:
        raise errors.too_much(str(error)) from None


def _counts(judged: _Judged, trace: Trace, gathered: Gathered) -> dict[str, Any]:
    """The diagnostics of an answer, for the log."""
    fresh = {id(finding) for finding in judged.fresh}
    return {
        "cards": [code for finding in judged.shown for code in finding.codes],
        "suppressed": [finding.code for finding in judged.found if id(finding) not in fresh],
        "used": trace.used.total(),
        "set_aside": dict(trace.set_aside),
        "unread": dict(trace.unread),
        "left_out": dict(trace.left_out),
        "failed": sorted(gathered.failed),
        "why": {data.value: gathered.failed[data] for data in sorted(gathered.failed)},
    }


def _count(chart: Chart) -> None:
    """Count what was not understood, for operators."""
    for unread in chart.unread:
        metrics.UNREAD.labels(unread.data.value, unread.why).inc()
