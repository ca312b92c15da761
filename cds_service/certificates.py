"""Whose certificates are trusted when the service calls others."""

from __future__ import annotations

import os
import ssl
from pathlib import Path


def trusted() -> ssl.SSLContext:
    """The system's certificates, and those of SSL_CERT_FILE besides."""
    context = ssl.create_default_context()
    for place in (ssl.get_default_verify_paths().openssl_cafile, os.environ.get("SSL_CERT_FILE")):
        if place and Path(place).is_file():
            context.load_verify_locations(place)
    return context
