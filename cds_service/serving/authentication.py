"""In production, the caller is authenticated before anything else is examined."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

import orjson
from flask import Flask, Response, g, request

from cds_service import logs, metrics
from cds_service.config import Settings
from cds_service.hooks import errors
from cds_service.hooks.auth import PROXY_ID, Authenticator, Unauthenticated
from cds_service.hooks.clients import Client


def add_authentication(app: Flask, authenticator: Authenticator, settings: Settings) -> None:
    """Restrict everything below /cds-services to known clients. Only a proxy of the settings may call a call its retry."""

    @app.before_request
    def authenticate() -> None:
        """CDS Hooks 2.0.1, "Trusting CDS Clients": every call except CORS preflight requests."""
        if request.path.startswith("/cds-services") and request.method != "OPTIONS":
            proxy_id = request.headers.get(PROXY_ID, "") if _is_from(settings.proxies) else ""
            g.client = authenticator.caller(request.headers.get("Authorization"), request.path, proxy_id)

    @app.errorhandler(Unauthenticated)
    def unauthenticated(error: Unauthenticated) -> Response:
        logs.event("refused", {"path": request.url_rule and request.url_rule.rule, "status": 401, "cause": error.cause})
        metrics.REFUSED.labels(401).inc()
        headers = {"WWW-Authenticate": "Bearer"}
        return Response(orjson.dumps(errors.outcome(error)), 401, headers, content_type="application/json")


def _is_from(proxies: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Whether the connection comes from one of these networks."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    plain = getattr(address, "ipv4_mapped", None) or address
    return any(plain in network for network in proxies)


def caller() -> Client | None:
    """The client making this call; None if callers are not authenticated."""
    client: Client | None = g.get("client")
    return client
