"""An export from a Bulk Data server (FHIR Bulk Data Access 2.0, with backend services authorization): asked for, waited for,
downloaded. Interrupted, it goes on where it stopped."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from msgspec import MsgspecError, Raw, Struct, json
from msgspec.structs import replace

from cds_service.config import ConfigError, without_slash
from cds_service.population.private import written
from cds_service.population.tokens import Access, Tokens

FOLDER, STATE = "export", "export.json"
PATIENCE = 24 * 3600.0
"""Seconds that an export may take to be made."""
_TIMEOUT = 60
_TRIES = 4
_WAIT, _LONGEST_WAIT = 2.0, 120.0
_SHORTEST_ASKED, _LONGEST_ASKED = 1.0, 3600.0
"""Seconds that a server may ask us to wait."""
_PIECE = 1 << 20

_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")

Wait = Callable[[float], None]


class Output(Struct, frozen=True):
    type: str
    url: str


class Link(Struct, frozen=True):
    relation: str = ""
    url: str = ""


class Manifest(Struct, frozen=True, rename="camel"):
    """What a server says of an export that it has made, or of a page of it."""

    output: tuple[Output, ...]
    error: tuple[Raw, ...] | None = None
    link: tuple[Link, ...] | None = None
    requires_access_token: bool | None = None


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
        self.url, self._wait = without_slash(url), wait
        self._session = requests.Session()
        self._tokens = Tokens(self.url, access, self._session)

    def kick_off(self, types: Iterable[str]) -> str:
        """Ask for an export; where to ask how far it is."""
        asked = {"_type": ",".join(sorted(types)), "_outputFormat": "application/fhir+ndjson"}
        headers = {"Accept": "application/fhir+json", "Prefer": "respond-async"}
        answer = self._get(_export_of(self.url), headers, params=asked)
        status = answer.headers.get("Content-Location", "")
        if answer.status_code != requests.codes.accepted or not status:
            raise ConfigError(f"{self.url}: does not begin an export ({answer.status_code})")
        return urljoin(answer.url, status)

    def manifests(self, status: str) -> Iterator[Manifest]:
        """What was made, page by page, when it is made."""
        asked: set[str] = set()
        while status and status not in asked:
            asked.add(status)
            answer = self._made(status)
            try:
                told = json.decode(answer.content, type=Manifest)
            except MsgspecError:
                raise ConfigError(f"{self.url}: what it says of its export cannot be read") from None
            if any(not _TYPE.fullmatch(each.type) for each in told.output):  # it names a file of ours
                raise ConfigError(f"{self.url}: its export has a file of a type that is none")
            output = tuple(replace(each, url=urljoin(answer.url, each.url)) for each in told.output)
            yield replace(told, output=output)
            status = next((urljoin(answer.url, link.url) for link in told.link or () if link.relation == "next"), "")

    def _made(self, status: str) -> requests.Response:
        """The answer when it is made. A server that is asked too often may say so; it is then asked later."""
        ends = time.monotonic() + PATIENCE
        pause = _WAIT
        while time.monotonic() < ends:
            answer = self._get(status, {"Accept": "application/json"})
            if answer.status_code == requests.codes.ok:
                return answer
            if answer.status_code not in (requests.codes.accepted, requests.codes.too_many_requests):
                raise ConfigError(f"{self.url}: the export has failed ({answer.status_code}); --fresh asks for another one")
            self._wait(_after(answer, pause))
            pause = min(pause * 2, _LONGEST_WAIT)
        raise ConfigError(f"{self.url}: the export was not made in {PATIENCE / 3600:.0f} hours")

    def download(self, url: str, path: Path, *, token: bool) -> None:
        """One file, whole or not at all."""
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
            headers = self._headers(status, {}, token=True)
            self._session.delete(status, headers=headers, timeout=_TIMEOUT, allow_redirects=False)

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
                    headers=self._headers(url, headers, token=token),
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
            if answer.status_code == requests.codes.unauthorized and token and not last and self._tokens.drop():
                continue  # it has run out before its time
            if last or (answer.status_code != requests.codes.too_many_requests and answer.status_code < 500):
                return answer
            self._wait(_after(answer, _WAIT * 2**attempt))
        raise AssertionError("the last attempt returns or raises")

    def _headers(self, url: str, headers: dict[str, str], *, token: bool) -> dict[str, str]:
        if not token or not self._tokens.wanted:
            return headers
        if _origin(url) != _origin(self.url):
            raise ConfigError(f"{self.url}: wants its token sent to another server, {_origin(url)}")
        return headers | {"Authorization": f"Bearer {self._tokens.current()}"}


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
        pages = [*server.manifests(state.status)]
        files = tuple((each.type, each.url) for page in pages for each in page.output)
        errors = sum(len(page.error or ()) for page in pages)
        token = any(page.requires_access_token for page in pages)
        state = _keep(out, replace(state, files=files, token=token, errors=errors, ready=True))
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
    """Seconds that the server asks us to wait: a number, or a date. Never none, which would ask it again and again."""
    told = answer.headers.get("Retry-After", "")
    if told.isascii() and told.isdecimal():
        return _within(float(told))
    with suppress(ValueError, TypeError, OverflowError):
        return _within((parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    return otherwise


def _within(seconds: float) -> float:
    return min(max(seconds, _SHORTEST_ASKED), _LONGEST_ASKED)


def _origin(url: str) -> str:
    """Where a request goes, a port that goes without saying left out.

    >>> _origin("HTTPS://EHR.example.org:443/fhir"), _origin("http://ehr.example.org:8080/fhir")
    ('https://ehr.example.org', 'http://ehr.example.org:8080')
    """
    try:
        parts = urlsplit(url)
        port = "" if parts.port in (None, {"https": 443, "http": 80}.get(parts.scheme)) else f":{parts.port}"
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.hostname}{port}"
