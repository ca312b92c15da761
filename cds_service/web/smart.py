"""The SMART app: the whole patient on one screen, launched from the EHR (SMART App Launch 2, public client with PKCE).

The page reads the record in the browser, with the user's own token, and sends it here as prefetch. What opens this endpoint is
the EHR's id_token. No token and no record is kept, and nothing is fetched for it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import tzinfo
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Blueprint, Response, render_template, request
from msgspec.structs import replace

from cards.chart import Chart
from cards.definitions.workup import FINDINGS
from cds_service import logs, metrics
from cds_service.config import Settings
from cds_service.hooks import clients, errors
from cds_service.hooks.clients import Client, Smart
from cds_service.hooks.errors import RequestError
from cds_service.hooks.feedback import parse_feedback
from cds_service.hooks.id_tokens import IdTokens, Refused, issuer_of
from cds_service.hooks.request import Call, parse
from cds_service.pipeline import BODY, Evaluator
from cds_service.repetition import Repetition
from cds_service.serving.feedback import keep
from cds_service.serving.load import Load
from cds_service.serving.operation import count_cards
from cds_service.serving.receiving import received, refuse_other_media
from cds_service.store import Store
from cds_service.web import guard
from cds_service.web.letter import written
from cds_service.web.screen import screen
from cds_service.web.words import in_language, page_language

Json = dict[str, Any]

HOOK = "patient-view"
SERVICE = "smart"
"""Under this name what the app showed is on record, beside the services."""


def smart(settings: Settings, evaluator: Evaluator, store: Store, load: Load) -> Blueprint:
    """``/smart/launch``, where a launch begins, ``/smart``, where the EHR sends the user back to, and what that asks for."""
    known = [client for client in clients.load(settings.clients) if client.smart] if settings.clients else []
    tokens = IdTokens(known)
    policy = content_security_policy(known)
    pages = Blueprint("smart", __name__, url_prefix="/smart")

    def page(name: str) -> str:
        language = page_language(settings.language)
        config = {
            "language": language,
            "words": in_language(language),
            "redirect": f"{settings.base_url}/smart",
            "service": f"{request.script_root}/smart",
            "shadow": settings.shadow,
            "servers": [server for client in known for server in _servers(client, evaluator)],
        }
        return render_template("smart.html", language=language, page="smart", script=name, config=config)

    @pages.get("/launch")
    def launch() -> str:
        return page("launch")

    @pages.get("")
    def returned() -> str:
        return page("smart")

    @pages.post("/cards")
    def cards() -> Response:
        """The screen and the cards of a hook request, as the hook would answer it; to a patient their own page."""
        began = time.perf_counter()
        launched = tokens.launched(request.headers.get("Authorization"))
        if settings.shadow:
            raise RequestError(503, "In shadow mode nothing is shown")
        refuse_other_media()
        language = page_language(settings.language)
        with received(load, settings.max_body) as content, load.computing():
            call = _call(content, launched.client, launched.user)
            answer, counts = _answer(call, language, launched.client)
        took = round((time.perf_counter() - began) * 1000, 1)
        logs.event("smart", {**counts, "ms": took})
        return _json(answer)

    def _answer(call: Call, language: str, client: Client) -> tuple[Json, Json]:
        if call.by_patient:
            return {"letter": written(evaluator, settings, call, language, "letter_part.html")}, {"reader": "patient"}
        repetition = None
        if store.running:
            repetition = Repetition(store, call, SERVICE, settings.today(), client=client.iss, tenant=client.tenant)
        given = evaluator.evaluate(call, language, repetition=repetition)
        count_cards(given.response["cards"])
        view = evaluator.view(call, language, change=partial(_clarified, repetition, settings.zone))
        return given.response | {"screen": screen(view.chart, view.findings, language, view.off)}, {**given.counts}

    @pages.post("/feedback")
    def feedback() -> Response:
        """As CDS Hooks 2.0.1, "Feedback"."""
        tokens.launched(request.headers.get("Authorization"))
        refuse_other_media()
        with received(load, settings.max_body) as content:
            told = parse_feedback(content)
        return _json(keep(told, SERVICE, store))

    @pages.errorhandler(Refused)
    def refused(error: Refused) -> Response:
        logs.event("refused", {"path": request.url_rule and request.url_rule.rule, "status": 401, "cause": error.cause})
        metrics.REFUSED.labels(401).inc()
        answer = _json(errors.outcome(error), 401)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    @pages.after_request
    def contained(response: Response) -> Response:
        """The address that the EHR sends the user back to holds a code: nothing is stored, and no one is told of it."""
        response.headers["Content-Security-Policy"] = policy
        response.headers["Cache-Control"] = "no-store"
        return response

    return pages


def content_security_policy(known: Iterable[Client]) -> str:
    """That of the other pages, but this one may talk to the servers of the clients, and stand in their frames."""
    registered = [(client, client.smart) for client in known if client.smart]
    places = {_origin(server) for client, told in registered for server in _fhir_servers(client, told)}
    places |= {origin for _, told in registered for origin in told.origins}
    frames = sorted({origin for _, told in registered for origin in told.frames})
    rules = dict.fromkeys(guard.CONTENT_SECURITY_POLICY.split("; "))
    wanted = {
        "connect-src 'self'": " ".join(["connect-src 'self'", *sorted(places)]),
        "frame-ancestors 'none'": " ".join(["frame-ancestors", *(frames or ["'none'"])]),
    }
    return "; ".join(wanted.get(rule, rule) for rule in rules)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _fhir_servers(client: Client, told: Smart) -> Sequence[str]:
    return sorted(told.fhir_servers or client.fhir_servers)


def _servers(client: Client, evaluator: Evaluator) -> Iterable[Json]:
    """What the page must know to launch from a client's FHIR servers."""
    if client.smart is None:
        return
    origins = sorted(client.smart.origins)
    for server in _fhir_servers(client, client.smart):
        yield {
            "fhir": server,
            "name": client.smart.name,
            "clientId": client.smart.client_id,
            "issuer": issuer_of(client, client.smart),
            "origins": [_origin(server), *origins],
            "templates": evaluator.prefetch_of(client.iss)[HOOK],
        }


def _clarified(repetition: Repetition | None, zone: tzinfo, chart: Chart) -> Chart:
    """The chart with what clinicians have clarified, as the cards have it."""
    return replace(chart, clarified=repetition.clarified(FINDINGS, zone)) if repetition else chart


def _call(content: bytes, client: Client, user: str) -> Call:
    """The call in a body. Who asks is what the id_token says, and what the body says of a FHIR server does not count."""
    call = parse(content, HOOK, client=client.iss, fhir_servers=frozenset(), body=BODY)
    return replace(call, fhir=None, user_id=user, user_type=user.partition("/")[0])


def _json(body: Json, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json")
