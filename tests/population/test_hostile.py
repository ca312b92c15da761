"""Files and servers that are broken or mean harm: nobody else loses their answer, and nothing is written beside the folder."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import orjson
import pytest

from cds_service.config import ConfigError
from cds_service.population import sheets
from cds_service.population.private import kept_private
from cds_service.population.sheets import plain
from tests.population.conftest import generated, patient, went, written

OSTEOPOROSIS = ("problem osteoporosis since 2020-03-01", "T-score total-hip -2.8 on 2025-12-01")
ATC = "http://www.whocc.no/atc"


def given(key: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationAdministration",
        "id": "g1",
        "status": "completed",
        "effectiveDateTime": "2025-06-01",
        "subject": {"reference": "Patient/a"},
        "medicationReference": {"reference": key},
    }


def drug(code: str, key: str = "m1", day: str = "2026-01-01") -> dict[str, Any]:
    meta = {"lastUpdated": f"{day}T00:00:00Z"}
    return {"resourceType": "Medication", "id": key, "meta": meta, "code": {"coding": [{"system": ATC, "code": code}]}}


# -- lines --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["m\n1", "m\t1", "m\x001", "m" * 10_000, "m\u20281"])
@pytest.mark.parametrize("kind", ["Medication/", "urn:uuid:", "https://ehr.example.org/fhir/Medication/"])
def test_an_id_that_would_tear_a_line_costs_nobody_the_answer(folder: Path, out: Path, name: str, kind: str) -> None:
    told = went(written(folder, [*patient("a", "female 70"), given(kind + name), drug("M05BX04", name)]), out)
    assert (told["answered"], told["without_answer"]) == (1, {})


def test_what_stands_for_a_type_is_repeated_nowhere(folder: Path, out: Path) -> None:
    generated(folder, 1)
    (folder / "odd.ndjson").write_bytes(b'{"resourceType":"Wang Xiuying","id":"1"}\n')
    told = went(folder, out)
    assert told["problems"] == {"no-type": 1}
    assert not any(b"Wang Xiuying" in (out / name).read_bytes() for name in ("summary.json", "problems.csv"))


@pytest.mark.parametrize("name", ["AllergyIntolerance.ndjson.gz", "some.ndjson.gz"])
@pytest.mark.parametrize("complete", [True, False])
def test_what_a_file_that_breaks_off_may_have_held_is_unknown(folder: Path, out: Path, name: str, complete: bool) -> None:
    """Its patients have allergies, perhaps: missing is never negative."""
    written(folder, patient("a", "female 70", *OSTEOPOROSIS))
    (folder / name).write_bytes(b"\x1f\x8b\x08")
    told = went(folder, out, complete=complete)
    assert "AllergyIntolerance" in told["not_exported"]
    assert told["problems"] == {"cut-short": 1}


def test_a_file_that_breaks_off_makes_only_its_own_type_unknown(folder: Path, out: Path) -> None:
    written(folder, patient("a", "female 70", *OSTEOPOROSIS))
    (folder / "Encounter.ndjson.gz").write_bytes(b"\x1f\x8b\x08")
    assert went(folder, out)["not_exported"] == ["Encounter"]


# -- medications --------------------------------------------------------------------------------------------------------


def test_a_medication_of_another_source_never_stands_for_one_that_is_missing(folder: Path, out: Path) -> None:
    written(folder, [*patient("a", "female 70"), given("Medication/m1"), drug("M05BX04")])
    assert went(folder, out)["patients_by_gap"]["denosumab-overdue"] == 1
    (folder / "Medication.ndjson").unlink()
    assert "denosumab-overdue" not in went(folder, out)["patients_by_gap"]


@pytest.mark.parametrize("engine", ["pool", "duckdb"])
@pytest.mark.parametrize(("first", "overdue"), [("M05BX04", True), ("M05BA04", False)])
def test_of_a_medication_in_two_versions_the_later_one_counts_and_it_is_named(
    folder: Path, out: Path, first: str, overdue: bool, engine: str
) -> None:
    for module in ("duckdb", "pyarrow") if engine == "duckdb" else ():
        pytest.importorskip(module)
    other = "M05BA04" if overdue else "M05BX04"
    some = [drug(other, day="2020-01-01"), drug(first, day="2026-01-01")]
    written(folder, [*patient("a", "female 70"), given("Medication/m1"), *some])
    told = went(folder, out, engine=engine)
    assert ("denosumab-overdue" in told["patients_by_gap"]) is overdue
    assert told["problems"] == {"twice": 1}


# -- folders ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["", "run", "deep/run"])
def test_a_run_is_not_written_into_its_own_source(folder: Path, inside: str) -> None:
    generated(folder, 1)
    with pytest.raises(ConfigError, match="must not be in"):
        went(folder, folder / inside)
    assert not (folder / "run").exists()


@pytest.mark.parametrize("theirs", ["thesis.txt", ".profile", "records.bak"])
def test_a_folder_of_somebody_else_is_left_as_it_is(folder: Path, out: Path, theirs: str) -> None:
    generated(folder, 1)
    (out / "records").mkdir(parents=True, mode=0o755)
    (out / theirs).write_text("mine", encoding="utf-8")
    (out / "records" / "1.txt").write_text("mine", encoding="utf-8")
    mode = out.stat().st_mode
    with pytest.raises(ConfigError, match=rf"holds {theirs}, which no run has made"):
        went(folder, out)
    assert (out / "records" / "1.txt").exists()
    assert out.stat().st_mode == mode


def test_a_folder_may_be_named_from_where_one_is(folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spark asks for whole addresses."""
    monkeypatch.chdir(out.parent)
    generated(folder, 1)
    assert went(Path(folder.name), Path(out.name))["answered"] == 1
    assert (out / "summary.json").exists()


