"""The command line, run as a person would run it."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

import fhir_fixtures
from cards.thresholds import shipped
from cds_service import cli, config
from cds_service.hooks import clients
from cds_service.hooks.cards import spoken_for
from cds_service.serving.greeting import EXAMPLE
from cds_service.serving.greeting import greeting as greeting_of
from fhir_fixtures.reading import SECTIONS


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    cli.main(arguments)
    return capsys.readouterr().out


@pytest.fixture(autouse=True)
def _never_become_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.execv", lambda *_: pytest.fail("the server was started"))


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    told = capsys.readouterr()
    assert "Traceback" not in told.err
    return told.err


def test_the_cards_of_a_fixture_are_printed_with_indicator_suggestions_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "evaluate", "denosumab-missed", "--trace")
    assert "CRITICAL" in out
    assert "denosumab-sequence" in out
    assert "●" in out
    assert "Source:" in out
    assert "MedicationAdministration/" in out


def test_json_is_what_goes_over_the_wire_and_the_language_can_be_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    response = json.loads(run(capsys, "evaluate", "denosumab-missed", "--json", "--lang", "zh"))
    assert "地舒单抗" in response["cards"][0]["summary"]


def test_a_request_of_a_fixture_happens_today(capsys: pytest.CaptureFixture[str]) -> None:
    request = json.loads(run(capsys, "request", "denosumab-missed", "--today", "2030-01-01"))
    assert request["hook"] == "patient-view"
    assert "2029-" in json.dumps(request["prefetch"]["administrations"])


def test_a_bundle_a_story_and_a_request_are_all_understood(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fixture = fhir_fixtures.load("alendronate-egfr-28")
    today = fixture.as_of.isoformat()
    orders = fixture.context["draftOrders"]["entry"]
    told = {
        "bundle": fixture.bundle | {"entry": fixture.bundle["entry"] + orders},
        "transaction": fixture.transaction(),
        "request": fixture.request(),
    }
    written = {f"{name}.json": json.dumps(content) for name, content in told.items()}
    story = Path(fhir_fixtures.__file__).parent / fixture.section / f"{fixture.name}.yaml"
    written["mine.yaml"] = story.read_text(encoding="utf-8")
    for name, content in written.items():
        file = tmp_path / name
        file.write_text(content)
        out = run(capsys, "evaluate", str(file), "--hook", "order-sign", "--today", today, "--json")
        codes = [code for card in json.loads(out)["cards"] for code, _ in spoken_for(card)]
        assert codes == list(fixture.cards), name


def test_the_numbers_to_confirm_are_all_those_of_convention_with_the_values_of_the_site(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site.toml").write_text("[thresholds]\nmorse-high = 51\n")
    monkeypatch.setenv("CDS_SITE", str(tmp_path / "site.toml"))
    lines = run(capsys, "card", "list", "--to-confirm").splitlines()
    told = {line.split()[0]: float(line.split()[1]) for line in lines if re.match("  [a-z]", line)}
    table = shipped().table
    assert told == {key: each.value for key, each in table.items() if each.status == "RECALL"} | {"morse-high": 51}
    assert [each.name.en for key, each in table.items() if key in told and each.name.en not in "\n".join(lines)] == []


def test_fixtures_are_listed_with_their_stories(capsys: pytest.CaptureFixture[str]) -> None:
    out = run(capsys, "fixtures")
    assert all(name in out for name in fhir_fixtures.names())
    assert all(f"\n{section}\n" in f"\n{out}" for section in SECTIONS)


def test_fixtures_are_written_as_bundles_that_tell_the_story_of_today(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDS_TODAY", "2027-01-31")
    out = run(capsys, "fixtures", "--out", str(tmp_path / "new" / "folder"))
    assert out.splitlines()[-1].startswith(f"{len(fhir_fixtures.names())} Bundles")
    files = {path.stem: json.loads(path.read_text()) for path in (tmp_path / "new" / "folder").iterdir()}
    assert sorted(files) == fhir_fixtures.names()
    fixture = fhir_fixtures.load("alendronate-egfr-28").shifted(date(2027, 1, 31))
    assert [entry["resource"] for entry in files[fixture.name]["entry"]] == [
        *fixture.resources,
        *(entry["resource"] for entry in fixture.context["draftOrders"]["entry"]),
    ]


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("in the way")
    assert len(refused(capsys, "fixtures", "--out", str(tmp_path / "file")).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: [", "YAML"),
        (b"- a list", "story"),
        (b"title: {en: A, zh: B}", "hook"),
        (b"\xff", "utf-8"),
    ],
)
def test_a_story_file_that_is_none_is_refused_in_one_line(
    tmp_path: Path, content: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(content)
    told = refused(capsys, "evaluate", str(file))
    assert len(told.splitlines()) == 1
    assert said in told


@pytest.mark.parametrize(
    "content", [b"not json", b"[]", b"{}", b'{"resourceType": "Bundle"}', b'{"asOf": "2026-01-01"}', b"\xff"]
)
def test_a_file_that_is_something_else_is_refused_in_one_line(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file.json"
    file.write_bytes(content)
    assert len(refused(capsys, "evaluate", str(file)).splitlines()) == 1


def test_a_missing_file_and_a_wrong_setting_are_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no-such-file" in refused(capsys, "evaluate", "no-such-file")
    monkeypatch.setenv("CDS_PROFILE", "production")
    assert "CDS_PROFILE" in refused(capsys, "serve")


def test_a_table_of_local_codes_that_cannot_be_used_stops_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "codes.tsv"
    table.write_text("kind\tsystem\tcode\tkey\nobservation\thttp://loinc.org\t1-1\tno-such-analyte\n")
    monkeypatch.setenv("CDS_LOCAL_CODES", str(table))
    assert "CDS_LOCAL_CODES" in refused(capsys, "serve")


def test_the_greeting_names_a_fixture_that_exists_and_the_address() -> None:
    greeting = greeting_of(config.Settings(port=8123, today_is=date(2026, 6, 15)))
    assert EXAMPLE in fhir_fixtures.names()
    assert f"request {EXAMPLE} --today 2026-06-15 | curl" in greeting
    assert "http://127.0.0.1:8123/cds-services/osteoporosis-patient-view" in greeting


def test_a_simulated_journey_is_a_table_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "journey.svg"
    out = run(capsys, "simulate", "--seed", "3", "--habit", "starred", "--years", "1", "--picture", str(picture))
    assert "start-treatment" in out
    assert out.count("-12 ") == 4  # four visits, each on the twelfth
    drawn = picture.read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert drawn.count("<circle") > 4


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(("--years", "0"), "from 1 to 20"), (("--years", "1", "--picture", "/"), "/: "), (("--habit", "no"), "no")],
)
def test_a_journey_that_cannot_be_shown_is_refused(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in refused(capsys, "simulate", *arguments)


def test_a_reader_that_goes_away_is_no_error() -> None:
    command = f"{sys.executable} -m cds_service fixtures | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""


def test_client_keys_writes_what_a_tester_and_the_service_need(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    made = run(capsys, "client-keys", str(tmp_path / "keys"), "--alg", "RS384").splitlines()
    assert [Path(line).name for line in made] == ["client-key.pem", "client.jwks.json", "clients.toml"]
    assert [client.iss for client in clients.load(tmp_path / "keys" / "clients.toml")] == ["https://ehr.example.org"]
    assert "already" in refused(capsys, "client-keys", str(tmp_path / "keys"))


def test_the_versions_of_code_and_content_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--version"])
    assert stopped.value.code in (0, None)
    assert re.fullmatch(r"osteoporosis-cds \d+\.\d+\.\d+\S*, content \S+\n", capsys.readouterr().out)


def test_a_port_that_is_in_use_is_one_sentence(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("PORT", str(taken.getsockname()[1]))
        said = refused(capsys, "serve")
    assert re.fullmatch(r"osteoporosis-cds: PORT: \d+ on 127\.0\.0\.1 is in use\n", said)
