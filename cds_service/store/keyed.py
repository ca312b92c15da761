"""Keyed hashes, which show that two rows concern the same person without revealing who it is."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from cds_service.store.tables import HASH

FILE = "hash-key"


def keyed(key: bytes, kind: str, *parts: str) -> str:
    """HMAC-SHA256 of the parts, cut to 128 bits, in hexadecimal. ``kind`` keeps a patient's hash from being a practitioner's.

    >>> keyed(b"key", "patient", "", "p1") == keyed(b"key", "practitioner", "", "p1")
    False
    """
    message = "\0".join((kind, *parts)).encode("utf-8", "surrogatepass")
    return hmac.digest(key, message, "sha256").hex()[:HASH]


def kept_key(folder: Path) -> bytes:
    """The key that an earlier start left in ``folder``; else a new one, left there, readable by its owner only.

    Of several processes at once the first one makes it. OSError where the folder cannot be used.
    """
    path = folder / FILE
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        made = folder / f".{FILE}-{os.getpid()}-{secrets.token_hex(4)}"
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(made, path)  # whole or not at all, and never over another's
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_bytes().strip()
