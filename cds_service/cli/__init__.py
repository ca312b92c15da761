"""The command line of the service: ``osteoporosis-cds --help`` lists the commands, one module here for each.

The rules and texts are imported by the commands that use them: ``serve`` leaves that to the server that it becomes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from cards.thresholds import ContentError
from cds_service import config
from cds_service.cli import card, client_keys, evaluate, fixtures, serve, store
from cds_service.cli.serve import EXAMPLE, greeting
from cds_service.config import ConfigError, Settings
from cds_service.hooks.errors import RequestError

__all__ = ["EXAMPLE", "greeting", "main"]

COMMANDS = (serve, evaluate, fixtures, card, store, client_keys)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. Exits with 2 and one clear line for what cannot be done."""
    chosen = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace, Settings], None] = chosen.command
    try:
        command(chosen, config.load())
    except (ConfigError, RequestError, ContentError) as error:
        print(f"osteoporosis-cds: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # head and the like: not worth a word


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="osteoporosis-cds", description="CDS Hooks service for osteoporosis")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for each in COMMANDS:
        each.add(commands)
    return parser
