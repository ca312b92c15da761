"""What operators see: readiness and metrics."""

from __future__ import annotations

import time
from collections.abc import Iterable
from importlib.metadata import version
from secrets import token_hex
from typing import Any

import orjson
from flask import Flask, Response, g, request

from cards.engine import sources
from cds_service import logs, metrics
from cds_service.config import ConfigError
from cds_service.dialect.codes import our_card
from cds_service.drift.watch import Watch
from cds_service.hooks import errors
from cds_service.hooks.auth import Authenticator
from cds_service.hooks.cards import spoken_for
from cds_service.hooks.discovery import SERVICES
from cds_service.store import Store

REQUEST_ID = "X-Request-Id"
"""A header of every answer: the id under which the log tells of the request. It is ours, never what a client sent."""


def count_cards(cards: Iterable[dict[str, Any]]) -> None:
    """Count the cards of an answer, and those that they stand for."""
    for card in cards:
        for code, indicator in spoken_for(card):
            metrics.CARDS.labels(our_card(code), indicator).inc()


def add_operation(app: Flask, store: Store, watch: Watch, authenticator: Authenticator | None = None) -> None:
    """Add /readyz and /metrics, give each request an id, and count every request to a service."""
    metrics.BUILD.labels(version("osteoporosis-cds"), str(sources.VERSION)).set(1)

    @app.get("/readyz")
    def readyz() -> Response:
        """Whether calls and feedback can be accepted: rules and texts were loaded at startup; the database and, in production,
        the clients file are opened again as a check."""
        store.probe()
        try:
            if authenticator:
                authenticator.probe()
        except ConfigError:
            raise errors.of_status(503) from None
        return Response(orjson.dumps({"status": "ready"}), content_type="application/json")

    @app.get("/metrics")
    def exposition() -> Response:
        """The counts of all workers, for Prometheus."""
        watch.refresh()
        return Response(metrics.exposition(), content_type=metrics.CONTENT_TYPE)

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        logs.REQUEST.set(token_hex(16))

    @app.after_request
    def count(response: Response) -> Response:
        response.headers[REQUEST_ID] = logs.REQUEST.get()
        service = (request.view_args or {}).get("service_id")
        if service in SERVICES and request.method == "POST":
            endpoint = "feedback" if request.endpoint == "feedback" else "hook"
            metrics.REQUESTS.labels(service, endpoint, response.status_code).inc()
            if endpoint == "hook":
                metrics.SECONDS.labels(service).observe(time.perf_counter() - g.began)
        return response
