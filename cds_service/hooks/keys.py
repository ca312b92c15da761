"""The public keys of a client, looked up by the ``kid`` of a token.

All worker processes share one copy (created before the fork), so that an unknown kid makes at most one of them refetch the keys
per minute.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any

import msgspec
import urllib3
from jwt import PyJWK
from jwt.exceptions import PyJWTError
from msgspec import Struct, field

from cds_service import logs
from cds_service.certificates import trusted
from cds_service.config import ConfigError
from cds_service.hooks.clients import Client

COOL_DOWN = 60.0
"""Minimum seconds between two fetches caused by an unknown kid."""
MAX_AGE = 3600.0
"""Seconds after which keys are refetched, so that a withdrawn key does not stay valid."""
MAX_BYTES = 256 * 1024
TIMEOUT = urllib3.Timeout(total=3.0)
MIN_RSA_BITS = 2048

Json = dict[str, Any]
_MEMBERS = {"EC": ("kty", "crv", "x", "y"), "RSA": ("kty", "n", "e")}
Algorithms = Mapping[str, tuple[str, ...]]
"""By the kind of a key (RSA, or the curve): the algorithms that it may sign with, the one of a key that names none first."""
OF_HOOKS: Algorithms = {"P-384": ("ES384",), "RSA": ("RS384",)}
OF_ID_TOKENS: Algorithms = {"P-384": ("ES384",), "P-256": ("ES256",), "RSA": ("RS256", "RS384")}


class _Jwks(Struct):
    keys: list[Json] = field(default_factory=list)


class _Shared(Struct):
    """State shared by the processes: when the keys were fetched, when an unknown kid last caused a fetch, and the keys."""

    fetched: float = 0.0
    tried: float = 0.0
    jwks: _Jwks = field(default_factory=_Jwks)


_jwks = msgspec.json.Decoder(_Jwks)
_shared = msgspec.json.Decoder(_Shared)


class Keys:
    """The keys of one client. ``fetch`` gives the bytes of a JWK set; OSError or urllib3's HTTPError where it cannot."""

    def __init__(self, fetch: Callable[[], bytes], algorithms: Algorithms = OF_HOOKS) -> None:
        self._fetch = fetch
        self._algorithms = algorithms
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the service
        self._lock = Lock()
        self._known: Mapping[str, PyJWK] = {}
        self._fetched = 0.0
        os.register_at_fork(after_in_child=self._forget_lock)

    def _forget_lock(self) -> None:
        self._lock = Lock()

    def find(self, kid: str) -> PyJWK | None:
        """The key of this name; None when the client has none."""
        if kid not in self._known or time.time() - self._fetched > MAX_AGE:
            with self._lock, _alone(self._file.fileno()):
                self._refresh(kid)
        return self._known.get(kid)

    def only(self) -> PyJWK | None:
        """The key of a client that has one alone, for tokens that name none (OpenID Connect Core, 10.1)."""
        self.find(next(iter(self._known), ""))
        return next(iter(self._known.values())) if len(self._known) == 1 else None

    def _refresh(self, kid: str) -> None:
        """Use what another process fetched; fetch if that does not help and enough time has passed."""
        shared, now = self._read(), time.time()
        known = usable(shared.jwks, self._algorithms)
        unknown, first = kid not in known, not shared.fetched
        if (unknown or now - shared.fetched > MAX_AGE) and now - shared.tried > COOL_DOWN:
            try:
                shared.jwks, shared.fetched = _jwks.decode(self._fetch()), now
                known = usable(shared.jwks, self._algorithms)
            except (OSError, urllib3.exceptions.HTTPError, msgspec.DecodeError, UnicodeDecodeError) as error:
                logs.event("keys not fetched", {}, error)
            if shared.fetched != now or (
                unknown and not (first and kid in known)
            ):  # the first fetch was not caused by an unknown kid
                shared.tried = now
            self._write(shared)
        self._known, self._fetched = known, shared.fetched

    def _read(self) -> _Shared:
        content = os.pread(self._file.fileno(), 2 * MAX_BYTES, 0)
        return _shared.decode(content) if content else _Shared()

    def _write(self, shared: _Shared) -> None:
        os.ftruncate(self._file.fileno(), 0)
        os.pwrite(self._file.fileno(), msgspec.json.encode(shared), 0)


@contextmanager
def _alone(file: int) -> Iterator[None]:
    """One process at a time; the lock is released if its process is killed."""
    fcntl.lockf(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.lockf(file, fcntl.LOCK_UN)


def usable(jwks: _Jwks, algorithms: Algorithms = OF_HOOKS) -> dict[str, PyJWK]:
    """The keys that can check a signature of these: kid -> key. Private members are left out, other keys ignored."""
    found = {}
    for jwk in jwks.keys:
        kind, kid = jwk.get("kty"), jwk.get("kid")
        if not isinstance(kind, str) or kind not in _MEMBERS or not isinstance(kid, str) or jwk.get("use", "sig") != "sig":
            continue
        allowed = algorithms.get(str(jwk.get("crv")) if kind == "EC" else kind, ())
        algorithm = jwk.get("alg", next(iter(allowed), ""))
        if algorithm not in allowed:
            continue
        with suppress(PyJWTError, ValueError, TypeError, AttributeError):
            key = PyJWK({name: jwk[name] for name in _MEMBERS[kind] if name in jwk}, algorithm=algorithm)
            if kind == "EC" or key.key.key_size >= MIN_RSA_BITS:
                found[kid] = key
    return found


def keys_of(client: Client) -> Keys:
    """The keys of a client, from its file or its URL."""
    if client.jwks_file is not None:
        return Keys(client.jwks_file.read_bytes)
    return Keys(lambda: _download(client.jwks_url))


def keys_of_id_tokens(client: Client) -> Keys:
    """The keys by which an EHR signs id_tokens: at an address of their own, or those of the client."""
    url = client.smart.jwks_url if client.smart else ""
    if client.jwks_file is not None and not url:
        return Keys(client.jwks_file.read_bytes, OF_ID_TOKENS)
    return Keys(lambda: _download(url or client.jwks_url), OF_ID_TOKENS)


def check(client: Client) -> None:
    """ConfigError if the client's keys are in a file and none of them is usable."""
    if client.jwks_file is not None:
        with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
            if usable(_jwks.decode(client.jwks_file.read_bytes())):
                return
        raise ConfigError("CDS_CLIENTS: jwks_file must hold a JWK set with a P-384 or RSA key that has a kid")


_pool = urllib3.PoolManager(ssl_context=trusted(), retries=False, maxsize=1)


def _download(url: str) -> bytes:
    """The body of a configured address. Redirects are not followed: they could lead anywhere."""
    answer = _pool.request(
        "GET", url, headers={"Accept": "application/json"}, timeout=TIMEOUT, redirect=False, preload_content=False
    )
    try:
        content = answer.read(MAX_BYTES + 1)
    finally:
        answer.release_conn()
    if answer.status != 200 or len(content) > MAX_BYTES:
        raise OSError("the keys could not be fetched")
    return bytes(content)
