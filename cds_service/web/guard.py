"""Who may see a page, and what a page may do in the browser."""

from __future__ import annotations

import hmac
import time
from collections import deque
from collections.abc import Callable

from flask import Response, request

from cds_service import logs

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
    """Nothing from other hosts, no inline script or style, no referrer sent to other hosts. To our own it is sent: without it a
    browser says of a form of ours that its origin is null, and ``only_from_its_own_page`` would refuse it."""
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers.setdefault("Cache-Control", "no-cache")
    return response


MOST_TRIES = 10
"""Wrong tokens a minute, of all callers of a process together, after which nobody is let in until the minute is over."""
_MINUTE = 60.0


def asks_for(
    token: str, clock: Callable[[], float] = time.monotonic, realm: str = "osteoporosis-cds"
) -> Callable[[], Response | None]:
    """A check before each request: the token as the password that a browser asks for (any user name), or as a Bearer token.
    Wrong ones are counted and logged. A browser keeps one password for each ``realm``.

    "" lets everyone in; the settings ensure that this happens only in development.
    """
    tries: deque[float] = deque(maxlen=MOST_TRIES)

    def check() -> Response | None:
        if not token:
            return None
        if len(tries) == MOST_TRIES and tries[0] > clock() - _MINUTE:
            logs.warn("too many wrong tokens", {"path": request.url_rule and request.url_rule.rule, "status": 429})
            headers = {"Retry-After": str(int(_MINUTE))}
            return Response("Too many tries\n", 429, headers, content_type="text/plain; charset=utf-8")
        if hmac.compare_digest(_given().encode(), token.encode()):
            return None
        if _given():
            tries.append(clock())
            logs.warn("wrong token", {"path": request.url_rule and request.url_rule.rule, "status": 401})
        refusal = Response("Unauthorized\n", 401, content_type="text/plain; charset=utf-8")
        refusal.headers["WWW-Authenticate"] = f'Basic realm="{realm}", charset="UTF-8"'
        return refusal

    return check


def only_from_its_own_page(base_url: str) -> Callable[[], Response | None]:
    """A check before each request: what changes something must come from a page of this service. A browser sends the token
    along with whatever a page of another origin sends, and says where that came from; other clients say nothing. ``base_url``
    "": the address that was asked is ours."""

    def check() -> Response | None:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return None
        own = "/".join((base_url or request.host_url).split("/")[:3]).lower()
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site", "none")
        if site in ("same-origin", "none") and (origin is None or origin.lower() == own):
            return None
        logs.warn("from another page", {"path": request.url_rule and request.url_rule.rule, "status": 403})
        return Response("Forbidden\n", 403, content_type="text/plain; charset=utf-8")

    return check


def _given() -> str:
    """The token that came with the request; "" for none."""
    given = request.authorization
    if given is None:
        return ""
    return (given.password if given.type == "basic" else given.token) or ""
