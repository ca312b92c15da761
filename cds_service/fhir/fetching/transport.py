"""The HTTP under the FHIR client: which connections are used, what is retried, whose certificates are trusted."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from socket import SHUT_RDWR
from threading import local
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from cds_service.certificates import trusted

_running = local()


class InUse:
    """The connection that one query uses, so that another thread can abort it."""

    def __init__(self) -> None:
        self._connection: HTTPConnection | None = None

    def watch(self) -> None:
        """Note the connection that this thread uses from now on."""
        _running.in_use = self

    def note(self, connection: HTTPConnection) -> None:
        connection.watched = connection.sock  # type: ignore[attr-defined]  # the response takes the socket over
        self._connection = connection

    def release(self) -> None:
        """The answer is over: the connection may be another query's by now."""
        self._connection = None

    def shut(self) -> None:
        """Abort whatever is in progress: a blocked read ends at once."""
        if (connection := self._connection) is not None:
            with suppress(OSError, AttributeError):
                connection.watched.shutdown(SHUT_RDWR)  # type: ignore[attr-defined]


class _HTTPConnection(HTTPConnection):
    """Reports when it is being used."""

    def getresponse(self) -> Any:
        _running.in_use.note(self)
        return super().getresponse()


class _HTTPSConnection(HTTPSConnection):
    def getresponse(self) -> Any:
        _running.in_use.note(self)
        return super().getresponse()


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPSConnection


class _Adapter(HTTPAdapter):
    """Retries only requests that never reached the server, and trusts the system's certificates."""

    def __init__(self, connections: int) -> None:
        retry = urllib3.Retry(
            total=None,
            connect=2,
            status=0,
            read=0,
            redirect=0,
            other=0,
            status_forcelist=(),
            allowed_methods=("GET",),
            respect_retry_after_header=False,
            raise_on_status=False,
        )
        super().__init__(pool_connections=8, pool_maxsize=connections, max_retries=retry)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=trusted(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}


class Bearer(requests.auth.AuthBase):
    """Sets the header last, so that a .netrc of the machine cannot replace it."""

    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self.token:
            request.headers["Authorization"] = f"Bearer {self.token}"
        else:
            request.headers.pop("Authorization", None)
        return request


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """Never: otherwise the whole body of a redirect would be read, however long, to find its target."""


@cache
def proxies(base: str) -> dict[str, str]:
    """The proxies that the environment names for a FHIR server."""
    return dict(requests.utils.get_environ_proxies(base))


def session(connections: int) -> requests.Session:
    """A session that keeps connections alive and nothing else: no cookie of one call reaches another."""
    made = _Session()
    made.trust_env = False  # the environment is read once, here and in ``proxies``, not for each query
    made.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
    made.headers.update({"Accept": "application/fhir+json"})
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    adapter = _Adapter(connections)
    made.mount("http://", adapter)
    made.mount("https://", adapter)
    return made
