"""Who may see a page, and what a page may do in the browser."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from flask import Response, request

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def harden(response: Response) -> Response:
    """Nothing from other hosts, no inline script or style, no referrer sent to link targets."""
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-cache")
    return response


def asks_for(token: str) -> Callable[[], Response | None]:
    """A check before each request: the token as the password that a browser asks for (any user name), or as a Bearer token.

    "" lets everyone in; the settings ensure that this happens only in development.
    """

    def check() -> Response | None:
        if not token or hmac.compare_digest(_given().encode(), token.encode()):
            return None
        refusal = Response("Unauthorized\n", 401, content_type="text/plain; charset=utf-8")
        refusal.headers["WWW-Authenticate"] = 'Basic realm="osteoporosis-cds", charset="UTF-8"'
        return refusal

    return check


def _given() -> str:
    """The token that came with the request; "" for none."""
    given = request.authorization
    if given is None:
        return ""
    return (given.password if given.type == "basic" else given.token) or ""
