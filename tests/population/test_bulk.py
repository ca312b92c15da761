"""A Bulk Data server: kick-off, polling, files, keys; and what it does when it is busy, breaks off or is asked again."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from cds_service.config import ConfigError, Settings
from cds_service.hooks import client_keys
from cds_service.population import bulk
from cds_service.population.bulk import Access, Server
from cds_service.population.run import Options, run_server
from tests.population.conftest import TODAY, generated, went

CLIENT = "our-client"


class Bulk(ThreadingHTTPServer):
    """A server of ours: ``script`` are the answers that come before the right one, by path."""

    daemon_threads = True

    def __init__(self, folder: Path, keys: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder, self.keys = folder, keys
        self.base = f"http://127.0.0.1:{self.server_port}/fhir"
        self.script: dict[str, list[tuple[int, dict[str, str]]]] = {}
        self.asked: list[str] = []
        self.tokens: list[str] = []
        self.types: list[str] = []
        self.errors: list[dict[str, str]] = []
        self.output: Any = ...
        self.pages = 1
        self.breaks: set[str] = set()
        self.seen: set[str] = set()


class _Handler(BaseHTTPRequestHandler):
    server: Bulk

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path = urlsplit(self.path).path.removeprefix("/fhir")
        self.server.asked.append(f"GET {path}")
        if path == "/.well-known/smart-configuration":
            return self._json({"token_endpoint": f"{self.server.base}/token"})
        if self.headers.get("Authorization") not in {f"Bearer {token}" for token in self.server.tokens}:
            return self._answer(401)
        if waiting := self.server.script.get(path):
            return self._answer(*waiting.pop(0))
        if path.endswith("$export"):
            assert self.headers["Prefer"] == "respond-async"
            self.server.types = parse_qs(urlsplit(self.path).query)["_type"][0].split(",")
            return self._answer(202, {"Content-Location": f"{self.server.base}/status/1"})
        if path == "/status/1":
            files = sorted(self.server.folder.iterdir())
            output = [{"type": each.name.split(".")[0], "url": f"{self.server.base}/files/{each.name}"} for each in files]
            output = output if self.server.output is ... else self.server.output
            page, pages = int(parse_qs(urlsplit(self.path).query).get("page", ["0"])[0]), self.server.pages
            some = output[page::pages] if isinstance(output, list) else output
            told: dict[str, Any] = {"requiresAccessToken": True, "output": some, "error": self.server.errors}
            if page + 1 < pages:
                told["link"] = [{"relation": "next", "url": f"{self.server.base}/status/1?page={page + 1}"}]
            return self._json(told)
        return self._file(path)

    def _file(self, path: str) -> None:
        content = (self.server.folder / path.rsplit("/", 1)[1]).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if path in self.server.breaks:
            self.server.breaks.discard(path)
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return
        self.wfile.write(content)

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        key = jwt.PyJWK(self.server.keys["keys"][0])
        assertion = form["client_assertion"][0]
        assert jwt.get_unverified_header(assertion)["kid"] == self.server.keys["keys"][0]["kid"]
        try:
            told = jwt.decode(assertion, key.key, [key.algorithm_name], audience=f"{self.server.base}/token", issuer=CLIENT)
        except jwt.InvalidTokenError:
            return self._answer(401)
        assert told["sub"] == CLIENT
        assert told["jti"] not in self.server.seen
        self.server.seen.add(told["jti"])
        self.server.tokens.append(f"token-{len(self.server.tokens)}")
        return self._json({"access_token": self.server.tokens[-1], "token_type": "bearer", "expires_in": 300})

    def do_DELETE(self) -> None:
        self.server.asked.append(f"DELETE {urlsplit(self.path).path.removeprefix('/fhir')}")
        self._answer(202)

    def _json(self, told: Any) -> None:
        self._answer(200, {"Content-Type": "application/json"}, json.dumps(told).encode())

    def _answer(self, status: int, headers: dict[str, str] | None = None, content: bytes = b"") -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture(scope="module")
def key(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    client_keys.make(folder, "https://ehr.example.org", getattr(request, "param", "ES384"))
    return folder / client_keys.PRIVATE_KEY


EACH_ALGORITHM = pytest.mark.parametrize("key", ["ES384", "RS384"], indirect=True)
"""For what rests on the signature; all else is tried with the shorter key."""


@pytest.fixture
def served(folder: Path, key: Path) -> Iterator[Bulk]:
    generated(folder, 8)
    server = Bulk(folder, json.loads((key.parent / client_keys.JWKS).read_bytes()))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def fetch(served: Bulk, key: Path, out: Path, waits: list[float] | None = None, client: str = CLIENT) -> dict[str, Any]:
    server = Server(served.base, Access(client, key), (waits if waits is not None else []).append)
    return run_server(server, out, Settings(), Options(today=TODAY, processes=0))


@EACH_ALGORITHM
def test_an_export_from_a_server_gives_what_its_files_give(served: Bulk, key: Path, out: Path, tmp_path: Path) -> None:
    told = fetch(served, key, out)
    expected = went(served.folder, tmp_path / "files", complete=True)
    for name in expected.keys() - {"run"}:
        assert told[name] == expected[name], name
    assert {"Patient", "Observation", "Medication", "AllergyIntolerance"} <= {*served.types}
    assert served.asked[-1] == "DELETE /status/1"
    assert not [str(path) for path in out.rglob("*") if path.stat().st_mode & 0o077]


def test_it_waits_as_long_as_the_server_says(served: Bulk, key: Path, out: Path) -> None:
    served.script = {
        "/Patient/$export": [(429, {"Retry-After": "7"}), (503, {})],
        "/status/1": [
            (202, {"Retry-After": "30"}),
            (202, {"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"}),
            (202, {}),
            (202, {"Retry-After": "0"}),
            (202, {"Retry-After": "Fri, 01 Jan 1999 00:00:00 GMT"}),
            (202, {"Retry-After": "soon"}),
            (500, {}),
        ],
    }
    waits: list[float] = []
    assert fetch(served, key, out, waits)["patients"] == 8
    assert waits == [7, 4, 30, 3600, 8, 1, 1, 64, 2]


def test_a_server_that_is_asked_too_often_is_asked_later(served: Bulk, key: Path, out: Path) -> None:
    served.script = {"/status/1": [(429, {"Retry-After": "60"})] * 9}
    waits: list[float] = []
    assert fetch(served, key, out, waits)["patients"] == 8
    assert set(waits) == {60}


@EACH_ALGORITHM
def test_a_token_that_runs_out_before_its_time_is_asked_for_anew(served: Bulk, key: Path, out: Path) -> None:
    served.script = {"/status/1": [(401, {})]}
    assert fetch(served, key, out)["patients"] == 8
    assert len(served.tokens) == 2


def test_all_pages_of_what_was_made_are_read(served: Bulk, key: Path, out: Path) -> None:
    served.pages = 3
    told = fetch(served, key, out)
    assert (told["patients"], told["answered"], told["problems"]) == (8, 8, {})


@pytest.mark.parametrize("kind", ["../../Patient", "/Patient", "Patient/..", "", "Patient\n", ".Patient"])
def test_a_type_that_is_a_path_writes_no_file(served: Bulk, key: Path, out: Path, kind: str) -> None:
    served.output = [{"type": kind, "url": f"{served.base}/files/Patient.ndjson"}]
    with pytest.raises(ConfigError, match="a file of a type that is none"):
        fetch(served, key, out)
    assert not [*out.parent.rglob("Patient*.00000.ndjson")]


@pytest.mark.parametrize("output", [None, "x", [7], [{"type": "Patient"}], [{"url": "x"}], [{"type": 1, "url": "x"}]])
def test_what_was_made_and_cannot_be_read_is_said(served: Bulk, key: Path, out: Path, output: Any) -> None:
    served.output = output
    with pytest.raises(ConfigError, match="what it says of its export cannot be read"):
        fetch(served, key, out)


def test_a_token_is_not_sent_where_another_server_says_how_far_it_is(served: Bulk, key: Path, out: Path) -> None:
    served.script = {"/Patient/$export": [(202, {"Content-Location": "http://localhost:1/status"})]}
    with pytest.raises(ConfigError, match="wants its token sent to another server, http://localhost:1"):
        fetch(served, key, out)


def test_a_file_that_breaks_off_is_asked_for_again(served: Bulk, key: Path, out: Path) -> None:
    served.breaks = {"/files/Observation.ndjson"}
    told = fetch(served, key, out)
    assert (told["patients"], told["problems"]) == (8, {})


def test_an_export_that_was_interrupted_is_not_asked_for_again(
    served: Bulk, key: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    download = Server.download
    times: list[str] = []

    def stops(self: Server, url: str, *args: Any, **more: Any) -> None:
        times.append(url)
        if len(times) == 3:
            raise KeyboardInterrupt
        download(self, url, *args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Server, "download", stops)
        with pytest.raises(KeyboardInterrupt):
            fetch(served, key, out)
    before = list(served.asked)
    assert fetch(served, key, out)["patients"] == 8
    again = served.asked[len(before) :]
    assert not [each for each in again if "export" in each or (each.endswith("/status/1") and each.startswith("GET"))]
    assert not {each for each in before if "/files/" in each} & {*again}
    fetch(served, key, out)
    assert served.asked.count("GET /Patient/$export") == 2, "an export that was used is asked for anew"


def test_what_the_server_could_not_give_is_unknown(served: Bulk, key: Path, out: Path) -> None:
    served.errors = [{"type": "OperationOutcome", "url": f"{served.base}/files/error"}]
    assert "AllergyIntolerance" in fetch(served, key, out)["not_exported"]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ({"/Patient/$export": [(404, {})]}, r"does not begin an export \(404\)"),
        ({"/status/1": [(404, {})]}, r"the export has failed \(404\)"),
        ({"/files/Patient.ndjson": [(410, {})]}, r"a file of the export cannot be had \(410\)"),
        ({"/Patient/$export": [(500, {})] * 9}, r"does not begin an export \(500\)"),
    ],
)
def test_what_the_server_refuses_is_said_in_one_sentence(
    served: Bulk, key: Path, out: Path, script: dict[str, Any], told: str
) -> None:
    served.script = {path: [*some] for path, some in script.items()}
    with pytest.raises(ConfigError, match=told):
        fetch(served, key, out)


@EACH_ALGORITHM
def test_a_client_that_the_server_does_not_know_is_said(served: Bulk, key: Path, out: Path) -> None:
    with pytest.raises(ConfigError, match="gives no token for --client-id and --key"):
        fetch(served, key, out, client="another")


def test_a_token_is_sent_to_no_other_server(served: Bulk, key: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"to another server, https://files\.example\.org"):
        Server(served.base, Access(CLIENT, key)).download("https://files.example.org/1", tmp_path / "1", token=True)


def test_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    server = Server("http://127.0.0.1:9/fhir", Access(), lambda seconds: None)
    with pytest.raises(ConfigError, match="does not answer"):
        bulk.fetched(server, tmp_path, frozenset({"Patient"}), False)


@EACH_ALGORITHM
@pytest.mark.parametrize("token_url", ["", "http://127.0.0.1:9/token"])
def test_that_nobody_answers_is_not_blamed_on_the_key(key: Path, tmp_path: Path, token_url: str) -> None:
    server = Server("http://127.0.0.1:9/fhir", Access(CLIENT, key, token_url), lambda seconds: None)
    with pytest.raises(ConfigError, match=r"\Ahttp://127\.0\.0\.1:9/\w+: does not answer \(ConnectionError\)"):
        bulk.fetched(server, tmp_path, frozenset({"Patient"}), False)
