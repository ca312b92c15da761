"""The knowledge pages: every card, recommendation and number, generated from the registry, so that they cannot drift."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, url_for

from cards.engine.card import Card
from cards.engine.catalog import all_cards, citing, sections
from cards.engine.sources import CHECKED, RECOMMENDATIONS, VERSION, cited, place_of, places, primary
from cards.thresholds import shipped
from cards.words.phrases import LANGUAGES
from cds_service.config import Settings
from cds_service.content.releases import committed
from cds_service.content.standing import standings
from cds_service.hooks.discovery import SERVICES
from cds_service.pipeline import Evaluator
from cds_service.serving.load import Load
from cds_service.web.knowledge.about import about
from cds_service.web.knowledge.attributes import of_card
from cds_service.web.knowledge.wording import wording
from cds_service.web.sheet.context import context, judged_case
from cds_service.web.sheet.reading_time import minutes
from cds_service.web.sheet.sheet import sheet
from cds_service.web.sheet.signable import signed_now
from cds_service.web.words import in_language, of_sheet, page_language


def knowledge(settings: Settings, evaluator: Evaluator, load: Load) -> Blueprint:
    """``/knowledge`` and the permanent addresses below it. Cases are run from here in development alone: in production these
    pages are open to everybody, and a case costs as much as a call."""
    pages = Blueprint("knowledge", __name__, url_prefix="/knowledge")

    def page(name: str, **values: Any) -> str:
        language = page_language(settings.language)
        return render_template(name, page="knowledge", version=VERSION, checked=CHECKED, **context(language), **values)

    @pages.get("")
    def index() -> str:
        language = page_language(settings.language)
        config = {"words": in_language(language), "language": language, "search": _search()}
        chapters = [(key, [c for c in _cards() if c.section == key]) for key in sections()]
        return page(
            "knowledge.html",
            sections=[(key, found) for key, found in chapters if found],
            hooks=[s.hook for s in SERVICES.values()],
            recommendations=list(RECOMMENDATIONS.values()),
            citing=citing,
            thresholds=evaluator.thresholds.table,
            to_confirm=evaluator.thresholds.to_confirm,
            config=config,
            title=_title,
            source=primary,
        )

    @pages.get("/cards/<code>")
    def card(code: str) -> str:
        found = all_cards().get(code)
        if found is None:
            abort(404)
        language = page_language(settings.language)
        return page(
            "card.html",
            card=found,
            s=sheet(found, evaluator.thresholds, language),
            times=minutes(code, language),
            signed=signed_now(code, standings(committed()).get(code, []), language),
            judge="" if settings.in_production else url_for("knowledge.judge", code=code, number=0)[:-2],
            attributes=of_card(found, language),
            title=_title,
            wordings={each: wording(code, each) for each in LANGUAGES},
            config={"words": of_sheet(language), "language": language},
        )

    if not settings.in_production:

        @pages.get("/cards/<code>/cases/<int:number>")
        def judge(code: str, number: int) -> Response:
            return judged_case(load, code, number)

    @pages.get("/<code>")
    def short(code: str) -> Any:
        if code not in all_cards():
            abort(404)
        return redirect(url_for("knowledge.card", code=code, lang=page_language(settings.language)))

    @pages.get("/recommendations/<key>")
    def recommendation(key: str) -> str:
        found = RECOMMENDATIONS.get(key)
        if found is None:
            abort(404)
        language = page_language(settings.language)
        place, grades = place_of(found, language), places()[found.document.key].grades[language]
        return page("recommendation.html", recommendation=found, cards=citing(key), title=_title, place=place, grades=grades)

    about(pages, page, lambda: page_language(settings.language), evaluator.thresholds)
    return pages


def _cards() -> list[Card]:
    return sorted(all_cards().values(), key=lambda card: (list(sections()).index(card.section), card.code))


def _title(code: str, language: str) -> str:
    return all_cards()[code].title[language]


@cache
def _search() -> dict[str, str]:
    """What a full-text search looks through, in both languages and lower case: by id of the row on the page."""
    found = {}
    for card in _cards():
        texts = [p.text for language in LANGUAGES for block in wording(card.code, language).values() for p in block]
        titles = [_title(card.code, language) for language in LANGUAGES]
        gists = [text for r in cited(card.cites) for text in (r.id, r.gist)]
        found[f"card-{card.code}"] = " ".join([card.code, *card.told(), *titles, *texts, *gists]).lower()
    for each in RECOMMENDATIONS.values():
        titles = [each.document.title[language] for language in LANGUAGES]
        found[f"recommendation-{each.id}"] = " ".join(
            [each.id, each.grade, each.gist, *titles, *(card.code for card in citing(each.id))]
        ).lower()
    for key, limit in shipped().table.items():
        found[f"threshold-{key}"] = f"{key} {limit.value:g} {limit.unit} {limit.source} {limit.status}".lower()
    return found
