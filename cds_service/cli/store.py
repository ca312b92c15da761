"""``migrate`` and ``feedback``: database commands for operators."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cds_service.config import ConfigError, Settings

if TYPE_CHECKING:
    from cds_service.store import Store


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    migrated = commands.add_parser(
        "migrate", help="bring the schema of CDS_DATABASE_URL up to date, as the service also does at startup"
    )
    migrated.set_defaults(command=migrate)

    told = commands.add_parser("feedback", help="print the feedback received, with the cards it concerns, as CSV")
    told.add_argument("--comments", action="store_true", help="include users' comments, which may name patients")
    told.set_defaults(command=feedback)


def migrate(chosen: argparse.Namespace, settings: Settings) -> None:
    with opened_store(settings) as store:
        store.migrate()


def feedback(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.store import export

    with opened_store(settings) as store:
        export.write(store.reported(), sys.stdout, comments=chosen.comments)


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """The store named in the settings; if it cannot be used, the command reports it as a configuration error."""
    from cds_service.app import store_of
    from cds_service.store import StoreUnavailable

    try:
        yield store_of(settings)
    except StoreUnavailable as error:
        raise ConfigError(str(error)) from None
