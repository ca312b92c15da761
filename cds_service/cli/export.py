"""``export``: the knowledge in the form of others."""

from __future__ import annotations

import argparse
from pathlib import Path

from cds_service.config import Settings
from cds_service.hooks.errors import RequestError


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("export", help="write the knowledge as a FHIR package that other systems can load")
    parser.add_argument(
        "--fhir", metavar="DIR", type=Path, required=True, help="write the package (FHIR R4, npm layout) below DIR"
    )
    parser.set_defaults(command=export)


def export(chosen: argparse.Namespace, settings: Settings) -> None:
    from cds_service.package.files import write

    print(f"Writing the package to {chosen.fhir} ...", flush=True)
    try:
        counts = write(chosen.fhir)
    except OSError as error:
        raise RequestError(400, f"{chosen.fhir}: {error.strerror or 'cannot be written'}") from None
    print(", ".join(f"{number} {kind}" for kind, number in counts.items()))
