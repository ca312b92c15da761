"""``fixtures``: list the sample patients, or write them as Bundles."""

from __future__ import annotations

import argparse
from pathlib import Path

import orjson

from cds_service.config import Settings
from cds_service.hooks.errors import RequestError


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("fixtures", help="list the fixtures and their stories, or write their Bundles")
    parser.add_argument("--out", metavar="DIR", type=Path, help="write each to DIR as a Bundle that a FHIR server can store")
    parser.set_defaults(command=fixtures)


def fixtures(chosen: argparse.Namespace, settings: Settings) -> None:
    import fhir_fixtures

    if not chosen.out:
        from cds_service.cli import terminal

        terminal.list_fixtures(fhir_fixtures.stories(), settings.language)
        return
    names = fhir_fixtures.names()
    try:
        chosen.out.mkdir(parents=True, exist_ok=True)
        print(f"Writing {len(names)} Bundles to {chosen.out} ...", flush=True)
        for name in names:
            told = fhir_fixtures.load(name).shifted(settings.today()).transaction()
            (chosen.out / f"{name}.json").write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
    except OSError as error:
        raise RequestError(400, f"{chosen.out}: {error.strerror or 'cannot be written'}") from None
    print(f"{len(names)} Bundles written, one Patient each")
