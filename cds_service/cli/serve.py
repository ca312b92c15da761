"""``serve``: listen on HOST:PORT."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from importlib.resources import files
from pathlib import Path

from cds_service.config import ConfigError, Settings

EXAMPLE = "denosumab-missed"
"""The fixture used in the greeting: a denosumab dose long overdue, nothing given since."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    commands.add_parser("serve", help="serve on HOST:PORT").set_defaults(command=serve)


def serve(chosen: argparse.Namespace, settings: Settings) -> None:
    """Replace this process with gunicorn, so that signals reach it directly. Errors in a site's own files are reported here, in
    one line."""
    if settings.local_codes:
        from cds_service.pipeline import terminology_of

        terminology_of(settings)
    if settings.site:
        from cds_service import site

        site.load(settings.site)
    if settings.in_production:
        from cds_service.hooks.auth import Authenticator

        Authenticator.of(settings, remember=lambda *_: False)
    _check_that_nobody_listens(settings)
    configuration = str(files("cds_service").joinpath("gunicorn.conf.py"))
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "--config", configuration])  # noqa: S606


def _check_that_nobody_listens(settings: Settings) -> None:
    """ConfigError if the address is taken, or is none of this machine's."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((settings.host.strip("[]"), settings.port))
        except OSError as error:
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({os.strerror(error.errno or 0)})"
            raise ConfigError(f"PORT: {settings.port} on {settings.host} {reason}") from None


def greeting(settings: Settings) -> str:
    """What is printed once the service listens: its address, and one command to try it."""
    if settings.in_production:
        return f"osteoporosis-cds listens on {settings.address}; its clients call {settings.base_url}/cds-services\n"
    today = f" --today {settings.today_is}" if settings.today_is else ""
    return (
        f"osteoporosis-cds listens on {settings.address}\n"
        f"{'Open it in a browser. ' if settings.shows_playground else ''}Try it from another terminal, in this directory:\n\n"
        f"  {_program()} request {EXAMPLE}{today} | curl -s -H 'Content-Type: application/json' "
        f"--data-binary @- {settings.address}/cds-services/osteoporosis-patient-view\n"
    )


def _program() -> str:
    """This command, as it can be typed in the directory where the service was started."""
    program = Path(sys.executable).parent / "osteoporosis-cds"
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else "osteoporosis-cds"
