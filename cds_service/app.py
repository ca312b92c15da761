"""The service over HTTP: wiring only."""

from __future__ import annotations

import logging.config
import time
from datetime import date
from functools import lru_cache
from typing import Any

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from cards.engine import sources
from cds_service import config, logs, metrics, site
from cds_service.config import Settings
from cds_service.drift.watch import Watch
from cds_service.hooks import discovery, errors, openapi
from cds_service.hooks.auth import Authenticator
from cds_service.hooks.errors import RequestError
from cds_service.hooks.feedback import parse_feedback
from cds_service.hooks.language import preferred
from cds_service.hooks.request import parse
from cds_service.pipeline import BODY, Evaluator
from cds_service.repetition import Repetition
from cds_service.serving.authentication import add_authentication, caller
from cds_service.serving.feedback import keep
from cds_service.serving.load import RETRY_AFTER, Load, Overloaded
from cds_service.serving.operation import add_operation, count_cards
from cds_service.serving.receiving import received, refuse_other_media
from cds_service.store import Store, StoreUnavailable
from cds_service.web.examples import examples
from cds_service.web.pages import PAGES, add_pages

ROOM_BESIDE = 4 * 1024**2
"""Bytes of other bodies that a worker takes while it works on the largest one."""


def create_app(settings: Settings | None = None) -> Flask:
    """The Flask application, with everything prepared in advance."""
    settings = settings or config.load()
    logging.config.dictConfig(logs.CONFIGURATION)
    logs.JsonLines.content = sources.VERSION
    for variable in settings.ignored:
        logs.warn("ignored in production", {"variable": variable})
    app = Flask("cds_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body + 1  # one byte more: too long differs from cut off
    app.url_map.strict_slashes = False
    store = store_of(settings)
    app.extensions["store"] = store
    load = Load(settings.max_body + ROOM_BESIDE)
    evaluator = Evaluator(settings, load=load)
    _add_services(app, settings, evaluator, store, load)
    _add_feedback(app, settings, store, load)
    _add_state(app, settings, evaluator)
    watch = Watch(store)
    add_pages(app, settings, evaluator, store, load, watch)
    authenticator = Authenticator.of(settings, store.remember_token) if settings.in_production else None
    for table, iss in site.unmatched(site.load(settings.site), authenticator.issuers if authenticator else ()):
        logs.warn("CDS_SITE: a table for a client that is not in CDS_CLIENTS", {"table": table, "iss": iss})
    add_operation(app, store, watch, authenticator)
    if authenticator:
        add_authentication(app, authenticator, settings)
    _add_errors(app)
    _add_cors(app, settings)
    return app


def store_of(settings: Settings) -> Store:
    """The store named in the settings; nothing is opened yet."""
    return Store(
        settings.database_url.get_secret_value(),
        settings.hash_key.get_secret_value(),
        suppress_days=settings.suppress_days,
        retention_days=settings.retention_days,
    )


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json")


def _come_again() -> Response:
    """503: nothing was done, and in a moment it may be."""
    answer = _json(errors.outcome(errors.of_status(503)), 503)
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    return answer


def _add_services(app: Flask, settings: Settings, evaluator: Evaluator, store: Store, load: Load) -> None:
    documents = {iss: orjson.dumps(discovery.document(evaluator.prefetch_of(iss))) for iss in evaluator.clients}

    @app.get("/cds-services")
    def discover() -> Response:
        """CDS Hooks 2.0.1, "Discovery"."""
        client = caller()
        return Response(documents.get(client.iss if client else "", documents[""]), content_type="application/json")

    @app.post("/cds-services/<service_id>")
    def call(service_id: str) -> Response:
        """CDS Hooks 2.0.1, "Calling a CDS Service"."""
        began = time.perf_counter()
        service = _service(service_id)
        refuse_other_media()
        client = caller()
        issuer, tenant, servers = (client.iss, client.tenant, client.fhir_servers) if client else ("", "", None)
        with received(load, settings.max_body) as content, load.computing():
            asked = parse(
                content, service.hook, client=issuer, fhir_servers=servers, launches=bool(client and client.smart), body=BODY
            )
            repetition = None
            if store.running:
                repetition = Repetition(
                    store, asked, service.id, settings.today(), client=issuer, tenant=tenant, shadow=settings.shadow
                )
            language = preferred(request.headers.get("Accept-Language"), settings.language)
            given = evaluator.evaluate(asked, language, repetition=repetition, dialect=evaluator.dialect_of(issuer))
        count_cards(given.response["cards"])
        took = round((time.perf_counter() - began) * 1000, 1)
        logs.event("hook", {"hook": service.hook, "service": service.id, **given.counts, "ms": took})
        return _json({"cards": []} if settings.shadow else given.response)


def _service(service_id: str) -> discovery.Service:
    service = discovery.SERVICES.get(service_id)
    if service is None:
        raise errors.of_status(404)
    return service


def _add_feedback(app: Flask, settings: Settings, store: Store, load: Load) -> None:
    @app.post("/cds-services/<service_id>/feedback")
    def feedback(service_id: str) -> Response:
        """CDS Hooks 2.0.1, "Feedback": acknowledged once all of it is stored."""
        service = _service(service_id)
        refuse_other_media()
        with received(load, settings.max_body) as content:
            told = parse_feedback(content)
        return _json(keep(told, service.id, store))

    @app.errorhandler(StoreUnavailable)
    def store_is_gone(error: StoreUnavailable) -> Response:
        path = request.url_rule and request.url_rule.rule
        logs.event("store unavailable", {"path": path, "status": 503, "reason": str(error)})
        return _come_again()


def _add_state(app: Flask, settings: Settings, evaluator: Evaluator) -> None:
    content = {"version": sources.VERSION, "checked": sources.CHECKED}

    @lru_cache(maxsize=1)
    def description(today: date) -> bytes:
        """Its examples are as of the day, so that they can be tried."""
        return orjson.dumps(openapi.document(settings.base_url, examples(evaluator, today)))

    @app.get("/openapi.json")
    def described() -> Response:
        return Response(description(settings.today()), content_type="application/json")

    @app.after_request
    def named(response: Response) -> Response:
        """Also an answer without cards, or an error, says by which content it was given."""
        response.headers["X-Content-Version"] = sources.VERSION
        return response

    @app.get("/healthz")
    def healthz() -> Response:
        """Liveness: the process responds."""
        return _json({"status": "ok", "content": content})


def _add_errors(app: Flask) -> None:
    @app.errorhandler(RequestError)
    def refused(error: RequestError) -> Response:
        logs.event("refused", {"path": request.url_rule and request.url_rule.rule, "status": error.status})
        metrics.REFUSED.labels(error.status).inc()
        return _json(errors.outcome(error), error.status)

    @app.errorhandler(Overloaded)
    def overloaded(error: Overloaded) -> Response:
        """The client may try again soon; nothing was evaluated."""
        metrics.SHED.labels(error.why).inc()
        logs.event("overloaded", {"path": request.url_rule and request.url_rule.rule, "status": 503, "why": error.why})
        return _come_again()

    @app.errorhandler(HTTPException)
    def found_by_the_framework(error: HTTPException) -> Response:
        answer = refused(errors.of_status(error.code or 500))
        answer.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
        return answer

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        """Report the failure to the client: an empty list of cards would look like "all clear"."""
        logs.event("failed", {"path": request.url_rule and request.url_rule.rule}, error)
        return _json(errors.outcome(errors.of_status(500)), 500)


def _add_cors(app: Flask, settings: Settings) -> None:
    @app.before_request
    def preflight() -> Response | None:
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return Response(status=204)
        return None

    @app.after_request
    def allow_origin(response: Response) -> Response:
        if request.blueprint in PAGES:
            return response
        response.headers.setdefault("Cache-Control", "no-store")  # an answer tells of a patient
        origin = request.headers.get("Origin", "")
        if "*" in settings.cors_origins:
            response.headers["Access-Control-Allow-Origin"] = "*"
        elif settings.cors_origins:
            response.vary.add("Origin")
            if origin in settings.cors_origins:
                response.headers["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS" and "Access-Control-Allow-Origin" in response.headers:
            response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response.headers["Access-Control-Max-Age"] = "600"
        return response
