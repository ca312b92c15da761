"""A client that signs: keys, tokens, and the file that the service knows it by."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt

from cds_service.hooks import client_keys

ISS = "https://ehr.example.org"
PUBLIC = "https://cds.example.org"
DISCOVERY = f"{PUBLIC}/cds-services"
MISSING = object()


class TokenMaker:
    """One client with one key pair. ``kid``, ``jwks`` and the private key can be read and changed."""

    def __init__(self, folder: Path, alg: str = "ES384", iss: str = ISS) -> None:
        self.iss, self.alg, self.folder = iss, alg, folder
        key, jwks, self.clients = client_keys.make(folder, iss, alg)
        self.key = key.read_text()
        self.jwks: dict[str, Any] = json.loads(jwks.read_text())
        self.kid = self.jwks["keys"][0]["kid"]

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good claims for discovery; a change to MISSING takes one out."""
        now = int(time.time())
        claims = {"iss": self.iss, "aud": DISCOVERY, "iat": now, "exp": now + 300, "jti": str(uuid4())} | changes
        return {name: value for name, value in claims.items() if value is not MISSING}

    def head(self, **changes: Any) -> dict[str, Any]:
        return {name: value for name, value in ({"kid": self.kid, "typ": "JWT"} | changes).items() if value is not MISSING}

    def token(self, *, head: dict[str, Any] | None = None, key: Any = None, alg: str = "", **claims: Any) -> str:
        return jwt.encode(self.claims(**claims), key or self.key, algorithm=alg or self.alg, headers=self.head(**(head or {})))

    def header(self, **changes: Any) -> str:
        return f"Bearer {self.token(**changes)}"
