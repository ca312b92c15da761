"""Options as suggestions: the button's words, and the orders that it writes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any

from cards.chart import Chart
from cards.definitions.person import postmenopausal
from cards.engine.findings import Option
from cards.vocabulary import Name
from cards.words import options
from cds_service.fhir.proposing import orders
from cds_service.fhir.proposing.order_templates import System
from cds_service.fhir.proposing.own_codes import NONE, OwnCodes
from cds_service.fhir.proposing.stopping import Find
from cds_service.fhir.reading.given import is_reference
from cds_service.hooks.cards import suggestion
from cds_service.hooks.request import Call

Json = dict[str, Any]

BY_HAND = Name(" (change or remove the draft by hand: it has no id)", "（草稿没有标识，请手动修改或删除）")


class Suggestions:
    """The suggestions of one answer. That a draft may be removed, several cards say: its words and actions are made once."""

    def __init__(
        self,
        chart: Chart,
        call: Call,
        language: str,
        *,
        system: System,
        drafts: Mapping[str, bytes],
        stored: Find,
        own: OwnCodes = NONE,
    ) -> None:
        """``drafts``: the orders being written, as received, by relative reference; ``stored`` finds orders on record; ``own``:
        the client's own codes of orders."""
        self._chart = chart
        self._language = language
        self._stored = cache(stored)
        self._removals: dict[int, tuple[str, list[Json]]] = {}
        problem = chart.active_problem("osteoporosis")
        self._occasion = orders.Occasion(
            patient_id=call.patient_id,
            today=chart.today,
            language=language,
            encounter_id=call.encounter_id,
            osteoporosis=problem.source if problem and is_reference(problem.source) else "",
            system=system,
            postmenopausal=postmenopausal(chart),
            drafts=drafts,
            stored=self._stored,
            own=own,
        )

    def suggestion(self, option: Option) -> Json:
        label, actions = self._removal(option) if option.kind == "discard" and len(option.replaces) == 1 else self._made(option)
        return suggestion(label, actions, recommended=option.recommended)

    def _removal(self, option: Option) -> tuple[str, list[Json]]:
        draft = id(option.replaces[0])
        if draft not in self._removals:
            self._removals[draft] = self._made(option)
        return self._removals[draft]

    def _made(self, option: Option) -> tuple[str, list[Json]]:
        chart, language = self._chart, self._language
        actions = orders.actions(
            option, self._occasion, partial(self._say, option), partial(options.draft_called, language=language, chart=chart)
        )
        return options.label(option, language, chart) + (BY_HAND[language] if orders.by_hand(option) else ""), actions

    def _say(self, option: Option, description: str, *, places: bool) -> str:
        """The description of an action, with what it depends on: it may be all that the EHR shows."""
        kept = [course for course in option.stops if places and not any(map(self._stored, course.sources))]
        told = options.described(description, option, self._language, self._chart, places=places, by_hand=kept)
        return told + (BY_HAND[self._language] if places and orders.by_hand(option) else "")
