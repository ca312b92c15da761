"""Client tokens (2.10): who is let in, who is not, and what is fetched meanwhile."""

from __future__ import annotations

import base64
import json
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, NamedTuple

import jwt
import pytest

from cds_service.config import ConfigError
from cds_service.hooks import client_keys
from cds_service.hooks import keys as key_store
from cds_service.hooks.auth import Authenticator, Unauthenticated
from cds_service.hooks.clients import Client, load
from tests.protocol.fhir_server import FhirServer, redirect, send
from tests.protocol.tokens import DISCOVERY, ISS, MISSING, PUBLIC, TokenMaker

PATH = "/cds-services"


class Memory:
    """Remembers tokens as the store does, for one process."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], float] = {}

    def __call__(self, iss: str, jti: str, until: float, proxy_id: str = "") -> bool:
        return self.seen.setdefault((iss, jti), until) is until


@pytest.fixture
def client(tmp_path: Path) -> TokenMaker:
    return TokenMaker(tmp_path / "client")


def guard(*clients: Client, memory: Memory | None = None, base_url: str = PUBLIC) -> Authenticator:
    return Authenticator(clients, base_url, memory or Memory())


def known(maker: TokenMaker, **members: Any) -> Client:
    """The client as the file that was made for it says, with ``members`` changed."""
    return load(maker.clients)[0].model_copy(update=members)


def refused(authenticator: Authenticator, header: str | None, path: str = PATH) -> str:
    with pytest.raises(Unauthenticated) as caught:
        authenticator.caller(header, path)
    assert caught.value.status == 401
    return caught.value.cause


@pytest.mark.parametrize("alg", ["ES384", "RS384"])
def test_both_recommended_algorithms_are_accepted_j4(tmp_path: Path, alg: str) -> None:
    maker = TokenMaker(tmp_path, alg)
    assert guard(known(maker)).caller(maker.header(), PATH).iss == ISS


class In(NamedTuple):
    """So many seconds from when the test runs, which may be minutes after it was collected."""

    seconds: int


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"iss": MISSING}, "iss"),
        ({"iss": "https://evil.example.org"}, "iss"),
        ({"iss": "https://sandbox.cds-hooks.org"}, "iss"),
        ({"aud": MISSING}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": PUBLIC}, "aud"),
        ({"aud": "http://cds.example.org/cds-services"}, "aud"),
        ({"aud": {"a": DISCOVERY}}, "aud"),
        ({"exp": MISSING}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 1e400}, "exp"),
        ({"exp": In(-120), "iat": In(-400)}, "exp"),
        ({"exp": In(3700)}, "exp"),
        ({"iat": MISSING}, "iat"),
        ({"iat": In(120)}, "iat"),
        ({"nbf": In(120)}, "iat"),
        ({"jti": MISSING}, "jti"),
        ({"jti": ""}, "jti"),
        ({"jti": 5}, "jti"),
        ({"head": {"kid": MISSING}}, "kid"),
        ({"head": {"kid": "other"}}, "kid"),
        ({"head": {"typ": "at+jwt"}}, "head"),
        ({"head": {"crit": ["x"], "x": 1}}, "form"),
    ],
)
def test_a_claim_that_is_missing_or_wrong_is_refused_j5_j6(client: TokenMaker, changes: dict[str, Any], cause: str) -> None:
    if "jti" in changes and not isinstance(changes["jti"], str) and changes["jti"] is not MISSING:
        changes = {"jti": ""}  # PyJWT does not write such a token
    now = int(time.time())
    changes = {name: now + value.seconds if isinstance(value, In) else value for name, value in changes.items()}
    assert refused(guard(known(client)), client.header(**changes)) == cause


@pytest.mark.parametrize("aud", [[DISCOVERY], ["https://other.example.org", DISCOVERY], DISCOVERY])
def test_the_audience_may_be_a_list_with_the_address_called_j6(client: TokenMaker, aud: Any) -> None:
    assert guard(known(client)).caller(client.header(aud=aud), PATH)


@pytest.mark.parametrize(
    "aud",
    [
        PUBLIC + PATH + "/",
        (PUBLIC + PATH).replace("https", "HTTPS"),
        PUBLIC.upper().replace("HTTPS", "https") + PATH,
        f"{PUBLIC}:443{PATH}",
        f"{PUBLIC.upper()}:443{PATH}/",
    ],
)
def test_the_audience_is_compared_as_an_address_j6(client: TokenMaker, aud: str) -> None:
    assert guard(known(client)).caller(client.header(aud=aud), PATH)
    assert refused(guard(known(client)), client.header(aud=aud + "x")) == "aud"


@pytest.mark.parametrize(
    "aud", [f"{PUBLIC}:80{PATH}", f"{PUBLIC}:8443{PATH}", PUBLIC + PATH.upper(), PUBLIC.replace("https", "http") + PATH]
)
def test_another_port_scheme_or_path_is_another_address_j6(client: TokenMaker, aud: str) -> None:
    assert refused(guard(known(client)), client.header(aud=aud)) == "aud"


def test_an_address_with_a_port_of_its_own_is_asked_for_with_it_j6(client: TokenMaker) -> None:
    there = guard(known(client), base_url=f"{PUBLIC}:8443")
    assert there.caller(client.header(aud=f"{PUBLIC.upper()}:8443{PATH}/"), PATH)
    assert refused(there, client.header(aud=PUBLIC + PATH)) == "aud"


def test_two_clocks_may_differ_by_a_minute(client: TokenMaker) -> None:
    authenticator, now = guard(known(client)), int(time.time())
    assert authenticator.caller(client.header(exp=now - 50, iat=now - 300), PATH)
    assert authenticator.caller(client.header(exp=now + 350, iat=now + 50), PATH)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "Bearer x", "Bearer a.b.c", "Bearer " + "x" * 20_000]
)
def test_what_is_no_token_is_refused(client: TokenMaker, header: str | None) -> None:
    refused(guard(known(client)), header)


def test_none_and_symmetric_algorithms_are_never_accepted_j3(client: TokenMaker) -> None:
    authenticator = guard(known(client))
    unsigned = jwt.encode(client.claims(), None, algorithm="none", headers=client.head())
    assert refused(authenticator, f"Bearer {unsigned}") == "head"
    for alg in ("HS256", "HS384"):
        forged = jwt.encode(client.claims(), "x" * 48, algorithm=alg, headers=client.head())
        assert refused(authenticator, f"Bearer {forged}") == "head"


def test_a_foreign_signature_is_refused_and_its_jti_not_remembered_j9(client: TokenMaker, tmp_path: Path) -> None:
    memory = Memory()
    authenticator = guard(known(client), memory=memory)
    forger = TokenMaker(tmp_path / "forger")
    assert refused(authenticator, client.header(key=forger.key)) == "signature"
    head, claims, _ = client.token().split(".")
    changed = base64.urlsafe_b64encode(json.dumps(client.claims(jti="other")).encode()).rstrip(b"=").decode()
    assert refused(authenticator, f"Bearer {head}.{changed}.{client.token().split('.')[2]}") == "signature"
    assert claims
    assert memory.seen == {}


def test_an_rsa_key_is_not_taken_for_an_elliptic_one_j4(client: TokenMaker, tmp_path: Path) -> None:
    rsa = TokenMaker(tmp_path / "rsa", "RS384")
    assert refused(guard(known(client)), client.header(key=rsa.key, alg="RS384")) == "signature"


def test_a_token_is_good_for_one_call_j9(client: TokenMaker) -> None:
    memory = Memory()
    first, second = guard(known(client), memory=memory), guard(known(client), memory=memory)
    header = client.header()
    assert first.caller(header, PATH)
    assert refused(first, header) == refused(second, header) == "jti"


def test_the_address_of_another_service_is_no_audience_e8(client: TokenMaker) -> None:
    authenticator, service = guard(known(client)), f"{PATH}/osteoporosis-patient-view"
    assert authenticator.caller(client.header(aud=PUBLIC + service + "/feedback"), service + "/feedback")
    assert refused(authenticator, client.header(aud=PUBLIC + service), service + "/feedback") == "aud"


def test_a_configured_audience_is_accepted_for_that_client_only(client: TokenMaker, tmp_path: Path) -> None:
    other = TokenMaker(tmp_path / "other", iss="https://other.example.org")
    authenticator = guard(known(client, aud=frozenset({"sand_man"})), known(other))
    assert authenticator.caller(client.header(aud="sand_man"), PATH)
    assert refused(authenticator, other.header(aud="sand_man")) == "aud"


def test_a_configured_tenant_must_be_in_the_token_j6(client: TokenMaker) -> None:
    authenticator = guard(known(client, tenant="north"))
    assert authenticator.caller(client.header(tenant="north"), PATH)
    assert refused(authenticator, client.header()) == "tenant"
    assert refused(authenticator, client.header(tenant="south")) == "tenant"
    assert guard(known(client)).caller(client.header(tenant="anything"), PATH)


def test_tenants_of_one_issuer_are_told_apart(client: TokenMaker) -> None:
    north, south = (
        known(client, tenant=name, fhir_servers=frozenset({f"https://{name}.example.org"})) for name in ("north", "south")
    )
    assert guard(north, south).caller(client.header(tenant="south"), PATH) == south


def test_a_tenant_that_the_configuration_leaves_open_is_the_tokens(client: TokenMaker) -> None:
    authenticator = guard(known(client))
    tenants = [authenticator.caller(client.header(tenant=name), PATH).tenant for name in ("north", "south", MISSING, 7)]
    assert tenants == ["north", "south", "", ""]


# -- keys at a URL ------------------------------------------------------------------------------------------------------


@pytest.fixture
def jwks_server(server: FhirServer, client: TokenMaker) -> FhirServer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        send(handler, 200, json.dumps(client.jwks).encode())

    server.otherwise = answer
    return server


def at_url(maker: TokenMaker, server: FhirServer) -> Client:
    return known(maker, jwks_file=None, jwks_url=f"{server.base}/jwks")


def rotate(maker: TokenMaker, folder: Path) -> None:
    """The client has a new key and publishes it beside the old one."""
    new = TokenMaker(folder)
    maker.jwks["keys"] += new.jwks["keys"]
    maker.key, maker.kid = new.key, new.kid


def test_keys_are_fetched_once_and_again_after_a_rotation_then_a_minute_passes_j5(
    client: TokenMaker, jwks_server: FhirServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authenticator = guard(at_url(client, jwks_server))
    for _ in range(3):
        authenticator.caller(client.header(), PATH)
    assert len(jwks_server.seen) == 1
    rotate(client, tmp_path / "new")
    for _ in range(3):
        authenticator.caller(client.header(), PATH)
    assert len(jwks_server.seen) == 2
    for number in range(5):
        assert refused(authenticator, client.header(head={"kid": f"unknown-{number}"})) == "kid"
    assert len(jwks_server.seen) == 2
    monkeypatch.setattr(key_store, "COOL_DOWN", 0.0)
    refused(authenticator, client.header(head={"kid": "unknown"}))
    assert len(jwks_server.seen) == 3


def test_a_server_of_keys_that_fails_is_asked_once_a_minute_and_known_keys_stay(
    client: TokenMaker, jwks_server: FhirServer
) -> None:
    authenticator = guard(at_url(client, jwks_server))
    authenticator.caller(client.header(), PATH)
    jwks_server.otherwise = redirect("http://127.0.0.1:9/")
    for _ in range(3):
        refused(authenticator, client.header(head={"kid": "unknown"}))
    assert len(jwks_server.seen) == 2
    assert authenticator.caller(client.header(), PATH)


def test_nothing_is_fetched_for_what_is_not_listed_j7_a10(client: TokenMaker, jwks_server: FhirServer, tmp_path: Path) -> None:
    authenticator = guard(at_url(client, jwks_server))
    stranger = TokenMaker(tmp_path / "stranger", iss="https://evil.example.org")
    jku = f"{jwks_server.base}/other"
    assert refused(authenticator, stranger.header(head={"jku": jku})) == "iss"
    assert refused(authenticator, client.header(head={"jku": jku})) == "jku"
    assert refused(authenticator, client.header(aud="https://other.example.org")) == "aud"
    assert jwks_server.seen == []
    assert authenticator.caller(client.header(head={"jku": f"{jwks_server.base}/jwks"}), PATH)
    assert jwks_server.paths == ["jwks"]


def test_keys_from_a_file_need_no_jku_and_follow_none_j8(client: TokenMaker, jwks_server: FhirServer) -> None:
    authenticator = guard(known(client))
    assert authenticator.caller(client.header(head={"jku": f"{jwks_server.base}/jwks"}), PATH)
    assert authenticator.caller(client.header(), PATH)
    assert jwks_server.seen == []


def test_only_keys_that_can_check_our_algorithms_are_used_j3(client: TokenMaker) -> None:
    good = client.jwks["keys"][0]
    wrong = [
        good | {"use": "enc"},
        good | {"alg": "ES256"},
        good | {"crv": "P-256"},
        good | {"x": "!"},
        {"kty": "oct", "k": "eHh4", "kid": "1"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "1"},
        {"kty": ["EC"], "kid": "1"},
        {name: value for name, value in good.items() if name != "kid"},
    ]
    assert key_store.usable(key_store._Jwks(wrong)) == {}
    assert set(key_store.usable(key_store._Jwks([*wrong, good]))) == {client.kid}


# -- the file -----------------------------------------------------------------------------------------------------------

BASE = 'iss = "https://ehr.example.org"\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "client = 5",
        "[[client]",
        "[[client]]",
        "[[client]]\n" + BASE,
        "[[client]]\n" + BASE + 'jwks_file = "a"\njwks_url = "https://ehr.example.org/jwks"',
        "[[client]]\n" + BASE + 'jwks_url = "http://ehr.example.org/jwks"',
        "[[client]]\n" + BASE + 'jwks_url = "file:///etc/passwd"',
        "[[client]]\n" + BASE + 'jwks_url = "https://ehr.example.org/jwks"\nfhir_servers = ["http://ehr.example.org/fhir"]',
        "[[client]]\n" + BASE + 'jwks_url = "https://ehr.example.org/jwks"\nsecret = "x"',
        ("[[client]]\n" + BASE + 'jwks_url = "https://ehr.example.org/jwks"\n') * 2,
        "[[client]]\n" + BASE + 'jwks_file = "no-such-file.json"',
    ],
)
def test_a_clients_file_that_cannot_be_right_stops_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clients.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="CDS_CLIENTS"):
        load(path)


def test_keys_may_be_served_by_this_machine_without_tls(tmp_path: Path) -> None:
    path = tmp_path / "clients.toml"
    path.write_text("[[client]]\n" + BASE + 'jwks_url = "http://127.0.0.1:9000/jwks"\naud = "sand_man"')
    assert load(path)[0].aud == {"sand_man"}


def test_a_key_file_without_a_key_stops_the_start(client: TokenMaker) -> None:
    (client.folder / client_keys.JWKS).write_text('{"keys": []}')
    with pytest.raises(ConfigError, match="jwks_file"):
        guard(known(client))


def test_what_was_made_for_a_tester_is_never_overwritten(tmp_path: Path) -> None:
    made = client_keys.make(tmp_path, ISS, "RS384")
    assert made[0].stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        client_keys.make(tmp_path, ISS, "ES384")
