"""Every story's answer in every dialect keeps the protocol and the dialect, and loses nothing."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import msgspec
import orjson
import pytest

import fhir_fixtures
from cds_service.config import Settings
from cds_service.dialect import Dialect, speak
from cds_service.dialect.settings import LEAST, presets
from cds_service.hooks.request import HOOKS, parse
from cds_service.pipeline import Evaluator
from tests.dialect.checks import check_dialect
from tests.each import chance
from tests.protocol.checks import check_response

EPIC = presets()["epic"]


def _dialect(**members: object) -> Dialect:
    return msgspec.convert(dict(members), Dialect)


DIALECTS = {
    **{name: _dialect(**table) for name, table in presets().items()},
    "epic, all choices": _dialect(**EPIC, choices="all"),
    "any": _dialect(selection="any"),
    "any, all choices": _dialect(selection="any", choices="all"),
    "one action": _dialect(actions="one"),
    "one action, all choices": _dialect(actions="one", choices="all"),
    "no updates": _dialect(types=["create", "delete"]),
    "own codes only": _dialect(order_codings="only"),
    "short, no links": _dialect(detail_max=LEAST, links=[]),
    "epic, short, codes of its own only": _dialect(**{**EPIC, "order_codings": "only", "detail_max": LEAST}),
    "epic, short, all choices": _dialect(**EPIC, choices="all", detail_max=LEAST),
    "any, all choices, one action": _dialect(selection="any", choices="all", actions="one", labels=False),
    "any, nothing of its own": _dialect(selection="any", order_codings="only", labels=False, detail_max=LEAST),
    "letters and digits": _dialect(codes="alphanumeric", recommended="none"),
}


@cache
def evaluator() -> Evaluator:
    return Evaluator(Settings())


STORIES = [name for name in fhir_fixtures.names() if fhir_fixtures.story(name).hook in HOOKS and not chance(name, 2)]
"""Half of them; `make laws` tries all."""


@pytest.mark.parametrize("name", STORIES)
def test_every_answer_in_every_dialect_keeps_protocol_and_dialect_k1_to_k4(name: str) -> None:
    fixture = fhir_fixtures.load(name)
    request = fixture.request()
    call = parse(orjson.dumps(request), fixture.hook)
    for language, answer in evaluator().in_languages(call, ("en", "zh"), fixture.as_of).items():
        _keeps(answer, request, language)


def _keeps(answer: Any, request: Any, language: str) -> None:
    before = json.dumps(answer)
    for told, dialect in DIALECTS.items():
        spoken = [speak(card, dialect, language) for card in answer["cards"]]
        try:
            check_response(answer | {"cards": [each.card for each in spoken]}, request)
            for plain, each in zip(answer["cards"], spoken, strict=True):
                check_dialect(plain, each, dialect)
        except AssertionError as error:
            raise AssertionError(f"{told}: {error}") from error
    assert json.dumps(answer) == before, "a dialect changes its own copy only"
