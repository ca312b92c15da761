"""Authentication: the JWT that a client signs for each call (CDS Hooks 2.0.1, "Trusting CDS Clients")."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt
from jwt.exceptions import PyJWTError

from cds_service.config import Settings
from cds_service.hooks import clients
from cds_service.hooks.clients import Client
from cds_service.hooks.errors import RequestError
from cds_service.hooks.keys import Keys, check, keys_of

ALGORITHMS = ("ES384", "RS384")
LONGEST_LIFE = 3600
"""Seconds from iat to exp."""
SKEW = 60
"""Seconds by which clocks may differ."""
LONGEST_TOKEN = 16 * 1024
PROXY_ID = "X-Proxy-Request-Id"
"""A header set by the proxy in front, replacing any value from outside: a random id of the client's request. It stays the same
if the proxy resends the request to another process because the first died before answering."""
SHORTEST_PROXY_ID = 32
"""Characters; nginx writes 128 random bits as 32 hexadecimal digits."""

_PORTS = {"https": 443, "http": 80}

Claims = Mapping[str, Any]
Remember = Callable[[str, str, float, str], bool]
"""(iss, jti, until, proxy id) -> whether this token may be accepted: it is new, or it is the proxy's own retry. ``until`` is in
seconds since 1970; the id is "" where there is none."""


class Unauthenticated(RequestError):  # noqa: N818  what it is, in the words of HTTP
    """401, the same for every cause. ``cause`` is for the log and names a part of the token, never its content."""

    def __init__(self, cause: str) -> None:
        super().__init__(401, "The caller could not be authenticated")
        self.cause = cause


class Authenticator:
    """Checks the tokens of configured clients. Created once, before the fork."""

    def __init__(self, known: Iterable[Client], base_url: str, remember: Remember, file: Path | None = None) -> None:
        """``base_url``: the service's own as clients see it, the prefix of every audience. ``file``: the clients file."""
        self._base_url = base_url
        self._remember = remember
        self._file = file
        self._clients: dict[str, dict[str, tuple[Client, Keys]]] = {}
        for client in known:
            check(client)
            self._clients.setdefault(client.iss, {})[client.tenant] = (client, keys_of(client))

    @classmethod
    def of(cls, settings: Settings, remember: Remember) -> Authenticator:
        """The authenticator for these settings. ConfigError if the clients file cannot be used."""
        return cls(clients.load(settings.clients) if settings.clients else (), settings.base_url, remember, settings.clients)

    @property
    def issuers(self) -> frozenset[str]:
        """Those whose clients may call."""
        return frozenset(self._clients)

    def probe(self) -> None:
        """Read the clients file again, to verify that the service could restart with it. ConfigError if not."""
        for client in clients.load(self._file) if self._file else ():
            check(client)

    def caller(self, authorization: str | None, path: str, proxy_id: str = "") -> Client:
        """The client that calls ``path``, identified by its Authorization header, with its tenant. A token is valid for one
        call, which the proxy may retry once (``PROXY_ID``).

        Checks are ordered so that nothing is fetched unless the token is from a known client, for this address and currently
        valid.

        Raises:
            Unauthenticated: 401, whatever the cause.
        """
        token = _bearer(authorization)
        head, claims = _unverified(token)
        tenants = self._clients.get(_string(claims, "iss"))
        if not tenants:
            raise Unauthenticated("iss")
        client, keys = _of_tenant(tenants, claims)
        wanted = {normalized(each) for each in (self._base_url + path, *client.aud)}
        if wanted.isdisjoint(map(normalized, _strings(claims.get("aud")))):
            raise Unauthenticated("aud")
        _check_times(claims)
        if client.tenant and claims.get("tenant") != client.tenant:
            raise Unauthenticated("tenant")
        _check_signature(token, head, client, keys)
        random_id = proxy_id if len(proxy_id) >= SHORTEST_PROXY_ID else ""
        if not self._remember(client.iss, _string(claims, "jti"), float(claims["exp"]) + SKEW, random_id):
            raise Unauthenticated("jti")
        return _in_tenant(client, claims)


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not 0 < len(token) <= LONGEST_TOKEN:
        raise Unauthenticated("no token")
    return token.strip()


def _unverified(token: str) -> tuple[Claims, Claims]:
    """Header and claims of a token that has not been verified yet."""
    try:
        parts = jwt.decode_complete(token, options={"verify_signature": False})
    except (PyJWTError, ValueError, RecursionError):
        raise Unauthenticated("form") from None
    head, claims = parts["header"], parts["payload"]
    if head.get("alg") not in ALGORITHMS or str(head.get("typ")).upper() != "JWT" or "crit" in head:
        raise Unauthenticated("head")
    for part, name in ((head, "kid"), (claims, "jti")):
        _string(part, name)
    return head, claims


def _of_tenant(tenants: Mapping[str, tuple[Client, Keys]], claims: Claims) -> tuple[Client, Keys]:
    """The client of the token's tenant, otherwise the one of this issuer without a tenant, otherwise any (to be refused
    later)."""
    tenant = claims.get("tenant")
    named = tenants.get(tenant) if isinstance(tenant, str) else None
    return named or tenants.get("") or next(iter(tenants.values()))


def _in_tenant(client: Client, claims: Claims) -> Client:
    """The client with the tenant that its token names, if the configuration leaves that open: ids are unique only within a
    tenant."""
    tenant = claims.get("tenant")
    return client if client.tenant or not isinstance(tenant, str) else client.model_copy(update={"tenant": tenant})


def _string(part: Claims, name: str) -> str:
    value = part.get(name)
    if not isinstance(value, str) or not value:
        raise Unauthenticated(name)
    return value


def _strings(audience: Any) -> set[str]:
    audiences = audience if isinstance(audience, list) else [audience]
    return {each for each in audiences if isinstance(each, str)}


def normalized(audience: str) -> str:
    """An audience as it is compared: of a URL, scheme and host in small letters, without the port that goes without saying and
    without a slash at the end. Anything else as it is.

    >>> normalized("HTTPS://CDS.example.org:443/cds-services/"), normalized("https://cds.example.org:8443/A"), normalized("Us")
    ('https://cds.example.org/cds-services', 'https://cds.example.org:8443/A', 'Us')
    """
    try:
        parts = urlsplit(audience)
        port = parts.port
    except ValueError:
        return audience
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        return audience
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}"
    return f"{parts.scheme}://{place}{parts.path.removesuffix('/')}"


def _check_times(claims: Claims) -> None:
    now = time.time()
    issued, expires = _seconds(claims, "iat"), _seconds(claims, "exp")
    if not (now - SKEW < expires <= issued + LONGEST_LIFE):
        raise Unauthenticated("exp")
    if issued > now + SKEW or ("nbf" in claims and _seconds(claims, "nbf") > now + SKEW):
        raise Unauthenticated("iat")


def _seconds(claims: Claims, name: str) -> float:
    """A NumericDate; impossible ones (inf, nan, beyond the year 9999) are rejected."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 253402300800:
        raise Unauthenticated(name)
    return float(value)


def _check_signature(token: str, head: Claims, client: Client, keys: Keys) -> None:
    if client.jwks_url and head.get("jku", client.jwks_url) != client.jwks_url:
        raise Unauthenticated("jku")
    key = keys.find(head["kid"])
    if key is None:
        raise Unauthenticated("kid")
    try:
        jwt.decode(token, key, algorithms=ALGORITHMS, issuer=client.iss, leeway=SKEW, options={"verify_aud": False})
    except PyJWTError:
        raise Unauthenticated("signature") from None
