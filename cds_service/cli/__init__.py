"""The command line of the service: ``osteoporosis-cds --help`` lists the commands, one module here for each.

Each command imports the rules and texts itself if it needs them: ``serve`` leaves that to the server process.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version

from cards.thresholds import ContentError
from cds_service import config
from cds_service.cli import (
    burden,
    card,
    check_client,
    client_keys,
    compare,
    content,
    drift,
    evaluate,
    export,
    figures,
    fixtures,
    population,
    serve,
    simulate,
    store,
)
from cds_service.config import ConfigError, Settings
from cds_service.hooks.errors import RequestError

COMMANDS = (
    serve,
    evaluate,
    fixtures,
    simulate,
    population,
    figures,
    burden,
    compare,
    card,
    content,
    export,
    store,
    drift,
    client_keys,
    check_client,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. Exits with 2 and one clear line if it cannot be done."""
    chosen = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace, Settings], None] = chosen.command
    try:
        command(chosen, config.load())
    except (ConfigError, RequestError, ContentError) as error:
        print(f"osteoporosis-cds: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # output pipe closed, as by head: no message


class _Version(argparse.Action):
    """Prints the versions and ends; the content is loaded only for that."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from cards.engine.sources import VERSION

        print(f"{parser.prog} {version('osteoporosis-cds')}, content {VERSION}")
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="osteoporosis-cds", description="CDS Hooks service for osteoporosis")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the versions of code and content")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for each in COMMANDS:
        each.add(commands)
    return parser
