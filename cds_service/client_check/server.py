"""One GET at a time, timed."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import requests
import urllib3
from msgspec import Struct

from cds_service.fhir.fetching.transport import Bearer, InUse, proxies, session

MOST = 32 * 1024**2
"""Bytes of one answer."""


class Told(Struct, frozen=True):
    """An answer. ``status`` 0: there was none, and ``error`` says why; ``seconds``: until all of it was there."""

    status: int
    seconds: float
    content: bytes = b""
    retry_after: str = ""
    error: str = ""

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object; empty if it is none."""
        try:
            told = msgspec.json.decode(self.content)
        except (msgspec.DecodeError, RecursionError):
            return {}
        return told if isinstance(told, dict) else {}

    @property
    def ms(self) -> int:
        return round(self.seconds * 1000)


class Server:
    """A FHIR server, asked with one token; ``base`` without a slash at the end. Nothing but GET is ever sent."""

    def __init__(self, base: str, token: str, timeout: float, connections: int = 32) -> None:
        self.base, self.token, self._timeout = base, token, timeout
        self._session = session(connections)

    def ask(self, path: str, *, token: str | None = None) -> Told:
        """The answer to a path below the base, or to an absolute URL below it. ``token``: another one than the server's."""
        url = path if path.startswith((f"{self.base}/", f"{self.base}?")) else f"{self.base}/{path}"
        InUse().watch()
        began = time.perf_counter()
        try:
            with self._session.get(
                url,
                auth=Bearer(self.token if token is None else token),
                timeout=self._timeout,
                proxies=proxies(self.base),
                allow_redirects=False,
                stream=True,
            ) as answer:
                content = answer.raw.read(MOST, decode_content=True)
                took = time.perf_counter() - began
                return Told(answer.status_code, took, content, answer.headers.get("Retry-After", ""))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            return Told(0, time.perf_counter() - began, error=type(error).__name__)
