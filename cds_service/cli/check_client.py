"""``check-client``: what an EHR's FHIR server gives, in a sheet for its team."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import orjson

from cds_service.config import ConfigError, Settings, is_base_url, without_slash

SLOWEST = 20.0
"""Seconds for one answer: slow ones are told, not cut off as in a hook."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = commands.add_parser("check-client", help="ask an EHR's FHIR server what it gives, and print the sheet for its team")
    check.add_argument("url", metavar="URL", help="base URL of the FHIR server; only GET is sent")
    check.add_argument("--patient", default="", metavar="ID", help="a synthetic patient whose record is asked for")
    check.add_argument("--token-file", type=Path, metavar="FILE", help="holds an access token (- for standard input)")
    check.add_argument("--iss", default="", help="the client whose prefetch templates of CDS_SITE are used")
    check.add_argument("--json", action="store_true", help="the sheet as JSON")
    check.set_defaults(command=check_client)


def check_client(chosen: argparse.Namespace, settings: Settings) -> None:
    if not is_base_url(chosen.url):
        raise ConfigError("URL: must be the http(s) base URL of a FHIR server, without query or user")
    token = _token(chosen.token_file)
    from cards.engine.sources import VERSION
    from cds_service.client_check.check import checked
    from cds_service.client_check.server import Server
    from cds_service.client_check.sheet import text
    from cds_service.fhir.fetching.client import FhirClient
    from cds_service.pipeline import Evaluator

    server = Server(without_slash(chosen.url), token, SLOWEST)
    client = FhirClient(settings.fhir_timeout, parallel=settings.fhir_parallel, memory=settings.fhir_memory)
    prefetch = Evaluator(settings).prefetch_of(chosen.iss)
    sheet = checked(server, prefetch, chosen.patient, client, today=settings.today(), content=VERSION)
    if chosen.json:
        sys.stdout.buffer.write(orjson.dumps(_plain(sheet), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    else:
        print(text(sheet), end="")


def _plain(sheet: object) -> object:
    import msgspec

    return msgspec.to_builtins(sheet)


def _token(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        told = sys.stdin.read() if str(path) == "-" else path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise ConfigError("--token-file: must name a readable file") from None
    if len(lines := told.split()) != 1:
        raise ConfigError("--token-file: must hold one token")
    return lines[0]
