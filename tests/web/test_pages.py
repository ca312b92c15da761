"""The pages without a browser: what they hold, who may see them, what they may load."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace

import fhir_fixtures
from cards.engine.card import Review
from cards.engine.catalog import all_cards
from cards.engine.sources import RECOMMENDATIONS
from cards.thresholds import shipped
from cards.vocabulary import DRUGS
from cds_service.app import create_app
from cds_service.hooks.cards import spoken_for
from cds_service.hooks.discovery import SERVICES
from cds_service.web.words import WORDS
from tests.each import chance
from tests.web.conftest import settings

WEB = Path(__file__).parents[2] / "cds_service" / "web"
HOOKS = [service.hook for service in SERVICES.values()]
ADDRESSES = (
    "/",
    "/knowledge",
    "/knowledge/cards/denosumab-sequence",
    "/knowledge/recommendations/OPREF-T3",
    "/governance",
)
API = "/api"
"""Drawn by a library, so that what is tried of the others in the browser does not hold for it."""
TOKEN = "a-token-for-the-tests-only"


def opened(client: FlaskClient, **asked: Any) -> Any:
    return client.post("/playground/open", json=asked)


def feedback(client: FlaskClient, card: str, **more: Any) -> None:
    entry = {"card": card, "outcomeTimestamp": "2026-06-15T08:00:00Z", **more}
    assert client.post("/cds-services/osteoporosis-patient-view/feedback", json={"feedback": [entry]}).status_code == 200


def cards_of(client: FlaskClient, fixture: str) -> list[dict[str, Any]]:
    request = opened(client, fixture=fixture).json["request"]
    answer = client.post(f"/cds-services/osteoporosis-{request['hook']}", json=request)
    assert answer.status_code == 200
    return list(answer.json["cards"])


# -- what every page keeps to ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [*ADDRESSES, API])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_loads_nothing_from_elsewhere_and_runs_nothing_written_into_it(
    client: FlaskClient, address: str, language: str
) -> None:
    answer = client.get(address, query_string={"lang": language})
    assert answer.status_code == 200
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Referrer-Policy"] == "same-origin"
    page = answer.text
    loaded = re.findall(r'<(?:script|link|img)[^>]*?(?:src|href)="([^"]+)"', page)
    assert loaded
    assert all(path.startswith("/static/") for path in loaded)
    assert all(client.get(path).status_code == 200 for path in loaded)
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*(?:src=|application/json))", page)
    assert f'lang="{"zh-Hans" if language == "zh" else "en"}"' in page


@pytest.mark.parametrize("address", [*ADDRESSES, "/playground/open", "/static/base.css"])
def test_no_other_origin_may_read_the_pages(client: FlaskClient, address: str) -> None:
    answer = client.get(address, headers={"Origin": "https://elsewhere.example.org"})
    assert "Access-Control-Allow-Origin" not in answer.headers or answer.status_code == 405


def test_every_phrase_that_a_page_or_script_names_exists() -> None:
    files = [*WEB.glob("templates/*.html"), *WEB.glob("static/**/*.js"), *WEB.glob("**/*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files if "vendor" not in path.parts)
    named = set(re.findall(r"""\b(?:t|say)\(f?["'`]([a-z]+\.[a-z-]+)["'`]""", text))
    assert named
    assert named <= WORDS.keys()


def test_every_script_finds_what_it_imports() -> None:
    scripts = [path for path in WEB.glob("static/**/*.js") if "vendor" not in path.parts]
    named = [(path, name) for path in scripts for name in re.findall(r'from "(\.[^"]+)"', path.read_text(encoding="utf-8"))]
    assert len(named) > len(scripts)
    assert [(path.name, name) for path, name in named if not (path.parent / name).is_file()] == []


def test_every_phrase_has_the_same_places_in_both_languages() -> None:
    places = re.compile(r"\{(\w+)\}")
    assert [key for key, name in WORDS.items() if set(places.findall(name.en)) != set(places.findall(name.zh))] == []


def test_every_section_and_hook_has_a_name() -> None:
    wanted = {f"section.{card.section}" for card in all_cards().values()} | {f"moment.{hook}" for hook in HOOKS}
    assert wanted <= WORDS.keys()


def test_what_is_vendored_has_its_license_beside_it() -> None:
    libraries = {path.name.partition(".")[0] for path in (WEB / "static" / "vendor").glob("*.js")}
    assert {path.name.partition(".")[0] for path in (WEB / "static" / "vendor").glob("*.LICENSE.txt")} == libraries


# -- knowledge -------------------------------------------------------------------------------------------------------------


def test_knowledge_lists_every_card_and_every_recommendation(client: FlaskClient) -> None:
    page = client.get("/knowledge").text
    assert [code for code in all_cards() if f'id="card-{code}"' not in page] == []
    assert [key for key in RECOMMENDATIONS if f'id="recommendation-{key}"' not in page] == []


@pytest.mark.parametrize("code", sorted(all_cards()))
def test_the_page_of_a_card_tells_its_rule_both_texts_and_what_it_cites(client: FlaskClient, code: str) -> None:
    page = client.get(f"/knowledge/cards/{code}").text
    assert all_cards()[code].told()[0][:20].replace("'", "&#39;") in page
    assert all(f">{key}</a>" in page for key in all_cards()[code].cites)
    assert page.count('<div class="wording">') >= 6
    assert "{%" not in page
    assert "{{" not in page


def test_knowledge_lists_the_numbers_to_be_confirmed_by_the_site(client: FlaskClient) -> None:
    page = client.get("/knowledge").text
    confirmed = page[page.index('id="to-confirm"') :]
    told = re.findall(r"<code>([a-z0-9-]+)</code></td>", confirmed)
    assert told == [key for key, each in shipped().table.items() if each.status == "RECALL"]


def test_the_page_of_a_card_says_who_signed_it_off(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "low-bone-mass"
    assert "not yet signed off" in client.get(f"/knowledge/cards/{code}").text
    signed = replace(all_cards()[code], reviewed=(Review("A. Lee", "rheumatologist", "2026-11-20", "2026.11"),))
    monkeypatch.setattr("cds_service.web.knowledge.pages.all_cards", lambda: {**all_cards(), code: signed})
    page = client.get(f"/knowledge/cards/{code}").text
    assert "A. Lee, rheumatologist, 2026-11-20 (content 2026.11)" in page
    assert "not yet signed off" not in page


def test_the_page_of_a_recommendation_opens_where_it_stands(client: FlaskClient) -> None:
    page = client.get("/knowledge/recommendations/EXT-34").text
    assert f'href="{RECOMMENDATIONS["EXT-34"].url}"' in page


@pytest.mark.parametrize("key", ["OPREF-T3", "EXT-04", "REHAB2024-04"])
def test_the_page_of_a_recommendation_names_the_cards_that_carry_it(client: FlaskClient, key: str) -> None:
    page = client.get(f"/knowledge/recommendations/{key}").text
    carrying = [code for code, card in all_cards().items() if key in card.cites]
    assert [code for code in carrying if f"/knowledge/cards/{code}?" not in page] == []


def test_a_card_that_does_not_exist_is_said_so_on_a_page(client: FlaskClient) -> None:
    answer = client.get("/knowledge/cards/no-such-card")
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"


def test_each_card_links_to_its_page_without_a_word_about_the_patient(client: FlaskClient) -> None:
    (link,) = cards_of(client, "denosumab-missed")[0]["links"]
    assert link["type"] == "absolute"
    assert link["url"] == "http://127.0.0.1:8000/knowledge/cards/denosumab-sequence?lang=en"


# -- playground ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", fhir_fixtures.names())
def test_every_patient_can_be_asked_about_at_every_moment(client: FlaskClient, name: str) -> None:
    """At every third, of which each has other patients; `make laws` tries all."""
    for hook in (each for each in HOOKS if not chance(f"{name} {each}", 3)):
        ready = opened(client, fixture=name, hook=hook)
        assert ready.status_code == 200, hook
        answer = client.post(f"/cds-services/osteoporosis-{hook}", json=ready.json["request"])
        assert answer.status_code == 200, (hook, answer.json)


@pytest.mark.parametrize("name", fhir_fixtures.names())
def test_the_story_of_a_patient_happens_today_and_gives_the_cards_that_it_tells(client: FlaskClient, name: str) -> None:
    given = {code for card in cards_of(client, name) for code, _ in spoken_for(card)}
    assert fhir_fixtures.load(name).cards.keys() <= given


def test_a_bundle_of_ones_own_and_a_request_are_both_understood(client: FlaskClient) -> None:
    bundle = fhir_fixtures.load("denosumab-missed").bundle
    ready = opened(client, given=bundle, user="Practitioner/me").json
    assert ready["request"]["context"]["userId"] == "Practitioner/me"
    (treatment,) = (group for group in ready["screen"]["groups"] if group["key"] == "treatment")
    assert [strip["label"] for strip in treatment["strips"]] == ["Denosumab"]
    again = opened(client, given=ready["request"], user="Practitioner/other").json
    assert again["request"]["context"]["userId"] == "Practitioner/me"
    assert again["screen"] == ready["screen"]


def test_drafts_take_the_place_of_those_in_the_story(client: FlaskClient) -> None:
    ready = opened(client, fixture="safe-order", drafts=[]).json["request"]
    assert ready["context"]["draftOrders"]["entry"] == []


REFUSED: tuple[dict[str, Any], ...] = (
    {},
    {"fixture": "no-such"},
    {"given": []},
    {"given": {}},
    {"given": {"resourceType": "Bundle"}},
    {"given": {"context": 1}},
    {"fixture": "healthy", "hook": "no-such"},
    {"fixture": "healthy", "drafts": "x"},
)


@pytest.mark.parametrize("asked", REFUSED)
def test_what_cannot_be_opened_is_refused_in_words(client: FlaskClient, asked: dict[str, Any]) -> None:
    answer = opened(client, **asked)
    assert answer.status_code == 400
    assert answer.json["issue"][0]["diagnostics"]
    assert client.post("/playground/open", data=b"{").status_code == 400


# -- governance ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def fresh(tmp_path: Path) -> Any:
    """An application whose store is empty."""
    app = create_app(settings(tmp_path))
    app.extensions["store"].start()
    yield app
    app.extensions["store"].close()


def test_governance_explains_why_it_is_empty(fresh: Flask) -> None:
    assert WORDS["governance.empty-why"].en in fresh.test_client().get("/governance").text


def test_governance_counts_what_was_shown_accepted_and_overridden_and_why(fresh: Flask) -> None:
    client = fresh.test_client()
    shown = [cards_of(client, "denosumab-missed")[0] for _ in range(3)]
    feedback(client, shown[0]["uuid"], outcome="accepted", acceptedSuggestions=[{"id": "1"}])
    reason = {"code": "patient-refuses", "system": shown[0]["overrideReasons"][0]["system"]}
    feedback(client, shown[1]["uuid"], outcome="overridden", overrideReason={"reason": reason, "userComment": "=Wang"})
    feedback(client, "unknown", outcome="overridden", overrideReason={"reason": {"code": "=1+1"}})
    fresh.extensions["store"].close()  # writes what is queued
    text = client.get("/governance/activity.csv").text
    rows = {row["card"]: row for row in csv.DictReader(io.StringIO(text))}
    told = rows["denosumab-sequence"]
    assert told["service"] == "osteoporosis-patient-view"
    assert (told["shown"], told["accepted"], told["overridden"], told["no_word"]) == ("3", "1", "1", "1")
    assert told["override_reasons"] == "patient-refuses: 1"
    assert rows[""]["override_reasons"] == "1+1: 1"
    page = client.get("/governance").text
    assert "Patient declines" in page
    assert "Wang" not in page + text


def test_governance_takes_no_word_for_no_refusal_and_says_how_sure_a_share_is(fresh: Flask) -> None:
    client = fresh.test_client()
    shown = [cards_of(client, "denosumab-missed")[0] for _ in range(3)]
    chosen = shown[0]["suggestions"][0]
    feedback(client, shown[0]["uuid"], outcome="accepted", acceptedSuggestions=[{"id": chosen["uuid"]}])
    fresh.extensions["store"].close()  # writes what is queued
    page = client.get("/governance?by=card").text
    row = re.search(r"<tr><td><a[^>]*denosumab-sequence.*?</tr>", page, re.DOTALL)[0]  # type: ignore[index]
    assert [*map(int, re.findall(r'<td class="number">(\d+)</td>', row))] == [3, 1, 0, 2]
    assert "100% <span" in row
    assert "(21–100%)" in row
    assert "denosumab" in client.get("/governance?by=option").text
    options = {row["option"]: row for row in csv.DictReader(io.StringIO(client.get("/governance/options.csv").text))}
    assert {(row["offered"], row["no_word"]) for row in options.values() if row["option"] == "drug/denosumab"} == {("3", "2")}
    assert [name for name, row in options.items() if row["accepted"] != "0"] == ["drug/denosumab"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("by", ["card", "month", "hook", "option", "no-such"])
def test_governance_counts_by_card_month_moment_and_option(fresh: Flask, by: str, language: str) -> None:
    client = fresh.test_client()
    cards_of(client, "denosumab-missed")
    fresh.extensions["store"].close()  # writes what is queued
    page = client.get(f"/governance?by={by}&lang={language}").text
    assert WORDS["governance.silent-why"][language] in page
    name = {"month": f"{datetime.now(UTC):%Y-%m}", "hook": WORDS["moment.patient-view"][language]}
    name |= {"option": DRUGS["denosumab"].name[language]}
    assert f"<tr><td>{name.get(by, '<a href=')}" in page


@pytest.mark.parametrize(("language", "group"), [("en", "medication orders"), ("zh", "用药医嘱")])
def test_governance_lists_what_was_not_understood_as_rows_to_map(fresh: Flask, language: str, group: str) -> None:
    client = fresh.test_client()
    address = f"/governance?lang={language}"
    assert WORDS["to-map.empty-why"][language] in client.get(address).text
    subject, coding = {"reference": "Patient/p1"}, {"system": "urn:hospital:drugs", "code": "4711<b>", "display": "4711<b>"}
    order = {"resourceType": "MedicationRequest", "id": "secret", "status": "active", "intent": "order", "subject": subject}
    order["medicationCodeableConcept"] = {"coding": [coding]}
    patient = {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1954-01-01"}
    body = {"hook": "patient-view", "hookInstance": "i", "context": {"userId": "Practitioner/7", "patientId": "p1"}}
    body["prefetch"] = {"patient": patient, "medications": {"resourceType": "Bundle", "entry": [{"resource": order}]}}
    for _ in range(2):
        assert client.post("/cds-services/osteoporosis-patient-view", json=body).status_code == 200
    fresh.extensions["store"].close()  # writes what is queued
    page = client.get(address).text
    assert group in page
    assert "4711&lt;b&gt;" in page
    assert "secret" not in page
    (row,) = csv.DictReader(io.StringIO(client.get("/governance/unread.tsv").text), delimiter="\t")
    assert (row["kind"], row["system"], row["code"], row["key"], row["times"]) == (
        "drug", "urn:hospital:drugs", "4711<b>", "", "2",
    )  # fmt: skip


def test_governance_says_so_when_the_database_is_gone(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path, CDS_DATABASE_URL="sqlite:////proc/no/such/place.db"))
    assert WORDS["governance.failed"].en in app.test_client().get("/governance").text
    for file in ("activity.csv", "options.csv", "unread.tsv"):
        assert app.test_client().get(f"/governance/{file}").status_code == 503


# -- who may see what ----------------------------------------------------------------------------------------------------------


CLIENT = '[[client]]\niss = "https://ehr.example.org"\njwks_url = "https://ehr.example.org/jwks"\n'


def production(folder: Path, **more: object) -> FlaskClient:
    given = {"CDS_PROFILE": "production", "CDS_CLIENTS": str(folder / "clients.toml"), "CDS_HASH_KEY": "k" * 32}
    (folder / "clients.toml").write_text(CLIENT, encoding="utf-8")
    return create_app(settings(folder, CDS_PUBLIC_URL="https://cds.example.org", **given, **more)).test_client()


def test_in_production_there_is_only_knowledge(tmp_path: Path) -> None:
    client = production(tmp_path)
    assert client.get("/").headers["Location"] == "/knowledge"
    assert client.get("/knowledge").status_code == 200
    assert "/governance" not in client.get("/knowledge").text
    for address in (
        "/governance",
        "/governance/activity.csv",
        "/governance/options.csv",
        "/governance/unread.tsv",
        "/playground/open",
    ):
        assert client.get(address).status_code == 404


def test_in_production_the_pages_are_behind_the_token(tmp_path: Path) -> None:
    client = production(tmp_path, CDS_PLAYGROUND="true", CDS_ADMIN_TOKEN=TOKEN)
    for address in ("/", "/governance", "/governance/activity.csv", "/governance/options.csv", "/governance/unread.tsv"):
        refused = client.get(address)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Basic")
        assert client.get(address, auth=("anyone", "wrong")).status_code == 401
        assert client.get(address, auth=("anyone", TOKEN)).status_code == 200
        assert client.get(address, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert opened(client, fixture="healthy").status_code == 401


def test_in_production_the_playground_still_asks_the_service(tmp_path: Path) -> None:
    client = production(tmp_path, CDS_PLAYGROUND="true", CDS_ADMIN_TOKEN=TOKEN)
    page = client.get("/", auth=("", TOKEN)).text
    config = json.loads(re.search(r'id="config">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    asked = client.post("/playground/open", json={"fixture": "denosumab-missed"}, auth=("", TOKEN)).json["request"]
    address = f"{config['services']}/osteoporosis-patient-view"
    assert client.post(address, json=asked, auth=("", TOKEN)).json["cards"]
    assert client.post(address, json=asked).status_code == 401
    assert client.post("/cds-services/osteoporosis-patient-view", json=asked, auth=("", TOKEN)).status_code == 401
