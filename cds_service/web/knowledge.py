"""The knowledge pages: every card, recommendation and number, generated from the registry, so that they cannot drift."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import orjson
from flask import Blueprint, abort, render_template
from markdown_it import MarkdownIt
from markupsafe import Markup

import fhir_fixtures
from cards.engine.card import Card
from cards.engine.catalog import all_cards, citing, sections
from cards.engine.sources import CHECKED, RECOMMENDATIONS, VERSION, cited, primary
from cards.thresholds import shipped
from cards.words.phrases import LANGUAGES, unit
from cds_service.casebook.storied import untold
from cds_service.config import Settings
from cds_service.hooks.discovery import SERVICES
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator
from cds_service.web.wording import wording
from cds_service.web.words import in_language, page_language, say

Json = dict[str, Any]

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
MOST_EXAMPLES = 4


def knowledge(settings: Settings, evaluator: Evaluator) -> Blueprint:
    """``/knowledge`` and the permanent addresses below it."""
    pages = Blueprint("knowledge", __name__, url_prefix="/knowledge")
    examples = cache(partial(_examples, evaluator))

    def page(name: str, **values: Any) -> str:
        language = page_language(settings.language)
        return render_template(
            name, language=language, page="knowledge", unit=_unit, version=VERSION, checked=CHECKED, **values
        )

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
        table = evaluator.thresholds.table
        return page(
            "card.html",
            card=found,
            rule=[Markup(_MARKDOWN.renderInline(paragraph)) for paragraph in found.told(evaluator.thresholds)],  # noqa: S704
            title=_title,
            hooks=[s.hook for s in SERVICES.values() if s.hook in found.hooks],
            recommendations=cited(found.cites),
            own={key: each for key, each in table.items() if each.card == code},
            shared={key: table[key] for key in found.shared},
            wordings={language: wording(code, language) for language in LANGUAGES},
            examples=examples().get(code, []),
        )

    @pages.get("/recommendations/<key>")
    def recommendation(key: str) -> str:
        found = RECOMMENDATIONS.get(key)
        if found is None:
            abort(404)
        return page("recommendation.html", recommendation=found, cards=citing(key), title=_title)

    return pages


def _unit(code: str, language: str) -> str:
    """A unit as people write it; UCUM's units of time in words."""
    return say(f"unit.{code}", language) if code in ("a", "mo", "wk", "d") else unit(code, language)


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


def _examples(evaluator: Evaluator) -> dict[str, list[Json]]:
    """By card code, how it reads by itself for the patients that are shipped, or in a case where none of them brings it about:
    made when the first card's page is asked for."""
    found: dict[str, list[Json]] = defaultdict(list)
    for fixture in (*fhir_fixtures.all_fixtures(), *untold()):
        for english, chinese in zip(*_alone(evaluator, fixture), strict=True):
            examples = found[english["source"]["topic"]["code"]]
            if len(examples) < MOST_EXAMPLES and english["summary"] not in [e["en"]["summary"] for e in examples]:
                examples.append({"fixture": fixture, "en": _shown(english), "zh": _shown(chinese)})
    return found


def _alone(evaluator: Evaluator, fixture: fhir_fixtures.Fixture) -> Iterator[list[Json]]:
    """The cards of a patient in each language, each by itself, and those that merge others."""
    call = parse(orjson.dumps(fixture.request()), fixture.hook)
    apart = evaluator.in_languages(call, LANGUAGES, fixture.as_of, apart=True)
    whole = evaluator.in_languages(call, LANGUAGES, fixture.as_of)
    for language in LANGUAGES:
        merged = (card for card in whole[language]["cards"] if all_cards()[card["source"]["topic"]["code"]].merges)
        yield [*apart[language]["cards"], *merged]


def _shown(card: Json) -> Json:
    """A card with its detail as HTML. The Markdown is our own and HTML in it is escaped."""
    return card | {"html": Markup(_MARKDOWN.render(card["detail"]))}  # noqa: S704
