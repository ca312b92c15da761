"""A whole run: everybody counted, nothing lost when it is interrupted, nothing told to others."""

from __future__ import annotations

import csv
import errno
import json
import logging
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from cds_service.config import ConfigError
from cds_service.population import findings, job, pool, private, sheets, shuffle, source, tables
from cds_service.population import judge as judging
from cds_service.population.private import kept_private
from tests.population.conftest import TODAY, generated, patient, went, written

TABLES = ("findings.csv", "worklist.csv", "problems.csv", "fhir/Group.ndjson", "fhir/DetectedIssue.ndjson")


@pytest.fixture(autouse=True)
def without_arrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The default engine needs no extra."""
    monkeypatch.setattr(findings, "find_spec", lambda name: None)
    monkeypatch.setattr(sheets, "find_spec", lambda name: None)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "BATCH", 10_000)


def made(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in TABLES}


def problems(out: Path) -> list[dict[str, str]]:
    with (out / "problems.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_everybody_is_judged_and_counted(folder: Path, out: Path) -> None:
    told = went(generated(folder), out)
    assert (told["patients"], told["answered"], told["problems"], told["not_exported"]) == (24, 24, {}, [])
    assert told["resources"]["Patient"] == 24
    assert sum(told["patients_by_indicator"].values()) <= 24
    assert json.loads((out / "summary.json").read_text(encoding="utf-8")) == told
    with (out / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    by_card = Counter(code for row in rows for code in {row["card"], *row["contains"].split()})
    assert by_card == told["patients_by_card"]


def test_gzip_many_files_and_plain_give_the_same(folder: Path, out: Path, tmp_path: Path) -> None:
    went(generated(folder), out)
    some = [json.loads(line) for path in source.files(folder) for line in path.read_bytes().splitlines()]
    other = tmp_path / "other"
    for place in range(3):
        written(other, some[place::3], packed=place > 0, suffix=f".{place}")
    went(other, tmp_path / "again")
    assert made(tmp_path / "again") == made(out)


def test_a_folder_of_bundles_gives_the_same_and_is_whole(folder: Path, out: Path, tmp_path: Path) -> None:
    told = went(generated(folder, 6), out, complete=True)
    some = [json.loads(line) for path in source.files(folder) for line in path.read_bytes().splitlines()]
    bundles = tmp_path / "bundles"
    bundles.mkdir()
    for name in {each["id"] for each in some if each["resourceType"] == "Patient"}:
        own = [
            e
            for e in some
            if name
            in (
                e["id"]
                if e["resourceType"] == "Patient"
                else json.dumps(e["subject"])
                if "subject" in e
                else json.dumps(e["patient"])
            )
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": each} for each in own]}
        (bundles / f"{name}.json").write_text(json.dumps(bundle, indent=1), encoding="utf-8")
    again = went(bundles, tmp_path / "again", complete=False)
    assert again["not_exported"] == []
    assert made(tmp_path / "again") == made(out)
    assert again["patients_by_card"] == told["patients_by_card"]


def test_a_type_without_a_file_is_unknown_unless_the_export_is_said_to_be_complete(folder: Path, out: Path) -> None:
    generated(folder)
    told = went(folder, out, complete=False)
    assert "AllergyIntolerance" in told["not_exported"]
    assert "incomplete-data" in told["patients_by_card"]
    (folder / "AllergyIntolerance.0.ndjson").touch()
    assert "AllergyIntolerance" not in went(folder, out, complete=False)["not_exported"]
    told = went(folder, out, complete=True)
    assert (told["not_exported"], "incomplete-data" in told["patients_by_card"]) == ([], False)


def test_what_is_broken_is_counted_and_named_and_nobody_is_lost(folder: Path, out: Path) -> None:
    generated(folder)
    (folder / "Condition.bad.ndjson").write_bytes(
        b'{"resourceType":"Condition"\n'
        b'{"resourceType":"Condition","id":"nobody"}\n'
        b'{"resourceType":"Condition","id":"c1","subject":{"reference":"Patient/stranger"}}\n'
        b'{"resourceType":"MedicationOrder","id":"m1","patient":{"reference":"Patient/p0000001"}}\n'
    )
    (folder / "Patient.again.ndjson").write_bytes(next(folder.glob("Patient.ndjson")).read_bytes())
    told = went(folder, out)
    whys = {"not-json": 1, "no-subject": 1, "unknown-patient": 1, "other-release": 1, "twice": 24}
    assert told["problems"] == dict(sorted(whys.items(), key=lambda each: (-each[1], each[0])))
    assert told["without_answer"] == {"unknown-patient": 1}
    named = {(each["file"], each["line"], each["why"], each["what"]) for each in problems(out)}
    assert {
        ("Condition.bad.ndjson", "1", "not-json", ""),
        ("Condition.bad.ndjson", "2", "no-subject", "Condition/nobody"),
        ("Condition.bad.ndjson", "4", "other-release", "MedicationOrder"),
        ("", "0", "unknown-patient", "Patient/stranger, 1 resources"),
        ("", "0", "twice", "Patient/p0000001"),
    } <= named
    assert (told["patients"], told["answered"]) == (25, 24)


def test_medications_by_themselves_are_read_where_orders_point_at_them(folder: Path, out: Path) -> None:
    def order(name: str, key: str) -> dict[str, Any]:
        given = {
            "resourceType": "MedicationAdministration",
            "id": f"{name}-1",
            "status": "completed",
            "effectiveDateTime": "2025-06-01",
        }
        return given | {"subject": {"reference": f"Patient/{name}"}, "medicationReference": {"reference": key}}

    drug = {
        "resourceType": "Medication",
        "id": "m1",
        "code": {"coding": [{"system": "http://www.whocc.no/atc", "code": "M05BX04"}]},
    }
    some = [
        *patient("a", "female 70"),
        *patient("b", "female 70"),
        order("a", "Medication/m1"),
        order("b", "Medication/m2"),
        drug,
    ]
    assert went(written(folder, some), out)["patients_by_gap"]["denosumab-overdue"] == 1
    assert (out / "worklist.csv").read_bytes().splitlines()[1].split(b",")[4] == b"a"


# -- interrupted --------------------------------------------------------------------------------------------------------


def test_a_run_that_is_interrupted_while_judging_goes_on_where_it_stopped(
    folder: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    went(generated(folder), tmp_path / "whole")
    times = iter(range(100))
    judge = judging.evaluate

    def stops(*args: Any) -> Any:
        if next(times) == 9:
            raise KeyboardInterrupt
        return judge(*args)

    with monkeypatch.context() as patch:
        patch.setattr(judging, "evaluate", stops)
        with pytest.raises(KeyboardInterrupt):
            went(folder, out)
    kept = {path.name: path.stat().st_mtime_ns for path in (out / "parts").glob("*.jsonl")}
    assert 0 < len(kept) < job.FEWEST
    told = went(folder, out)
    assert told["run"]["earlier"] == "resumed"
    assert {name: (out / "parts" / name).stat().st_mtime_ns for name in kept} == kept
    assert made(out) == made(tmp_path / "whole")


def test_a_run_that_is_interrupted_while_reading_reads_only_the_rest(
    folder: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    went(generated(folder), tmp_path / "whole")
    read = source.File.__iter__
    opened: list[str] = []

    def stops(self: Any) -> Iterator[Any]:
        opened.append(self._name)
        if len(opened) == 4:
            raise KeyboardInterrupt
        return read(self)

    with monkeypatch.context() as patch:
        patch.setattr(source.File, "__iter__", stops)
        with pytest.raises(KeyboardInterrupt):
            went(folder, out)
    first, opened = opened[:3], []
    with monkeypatch.context() as patch:
        patch.setattr(source.File, "__iter__", lambda self: opened.append(self._name) or read(self))
        went(folder, out)
    assert opened
    assert first[0] not in opened
    assert made(out) == made(tmp_path / "whole")


@pytest.mark.parametrize("module", [shuffle, pool, tables])
def test_a_full_disk_stops_the_run_with_one_sentence_and_loses_nothing(
    folder: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: Any
) -> None:
    went(generated(folder), tmp_path / "whole")
    times = iter(range(100))

    @contextmanager
    def full(path: Path) -> Iterator[IO[bytes]]:
        with private.written(path) as file:
            yield file
            if next(times) == 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    with monkeypatch.context() as patch:
        patch.setattr(module, "written", full)
        with pytest.raises(ConfigError, match=r"No space left on device; what is done is kept"):
            went(folder, out)
    assert not [*out.rglob(".*")], "nothing half written stays"
    went(folder, out)
    assert made(out) == made(tmp_path / "whole")


def test_a_process_that_is_killed_stops_the_run_with_one_sentence(
    folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generated(folder, 2)

    def killed(*_: object) -> None:
        raise BrokenProcessPool

    with monkeypatch.context() as patch:
        patch.setattr(pool.Engine, "judge", killed)
        with pytest.raises(ConfigError, match="a process was killed"):
            went(folder, out)
    assert went(folder, out)["answered"] == 2


def test_a_run_of_another_day_keeps_what_was_grouped_and_judges_anew(folder: Path, out: Path) -> None:
    went(generated(folder), out)
    grouped = {path.name: path.stat().st_mtime_ns for path in (out / "records").iterdir()}
    told = went(folder, out, today=TODAY.replace(year=2027))
    assert (told["run"]["earlier"], told["today"]) == ("replaced", "2027-06-15")
    assert {path.name: path.stat().st_mtime_ns for path in (out / "records").iterdir()} == grouped


def test_a_run_of_another_source_replaces_all(folder: Path, out: Path) -> None:
    went(generated(folder), out)
    (folder / "Patient.ndjson").write_bytes(b"")
    told = went(folder, out)
    assert (told["run"]["earlier"], told["answered"], told["without_answer"]["unknown-patient"]) == (
        "replaced",
        0,
        told["patients"],
    )


def test_one_run_at_a_time(folder: Path, out: Path) -> None:
    generated(folder, 1)
    with kept_private(out), pytest.raises(ConfigError, match="another run works there"):
        went(folder, out)


def test_a_source_that_holds_nothing_is_said(folder: Path, out: Path) -> None:
    folder.mkdir()
    with pytest.raises(ConfigError, match="holds no file of FHIR"):
        went(folder, out)
    assert not out.exists()


# -- who may see it -----------------------------------------------------------------------------------------------------


def test_all_that_names_patients_is_for_the_owner_alone(folder: Path, out: Path) -> None:
    went(generated(folder), out)
    assert out.stat().st_mode & 0o777 == 0o700
    loose = [str(path) for path in out.rglob("*") if path.stat().st_mode & 0o077]
    assert loose == []


def test_nothing_that_is_logged_or_printed_names_a_patient(
    folder: Path, out: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    generated(folder)
    (folder / "Condition.bad.ndjson").write_bytes(b'{"resourceType":"Condition","id":"x","note":"Secret Name"\n')
    summary = went(folder, out)
    said = caplog.text + "".join(capfd.readouterr()) + json.dumps(summary)
    assert not any(word in said for word in ("p00000", "M00000", "Secret", "+1 555"))


def test_without_records_none_stay(folder: Path, out: Path) -> None:
    went(generated(folder), out, records=False)
    assert not [*(out / "records").glob("*.dat")]
    before = made(out)
    assert went(folder, out, records=False)["run"]["earlier"] == "resumed"
    assert made(out) == before
