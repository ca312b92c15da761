"""Which certificates are trusted for outgoing calls."""

from __future__ import annotations

import os
import ssl
from functools import cache
from pathlib import Path


def trusted() -> ssl.SSLContext:
    """The system's certificates plus those in SSL_CERT_FILE. Read once, because it takes a tenth of a second."""
    return _trusted(os.environ.get("SSL_CERT_FILE", ""))


@cache
def _trusted(besides: str) -> ssl.SSLContext:
    context = ssl.create_default_context()  # OpenSSL uses SSL_CERT_FILE instead of the system's file
    system = ssl.get_default_verify_paths().openssl_cafile
    if besides and Path(system).is_file():
        context.load_verify_locations(system)
    return context
