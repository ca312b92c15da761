"""An export from a Bulk Data server (FHIR Bulk Data Access 2.0, with backend services authorization): asked for, waited for,
downloaded. Interrupted, it goes on where it stopped."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import jwt
import orjson
import requests
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from msgspec import Struct, json
from msgspec.structs import replace

from cds_service.client_keys import JWKS
from cds_service.config import ConfigError, without_slash
from cds_service.population.private import written

FOLDER, STATE = "export", "export.json"
PATIENCE = 24 * 3600.0
"""Seconds that an export may take to be made."""
_TIMEOUT = 60
_TRIES = 4
_WAIT, _LONGEST_WAIT = 2.0, 120.0
_PIECE = 1 << 20
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Wait = Callable[[float], None]


class Access(Struct, frozen=True):
    """How the server knows us: the id that it gave us, and our private key (PEM). ``token_url``: "" finds it by the server's
    configuration. Without ``client`` no token is asked for."""

    client: str = ""
    key: Path | None = None
    token_url: str = ""


class State(Struct, frozen=True):
    """What is kept of an export: of which URL, where to ask how far it is, the files, and whether it has been used."""

    url: str
    status: str = ""
    files: tuple[tuple[str, str], ...] = ()
    token: bool = False
    errors: int = 0
    ready: bool = False
    used: bool = False


class Server:
    """One Bulk Data server, asked with one access."""

    def __init__(self, url: str, access: Access, wait: Wait = time.sleep) -> None:
        """``url``: base of the server (all patients), of a Group, or a whole ``$export``."""
        self.url, self._access, self._wait = without_slash(url), access, wait
        self._session = requests.Session()
        self._until = 0.0
        self._token = ""

    def kick_off(self, types: Iterable[str]) -> str:
        """Ask for an export; where to ask how far it is."""
        asked = {"_type": ",".join(sorted(types)), "_outputFormat": "application/fhir+ndjson"}
        headers = {"Accept": "application/fhir+json", "Prefer": "respond-async"}
        answer = self._get(_export_of(self.url), headers, params=asked)
        status = answer.headers.get("Content-Location", "")
        if answer.status_code != requests.codes.accepted or not status:
            raise ConfigError(f"{self.url}: does not begin an export ({answer.status_code})")
        return urljoin(answer.url, status)

    def manifest(self, status: str) -> dict[str, Any]:
        """What was made, when it is made."""
        ends = time.monotonic() + PATIENCE
        pause = _WAIT
        while time.monotonic() < ends:
            answer = self._get(status, {"Accept": "application/json"})
            if answer.status_code == requests.codes.ok:
                with suppress(ValueError):
                    told = answer.json()
                    if isinstance(told, dict) and isinstance(told.get("output"), list):
                        return told
                raise ConfigError(f"{self.url}: what it says of its export cannot be read")
            if answer.status_code != requests.codes.accepted:
                raise ConfigError(f"{self.url}: the export has failed ({answer.status_code}); --fresh asks for another one")
            self._wait(_after(answer, pause))
            pause = min(pause * 2, _LONGEST_WAIT)
        raise ConfigError(f"{self.url}: the export was not made in {PATIENCE / 3600:.0f} hours")

    def download(self, url: str, path: Path, *, token: bool) -> None:
        """One file, whole or not at all."""
        if token and _origin(url) != _origin(self.url):
            raise ConfigError(f"{self.url}: wants its token sent to another server, {_origin(url)}")
        for attempt in range(_TRIES):
            try:
                with written(path) as file:
                    answer = self._get(url, {"Accept": "application/fhir+ndjson"}, token=token, stream=True)
                    if answer.status_code != requests.codes.ok:
                        why = f"a file of the export cannot be had ({answer.status_code}); --fresh asks for another one"
                        raise ConfigError(f"{self.url}: {why}")
                    for piece in answer.iter_content(_PIECE):
                        file.write(piece)
                return
            except requests.RequestException as error:
                if attempt == _TRIES - 1:
                    raise ConfigError(f"{self.url}: a file of the export breaks off ({type(error).__name__})") from None
                self._wait(_WAIT * 2**attempt)

    def forget(self, status: str) -> None:
        """Tell the server that its files are no longer needed; whether it listens does not matter."""
        with suppress(requests.RequestException, ConfigError):
            self._session.delete(status, headers=self._headers({}, token=True), timeout=_TIMEOUT)

    def _get(
        self,
        url: str,
        headers: dict[str, str],
        *,
        token: bool = True,
        stream: bool = False,
        params: dict[str, str] | None = None,
    ) -> requests.Response:
        """The answer. What is only for now (429, 5xx, no connection) is asked again, when the server says."""
        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1
            try:
                answer = self._session.get(
                    url,
                    headers=self._headers(headers, token=token),
                    params=params,
                    timeout=_TIMEOUT,
                    stream=stream,
                    allow_redirects=not token,
                )
            except requests.RequestException as error:
                if last:
                    raise ConfigError(f"{self.url}: does not answer ({type(error).__name__})") from None
                self._wait(_WAIT * 2**attempt)
                continue
            if last or (answer.status_code != requests.codes.too_many_requests and answer.status_code < 500):
                return answer
            self._wait(_after(answer, _WAIT * 2**attempt))
        raise AssertionError("the last attempt returns or raises")

    def _headers(self, headers: dict[str, str], *, token: bool) -> dict[str, str]:
        if not token or not self._access.client:
            return headers
        if time.monotonic() > self._until:
            self._renew()
        return headers | {"Authorization": f"Bearer {self._token}"}

    def _renew(self) -> None:
        """A token for our signed assertion (SMART backend services)."""
        url = self._access.token_url or self._token_url()
        form = {"grant_type": "client_credentials", "scope": "system/*.read", "client_assertion_type": _ASSERTION}
        try:
            answer = self._session.post(url, form | {"client_assertion": self._assertion(url)}, timeout=_TIMEOUT)
            told = answer.json() if answer.ok else {}
        except (requests.RequestException, ValueError):
            told = {}
        if not isinstance(told, dict) or not isinstance(told.get("access_token"), str):
            raise ConfigError(f"{url}: gives no token for --client-id and --key")
        lasts = told.get("expires_in")
        self._token = told["access_token"]
        self._until = time.monotonic() + max((lasts if isinstance(lasts, int) else 300) - 30, 0)

    def _token_url(self) -> str:
        base = self.url.partition("/Group/")[0].removesuffix("/$export").removesuffix("/Patient")
        try:
            told = self._session.get(f"{base}/.well-known/smart-configuration", timeout=_TIMEOUT).json()
            return str(told["token_endpoint"])
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


def fetched(server: Server, out: Path, types: frozenset[str], fresh: bool) -> tuple[Path, bool]:
    """The folder of the export, downloaded, and whether the server has given all that was asked for. One that an interrupted
    run has begun goes on; one that was used is asked for anew."""
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    state = _kept(out)
    if state is None or state.url != server.url or state.used or fresh:
        for old in folder.iterdir():
            old.unlink()
        state = _keep(out, State(server.url, server.kick_off(types)))
    if not state.ready:
        told = server.manifest(state.status)
        files = tuple((str(e["type"]), urljoin(state.status, str(e["url"]))) for e in told["output"] if isinstance(e, dict))
        errors = len(told.get("error") or ())
        state = _keep(out, replace(state, files=files, token=bool(told.get("requiresAccessToken")), errors=errors, ready=True))
    for number, (kind, url) in enumerate(state.files):
        path = folder / f"{kind}.{number:05}.ndjson"
        if not path.exists():
            server.download(url, path, token=state.token)
    for kind in types if not state.errors else ():
        if not any(kind == named for named, _ in state.files):
            (folder / f"{kind}.none.ndjson").touch()  # asked for, and there is none
    return folder, not state.errors


def used(server: Server, out: Path) -> None:
    """The run is done: the next one asks anew, and the server may forget its files."""
    state = _kept(out)
    if state is not None:
        server.forget(state.status)
        _keep(out, replace(state, used=True))


def _kept(out: Path) -> State | None:
    try:
        return json.decode((out / STATE).read_bytes(), type=State)
    except (OSError, ValueError):
        return None


def _keep(out: Path, state: State) -> State:
    with written(out / STATE) as file:
        file.write(json.encode(state))
    return state


def _export_of(url: str) -> str:
    """Where an export is asked for.

    >>> _export_of("https://ehr.example.org/fhir"), _export_of("https://ehr.example.org/fhir/Group/7")
    ('https://ehr.example.org/fhir/Patient/$export', 'https://ehr.example.org/fhir/Group/7/$export')
    """
    if url.endswith("/$export"):
        return url
    return f"{url}/$export" if url.endswith("/Patient") or "/Group/" in url else f"{url}/Patient/$export"


def _after(answer: requests.Response, otherwise: float) -> float:
    """Seconds that the server asks us to wait: a number, or a date."""
    told = answer.headers.get("Retry-After", "")
    if told.isdecimal():
        return min(float(told), _LONGEST_WAIT)
    with suppress(ValueError, TypeError):
        return min(max((parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds(), 0), _LONGEST_WAIT)
    return otherwise


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _key_id(path: Path | None) -> dict[str, str]:
    """The name of our key in the JWK set beside it."""
    with suppress(OSError, ValueError, KeyError, IndexError):
        if path:
            return {"kid": orjson.loads((path.parent / JWKS).read_bytes())["keys"][0]["kid"]}
    return {}
