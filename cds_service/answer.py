"""Turns findings into the cards of an answer: overridden cards are held back, the rest are worded, given orders, and capped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cards.chart import ORDER_HOOKS, Chart, Draft, Hook
from cards.chart.facts import Fact
from cards.engine import sources
from cards.engine.catalog import all_cards
from cards.engine.checked import Checked
from cards.engine.findings import INFO, Finding
from cards.vocabulary import Name
from cards.words import templates
from cards.words.once import Writer
from cards.words.parts import Text
from cards.words.patient import closing
from cards.words.phrases import joined
from cds_service.config import Settings
from cds_service.dialect import PLAIN, Dialect, speak
from cds_service.fhir.proposing import orders
from cds_service.fhir.proposing.stopping import Find
from cds_service.hooks.cards import CHECKED, CONTENT, to_wire
from cds_service.hooks.request import Call
from cds_service.repetition import Repetition
from cds_service.site import Site
from cds_service.suggestions import Suggestions

Json = dict[str, Any]

NOT_SHOWN = Name("**Not shown here**, to keep the list short: {titles}", "**为保持简短，此处未显示**：{titles}")

PASSED = Name("**Checked, no objection**: {checks}", "**已核对，无异议**：{checks}")

NOT_SHOWN_TO_PATIENT = Name(
    "There are other, less urgent points. Ask about them at your next visit.",
    "还有一些不太紧急的内容没有在这里显示，可在下次就诊时询问。",
)
"""The same for a patient, to whom card titles mean nothing."""


class Answerer:
    """Writes answers. Created once, loading the texts and order templates."""

    def __init__(self, settings: Settings, site: Site) -> None:
        self._settings = settings
        self._site = site
        templates.load()
        orders.templates()

    def cards(
        self,
        findings: Sequence[Finding],
        chart: Chart,
        call: Call,
        language: str,
        *,
        drafts: Mapping[str, bytes],
        stored: Find,
        repetition: Repetition | None,
        checks: Sequence[Checked] = (),
        dialect: Dialect = PLAIN,
    ) -> list[Json]:
        """The cards of these findings, most urgent first. ``drafts``: the orders being written, as received, by relative
        reference; ``stored`` finds orders on record. ``repetition`` records what is shown. The first card on a draft
        names those of its ``checks`` that found nothing. ``dialect``: that of the client, in which everything is put last."""
        shown = self.capped(findings, chart.hook)
        writer = Writer(language, chart, for_patient=call.by_patient)
        offers = Suggestions(
            chart, call, language, system=self._site.code_system, drafts=drafts, stored=stored, own=dialect.own_codes
        )
        told: dict[Fact, Json] = {}
        cards = [self._card(finding, writer.write(finding), offers, call, language, told) for finding in shown]
        if not call.by_patient:
            _name_passed(shown, cards, checks, language)
        if len(shown) < len(findings):
            cut = [finding for finding in findings if finding not in shown]
            cards[-1]["detail"] += "\n\n" + (NOT_SHOWN_TO_PATIENT[language] if call.by_patient else _not_shown(cut, language))
        if cards and call.by_patient:
            cards[-1]["detail"] += "\n\n" + closing(language)
        spoken = [speak(card, dialect, language) for card in cards]
        if repetition:
            repetition.note(zip(shown, cards, (each.parts for each in spoken), strict=True))
        return [each.card for each in spoken]

    def _card(
        self, finding: Finding, words: Text, offers: Suggestions, call: Call, language: str, told: dict[Fact, Json]
    ) -> Json:
        options = () if call.by_patient else finding.options
        offered = [offers.suggestion(option) for option in options]
        base = self._settings.base_url
        return to_wire(
            finding,
            words,
            offered,
            language=language,
            for_patient=call.by_patient,
            base_url=base,
            launches=call.launches,
            told=told,
        )

    def capped(self, findings: Sequence[Finding], hook: Hook) -> list[Finding]:
        """At most ``CDS_MAX_CARDS`` when a chart is opened; warnings and critical cards are never cut."""
        room = len(findings) if hook in ORDER_HOOKS else self._settings.max_cards
        return [finding for place, finding in enumerate(findings) if place < room or finding.indicator is not INFO]


def whole(cards: list[Json], checks: Sequence[Checked] = ()) -> Json:
    """The answer: its cards and, once for all of them, the content version; with drugs being ordered, which checks of each were
    made, also where that draws no card: silence alone is no clearance."""
    extension: Json = {}
    if cards:
        extension[CONTENT] = {"version": sources.VERSION, "checked": sources.CHECKED.isoformat()}
    if checks:
        extension[CHECKED] = [
            {"order": each.draft.id, "drug": each.draft.drug.key if each.draft.drug else "", "checks": each.results}
            for each in checks
        ]
    return {"cards": cards, "extension": extension} if extension else {"cards": cards}


def _name_passed(shown: Sequence[Finding], cards: Sequence[Json], checks: Iterable[Checked], language: str) -> None:
    """One line in the first card on each draft: the checks of it that found nothing."""
    first: dict[Draft | None, Json] = {}
    for finding, card in zip(shown, cards, strict=True):
        first.setdefault(finding.about, card)
    for each in checks:
        titles = [all_cards()[code].title[language] for code in each.passed]
        told = first.get(each.draft)
        if titles and told is not None:
            told["detail"] += "\n\n" + PASSED[language].format(checks=joined(titles, "comma", language))


def _not_shown(cut: Iterable[Finding], language: str) -> str:
    """The titles of the cards that were cut."""
    titles = dict.fromkeys(all_cards()[finding.code].title[language] for finding in cut)
    return NOT_SHOWN[language].format(titles=joined(titles, "comma", language))
