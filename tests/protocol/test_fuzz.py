"""Requests with one part replaced by junk: refused or answered, never a failure inside, never anything but valid cards."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

import fhir_fixtures
from tests.protocol.checks import check_response
from tests.protocol.conftest import Service

JUNK: list[Any] = [
    None,
    "",
    " ",
    0,
    -1,
    1e308,
    True,
    [],
    {},
    [None],
    [[]],
    {"a": None},
    "x" * 300,
    "2026-13-45",
    "\ud800",
    "<b>",
    -0.0,
]
ROUNDS = 12


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from places(value[key])


@pytest.mark.parametrize("name", fhir_fixtures.names())
def test_junk_anywhere_in_a_request_is_no_failure_t8(service: Service, name: str) -> None:
    dice = random.Random(name)  # the same junk on every run
    told = json.dumps(fhir_fixtures.load(name).request())
    for _ in range(ROUNDS):
        request = json.loads(told)
        container, key = dice.choice(list(places(request)))
        junk = dice.choice(JUNK)
        container[key] = junk
        answer = service.post(request, fhir_fixtures.load(name).hook)
        assert answer.status_code in (200, 400, 412), f"{junk!r} at {key!r}"
        if answer.status_code == 200:
            check_response(answer.json, request)
