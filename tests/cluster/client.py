"""A client of the cluster: it signs every call, and counts what comes back."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

import fhir_fixtures
from tests.protocol.tokens import TokenMaker

VIEW = "/cds-services/osteoporosis-patient-view"
FEEDBACK = f"{VIEW}/feedback"
Json = dict[str, Any]


def self_made(host: str) -> tuple[bytes, bytes]:
    """A certificate for this host that is good for a day, and its private key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM), private


def view(patient: str) -> Json:
    """The patient-view request of a fixture, as if its story happened today."""
    return fhir_fixtures.load(patient).shifted(dt.datetime.now().astimezone().date()).request()


def overridden(card: str, **reason: Any) -> Json:
    """Feedback: this card was set aside."""
    told = {"card": card, "outcome": "overridden", "outcomeTimestamp": dt.datetime.now(dt.UTC).isoformat()}
    return {"feedback": [told | ({"overrideReason": {"reason": reason}} if reason else {})]}


class Client:
    """Calls the service at any of its addresses; tokens are made for the public one."""

    def __init__(self, folder: Path, public: str) -> None:
        self._public = public
        self._maker = TokenMaker(folder)
        self.file = self._maker.clients
        self._own = threading.local()
        self.certificate: str | None = None

    def token(self, path: str) -> str:
        return self._maker.token(aud=self._public + path)

    def post(self, base: str, path: str, body: Json, token: str = "", **headers: str) -> requests.Response:
        """One call, over a connection of this thread. ``token``: one that was used before; else a new one is made."""
        session: requests.Session = self._own.__dict__.setdefault("session", requests.Session())
        headers["Authorization"] = f"Bearer {token or self.token(path)}"
        return session.post(base + path, json=body, headers=headers, timeout=60, verify=self.certificate)

    def status(self, base: str, path: str, body: Json, token: str = "", **headers: str) -> str:
        """The status of one call in words, "no answer" if none came."""
        try:
            return str(self.post(base, path, body, token, **headers).status_code)
        except requests.RequestException as error:
            return f"no answer ({type(error).__name__})"

    def many(self, number: int, threads: int, call: Callable[[], str]) -> Counter[str]:
        """Make a call so many times and count what it gives."""
        with ThreadPoolExecutor(threads) as pool:
            return Counter(pool.map(lambda _: call(), range(number)))

    @contextmanager
    def load(self, base: str, threads: int, body: Json) -> Iterator[Counter[str]]:
        """Open the chart again and again, give new feedback each fifth time; the statuses so far, complete at the end."""
        told: Counter[str] = Counter()
        stop, lock = threading.Event(), threading.Lock()

        def work() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                given = (FEEDBACK, overridden(str(uuid4()))) if number % 5 == 0 else (VIEW, body)
                status = self.status(base, *given)
                with lock:
                    told[status] += 1

        with ThreadPoolExecutor(threads) as pool:
            working = [pool.submit(work) for _ in range(threads)]
            try:
                yield told
            finally:
                stop.set()
            for each in working:
                each.result()
