"""The production profile from end to end: nobody unknown is served, and nothing needs a token that must not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service import config
from cds_service.app import create_app
from cds_service.config import ConfigError, Settings
from tests.protocol.conftest import PATIENT, Json, Service
from tests.protocol.fhir_server import FhirServer, bundle
from tests.protocol.tokens import PUBLIC, TokenMaker
from tests.store.test_store import eventually

VIEW = "/cds-services/osteoporosis-patient-view"
ORIGIN = "https://portal.example.org"


def settings(maker: TokenMaker, folder: Path, **changes: Any) -> Settings:
    told: dict[str, Any] = {
        "profile": "production",
        "clients": maker.clients,
        "hash_key": "a key for the tests of this profile",
        "database_url": f"sqlite:///{folder}/store.db",
        "public_url": PUBLIC,
        "cors_origins": frozenset({ORIGIN}),
    }
    return Settings(**(told | changes))


@pytest.fixture
def maker(tmp_path: Path) -> TokenMaker:
    return TokenMaker(tmp_path / "client")


@pytest.fixture
def http(maker: TokenMaker, tmp_path: Path) -> FlaskClient:
    return create_app(settings(maker, tmp_path)).test_client()


def signed(maker: TokenMaker, path: str, **claims: Any) -> dict[str, str]:
    return {"Authorization": maker.header(aud=PUBLIC + path, **claims), "Origin": ORIGIN}


@pytest.fixture
def body(service: Service) -> Json:
    return service.request()


def test_a_known_client_is_answered_j1_j2_d12(http: FlaskClient, maker: TokenMaker, body: Json) -> None:
    assert http.get("/cds-services", headers=signed(maker, "/cds-services")).status_code == 200
    assert http.post(VIEW, json=body, headers=signed(maker, VIEW)).status_code == 200
    told = http.post(f"{VIEW}/feedback", json={"feedback": []}, headers=signed(maker, f"{VIEW}/feedback"))
    assert told.status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/cds-services"), ("POST", VIEW), ("POST", f"{VIEW}/feedback")])
def test_without_a_good_token_the_answer_is_401_without_detail_j1_j9_e8(
    http: FlaskClient, maker: TokenMaker, method: str, path: str
) -> None:
    used = signed(maker, path)
    http.open(path, method=method, json={}, headers=used)
    wrong = [
        {"Origin": ORIGIN},
        used,
        signed(maker, "/cds-services/other"),
        signed(maker, path, iss="https://evil.example.org"),
    ]
    answers = [http.open(path, method=method, json={}, headers=headers) for headers in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.data for answer in answers}) == 1
    for answer in answers:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert answer.json["resourceType"] == "OperationOutcome"


def test_a_token_is_refused_by_every_process_on_the_same_database_j9(
    maker: TokenMaker, tmp_path: Path, http: FlaskClient
) -> None:
    other = create_app(settings(maker, tmp_path)).test_client()
    headers = signed(maker, "/cds-services")
    assert http.get("/cds-services", headers=headers).status_code == 200
    assert other.get("/cds-services", headers=headers).status_code == 401


def test_the_host_header_does_not_change_the_audience_j13(http: FlaskClient, maker: TokenMaker) -> None:
    spoofed = {"Host": "evil.example.org", "X-Forwarded-Host": "evil.example.org"}
    assert http.get("/cds-services", headers=signed(maker, "/cds-services") | spoofed).status_code == 200
    token = maker.header(aud="http://evil.example.org/cds-services")
    assert http.get("/cds-services", headers=spoofed | {"Authorization": token}).status_code == 401


def test_browsers_probes_and_pages_need_no_token_j12(http: FlaskClient) -> None:
    asking = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for path in ("/cds-services", VIEW, f"{VIEW}/feedback"):
        answer = http.options(path, headers=asking)
        assert answer.status_code == 204
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "authorization" in answer.headers["Access-Control-Allow-Headers"].lower()
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert http.get(path).status_code == 200


def test_without_its_database_nobody_is_authenticated_and_the_answer_is_503_j9(maker: TokenMaker, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    gone = create_app(settings(maker, tmp_path, database_url=f"sqlite:///{tmp_path}/a-file/store.db")).test_client()
    answer = gone.get("/cds-services", headers=signed(maker, "/cds-services"))
    assert answer.status_code == 503
    assert answer.json["resourceType"] == "OperationOutcome"
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert gone.get("/readyz").status_code == 503
    assert gone.get("/healthz").status_code == 200


def test_it_is_not_ready_when_the_file_of_the_clients_is_broken(http: FlaskClient, maker: TokenMaker) -> None:
    maker.clients.write_text("")
    assert http.get("/readyz").status_code == 503


def test_a_client_s_calls_may_name_its_own_fhir_servers_only_a10_r3(
    maker: TokenMaker, tmp_path: Path, server: FhirServer, body: Json
) -> None:
    http = create_app(settings(maker, tmp_path, fhir_servers=frozenset({server.base}))).test_client()
    asked = body | {"prefetch": {}, "fhirServer": server.base}
    assert http.post(VIEW, json=asked, headers=signed(maker, VIEW)).status_code == 412
    assert server.seen == []


def test_neither_the_token_nor_its_claims_reach_the_log_j9(
    maker: TokenMaker, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    http = create_app(settings(maker, tmp_path)).test_client()  # here, so that it logs to what is captured
    headers = signed(maker, VIEW)
    http.post(VIEW, json={}, headers=headers)
    http.post(VIEW, json={}, headers=headers)
    out = "".join(capfd.readouterr())
    assert '"cause": "jti"' in out
    assert headers["Authorization"].removeprefix("Bearer ")[:40] not in out
    assert maker.iss not in out


def test_the_pinned_day_is_ignored_with_a_warning(
    maker: TokenMaker, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = settings(maker, tmp_path, today_is="2020-01-01")
    create_app(pinned)
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(line["level"], line["variable"]) for line in lines if "variable" in line] == [("warning", "CDS_TODAY")]
    assert pinned.today().year > 2020


@pytest.mark.parametrize("missing", ["CDS_CLIENTS", "CDS_HASH_KEY"])
def test_a_setting_that_production_needs_stops_the_start(
    maker: TokenMaker, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    given = {"CDS_PROFILE": "production", "CDS_CLIENTS": str(maker.clients), "CDS_HASH_KEY": "0123456789abcdef"}
    for name, value in given.items():
        if name != missing:
            monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=missing):
        config.load()


def test_no_browser_origin_is_allowed_unless_named_j12(maker: TokenMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"CDS_PROFILE": "production", "CDS_CLIENTS": str(maker.clients), "CDS_HASH_KEY": "0123456789abcdef"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert config.load().cors_origins == frozenset()


def test_a_patient_without_data_is_412_for_a_known_client_too(http: FlaskClient, maker: TokenMaker, body: Json) -> None:
    asked = body | {"prefetch": {"patient": PATIENT | {"id": "p2"}}}
    assert http.post(VIEW, json=asked, headers=signed(maker, VIEW)).status_code == 412


CATEGORY = "Condition?patient={{context.patientId}}&category=problem-list-item"


def with_site(maker: TokenMaker, folder: Path, content: str) -> FlaskClient:
    (folder / "site.toml").write_text(content, encoding="utf-8")
    return create_app(settings(maker, folder, site=folder / "site.toml")).test_client()


@pytest.mark.parametrize(
    ("named", "template"),
    [
        ('iss = "{iss}"', CATEGORY),
        ("", CATEGORY),
        ('iss = "https://other.example.org"', "Condition?patient={{context.patientId}}&_count=200"),
    ],
)
def test_a_site_s_templates_are_published_to_the_client_they_are_for(
    maker: TokenMaker, tmp_path: Path, named: str, template: str
) -> None:
    client = with_site(maker, tmp_path, f"[[prefetch]]\n{named.format(iss=maker.iss)}\ntemplates.conditions = '{CATEGORY}'\n")
    told = client.get("/cds-services", headers=signed(maker, "/cds-services")).get_json()["services"]
    assert {service["prefetch"]["conditions"] for service in told} == {template}
    assert {service["prefetch"]["patient"] for service in told} == {"Patient/{{context.patientId}}"}


def test_a_site_s_templates_are_what_is_fetched(server: FhirServer, tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text(f"[[prefetch]]\ntemplates.conditions = '{CATEGORY}'\n", encoding="utf-8")
    service = Service(site=path, fhir_servers=frozenset({server.base}))
    service.post(service.request(prefetch={"patient": PATIENT}, fhirServer=server.base))
    asked = [path for path in server.paths if path.startswith("Condition?")]
    assert asked == ["Condition?patient=p1&category=problem-list-item"]


def test_what_one_tenant_set_aside_is_shown_to_another_with_the_same_ids(
    maker: TokenMaker, tmp_path: Path, service: Service
) -> None:
    """Patient p1 and Practitioner/7 of the north are not those of the south, whether or not the clients file tells the two."""
    app = create_app(settings(maker, tmp_path))
    http, request = app.test_client(), service.request()
    request["prefetch"]["administrations"] = bundle()
    app.extensions["store"].start()

    def cards(**claims: str) -> Json:
        answer = http.post(VIEW, json=request, headers=signed(maker, VIEW, **claims))
        return {card["source"]["topic"]["code"]: card["uuid"] for card in answer.json["cards"]}

    set_aside = {"card": cards(tenant="north")["start-treatment"], "outcome": "overridden"}
    report = set_aside | {"outcomeTimestamp": datetime.now(UTC).isoformat(), "overrideReason": {"reason": {"code": "x"}}}
    answer = http.post(
        f"{VIEW}/feedback", json={"feedback": [report]}, headers=signed(maker, f"{VIEW}/feedback", tenant="north")
    )
    assert answer.status_code == 200
    assert eventually(lambda: "start-treatment" not in cards(tenant="north"))
    assert "start-treatment" in cards(tenant="south")
    assert "start-treatment" in cards()
    app.extensions["store"].close()
