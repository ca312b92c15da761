"""All engines give the same, row by row."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from cds_service.config import ConfigError
from cds_service.population import pool
from cds_service.population.run import engine_of
from tests.population.conftest import generated, patient, went, written

MEDICATION = {
    "resourceType": "Medication",
    "id": "m1",
    "code": {"coding": [{"system": "http://www.whocc.no/atc", "code": "M05BX04"}]},
}
GIVEN: dict[str, Any] = {
    "resourceType": "MedicationAdministration",
    "id": "g1",
    "status": "completed",
    "effectiveDateTime": "2025-06-01",
    "subject": {"reference": "Patient/a"},
    "medicationReference": {"reference": "Medication/m1"},
}
BROKEN = b'{"resourceType":"Condition"\n\n{"resourceType":"Condition","id":"n"}\n'


@pytest.fixture
def export(folder: Path) -> Path:
    generated(folder)
    written(folder, [*patient("a", "female 70"), GIVEN, MEDICATION], suffix=".more")
    (folder / "Condition.bad.ndjson").write_bytes(BROKEN)
    return folder


def same(one: Path, other: Path) -> None:
    for path in (*one.glob("findings.*"), *one.glob("worklist.[cj]*"), *(one / "fhir").iterdir(), one / "problems.csv"):
        assert path.read_bytes() == (other / path.relative_to(one)).read_bytes(), path.name
    parts = sorted((one / "parts").iterdir())
    assert [path.read_bytes() for path in parts] == [(other / "parts" / path.name).read_bytes() for path in parts]


def compared(export: Path, tmp_path: Path, engine: str, processes: int) -> None:
    expected = went(export, tmp_path / "pool")
    told = went(export, tmp_path / engine, engine=engine, processes=processes)
    assert told["patients_by_gap"]["denosumab-overdue"] >= 1
    for name in expected.keys() - {"engine", "run"}:
        assert told[name] == expected[name], name
    same(tmp_path / "pool", tmp_path / engine)
    shutil.rmtree(tmp_path / engine / "parts")
    assert went(export, tmp_path / engine, engine=engine, processes=processes)["run"]["earlier"] == "resumed"
    same(tmp_path / "pool", tmp_path / engine)


def test_a_pool_of_processes_gives_what_one_process_does(export: Path, tmp_path: Path) -> None:
    went(export, tmp_path / "one")
    went(export, tmp_path / "two", processes=2)
    same(tmp_path / "one", tmp_path / "two")


def test_with_another_thread_processes_start_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool.sys, "platform", "linux")
    monkeypatch.setattr(pool.threading, "active_count", lambda: 1)
    assert pool.way(forks=True) == "fork"
    assert pool.way(forks=False) == "spawn"
    monkeypatch.setattr(pool.threading, "active_count", lambda: 2)
    assert pool.way(forks=True) == "spawn"
    monkeypatch.undo()
    monkeypatch.setattr(pool.sys, "platform", "darwin")
    assert pool.way(forks=True) == "spawn"


def test_duckdb_gives_the_same(export: Path, tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    compared(export, tmp_path, "duckdb", 0)


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
def test_spark_gives_the_same(export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("pyspark", "pyarrow", "pandas"):
        pytest.importorskip(module)
    monkeypatch.chdir(tmp_path)
    compared(export, Path(), "spark", 1)


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
def test_a_process_that_spark_loses_is_said_in_one_sentence_and_the_run_goes_on(
    folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for module in ("pyspark", "pyarrow", "pandas"):
        pytest.importorskip(module)
    from cds_service.population import spark

    generated(folder, 1)
    with monkeypatch.context() as patch:
        patch.setattr(spark, "_reading", lambda job: lambda places: os._exit(9))
        with pytest.raises(ConfigError, match=r"\A--engine spark: Spark lost a process, perhaps for want of memory; what is"):
            went(folder, out, engine="spark", processes=1)
    assert "Traceback" not in capfd.readouterr().err
    assert went(folder, out, engine="spark", processes=1)["answered"] == 1


@pytest.mark.parametrize("engine", ["duckdb", "spark"])
def test_an_engine_that_is_not_installed_says_what_to_install(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds_service.population.run.find_spec", lambda name: None)
    with pytest.raises(Exception, match=rf"pip install 'osteoporosis-cds\[{engine}\]'"):
        engine_of(engine)
