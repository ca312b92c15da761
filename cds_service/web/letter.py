"""The patient's page, which is also the letter to print: three things to do in order of time, one number to call, the rest
folded.

The playground links to it; the SMART app shows it to patients."""

from __future__ import annotations

import re
from collections.abc import Mapping

import orjson
from flask import Blueprint, Response, render_template, request
from markdown_it import MarkdownIt
from markupsafe import Markup

import fhir_fixtures
from cards.words.patient import closing
from cards.words.phrases import day, phrase
from cds_service.config import Settings
from cds_service.hooks.errors import RequestError
from cds_service.hooks.request import HOOKS, Call, parse
from cds_service.pipeline import Evaluator
from cds_service.web.playground.asking import filled
from cds_service.web.words import page_language

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable("image")


def letters(settings: Settings, evaluator: Evaluator) -> Blueprint:
    """``/playground/patient``: the page of a shipped patient (``?fixture=``, ``&hook=``), or of the hook request that is
    sent as the field ``request`` of a form."""
    pages = Blueprint("letter", __name__)

    @pages.get("/playground/patient")
    def shipped() -> str:
        name, hook = request.args.get("fixture", ""), request.args.get("hook", "")
        if name not in fhir_fixtures.names():
            raise RequestError(404, "fixture: must name a patient")
        if hook and hook not in HOOKS:
            raise RequestError(400, "hook: there is no such service")
        asked = filled(fhir_fixtures.load(name).shifted(settings.today()), {"hook": hook}, evaluator, settings)
        call, language = parse(orjson.dumps(asked), asked["hook"]), page_language(settings.language)
        return written(evaluator, settings, call, language, way={"fixture": name, "hook": call.hook})

    @pages.post("/playground/patient")
    def given() -> Response:
        call = _asked(request.form.get("request", "").encode())
        page = written(evaluator, settings, call, page_language(settings.language))
        return Response(page, headers={"Cache-Control": "no-store"}, content_type="text/html; charset=utf-8")

    return pages


def _asked(content: bytes) -> Call:
    """The call in a form. Nothing is fetched for it: whom we may ask is a matter of the client's keys, and a page has none."""
    try:
        told = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise RequestError(400, "request: is not JSON") from None
    if not isinstance(told, dict) or told.get("hook") not in HOOKS:
        raise RequestError(400, "request: must be a hook request")
    told = {key: value for key, value in told.items() if key not in ("fhirServer", "fhirAuthorization")}
    return parse(orjson.dumps(told), told["hook"])


def written(
    evaluator: Evaluator,
    settings: Settings,
    call: Call,
    language: str,
    template: str = "letter.html",
    way: Mapping[str, str] | None = None,
) -> str:
    """The letter as a page, or with another template as a part of one. ``way``: what the playground's address says of it, for
    the way back."""
    return render_template(
        template,
        language=language,
        way=way,
        letter=evaluator.letter(call, language),
        phone=evaluator.phone,
        digits=re.sub(r"[^\d+,]", "", re.sub(r"ext\.|转", ",", evaluator.phone)),
        dated=day(settings.today(), language),
        closing=closing(language),
        say=lambda key, **values: phrase("letter", key, language, **values),
        when=lambda step: phrase("when", step.when, language),
        inline=lambda text: Markup(_MARKDOWN.renderInline(text)),  # noqa: S704  no HTML gets through
        block=lambda text: Markup(_MARKDOWN.render(text)),  # noqa: S704
    )