def test_what_a_killed_process_left_goes_with_the_next_run(folder: Path, out: Path) -> None:
    generated(folder, 1)
    (out / "fhir").mkdir(parents=True)
    (out / ".sheets-7.unfinished").mkdir()
    for left in (".worklist.csv-7.unfinished", "fhir/.Group.ndjson-7.unfinished", ".sheets-7.unfinished/tmp1"):
        (out / left).write_text("Wang", encoding="utf-8")
    went(folder, out)
    assert not [*out.rglob(".*")]


def test_what_is_not_a_file_of_an_unfinished_run_stays(tmp_path: Path) -> None:
    (tmp_path / ".mine-1").touch()
    with kept_private(tmp_path):
        pass
    assert (tmp_path / ".mine-1").exists()


# -- full disk ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["cds_service.population.listed.Listed.add", "cds_service.population.medications.keep"])
def test_a_disk_that_is_full_for_a_database_is_said_in_one_sentence(
    folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    written(folder, [*patient("a", "female 70"), given("Medication/m1"), drug("M05BX04")])

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(where, full)
        with pytest.raises(ConfigError, match="database or disk is full; what is done is kept"):
            went(folder, out)
    assert went(folder, out)["patients_by_gap"]["denosumab-overdue"] == 1


@pytest.mark.parametrize("error", ["IOException", "OutOfMemoryException"])
def test_a_disk_that_is_full_for_duckdb_is_said_in_one_sentence(
    folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    from cds_service.population import duck

    def full(*_: object) -> None:
        with duck.connected(out / "records"):
            raise getattr(duckdb, error)("the value of a cell")

    generated(folder, 1)
    with monkeypatch.context() as patch:
        patch.setattr(duck, "_sort", full)
        with pytest.raises(ConfigError, match=f"DuckDB: {error}; what is done is kept"):
            went(folder, out, engine="duckdb")
    assert went(folder, out, engine="duckdb")["answered"] == 1


# -- sheets -------------------------------------------------------------------------------------------------------------


FORMULAS = ("=1+1", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", '=HYPERLINK("http://evil.example","x")')
HIDDEN = ("\t=1", "\r=1", "\n=1", " =1", "\u3000=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20SUM(1)")


@pytest.mark.parametrize("text", FORMULAS + HIDDEN)
def test_no_cell_is_a_formula(text: str) -> None:
    assert plain(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Wang", "+86 10 1234-5", "(010) 1234", "-2.5", "", "a=b", "王秀英"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_a_workbook_of_more_lines_than_a_sheet_holds_has_several(
    folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("xlsxwriter")
    import zipfile

    monkeypatch.setattr(sheets, "_ROWS", 2)
    some = [each for n in range(5) for each in patient(f"p{n}", f"=Wang{n}, female 72", *OSTEOPOROSIS)]
    told = went(written(folder, some), out)
    assert told["patients"] == 5
    with zipfile.ZipFile(out / "worklist.xlsx") as book:
        pages = [book.read(f"xl/worksheets/sheet{n}.xml").decode() for n in (1, 2, 3)]
        assert "xl/worksheets/sheet4.xml" not in book.namelist()
    assert [page.count("<row ") for page in pages] == [3, 3, 2]
    assert not any("<f>" in page for page in pages)


def test_the_lines_of_the_worklist_are_those_of_the_groups(folder: Path, out: Path) -> None:
    went(generated(folder), out)
    with sqlite3.connect(out / "worklist.sqlite") as kept:
        items = [orjson.loads(item) for (item,) in kept.execute("select item from items")]
    groups = [orjson.loads(line) for line in (out / "fhir" / "Group.ndjson").read_bytes().splitlines()]
    for each in groups:
        expected = sorted(f"Patient/{item['patient']}" for item in items if each["id"] in {g["key"] for g in item["gaps"]})
        assert [m["entity"]["reference"] for m in each.get("member", ())] == expected
        assert each["quantity"] == len(expected)
