"""The playground: a patient becomes a hook request and the screen. The page itself then calls the service as an EHR would."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, render_template, request, url_for
from msgspec.structs import replace

import fhir_fixtures
from cards.chart import Chart
from cards.engine.catalog import all_cards, sections, shown
from cards.engine.findings import Indicator, Option
from cards.vocabulary.regimens import REGIMENS
from cards.words.phrases import capital, unit
from cds_service.config import Settings
from cds_service.fhir.proposing import orders
from cds_service.hooks.discovery import SERVICES
from cds_service.hooks.errors import RequestError
from cds_service.hooks.request import HOOKS
from cds_service.pipeline import Evaluator, View
from cds_service.web.playground.asking import to_sign, told_in
from cds_service.web.playground.ordered import Decided, decided, left, together
from cds_service.web.playground.turning_points import turns
from cds_service.web.playground.what_if import AXES, assumed, change, later, undated
from cds_service.web.screen import screen
from cds_service.web.words import in_language, page_language

Json = dict[str, Any]

FIRST = "denosumab-missed"
"""The patient that the page opens with."""


def playground(settings: Settings, evaluator: Evaluator) -> Blueprint:
    """``/``, and what it asks for under ``/playground``."""
    pages = Blueprint("playground", __name__)

    @pages.get("/")
    def index() -> str:
        language = page_language(settings.language)
        config = {
            "language": language,
            "words": in_language(language),
            "patients": list(_patients(language)),
            "first": FIRST,
            "hooks": [{"hook": s.hook, "title": s.title, "bundle": HOOKS[s.hook].bundle} for s in SERVICES.values()],
            "orders": list(_orders(settings, language)),
            "assumable": [
                {
                    "key": key,
                    "label": capital(axis.name[language]),
                    "unit": unit(axis.unit, language),
                    "low": axis.low,
                    "high": axis.high,
                    "step": axis.step,
                }
                for key, axis in AXES.items()
            ],
            "publicUrl": settings.base_url,
            "services": request.script_root + ("/playground" if settings.in_production else "") + "/cds-services",
            "governance": url_for("governance.index", lang=language),
        }
        return render_template("playground.html", language=language, page="playground", config=config)

    @pages.post("/playground/open")
    def opened() -> Response:
        """A hook request and the screen from ``{fixture | given, hook, drafts, ordered, decided, assumed, user}``.

        ``given`` is a Bundle or a request, ``ordered`` what was ordered on the page, ``decided`` the cards that were decided
        upon there."""
        language = page_language(settings.language)
        asked = _asked()
        values = _assumed(asked)
        day, changed = later(settings.today(), values), change(values)
        ready, call = told_in(asked, evaluator, settings)
        view = evaluator.view(call, language, day, changed)
        rest = left(view.findings, _decided(asked), view.chart, language)
        answer: Json = {"request": ready, "decided": [finding.code for finding in rest.done]}
        chart, findings, signing = view.chart, rest.findings, None
        if drafts := to_sign(asked, ready):
            signs, sign_call = told_in(asked | {"hook": "order-sign", "drafts": drafts}, evaluator, settings)
            signing = evaluator.view(sign_call, language, day, changed)
            chart = replace(chart, hook=signing.chart.hook, drafts=signing.chart.drafts)
            findings = together(signing.findings, findings)
            answer["sign"] = signs
        answer["screen"] = screen(chart, findings, language, view.off, also=rest.done)
        if values:
            answer["imagined"] = _imagined(view, language)
            answer["imaginedSign"] = _imagined(signing, language) if signing else None
        return _json(answer)

    @pages.post("/playground/turns")
    def turning() -> Response:
        """Where along ``axis`` the answer to what ``/playground/open`` is asked becomes another one."""
        language = page_language(settings.language)
        asked = _asked()
        if asked.get("axis") not in AXES:
            raise RequestError(400, "axis: there is no such")
        _, call = told_in(asked, evaluator, settings)
        values = {key: value for key, value in _assumed(asked).items() if key != asked["axis"]}
        changed = change(values)

        def read(day: date) -> Chart:
            return changed(evaluator.chart(call, day))

        found = turns(asked["axis"], read, later(settings.today(), values), evaluator.shown, language)
        return _json(found)

    if settings.in_production:
        _add_services(pages)
    return pages


def _imagined(view: View, language: str) -> Json:
    return {**view.response, "cards": undated(view.response["cards"], view.chart.today, language)}


def _decided(asked: Json) -> list[Decided]:
    try:
        return decided(asked.get("decided"))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise RequestError(400, "decided: must be a list of {code, label}") from None


def _assumed(asked: Json) -> dict[str, float]:
    try:
        return assumed(asked.get("assumed"))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise RequestError(400, "assumed: no such axis, or a value outside it") from None


def _json(answer: Json) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(answer), headers=headers, content_type="application/json")


def _add_services(pages: Blueprint) -> None:
    """The services again for the page itself, behind its token, since /cds-services accepts only clients with keys."""

    @pages.post("/playground/cds-services/<service_id>")
    def call(service_id: str) -> Any:
        return current_app.view_functions["call"](service_id=service_id)

    @pages.post("/playground/cds-services/<service_id>/feedback")
    def feedback(service_id: str) -> Any:
        return current_app.view_functions["feedback"](service_id=service_id)


def _patients(language: str) -> Iterator[Json]:
    """The fixtures with their stories, by what the most urgent card is about, the example first."""
    told = []
    for each in fhir_fixtures.stories():
        urgent = sorted(each.cards.items(), key=lambda card: (Indicator(card[1]).rank, shown(card[0])))
        told.append(
            {
                "name": each.name,
                "title": each.title[language],
                "story": each.text[language],
                "hook": each.hook,
                "section": _section(urgent[0][0]) if urgent else "",
                "indicator": urgent[0][1] if urgent else "",
            }
        )
    chapters = (*sections(), "")
    yield from sorted(told, key=lambda p: (chapters.index(p["section"]), p["name"] != FIRST, p["name"]))


def _section(code: str) -> str:
    return all_cards()[code].section


def _orders(settings: Settings, language: str) -> Iterator[Json]:
    """Draft orders to try: one for every drug of the formulary. The page fills in whose they are."""
    for key in REGIMENS:
        if key in settings.formulary:
            option = Option("drug", key)
            (action,) = orders.actions(option, orders.Occasion("patient", settings.today(), language))
            yield {"key": key, "label": REGIMENS[key].label[language], "resource": action["resource"]}


def _asked() -> Json:
    try:
        asked = orjson.loads(request.get_data(cache=False))
    except orjson.JSONDecodeError:
        raise RequestError(400, "The body is not JSON") from None
    if not isinstance(asked, dict) or not (isinstance(asked.get("given"), dict) or asked.get("fixture") in _names()):
        raise RequestError(400, "fixture: must name a patient, or given must be a JSON object")
    if asked.get("hook") and asked["hook"] not in HOOKS:
        raise RequestError(400, "hook: there is no such service")
    for key in ("drafts", "ordered"):
        given = [] if asked.get(key) is None else asked[key]
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            raise RequestError(400, f"{key}: must be a list of resources")
    return asked


def _names() -> list[str]:
    return fhir_fixtures.names()
