"""Requests that are right but for a few changes of their structure: refused or answered, never a failure inside, never anything
but valid cards."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from math import ceil
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

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
    "0001-01-01",
    "9999-12-31T23:59:59-14:00",
    "\ud800",
    "<b>",
    -0.0,
]
EXAMPLES = max(4, ceil(int(os.environ.get("FUZZ", "0")) / len(fhir_fixtures.names())))
"""Requests for each story. ``FUZZ`` says how many they are in all: ``make fuzz`` asks for more."""
KINDS = ["replace", "remove", "repeat", "wrap", "move"]
CHANGES = some.lists(
    some.tuples(some.floats(0, 1, exclude_max=True), some.sampled_from(KINDS), some.sampled_from(JUNK)), min_size=1, max_size=4
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a JSON value."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from places(value[key])


def change(request: Any, where: float, kind: str, junk: Any) -> None:
    """Change one place, ``where`` of the way through the request."""
    found = list(places(request))
    container, key = found[int(where * len(found))]
    value = container[key]
    if kind == "replace":
        container[key] = junk
    elif kind == "wrap":
        container[key] = [value]
    elif kind == "repeat" and isinstance(container, list):
        container.append(value)
    elif kind == "move" and isinstance(container, dict):
        container[f"{key}_"] = container.pop(key)
    else:
        del container[key]


@pytest.mark.parametrize("name", fhir_fixtures.names())
def test_no_change_of_a_request_is_a_failure_t8(service: Service, name: str) -> None:
    fixture = fhir_fixtures.load(name)
    told = json.dumps(fixture.request())

    @given(changes=CHANGES)
    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    def check(changes: list[tuple[float, str, Any]]) -> None:
        request = json.loads(told)
        for each in changes:
            if request:
                change(request, *each)
        answer = service.post(request, fixture.hook)
        assert answer.status_code in (200, 400, 412), answer.text
        if answer.status_code == 200:
            check_response(answer.json, request)

    check()
