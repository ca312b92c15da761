"""`check-client` against a server that behaves, one that throttles and refuses, and the real one."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

import fhir_fixtures
from cds_service import cli
from cds_service.client_check.sheet import QUESTIONS
from fhir_fixtures.prefetch import answer
from tests.integration import sekmet
from tests.integration.sekmet import TOKEN, NotInstalledError, Sekmet
from tests.protocol import fhir_server
from tests.protocol.fhir_server import FhirServer, bundle, raw, resource, send

STORY = "denosumab-missed"
TYPES = ["Patient", "Condition", "MedicationRequest", "Observation"]
CAPABILITIES = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "software": {"name": "Probe", "version": "7"},
    "rest": [
        {
            "mode": "server",
            "resource": [{"type": each, "interaction": [{"code": "search-type"}, {"code": "read"}]} for each in TYPES],
        }
    ],
}
NOT_FOUND = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-found"}]}


@pytest.fixture
def server() -> Iterator[FhirServer]:
    """One that has the story, refuses what is not there, and pages."""
    fixture = fhir_fixtures.load(STORY)
    with fhir_server.running() as running:

        def search(handler: BaseHTTPRequestHandler) -> None:
            asked = running.query(handler)
            is_other = asked.startswith("Patient/") and asked != f"Patient/{STORY}"
            found = None if is_other else answer(asked, fixture.resources)
            send(handler, 200 if found else 404, json.dumps(found or NOT_FOUND).encode())

        running.otherwise = search
        running.answers["metadata"] = resource(CAPABILITIES)
        running.answers[".well-known"] = resource(NOT_FOUND, 404)
        running.answers["NoSuchType"] = resource(NOT_FOUND, 404)
        page = {"resourceType": "Observation", "id": "o", "status": "final"}
        first = bundle(page, following=f"{running.base}/Observation?page=2")
        running.answers[f"Observation?patient={STORY}&_count=1"] = lambda handler: (
            search(handler) if "_count=100" in handler.path else send(handler, 200, json.dumps(first).encode())
        )
        running.answers["Observation?page=2"] = resource(bundle(page))
        yield running


def sheet(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[tuple[str, str], dict[str, Any]]:
    cli.main(["check-client", *arguments, "--json"])
    told = json.loads(capsys.readouterr().out)
    return {(row["section"], row["what"]): row for row in told["rows"]}


def test_a_server_that_behaves_has_no_problem_but_what_it_lacks(capsys: pytest.CaptureFixture[str], server: FhirServer) -> None:
    rows = sheet(capsys, server.base, "--patient", STORY)
    assert [row for row in rows.values() if row["verdict"] == "problem"] == []
    assert rows["Capabilities", "FHIR release"]["found"] == "4.0.1"
    assert rows["Capabilities", "Software"]["found"] == "Probe 7"
    assert rows["Capabilities", "Procedure"]["verdict"] == "note"
    given = [each for each in fhir_fixtures.load(STORY).resources if each["resourceType"] == "MedicationAdministration"]
    assert rows["Queries", "administrations"]["found"].startswith(f"{len(given)} in 1 page, ")
    assert rows["Paging", "next link"]["verdict"] == "ok"
    assert rows["Pacing", "all queries of patient-view"]["verdict"] == "ok"
    assert {header for _, headers in server.seen for header in headers} & {"Authorization"} == set()


def test_one_that_throttles_and_refuses_is_told_as_such(
    capsys: pytest.CaptureFixture[str], server: FhirServer, tmp_path: Path
) -> None:
    calm, lock, reads = server.otherwise, Lock(), [0]

    def throttled(handler: BaseHTTPRequestHandler) -> None:
        with lock:
            reads[0] += 1
            many = reads[0] > 3
        if many:
            send(handler, 429, b"{}", Retry_After="1")
        else:
            calm(handler)

    del server.answers[f"Observation?patient={STORY}&_count=1"]
    server.answers |= {
        f"Patient/{STORY}": throttled,
        "Condition": resource(NOT_FOUND, 403),
        "MedicationStatement": raw(b"<html>", 500),
        "Procedure": lambda handler: (
            send(handler, 400, b"{}") if "_sort" in handler.path else send(handler, 200, json.dumps(bundle()).encode())
        ),
        "AllergyIntolerance": resource(bundle() | {"total": 4}),
        "Observation?patient": resource(
            bundle({"resourceType": "Observation", "id": "o"}, following="https://other.example.org/2")
        ),
        "NoSuchType": resource(bundle()),
    }
    (tmp_path / "token").write_text("secret-token\n", encoding="utf-8")
    rows = sheet(capsys, server.base, "--patient", STORY, "--token-file", str(tmp_path / "token"))
    verdicts = {row: told["verdict"] for row, told in rows.items()}
    assert verdicts["Queries", "conditions"] == "problem"
    assert "not in the scopes" in rows["Queries", "conditions"]["means"]
    assert "cards are not given without it" in rows["Queries", "conditions"]["means"]
    assert "status 500" in rows["Queries", "statements"]["found"]
    assert "only without _sort and _count" in rows["Queries", "procedures"]["means"]
    assert "partial" in rows["Queries", "allergies"]["found"]
    assert "partial" in rows["Queries", "renal"]["found"]
    assert verdicts["Paging", "next link"] == "problem"
    assert verdicts["Refusals", "a type that does not exist"] == "problem"
    assert verdicts["Refusals", "no token"] == "problem", "it gives the patient to anyone, or throttles"
    burst = rows["Pacing", "20 reads at once"]
    assert (burst["verdict"], "429" in burst["found"]) == ("note", True)
    assert "Retry-After 1" in burst["means"]
    assert rows["Pacing", "all queries of patient-view"]["verdict"] == "problem"
    assert "secret-token" not in json.dumps([*rows.values()])


def test_without_a_patient_only_the_server_itself_is_asked(capsys: pytest.CaptureFixture[str], server: FhirServer) -> None:
    rows = sheet(capsys, server.base)
    assert rows["Queries", "23 prefetch keys"]["verdict"] == "not asked"
    assert not [path for path in server.paths if STORY in path]


def test_the_text_can_be_filled_in_and_names_nobody(capsys: pytest.CaptureFixture[str], server: FhirServer) -> None:
    cli.main(["check-client", server.base, "--patient", STORY])
    told = capsys.readouterr().out
    for what, _ in QUESTIONS:
        assert f"  {what:<34}________" in told
    person = next(each for each in fhir_fixtures.load(STORY).resources if each["resourceType"] == "Patient")
    assert STORY not in told
    assert person["birthDate"] not in told
    assert max(map(len, told.splitlines())) <= 120


def test_a_server_that_is_not_there_and_an_address_that_is_none_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    for address, told in (("http://127.0.0.1:9/fhir", "does not answer"), ("ftp://x", "must be the http(s) base URL")):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["check-client", address, "--patient", "p", "--json"])
        assert stopped.value.code == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert told in said


def test_the_real_server_is_asked_and_gets_its_sheet(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDS_FHIR_TIMEOUT", "20")
    try:
        with sekmet.running(tmp_path) as running:
            _check_the_real_one(capsys, running, tmp_path)
    except NotInstalledError as error:
        pytest.skip(str(error))


def _check_the_real_one(capsys: pytest.CaptureFixture[str], running: Sekmet, tmp_path: Path) -> None:
    assert running.put(fhir_fixtures.load(STORY).resources) == []
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    rows = sheet(capsys, running.base, "--patient", STORY, "--token-file", str(tmp_path / "token"))
    assert rows["Capabilities", "FHIR release"]["verdict"] == "ok"
    assert rows["Queries", "patient"]["verdict"] == "ok"
    assert rows["Queries", "administrations"]["verdict"] == "ok"
    assert rows["Refusals", "a wrong token"]["verdict"] == "ok"
    assert rows["Pacing", "20 reads at once"]["verdict"] == "ok"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:{port}/fhir", "no such host, or it takes no connection"),
        ("http://nowhere.invalid/fhir", "no such host, or it takes no connection"),
    ],
)
def test_where_nobody_answers_one_sentence_says_so(capsys: pytest.CaptureFixture[str], url: str, said: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound and not listening: refused
        url = url.format(port=free.getsockname()[1])
        with pytest.raises(SystemExit):
            cli.main(["check-client", url, "--patient", STORY])
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f"osteoporosis-cds: {url}: does not answer: {said}\n"


def test_where_tls_is_not_spoken_one_sentence_says_so(server: FhirServer, capsys: pytest.CaptureFixture[str]) -> None:
    url = server.base.replace("http:", "https:")
    with pytest.raises(SystemExit):
        cli.main(["check-client", url])
    assert capsys.readouterr().err == (
        f"osteoporosis-cds: {url}: does not answer: its certificate is not trusted, or it does not speak TLS\n"
    )
