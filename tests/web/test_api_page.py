"""The API page in a browser: it draws the description under the policy of all pages, and a request can be tried from it."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.hooks.discovery import SERVICES
from tests.protocol.checks import check_response
from tests.web.test_browser_looks import examples_can_be_read
from tests.web.visitor import PHONE, Visitor

FHIR = 3
"""Operations on the knowledge: what there is, search, read."""


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_an_example_that_is_answered_as_it_says(client: FlaskClient, service: str) -> None:
    operation = client.get("/openapi.json").json["paths"][f"/cds-services/{service}"]["post"]
    asked: Any = operation["requestBody"]["content"]["application/json"]["example"]
    said: Any = operation["responses"]["200"]["content"]["application/json"]["example"]
    assert said["cards"]
    answer = client.post(f"/cds-services/{service}", json=asked).json
    check_response(answer, asked)
    codes = [[(card["source"]["topic"]["code"], card["summary"]) for card in each["cards"]] for each in (answer, said)]
    assert codes[0] == codes[1]


def test_the_example_of_feedback_is_taken(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").json["paths"]
    told = paths["/cds-services/osteoporosis-patient-view/feedback"]["post"]
    answer = client.post(
        "/cds-services/osteoporosis-patient-view/feedback", json=told["requestBody"]["content"]["application/json"]["example"]
    )
    assert answer.json == told["responses"]["200"]["content"]["application/json"]["example"]


def test_the_page_draws_every_operation_and_tries_one_and_its_examples_can_be_read(visitor: Visitor) -> None:
    visitor.look(PHONE)
    visitor.go("/api")
    visitor.until(lambda: len(visitor.all(".opblock")) == 1 + 2 * len(SERVICES) + FHIR)
    visitor.one("#operations-default-discovery .opblock-summary-control").click()
    visitor.until(lambda: visitor.all(".try-out__btn"))[0].click()
    visitor.until(lambda: visitor.all(".execute"))[0].click()
    visitor.until(lambda: "osteoporosis-patient-view" in visitor.one(".responses-wrapper").text)
    visitor.until(lambda: visitor.all("#api pre code"))
    examples_can_be_read(visitor)
    refused = [line for line in visitor.complaints() if "Content Security Policy" in line]
    assert refused == []
