"""What the command line was given: the name of a story, or a file with a story, a Bundle or a hook request."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import fhir_fixtures
from cds_service.hooks.errors import RequestError
from cds_service.hooks.whole_record import request_in

Json = dict[str, Any]

STORY_FILES = (".yaml", ".yml")


def request_of(
    given: str, prefetch: Mapping[str, Mapping[str, str]], today: date, *, hook: str = "", shift: bool = True
) -> Json:
    """The hook request that a file ("-": standard input) or the name of a story stands for.

    ``prefetch``: the published templates by hook and key. ``hook`` asks for another moment than the one told. With ``shift``
    the dates of a story are moved so that it happens ``today``; a Bundle and a request stay as they are.

    Raises:
        RequestError: there is no such file or story, or it holds something else.
    """
    if fixture := _fixture(given):
        fixture = fixture._replace(hook=hook or fixture.hook)
        return (fixture.shifted(today) if shift else fixture).request()
    return request_in(_content(given), prefetch, hook=hook, name=given)


def _fixture(given: str) -> fhir_fixtures.Fixture | None:
    """The story of this name or in this file; None for a file of another kind."""
    if given in fhir_fixtures.names():
        return fhir_fixtures.load(given)
    if not given.endswith(STORY_FILES):
        return None
    try:
        return fhir_fixtures.read(_bytes(given).decode(), given)
    except ValueError as error:  # not UTF-8, no story, or a line that cannot be read
        raise RequestError(400, str(error)) from None


def _content(given: str) -> Json:
    try:
        content = json.loads(_bytes(given))
    except (ValueError, RecursionError):
        raise RequestError(400, f"{given}: is not JSON in UTF-8") from None
    if not isinstance(content, dict):
        raise RequestError(400, f"{given}: is not a JSON object")
    return content


def _bytes(given: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if given == "-" else Path(given).read_bytes()
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise RequestError(400, f"{given}: {reason}; `fixtures` lists the names of the sample patients") from None
