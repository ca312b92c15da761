"""``client-keys``: a key pair for testing the production profile."""

from __future__ import annotations

import argparse
from pathlib import Path

from cds_service.config import ConfigError, Settings


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    keys = commands.add_parser("client-keys", help="create a key pair, its JWK set and a clients file for testing")
    keys.add_argument("folder", metavar="FOLDER", type=Path, help="folder for the files; nothing there is overwritten")
    keys.add_argument("--iss", default="https://ehr.example.org", help="issuer of the client's tokens (default: %(default)s)")
    keys.add_argument("--alg", choices=("ES384", "RS384"), default="ES384", help="default: %(default)s")
    keys.set_defaults(command=client_keys)


def client_keys(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.hooks import client_keys

    try:
        made = client_keys.make(chosen.folder, chosen.iss, chosen.alg)
    except OSError as error:
        raise ConfigError(str(error)) from None
    print("\n".join(map(str, made)))
