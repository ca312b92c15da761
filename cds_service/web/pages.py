"""Which pages there are, and what they share."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound

from cds_service.config import Settings
from cds_service.drift.watch import Watch
from cds_service.pipeline import Evaluator
from cds_service.serving.load import Load
from cds_service.store import Store
from cds_service.web.api import api
from cds_service.web.fhir import fhir
from cds_service.web.governance import governance
from cds_service.web.guard import asks_for, harden, only_from_its_own_page
from cds_service.web.knowledge.pages import knowledge
from cds_service.web.letter import letters
from cds_service.web.playground.pages import playground
from cds_service.web.review.desk import review
from cds_service.web.smart import smart
from cds_service.web.words import page_language, say
from cds_service.web.worklist.pages import worklist

PAGES = ("site", "api", "playground", "letter", "knowledge", "governance", "smart", "worklist", "review")
"""The blueprints of pages for people: no other origin may read what they answer."""


def add_pages(app: Flask, settings: Settings, evaluator: Evaluator, store: Store, load: Load, watch: Watch) -> None:
    """Knowledge, API and the SMART app always; playground and governance where the settings have them on, the worklist of a
    population where there is one, behind the token where there is one, and the desk of the reviewers behind theirs."""
    site = Blueprint("site", __name__, static_folder="static", static_url_path="/static", template_folder="templates")
    shown = [site, api(settings), knowledge(settings, evaluator, load), smart(settings, evaluator, store, load)]
    guarded = []
    if settings.shows_playground:
        guarded += [playground(settings, evaluator), letters(settings, evaluator), governance(settings, store, watch)]
    if settings.population:
        guarded.append(worklist(settings, settings.population, evaluator, store))
    for each in guarded:
        if settings.in_production or each.name == "worklist":
            each.before_request(only_from_its_own_page(settings.base_url if settings.in_production else ""))
        each.before_request(asks_for(settings.admin_token.get_secret_value()))
    shown += guarded
    if token := settings.review_token.get_secret_value():
        desk = review(settings, evaluator, store, load)
        desk.before_request(only_from_its_own_page(settings.base_url if settings.in_production else ""))
        desk.before_request(asks_for(token, realm="osteoporosis-cds review"))
        shown.append(desk)
    if not settings.shows_playground:

        @site.get("/")
        def index() -> Any:
            return redirect(url_for("knowledge.index"))

    app.register_blueprint(fhir(settings.base_url))  # for programs: any origin of the settings may read it
    for each in shown:
        each.after_request(harden)
        each.register_error_handler(404, _not_found(settings))
        app.register_blueprint(each)

    @app.context_processor
    def shared() -> dict[str, Any]:
        def t(key: str, **values: object) -> str:
            return say(key, page_language(settings.language), **values)

        def other_language() -> str:
            """The address of this page in the other language."""
            other = "en" if page_language(settings.language) == "zh" else "zh"
            return f"{request.script_root}{request.path}?lang={other}"

        return {
            "t": t,
            "other_language": other_language,
            "full_site": settings.shows_playground,
            "worklist": bool(settings.population),
            "review": bool(settings.review_token.get_secret_value()),
        }


def _not_found(settings: Settings) -> Any:
    def page(_: NotFound) -> Response:
        language = page_language(settings.language)
        return Response(
            render_template("missing.html", language=language, page=""), 404, content_type="text/html; charset=utf-8"
        )

    return page
