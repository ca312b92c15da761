"""What the FHIR client asks, what it follows and when it gives up."""

from __future__ import annotations

import gzip
import json
import time
from socket import socketpair

import pytest
from urllib3.connection import HTTPConnection

from cds_service.fhir.fetching import client
from cds_service.fhir.fetching.client import Access, Answer, FhirClient, below, page_of
from cds_service.fhir.fetching.transport import InUse
from tests.protocol import fhir_server
from tests.protocol.fhir_server import FhirServer, bundle, dripping, raw, redirect, resource, slowly

TOKEN = "secret-token"


def fetch(server: FhirServer, path: str = "Condition?patient=1", timeout: float = 2, token: str = TOKEN) -> Answer:
    return FhirClient(timeout).fetch(Access(server.base, token), {"key": f"{server.base}/{path}"})["key"]


def test_every_query_presents_the_token_and_asks_for_fhir_json_a2(server: FhirServer) -> None:
    answer = fetch(server)
    assert answer.complete
    assert len(answer.pages) == 1
    (_, headers) = server.seen[0]
    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Accept"] == "application/fhir+json"


def test_an_open_server_gets_no_authorization_header_even_when_netrc_has_one(
    server: FhirServer, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert fetch(server, token="").complete
    assert "Authorization" not in server.seen[0][1]


def test_some_queries_run_at_once(server: FhirServer) -> None:
    server.otherwise = slowly(bundle(), 0.5)
    urls = {f"key{number}": f"{server.base}/Condition?patient={number}" for number in range(12)}
    began = time.monotonic()
    answers = FhirClient(10).fetch(Access(server.base), urls)
    assert all(answer.complete for answer in answers.values())
    assert time.monotonic() - began < 4  # one after another: 6


@pytest.mark.parametrize("where", ["head", "body"])
def test_a_dripping_server_does_not_beat_the_deadline_and_frees_its_thread_a7(server: FhirServer, where: str) -> None:
    server.otherwise = dripping(8, headers=where == "head")
    fhir = FhirClient(0.4)
    began = time.monotonic()
    answers = fhir.fetch(Access(server.base), {"a": f"{server.base}/Condition", "b": f"{server.base}/Procedure"})
    assert time.monotonic() - began < 2
    assert answers == {"a": Answer(), "b": Answer()}
    fhir.close()  # ends only when no thread hangs on the server
    assert time.monotonic() - began < 5


def test_what_came_in_time_counts_when_another_query_is_late(server: FhirServer) -> None:
    server.answers["Procedure"] = slowly(bundle(), 3)
    urls = {"good": f"{server.base}/Condition?patient=1", "late": f"{server.base}/Procedure?patient=1"}
    answers = FhirClient(0.4).fetch(Access(server.base), urls)
    assert answers["good"].complete
    assert not answers["late"].complete


def test_a_redirect_is_not_followed_a7(server: FhirServer) -> None:
    with fhir_server.running() as other:
        server.otherwise = redirect(f"{other.base}/Condition?patient=1")
        assert fetch(server) == Answer()
        assert other.seen == []


def test_the_body_of_a_redirect_is_not_read(server: FhirServer) -> None:
    server.otherwise = dripping(4, status="302 Found", more=f"Location: {server.base}/elsewhere")
    began = time.monotonic()
    assert fetch(server, timeout=4) == Answer()
    assert time.monotonic() - began < 2


def test_a_connection_that_was_given_back_is_not_shut() -> None:
    here, there = socketpair()
    with here, there:
        connection = HTTPConnection("localhost")
        connection.sock = here
        in_use = InUse()
        in_use.note(connection)
        in_use.release()
        in_use.shut()
        here.sendall(b"x")
        assert there.recv(1) == b"x"


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_any_other_status_is_a_failed_query_and_is_not_asked_again_a8(server: FhirServer, status: int) -> None:
    server.otherwise = resource(bundle(), status)
    assert fetch(server) == Answer()
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_busy_server_is_asked_once_more(server: FhirServer, status: int) -> None:
    server.otherwise = resource(bundle(), status)
    assert fetch(server) == Answer()
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    "content",
    [
        b"<html>please log in</html>",
        b"",
        b"[]",
        b"{}",
        b'{"resourceType": "OperationOutcome", "issue": []}',
        b"[" * 100_000,
        b'{"resourceType": "Bundle", "entry": 5}',
        b'{"resourceType": "\xff"}',
        b'{"resourceType": "Bundle", "entry": [5], "link": [{"relation": "next", "url": "\xff"}]}',
    ],
)
def test_an_answer_that_is_no_resource_is_a_failed_query_f3(server: FhirServer, content: bytes) -> None:
    server.otherwise = raw(content)
    answer = fetch(server)
    assert (answer.pages, answer.complete) == ((), False)


