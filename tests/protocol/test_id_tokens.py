"""The id_token that opens the endpoint of the SMART app: of a registered EHR, for this app, valid now. And what it opens."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from flask.testing import FlaskClient
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

import fhir_fixtures
from cds_service.app import create_app
from cds_service.config import ConfigError, Settings
from cds_service.hooks import clients
from cds_service.hooks.id_tokens import OLDEST, SKEW, IdTokens, Launched, Refused
from cds_service.web.smart import content_security_policy
from tests.protocol.tokens import MISSING, PUBLIC, TokenMaker

ISSUER, APP = "https://login.example.org", "screen"
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
SMART = f'[client.smart]\nclient_id = "{APP}"\nissuer = "{ISSUER}"\n'
CLIENT = (
    '[[client]]\niss = "https://ehr.example.org"\njwks_file = "keys.json"\nfhir_servers = ["https://ehr.example.org/fhir"]\n'
)


def registered(folder: Path, text: str = CLIENT + SMART, keys: dict[str, Any] | None = None) -> tuple[clients.Client, ...]:
    public = [
        json.loads(RSAAlgorithm.to_jwk(RSA_KEY.public_key())) | {"kid": "rsa"},
        json.loads(ECAlgorithm.to_jwk(EC_KEY.public_key())) | {"kid": "ec"},
    ]
    (folder / "keys.json").write_text(json.dumps(keys or {"keys": public}), encoding="utf-8")
    (folder / "clients.toml").write_text(text, encoding="utf-8")
    return clients.load(folder / "clients.toml")


def token(key: Any = RSA_KEY, alg: str = "RS256", kid: Any = "rsa", **changes: Any) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": APP, "sub": "u1", "iat": now, "exp": now + 300, "fhirUser": "Practitioner/7"} | changes
    head = {} if kid is MISSING else {"kid": kid}
    return jwt.encode({name: told for name, told in claims.items() if told is not MISSING}, key, algorithm=alg, headers=head)


def launched(folder: Path, given: str) -> Launched:
    return IdTokens(registered(folder)).launched(f"Bearer {given}")


@pytest.mark.parametrize(("key", "alg", "kid"), [(RSA_KEY, "RS256", "rsa"), (RSA_KEY, "RS384", "rsa"), (EC_KEY, "ES256", "ec")])
def test_what_an_ehr_signs_about_its_user_is_taken_again_and_again(tmp_path: Path, key: Any, alg: str, kid: str) -> None:
    known = IdTokens(registered(tmp_path))
    given = token(key, alg, kid)
    for _ in range(2):
        found = known.launched(f"Bearer {given}")
        assert (found.client.iss, found.user) == ("https://ehr.example.org", "Practitioner/7")


@pytest.mark.parametrize(
    ("claims", "user"),
    [
        ({"fhirUser": "https://ehr.example.org/fhir/Patient/9/_history/1"}, "Patient/9"),
        ({"fhirUser": MISSING, "profile": "RelatedPerson/3"}, "RelatedPerson/3"),
        ({"fhirUser": MISSING}, "Practitioner/u1"),
        ({"fhirUser": "7"}, "Practitioner/u1"),
        ({"fhirUser": ["Practitioner/8"]}, "Practitioner/u1"),
    ],
)
def test_the_user_is_the_one_that_hooks_name(tmp_path: Path, claims: dict[str, Any], user: str) -> None:
    assert launched(tmp_path, token(**claims)).user == user


def old(seconds: float) -> dict[str, int]:
    return {"iat": int(time.time() - seconds), "exp": int(time.time() + 300)}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"iss": "https://evil.example.org"}, "iss"),
    "the issuer of the hooks": ({"iss": "https://ehr.example.org"}, "iss"),
    "no issuer": ({"iss": MISSING}, "iss"),
    "another app": ({"aud": "another"}, "aud"),
    "no audience": ({"aud": MISSING}, "aud"),
    "for another app's use": ({"aud": [APP, "another"], "azp": "another"}, "azp"),
    "expired": ({"exp": int(time.time()) - SKEW - 5}, "exp"),
    "never expires": ({"exp": MISSING}, "signature"),
    "of unknown age": ({"iat": MISSING}, "signature"),
    "of the future": ({"iat": int(time.time()) + 3600}, "signature"),
    "of nobody": ({"sub": MISSING}, "signature"),
    "too old": (old(OLDEST + 60), "exp"),
    "another key": ({"key": rsa.generate_private_key(65537, 2048)}, "signature"),
    "an unknown key": ({"kid": "x"}, "kid"),
    "no key named of several": ({"kid": MISSING}, "kid"),
    "of an age in words": ({"iat": str(int(time.time()) - OLDEST - 60)}, "exp"),
    "of no finite age": ({"iat": float("-inf")}, "signature"),
    "a key of another kind": ({"kid": "ec"}, "kid"),
    "a shared secret": ({"key": "0" * 64, "alg": "HS256"}, "head"),
    "unsigned": ({"key": None, "alg": "none"}, "head"),
}


@pytest.mark.parametrize("case", WRONG)
def test_anything_else_is_refused(tmp_path: Path, case: str) -> None:
    changes, cause = WRONG[case]
    with pytest.raises(Refused) as refusal:
        launched(tmp_path, token(**changes))
    assert refusal.value.cause == cause
    assert refusal.value.code == ("expired" if cause == "exp" else "login")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic eDp5", "Bearer " + "x" * 20_000, "Bearer e30.e30."])
def test_what_is_no_token_is_refused(tmp_path: Path, header: str | None) -> None:
    with pytest.raises(Refused):
        IdTokens(registered(tmp_path)).launched(header)


def test_just_within_its_limits_it_is_taken(tmp_path: Path) -> None:
    assert launched(tmp_path, token(exp=int(time.time()) - SKEW + 30))
    assert launched(tmp_path, token(**old(OLDEST - 60)))
    assert launched(tmp_path, token(aud=[APP, "another"], azp=APP))


def test_where_an_ehr_has_one_key_its_tokens_need_not_name_it(tmp_path: Path) -> None:
    """OpenID Connect Core, 10.1: the name is for those who have several. The public SMART launcher names none."""
    public = json.loads(RSAAlgorithm.to_jwk(RSA_KEY.public_key())) | {"kid": "rsa"}
    known = IdTokens(registered(tmp_path, keys={"keys": [public]}))
    assert known.launched(f"Bearer {token(kid=MISSING)}").user == "Practitioner/7"
    for wrong in (token(kid="x"), token(EC_KEY, "ES256", MISSING), token(rsa.generate_private_key(65537, 2048), kid=MISSING)):
        with pytest.raises(Refused):
            known.launched(f"Bearer {wrong}")


def test_a_key_that_names_its_algorithm_signs_with_no_other(tmp_path: Path) -> None:
    public = json.loads(ECAlgorithm.to_jwk(EC_KEY.public_key())) | {"kid": "ec", "alg": "ES384"}
    with pytest.raises(Refused):
        IdTokens(registered(tmp_path, keys={"keys": [public]})).launched(f"Bearer {token(EC_KEY, 'ES256', 'ec')}")


def test_tenants_of_one_issuer_are_told_apart(tmp_path: Path) -> None:
    two = "".join(CLIENT + f'tenant = "{name}"\n' + SMART for name in ("a", "b"))
    known = IdTokens(registered(tmp_path, two))
    assert known.launched(f"Bearer {token(tenant='b')}").client.tenant == "b"
    for tenant in ("c", MISSING):
        with pytest.raises(Refused):
            known.launched(f"Bearer {token(tenant=tenant)}")


def test_a_client_without_the_app_opens_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        IdTokens(registered(tmp_path, CLIENT)).launched(f"Bearer {token(iss='https://ehr.example.org')}")


# -- the clients file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        'origins = ["https://ehr.example.org/path"]',
        'origins = ["https://ehr.example.org; script-src *"]',
        'origins = ["https://*"]',
        'frames = ["*"]',
        'frames = ["http://ehr.example.org"]',
        'fhir_servers = ["http://ehr.example.org/fhir"]',
        'fhir_servers = ["https://ehr.example.org; script-src *"]',
        'fhir_servers = ["https://ehr.example.org; script-src */fhir"]',
        'jwks_url = "http://ehr.example.org/jwks"',
        'client_secret = "x"',
    ],
)
def test_what_cannot_be_registered_stops_the_start(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match=r"client 1: smart"):
        registered(tmp_path, f"{CLIENT}{SMART}{line}\n")


def test_the_page_talks_to_the_registered_servers_and_stands_in_their_frames_only(tmp_path: Path) -> None:
    text = CLIENT + SMART + 'origins = ["https://login.example.org:8443"]\nframes = ["https://web.example.org"]\n'
    rules = content_security_policy(registered(tmp_path, text)).split("; ")
    assert "connect-src 'self' https://ehr.example.org https://login.example.org:8443" in rules
    assert "frame-ancestors https://web.example.org" in rules
    assert "script-src 'self'" in rules
    closed = content_security_policy(registered(tmp_path, CLIENT)).split("; ")
    assert {"connect-src 'self'", "frame-ancestors 'none'"} <= set(closed)


# -- what it opens -----------------------------------------------------------------------------------------------------------


def served(folder: Path, **more: object) -> FlaskClient:
    registered(folder)
    given = {"CDS_CLIENTS": str(folder / "clients.toml"), "CDS_DATABASE_URL": f"sqlite:///{folder}/cds.db"}
    given |= {"CDS_PROFILE": "production", "CDS_HASH_KEY": "k" * 32, "CDS_PUBLIC_URL": PUBLIC}
    return create_app(Settings.model_validate(given | more)).test_client()


def asked(client: FlaskClient, given: str, path: str = "cards", **more: Any) -> Any:
    body = fhir_fixtures.load("denosumab-missed").request() | more
    return client.post(f"/smart/{path}", json=body, headers={"Authorization": f"Bearer {given}"})


def test_it_opens_the_screen_and_no_hook(tmp_path: Path) -> None:
    client = served(tmp_path)
    answer = asked(client, token())
    assert answer.status_code == 200, answer.json
    assert answer.json["cards"]
    assert answer.json["screen"]["groups"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers
    request = fhir_fixtures.load("denosumab-missed").request()
    header = {"Authorization": f"Bearer {token(aud=[APP, f'{PUBLIC}/cds-services/osteoporosis-patient-view'])}"}
    assert client.post("/cds-services/osteoporosis-patient-view", json=request, headers=header).status_code == 401


@pytest.mark.parametrize("path", ["cards", "feedback"])
def test_without_it_nothing_opens_and_the_cause_is_named(tmp_path: Path, path: str) -> None:
    client = served(tmp_path)
    for given, told in (("", "none"), (token(aud="another"), "aud"), (token(exp=1), "exp")):
        refused = asked(client, given, path)
        assert refused.status_code == 401
        assert refused.json["issue"][0]["diagnostics"] == f"id_token: {told}"
        assert given == "" or given not in refused.text


def test_who_asks_is_what_the_token_says_whatever_the_body_says(tmp_path: Path) -> None:
    client = served(tmp_path)
    context = {
        "userId": "Practitioner/7",
        "patientId": fhir_fixtures.load("denosumab-missed").request()["context"]["patientId"],
    }
    as_patient = asked(client, token(fhirUser="Patient/p1"), context=context)
    assert as_patient.json.keys() == {"letter"}
    assert "zoledronate" not in as_patient.json["letter"].lower()
    as_clinician = asked(client, token(), context=context | {"userId": "Patient/p1"})
    assert as_clinician.json["cards"][0]["suggestions"]


def test_nothing_is_fetched_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*_: object, **__: object) -> None:
        raise AssertionError("asked a FHIR server")

    monkeypatch.setattr("cds_service.fhir.fetching.client.FhirClient.fetch", fetch)
    granted = {"access_token": "x", "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.rs", "subject": "s"}
    answer = asked(served(tmp_path), token(), fhirServer="https://ehr.example.org/fhir", fhirAuthorization=granted, prefetch={})
    assert answer.status_code == 412


def test_in_shadow_mode_it_shows_no_empty_screen(tmp_path: Path) -> None:
    client = served(tmp_path, CDS_SHADOW="true")
    assert asked(client, token()).status_code == 503
    assert '"shadow": true' in client.get("/smart/launch").text


def test_cards_link_to_the_app_where_the_ehr_has_it_l2_l4(tmp_path: Path) -> None:
    maker = TokenMaker(tmp_path / "hooks")
    address = f"{PUBLIC}/cds-services/osteoporosis-patient-view"
    request = fhir_fixtures.load("denosumab-missed").request()
    for smart in ("", f'[client.smart]\nclient_id = "{APP}"\n'):
        maker.clients.write_text(maker.clients.read_text(encoding="utf-8") + smart, encoding="utf-8")
        client = served(tmp_path, CDS_CLIENTS=str(maker.clients))
        header = {"Authorization": maker.header(aud=address)}
        answer = client.post("/cds-services/osteoporosis-patient-view", json=request, headers=header)
        assert answer.status_code == 200, answer.json
        links = [link for card in answer.json["cards"] for link in card["links"] if link["type"] == "smart"]
        assert len(links) == (len(answer.json["cards"]) if smart else 0)
        for link, card in zip(links, answer.json["cards"], strict=bool(smart)):
            assert link["url"] == f"{PUBLIC}/smart/launch"
            assert json.loads(link["appContext"]) == {"card": card["source"]["topic"]["code"]}
