"""``serve``: listen on HOST:PORT."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from importlib.resources import files

from cds_service.config import ConfigError, Settings


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
    configuration = str(files("cds_service.serving").joinpath("gunicorn.conf.py"))
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
