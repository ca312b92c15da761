"""What is said of a woman who may be pregnant, held against all that is known of younger women: the same records, with a
pregnancy of two months added."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from cards.thresholds import shipped
from cards.vocabulary import RADIATION, SERVICES
from cds_service.hooks.request import parse
from fhir_fixtures import lines
from fhir_fixtures.prefetch import answer, templates
from tests.each import for_each
from tests.silence.told import cases, patient, stories, told
from tests.test_voice import evaluator
from tests.test_voice_laws import resources_of

Json = dict[str, Any]
RAYS = ("DXA", "X-ray", "QCT", "bone scan")


def younger_women() -> Iterator[str]:
    """Every story and case of a woman of an age at which a pregnancy is read."""
    limit = shipped().table["pregnancy-age-years"].value
    for name in (*stories(), *cases()):
        as_of, who = patient(name)
        born = str(who.get("birthDate", "1900"))[:10]
        if who.get("gender") == "female" and len(born) == 10 and (as_of - date.fromisoformat(born)).days < 365 * limit:
            yield name


@for_each("name", younger_women)
def test_in_pregnancy_nothing_with_radiation_is_offered_or_asked_for(name: str) -> None:
    call = told(name)
    since = (call.as_of - timedelta(days=60)).isoformat()
    record = [*resources_of(call), *lines.record([f"problem pregnancy since {since}"], ids="pregnancy")]
    prefetch = {key: answer(template, record) for key, template in templates(call.hook).items()}
    body = json.dumps(call.body | {"prefetch": prefetch}).encode()
    given = evaluator().evaluate(parse(body, call.hook), "en", call.as_of).response["cards"]
    offered = {order["code"]["text"] for card in given for order in ordered(card)}
    assert not offered & {SERVICES[key].en for key in RADIATION}
    for card in given:
        assert not any(word in card["summary"] for word in RAYS), card["summary"]


def ordered(card: Json) -> Iterator[Json]:
    for suggestion in card.get("suggestions", ()):
        for action in suggestion.get("actions", ()):
            if action["type"] == "create" and action["resource"]["resourceType"] == "ServiceRequest":
                yield action["resource"]
