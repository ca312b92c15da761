"""Tokens of a server for a signed assertion (SMART backend services)."""

from __future__ import annotations

import time
import uuid
from contextlib import suppress
from pathlib import Path

import jwt
import orjson
import requests
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Struct

from cds_service.config import ConfigError
from cds_service.hooks.client_keys import JWKS

_TIMEOUT = 60
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Access(Struct, frozen=True):
    """How the server knows us: the id that it gave us, and our private key (PEM). ``token_url``: "" finds it by the server's
    configuration. Without ``client`` no token is asked for."""

    client: str = ""
    key: Path | None = None
    token_url: str = ""


class Tokens:
    """The token of one server, asked for anew when it runs out."""

    def __init__(self, url: str, access: Access, session: requests.Session) -> None:
        self._url, self._access, self._session = url, access, session
        self._until = 0.0
        self._token = ""

    @property
    def wanted(self) -> bool:
        return bool(self._access.client)

    def current(self) -> str:
        """Raises ConfigError where none can be had."""
        if time.monotonic() > self._until:
            self._renew()
        return self._token

    def drop(self) -> bool:
        """Whether there was one that another one may replace; it no longer counts."""
        had, self._token, self._until = bool(self._token), "", 0.0
        return had

    def _renew(self) -> None:
        url = self._access.token_url or self._token_url()
        form = {"grant_type": "client_credentials", "scope": "system/*.read", "client_assertion_type": _ASSERTION}
        try:
            answer = self._session.post(url, form | {"client_assertion": self._assertion(url)}, timeout=_TIMEOUT)
            told = answer.json() if answer.ok else {}
        except ValueError:  # not JSON
            told = {}
        except requests.RequestException as error:
            raise _unheard(url, error) from None
        if not isinstance(told, dict) or not isinstance(told.get("access_token"), str):
            raise ConfigError(f"{url}: gives no token for --client-id and --key")
        lasts = told.get("expires_in")
        self._token = told["access_token"]
        self._until = time.monotonic() + max((lasts if isinstance(lasts, int) else 300) - 30, 0)

    def _token_url(self) -> str:
        base = self._url.partition("/Group/")[0].removesuffix("/$export").removesuffix("/Patient")
        try:
            told = self._session.get(f"{base}/.well-known/smart-configuration", timeout=_TIMEOUT).json()
            return str(told["token_endpoint"])
        except (requests.ConnectionError, requests.Timeout) as error:
            raise _unheard(base, error) from None
        except (requests.RequestException, ValueError, KeyError, TypeError):
            raise ConfigError(f"{base}: does not say where tokens are given: name it by --token-url") from None

    def _assertion(self, audience: str) -> str:
        path = self._access.key
        try:
            pem = path.read_bytes() if path else b""
            key = load_pem_private_key(pem, None)
        except (OSError, ValueError, TypeError):
            raise ConfigError("--key: must name a private key (PEM), as client-keys makes it") from None
        claims = {"iss": self._access.client, "sub": self._access.client, "aud": audience, "jti": uuid.uuid4().hex}
        alg = "ES384" if isinstance(key, EllipticCurvePrivateKey) else "RS384"
        return jwt.encode(claims | {"exp": int(time.time()) + 240}, pem, alg, headers=_key_id(path))


def _unheard(url: str, error: requests.RequestException) -> ConfigError:
    """Nobody answers: what is wrong is not what we sent."""
    return ConfigError(f"{url}: does not answer ({type(error).__name__})")


def _key_id(path: Path | None) -> dict[str, str]:
    """The name of our key in the JWK set beside it."""
    with suppress(OSError, ValueError, KeyError, IndexError, TypeError):
        if path:
            return {"kid": orjson.loads((path.parent / JWKS).read_bytes())["keys"][0]["kid"]}
    return {}
