"""The id_token that an EHR signs about its user (OpenID Connect Core 1.0): it opens the endpoint of the SMART app, and
nothing else.

It is checked and forgotten. Unlike the token of a hook it may come several times until it expires."""

from __future__ import annotations

import time
from collections.abc import Iterable

import jwt
from jwt.exceptions import ExpiredSignatureError, PyJWTError
from msgspec import Struct

from cds_service.hooks.clients import Client, Smart
from cds_service.hooks.context import relative
from cds_service.hooks.errors import RequestError
from cds_service.hooks.keys import OF_ID_TOKENS, Keys, keys_of_id_tokens

ALGORITHMS = tuple(sorted({name for names in OF_ID_TOKENS.values() for name in names}))
SKEW = 60
"""Seconds by which clocks may differ."""
OLDEST = 12 * 3600
"""Seconds after which an id_token is not taken any more, whatever it says: a working day."""
LONGEST = 16 * 1024
_REQUIRED = ("iss", "aud", "exp", "iat", "sub")


class Refused(RequestError):  # noqa: N818  what it is
    """401. ``cause`` names the part of the token that is wrong, for the page and the log, never its content."""

    def __init__(self, cause: str) -> None:
        super().__init__(401, f"id_token: {cause}", code="expired" if cause == "exp" else "login")
        self.cause = cause


class Launched(Struct, frozen=True):
    """Who uses the app: the EHR as a client, and the relative reference of the user ("Practitioner/7")."""

    client: Client
    user: str


def issuer_of(client: Client, smart: Smart) -> str:
    return smart.issuer or client.iss


class IdTokens:
    """Checks the id_tokens of the clients with which the app is registered. Created once, before the fork."""

    def __init__(self, known: Iterable[Client]) -> None:
        self._known: dict[str, list[tuple[Client, Smart, Keys]]] = {}
        for client in known:
            if client.smart:
                issuer = issuer_of(client, client.smart)
                self._known.setdefault(issuer, []).append((client, client.smart, keys_of_id_tokens(client)))

    def launched(self, authorization: str | None) -> Launched:
        """Who sent this header.

        Raises:
            Refused: it holds no id_token of a registered EHR for this app that is valid now.
        """
        scheme, _, token = (authorization or "").strip().partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= LONGEST:
            raise Refused("none")
        try:
            parts = jwt.decode_complete(token, options={"verify_signature": False})
        except (PyJWTError, ValueError, RecursionError):
            raise Refused("form") from None
        head, told = parts["header"], parts["payload"]
        kid, issuer = head.get("kid"), told.get("iss")
        if head.get("alg") not in ALGORITHMS or "crit" in head or not isinstance(kid, str | None):
            raise Refused("head")
        client, smart, keys = self._registered(issuer, told)
        key = keys.only() if kid is None else keys.find(kid)
        if key is None or head["alg"] not in _fitting(key):
            raise Refused("kid")
        try:
            claims = jwt.decode(
                token,
                key.key,
                algorithms=[head["alg"]],
                issuer=issuer,
                audience=smart.client_id,
                leeway=SKEW,
                options={"require": [*_REQUIRED]},
            )
        except ExpiredSignatureError:
            raise Refused("exp") from None
        except (PyJWTError, OverflowError):  # an infinite time is JSON for some
            raise Refused("signature") from None
        if time.time() - int(claims["iat"]) > OLDEST:
            raise Refused("exp")
        if claims.get("azp", smart.client_id) != smart.client_id:
            raise Refused("azp")
        return Launched(_in_tenant(client, claims.get("tenant")), _user(claims))

    def _registered(self, issuer: object, told: dict[str, object]) -> tuple[Client, Smart, Keys]:
        """The registration that a token is for: of this issuer, with its audience, and of its tenant where that is told."""
        if not isinstance(issuer, str) or issuer not in self._known:
            raise Refused("iss")
        audience = told.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        found = [each for each in self._known[issuer] if each[1].client_id in audiences]
        if not found:
            raise Refused("aud")
        if any(client.tenant for client, _, _ in found):
            found = [each for each in found if each[0].tenant == told.get("tenant")] or [
                each for each in found if not each[0].tenant
            ]
        if not found:
            raise Refused("tenant")
        return found[0]


def _fitting(key: jwt.PyJWK) -> tuple[str, ...]:
    """What a key may sign with: an RSA key that names no algorithm may with any of its kind."""
    return next(names for names in OF_ID_TOKENS.values() if key.algorithm_name in names)


def _in_tenant(client: Client, tenant: object) -> Client:
    return client if client.tenant or not isinstance(tenant, str) else client.model_copy(update={"tenant": tenant})


def _user(claims: dict[str, object]) -> str:
    """The user as hooks name them (``fhirUser``, formerly ``profile``), so that what was set aside there is known here."""
    told = claims.get("fhirUser") or claims.get("profile") or ""
    reference = relative(told) if isinstance(told, str) else ""
    kind, _, ident = reference.partition("/")
    return reference if kind and ident else f"Practitioner/{claims['sub']}"
