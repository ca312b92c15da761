"""The API page in a browser: it draws the description under the policy of all pages, and a request can be tried from it."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from cds_service.hooks.discovery import SERVICES
from tests.protocol.checks import check_response

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


def test_the_page_draws_every_operation_and_tries_one(chromium: Chrome, address: str) -> None:
    browser = chromium
    browser.get_log("browser")
    browser.get(f"{address}/api?lang=en")
    wait = WebDriverWait(browser, 30, 0.1)

    def all_of(selector: str) -> Any:
        return browser.find_elements(By.CSS_SELECTOR, selector)

    wait.until(lambda _: len(all_of(".opblock")) == 1 + 2 * len(SERVICES) + FHIR)
    all_of("#operations-default-discovery .opblock-summary-control")[0].click()
    wait.until(lambda _: all_of(".try-out__btn"))
    all_of(".try-out__btn")[0].click()
    wait.until(lambda _: all_of(".execute"))
    all_of(".execute")[0].click()
    wait.until(lambda _: "osteoporosis-patient-view" in all_of(".responses-wrapper")[0].text)
    refused = [line for line in browser.get_log("browser") if "Content Security Policy" in line["message"]]
    assert refused == []
