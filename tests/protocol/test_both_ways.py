"""Every fixture twice: with its data prefetched, and fetched from a FHIR server. The cards must be the same (F8).
A quarter of them; `make laws` tries all."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler

import pytest

import fhir_fixtures
from cds_service.hooks.cards import spoken_for
from cds_service.hooks.request import HOOKS
from fhir_fixtures.prefetch import answer
from tests.each import chance
from tests.protocol.checks import check_response
from tests.protocol.conftest import Json, Service
from tests.protocol.fhir_server import FhirServer, send


def calling() -> list[str]:
    """The stories that call one of our hooks."""
    return [name for name in fhir_fixtures.names() if fhir_fixtures.story(name).hook in HOOKS]


def given(service: Service, request: Json) -> list[tuple[str, str, str]]:
    """Code, indicator and summary of each card, in their order."""
    reply = service.post(request, request["hook"])
    assert reply.status_code == 200, reply.text
    check_response(reply.json, request)
    return [(code, indicator, card["summary"]) for card in reply.json["cards"] for code, indicator in spoken_for(card)]


@pytest.mark.parametrize("name", [name for name in calling() if not chance(name, 4)])
def test_prefetched_and_fetched_data_give_the_same_cards_in_good_form_f8_t2_to_t4_s11_l1_x1(
    serve: type[Service], server: FhirServer, name: str
) -> None:
    fixture = fhir_fixtures.load(name)

    def search(handler: BaseHTTPRequestHandler) -> None:
        found = answer(server.query(handler), fixture.resources)
        send(handler, 200 if found else 404, json.dumps(found).encode())

    server.otherwise = search
    service = serve(today_is=fixture.as_of, fhir_servers=frozenset({server.base}), fhir_timeout=20)
    prefetched = given(service, fixture.request())
    assert {code: indicator for code, indicator, _ in prefetched} == dict(fixture.cards)
    assert given(service, fixture.request(server.base)) == prefetched
