"""From the playground to the patient's page and back."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient

import fhir_fixtures
from cds_service.hooks.request import HOOKS
from tests.web.test_letter import ADDRESS
from tests.web.visitor import MISSED, Visitor


@pytest.mark.parametrize("hook", sorted(HOOKS))
def test_at_every_moment_the_patient_has_a_page(client: FlaskClient, hook: str) -> None:
    told = client.get(f"{ADDRESS}?fixture=denosumab-missed&hook={hook}&lang=zh")
    assert told.status_code == 200
    assert f'href="/?lang=zh&amp;fixture=denosumab-missed&amp;hook={hook}"' in told.text
    assert f'href="{ADDRESS}?lang=en&amp;fixture=denosumab-missed&amp;hook={hook}"' in told.text


def test_what_is_sent_has_no_way_back_into_an_address(client: FlaskClient) -> None:
    content = json.dumps(fhir_fixtures.load("hip-fracture").request())
    assert "<nav" not in client.post(ADDRESS, data={"request": content}).text


def test_the_patients_page_is_one_step_from_the_screen_and_back(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed", hook="encounter-discharge")
    visitor.until(lambda: visitor.one("#as-patient a")).click()
    visitor.until(lambda: visitor.all(".letter .step"))
    assert (
        visitor.browser.current_url == f"{visitor.address}{ADDRESS}?fixture=denosumab-missed&hook=encounter-discharge&lang=en"
    )
    visitor.one(".way a").click()
    visitor.until(lambda: visitor.all(".bar .order"))
    visitor.answered(MISSED)
    assert "hook=encounter-discharge" in visitor.browser.current_url


def test_the_page_of_ones_own_data_opens_beside_them(visitor: Visitor) -> None:
    visitor.go(fixture="denosumab-missed")
    visitor.one("#own summary").click()
    bundle = fhir_fixtures.load("hip-fracture").bundle
    visitor.js("document.getElementById('own-text').value = arguments[0]", json.dumps(bundle))
    visitor.one("#own-use").click()
    visitor.answered("Your own data")
    first = visitor.browser.current_window_handle
    visitor.one("#as-patient a").click()
    visitor.until(lambda: len(visitor.browser.window_handles) == 2)
    try:
        visitor.browser.switch_to.window(next(each for each in visitor.browser.window_handles if each != first))
        assert "broken hip" in visitor.until(lambda: visitor.one(".letter .step").text)
        assert "hip-fracture" not in visitor.browser.current_url
        visitor.browser.close()
    finally:
        visitor.browser.switch_to.window(first)
    assert visitor.one("#story-title").text == "Your own data"
