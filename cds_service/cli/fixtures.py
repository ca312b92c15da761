"""``fixtures``: the patients that are shipped."""

from __future__ import annotations

import argparse

from cds_service.config import Settings


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    commands.add_parser("fixtures", help="list the fixtures and their stories").set_defaults(command=fixtures)


def fixtures(chosen: argparse.Namespace, settings: Settings) -> None:
    import fhir_fixtures
    from cds_service import terminal

    terminal.list_fixtures(fhir_fixtures.all_fixtures(), settings.language)