def test_next_links_below_the_base_are_followed_with_the_token_f5(server: FhirServer) -> None:
    server.answers["Condition?patient=1"] = resource(bundle({"resourceType": "Condition"}, following=f"{server.base}?page=2"))
    server.answers["/fhir?page=2"] = resource(bundle(following="Condition?page=3"))
    answer = fetch(server)
    assert answer.complete
    assert len(answer.pages) == 3
    assert all(headers["Authorization"] == f"Bearer {TOKEN}" for _, headers in server.seen)


def test_a_next_link_elsewhere_is_not_followed_and_the_answer_incomplete_a7(server: FhirServer) -> None:
    with fhir_server.running() as other:
        server.otherwise = resource(bundle(following=f"{other.base}/Condition?page=2"))
        answer = fetch(server)
        assert len(answer.pages) == 1
        assert not answer.complete
        assert other.seen == []


def test_pages_that_never_end_are_capped(server: FhirServer) -> None:
    def endless(handler: object) -> None:
        number = len(server.seen)
        resource(bundle(following=f"{server.base}/Condition?page={number}"))(handler)  # type: ignore[arg-type]

    server.otherwise = endless
    answer = fetch(server)
    assert len(answer.pages) == client.MAX_PAGES
    assert not answer.complete


def test_a_page_that_leads_to_itself_ends(server: FhirServer) -> None:
    server.otherwise = resource(bundle(following=f"{server.base}/Condition?patient=1"))
    answer = fetch(server)
    assert len(server.seen) == 1
    assert not answer.complete


def test_an_answer_too_large_unpacked_is_refused(server: FhirServer) -> None:
    body = json.dumps(bundle() | {"padding": " " * 10_000_000}).encode()
    server.otherwise = raw(gzip.compress(body), Content_Encoding="gzip")
    url = {"key": f"{server.base}/Condition?patient=1"}
    assert FhirClient(2, memory=100_000).fetch(Access(server.base), url)["key"] == Answer()


def test_no_cookie_reaches_another_call(server: FhirServer) -> None:
    server.otherwise = raw(json.dumps(bundle()).encode(), Set_Cookie="session=abc; Path=/")
    fhir = FhirClient(2)
    for _ in range(2):
        fhir.fetch(Access(server.base), {"key": f"{server.base}/Condition"})
    assert all("Cookie" not in headers for _, headers in server.seen)


def test_a_server_that_does_not_listen_is_a_failed_query() -> None:
    began = time.monotonic()
    assert FhirClient(1).fetch(Access("http://127.0.0.1:9/fhir"), {"key": "http://127.0.0.1:9/fhir/Condition"}) == {
        "key": Answer()
    }
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("url", "is_below"),
    [
        ("https://ehr.example.org/fhir/Condition?page=2", True),
        ("https://ehr.example.org/fhir?_getpages=1", True),
        ("https://ehr.example.org/fhirs/Condition", False),
        ("http://ehr.example.org/fhir/Condition", False),
        ("https://ehr.example.org:8443/fhir/Condition", False),
        ("https://ehr.example.org/fhir/%2e%2e/admin", False),
        ("https://ehr.example.org/fhir/..%2fadmin", False),
        ("https://x@ehr.example.org/fhir/Condition", False),
        ("file:///etc/passwd", False),
    ],
)
def test_a_url_is_below_a_base_by_its_letters_only_a10(url: str, is_below: bool) -> None:
    assert below("https://ehr.example.org/fhir", url) is is_below


def test_the_next_link_of_a_prefetched_bundle_is_seen_f5() -> None:
    base = "https://ehr.example.org/fhir"

    def following(body: dict[str, object]) -> str | None:
        page = page_of(json.dumps(body).encode())
        assert page is not None
        return page.following(base)

    assert following(bundle(following="Condition?page=2")) == f"{base}/Condition?page=2"
    assert following(bundle()) is None
    assert following({"resourceType": "Patient", "link": [{"other": {"reference": "Patient/2"}, "type": "refer"}]}) is None
    assert page_of(b'{"resourceType": "Bundle", "entry": 5}') is None
