"""Creates a key pair for a test client: the private key for signing tokens, plus the JWK set and the clients file for the
service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

PRIVATE_KEY, JWKS, CLIENTS = "client-key.pem", "client.jwks.json", "clients.toml"

_CLIENT = """\
# The clients that may call: CDS_CLIENTS names this file.
[[client]]
iss = "{iss}"
jwks_file = "{jwks}"
# jwks_url = "https://ehr.example.org/.well-known/jwks.json"  # instead of jwks_file
fhir_servers = []   # base URLs that its calls may name: ["https://ehr.example.org/fhir"]
# tenant = "..."    # its tokens must name this tenant
# aud = ["..."]     # accepted besides the address called
# [client.smart]    # the SMART app is registered with this EHR: docs/deployment.md
# client_id = "..."
"""


def make(folder: Path, iss: str, alg: str) -> list[Path]:
    """Write the three files into ``folder`` and return their paths. ``alg``: ES384 or RS384.

    Raises:
        FileExistsError: one of them already exists; nothing is overwritten.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP384R1()) if alg == "ES384" else rsa.generate_private_key(65537, 3072)
    kid = os.urandom(8).hex()
    jwks = {"keys": [_public(key) | {"kid": kid, "alg": alg, "use": "sig"}]}
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    contents = {
        PRIVATE_KEY: pem,
        JWKS: orjson.dumps(jwks, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE),
        CLIENTS: _CLIENT.format(iss=iss, jwks=JWKS).encode(),
    }
    paths = [folder / name for name in contents]
    if there := next((path for path in paths if path.exists()), None):
        raise FileExistsError(f"{there} already exists")
    for path, content in zip(paths, contents.values(), strict=True):
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if path.name == PRIVATE_KEY else 0o644), "wb"
        ) as file:
            file.write(content)
    return paths


def _public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        members = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        members = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {name: value for name, value in members.items() if name != "key_ops"}
