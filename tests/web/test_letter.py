"""The patient's page, without a browser and in one; and the same in the terminal."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from selenium.webdriver import Keys

import fhir_fixtures
from cards.words.phrases import PHRASES
from cds_service import cli
from cds_service.app import create_app
from cds_service.config import ConfigError
from tests.web.conftest import settings
from tests.web.test_pages import TOKEN, opened, production
from tests.web.visitor import PHONE, Visitor

ADDRESS = "/playground/patient"


def page(client: FlaskClient, name: str, language: str = "en") -> str:
    answer = client.get(f"{ADDRESS}?fixture={name}&lang={language}")
    assert answer.status_code == 200
    return answer.text


@pytest.fixture
def with_phone(tmp_path: Path) -> FlaskClient:
    (tmp_path / "site.toml").write_text('phone = "010-5555 0100 ext. 7"\n', encoding="utf-8")
    return create_app(settings(tmp_path, CDS_SITE=str(tmp_path / "site.toml"))).test_client()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_there_is_one_number_to_call_and_one_closing_line(with_phone: FlaskClient, language: str) -> None:
    told = page(with_phone, "complex-glucocorticoid", language)
    assert re.findall(r"tel:[^\"]*", told) == ["tel:01055550100,7"]
    assert told.count("010-5555 0100 ext. 7") == 1
    assert told.count(PHRASES["patient"]["closing"][language]) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_without_a_number_it_says_whom_to_call(client: FlaskClient, language: str) -> None:
    told = page(client, "hip-fracture", language)
    assert "tel:" not in told
    assert PHRASES["letter"]["clinic"][language] in told


def test_no_reader_but_a_clinician_is_offered_orders_or_grades(client: FlaskClient) -> None:
    told = page(client, "complex-glucocorticoid")
    assert not re.search(r"OPREF|ELD2023|\b[12][A-D]\b|zoledronate|<form", told)


def test_markup_in_a_record_stays_text(client: FlaskClient) -> None:
    request = fhir_fixtures.load("hip-fracture").request()
    content = json.dumps(request).replace('"display": "', '"display": "<img src=x>')
    told = client.post(ADDRESS, data={"request": content})
    assert told.status_code == 200
    assert told.headers["Cache-Control"] == "no-store"
    assert "<img" not in told.text


def test_a_request_of_ones_own_gives_the_same_page(client: FlaskClient) -> None:
    request = opened(client, fixture="hip-fracture").json["request"]
    own = client.post(ADDRESS, data={"request": json.dumps(request)}).text
    assert own.partition("<main")[2] == page(client, "hip-fracture").partition("<main")[2]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"hook": "no-such"}'])
def test_what_is_no_request_is_refused(client: FlaskClient, content: str) -> None:
    assert client.post(ADDRESS, data={"request": content}).status_code == 400
    assert client.get(f"{ADDRESS}?fixture=no-such").status_code == 404
    assert client.get(f"{ADDRESS}?fixture=hip-fracture&hook=no-such").status_code == 400


def test_in_production_it_is_behind_the_token_of_the_playground(tmp_path: Path) -> None:
    assert production(tmp_path).get(f"{ADDRESS}?fixture=hip-fracture").status_code == 404
    client = production(tmp_path, CDS_PLAYGROUND="true", CDS_ADMIN_TOKEN=TOKEN)
    assert client.get(f"{ADDRESS}?fixture=hip-fracture").status_code == 401
    assert client.get(f"{ADDRESS}?fixture=hip-fracture", auth=("", TOKEN)).status_code == 200


@pytest.mark.parametrize("phone", ["call me", "12<b>", "1", "12345\n", "0" * 60])
def test_a_number_that_nobody_can_call_stops_the_start(tmp_path: Path, phone: str) -> None:
    (tmp_path / "site.toml").write_text(f"phone = {json.dumps(phone)}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"CDS_SITE: .*phone"):
        create_app(settings(tmp_path, CDS_SITE=str(tmp_path / "site.toml")))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_terminal_tells_the_same(capsys: pytest.CaptureFixture[str], client: FlaskClient, language: str) -> None:
    cli.main(["evaluate", "hip-fracture", "--as", "patient", "--lang", language])
    told = re.sub(r"\s", "", capsys.readouterr().out)
    headings = re.findall(r"<h2>(.*?)</h2>", page(client, "hip-fracture", language))
    undated = [re.split(r"[(（]", each)[0] for each in headings if each != PHRASES["letter"]["also"][language]]
    assert len(undated) == 4
    assert all(re.sub(r"\s", "", each) in told for each in undated)
    assert re.sub(r"\s", "", PHRASES["patient"]["closing"][language]) in told


# -- in a browser ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "most"), [("en", 250), ("zh", 450)])
def test_three_things_are_read_before_anything_is_unfolded(visitor: Visitor, language: str, most: int) -> None:
    visitor.look(PHONE)
    visitor.browser.get(f"{visitor.address}{ADDRESS}?fixture=hip-fracture&lang={language}")
    seen = visitor.js("return document.body.innerText")
    assert len(visitor.all(".step")) == 3
    assert len(seen.split() if language == "en" else re.sub(r"\s", "", seen)) <= most
    assert not visitor.overflows()
    fold = visitor.one(".rest summary")
    fold.send_keys(Keys.ENTER)
    visitor.until(lambda: visitor.one(".rest h2").is_displayed())


def test_on_paper_what_is_folded_is_named_and_not_told(visitor: Visitor) -> None:
    visitor.browser.get(f"{visitor.address}{ADDRESS}?fixture=hip-fracture&lang=en")
    assert not visitor.one(".also").is_displayed()
    visitor.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert visitor.one(".also").is_displayed()
        assert not any(each.is_displayed() for each in visitor.all(".button, .why, .rest"))
    finally:
        visitor.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_patients_page(visitor: Visitor, scheme: str) -> None:
    visitor.look(scheme=scheme)
    visitor.browser.get(f"{visitor.address}{ADDRESS}?fixture=complex-glucocorticoid&lang={'en' if scheme == 'light' else 'zh'}")
    visitor.unfold()
    assert visitor.violations() == []
