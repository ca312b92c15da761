"""The service over HTTP: wiring only."""

from __future__ import annotations

import logging.config
import time
from importlib.resources import files
from typing import Any

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from cards import sources
from cds_service import config, logs
from cds_service.config import Settings
from cds_service.evaluate import Evaluator
from cds_service.hooks import discovery, errors
from cds_service.hooks.errors import RequestError
from cds_service.hooks.language import preferred
from cds_service.hooks.request import parse


def create_app(settings: Settings | None = None) -> Flask:
    """The Flask application, with everything that can be prepared prepared."""
    settings = settings or config.load()
    logging.config.dictConfig(logs.CONFIGURATION)
    app = Flask("cds_service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body + 1  # one more, to tell a body that is too long from one cut off
    app.url_map.strict_slashes = False
    _add_services(app, settings, Evaluator(settings))
    _add_pages(app)
    _add_errors(app)
    _add_cors(app, settings)
    return app


def _json(body: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, content_type="application/json")


def _add_services(app: Flask, settings: Settings, evaluator: Evaluator) -> None:
    document = orjson.dumps(discovery.document(evaluator.prefetch))

    @app.get("/cds-services")
    def discover() -> Response:
        """CDS Hooks 2.0.1, "Discovery"."""
        return Response(document, content_type="application/json")

    @app.post("/cds-services/<service_id>")
    def call(service_id: str) -> Response:
        """CDS Hooks 2.0.1, "Calling a CDS Service"."""
        began = time.perf_counter()
        service = discovery.SERVICES.get(service_id)
        if service is None:
            raise errors.of_status(404)
        _refuse_other_media()
        asked = parse(_content(settings.max_body), service.hook)
        given = evaluator.evaluate(asked, preferred(request.headers.get("Accept-Language"), settings.language))
        took = round((time.perf_counter() - began) * 1000, 1)
        logs.event("hook", {"hook": service.hook, "service": service.id, **given.counts, "ms": took})
        return _json(given.response)


def _refuse_other_media() -> None:
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise RequestError(415, "Content-Encoding: only identity is understood")
    media = request.mimetype
    if media and media != "application/json" and not media.endswith("+json"):
        raise RequestError(415, "Content-Type: must be application/json")


def _content(limit: int) -> bytes:
    """The body. One with a Content-Length beyond the limit is refused unread; a chunked one shows its length by being read."""
    content = request.get_data(cache=False)
    if len(content) > limit:
        raise errors.of_status(413)
    return content


def _add_pages(app: Flask) -> None:
    page = files("cds_service").joinpath("index.html").read_bytes()
    content = {"version": sources.VERSION, "checked": sources.CHECKED}

    @app.get("/")
    def index() -> Response:
        return Response(page, content_type="text/html; charset=utf-8")

    @app.get("/healthz")
    def healthz() -> Response:
        """The process answers."""
        return _json({"status": "ok", "content": content})

    @app.get("/readyz")
    def readyz() -> Response:
        """It can take calls: the rules and texts were loaded before the first request could come."""
        return _json({"status": "ready"})


def _add_errors(app: Flask) -> None:
    @app.errorhandler(RequestError)
    def refused(error: RequestError) -> Response:
        logs.event("refused", {"path": request.url_rule and request.url_rule.rule, "status": error.status})
        return _json(errors.outcome(error), error.status)

    @app.errorhandler(HTTPException)
    def found_by_the_framework(error: HTTPException) -> Response:
        answer = refused(errors.of_status(error.code or 500))
        answer.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
        return answer

    @app.errorhandler(Exception)
    def failed(error: Exception) -> Response:
        """Tell the client that there is no answer: an empty list of cards would look like "all clear"."""
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
