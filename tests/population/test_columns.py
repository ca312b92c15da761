"""What a nurse of a fracture liaison service reads in a line, column by column, in both sheets."""

from __future__ import annotations

import csv
import zipfile
from datetime import date, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.population.conftest import TODAY, patient, went, written

NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


PEOPLE = {
    "dxa": ("problem osteoporosis since 2020-03-01", "alendronate taken since 2024-06-01", f"Morse 30 on {ago(100)}"),
    "review": (
        "problem osteoporosis since 2020-03-01",
        f"T-score total-hip -2.8 on {ago(190)}",
        "alendronate taken since 2019-06-01",
    ),
    "anabolic": ("problem osteoporosis since 2020-03-01", "teriparatide taken since 2024-07-01", "test dxa ordered 2026-06-01"),
    "broken": (f"fracture hip on {ago(150)}", f"test assess-muscle done {ago(20)}"),
    "spine": (f"fracture vertebra on {ago(112)}",),
    "late": (
        "problem osteoporosis since 2020-03-01",
        f"T-score total-hip -2.8, T-score lumbar-spine -3.1 on {ago(400)}",
        f"fracture hip on {ago(300)}",
        f"denosumab given {ago(600)}, {ago(420)}, {ago(215)}",
    ),
}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("columns")
    some = [each for name, record in PEOPLE.items() for each in patient(name, f"Wang {name.title()}, female 72", *record)]
    went(written(folder / "export", some), folder / "out")
    return folder / "out"


def of_csv(out: Path) -> dict[str, dict[str, str]]:
    with (out / "worklist.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["Patient id"]: row for row in csv.DictReader(file)}


def of_workbook(out: Path) -> list[list[str]]:
    with zipfile.ZipFile(out / "worklist.xlsx") as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314  our own
    rows = []
    for row in sheet.iter(f"{NAMESPACE}row"):
        told = {
            str(cell.get("r")).rstrip("0123456789"): "".join(part.text or "" for part in cell.iter() if part.text)
            for cell in row.iter(f"{NAMESPACE}c")
        }
        rows.append([told.get(_letters(place), "") for place in range(35)])
    return rows


def _letters(place: int) -> str:
    return (chr(64 + place // 26) if place >= 26 else "") + chr(65 + place % 26)


def test_the_lines_stand_in_the_order_of_the_work(out: Path) -> None:
    assert [*of_csv(out)] == ["late", "broken", "spine", "anabolic", "review", "dxa"]


def test_a_line_says_who_which_fracture_which_clock_which_drug_and_by_how_many_days_it_is_overdue(out: Path) -> None:
    line = of_csv(out)["late"]
    told = {
        "Name": "Wang Late",
        "Age": "72",
        "Care gap": "Denosumab overdue",
        "Fracture": "Hip fracture",
        "Fracture date": f"{ago(300)}",
        "Days since fracture": "300",
        "Drug": "Denosumab",
        "Last dose": f"{ago(215)}",
        "Last DXA": f"{ago(400)}",
        "Lowest T-score": "-3.1",
        "DXA ordered": "",
        "Falls assessed": "",
        "State": "",
        "As of": TODAY.isoformat(),
    }
    assert {name: line[name] for name in told} == told
    due = date.fromisoformat(line["Next dose due"])
    assert (int(line["Overdue by days"]), line["By"]) == ((TODAY - due).days, line["Last safe day"])
    assert int(line["Days left"]) == (date.fromisoformat(line["By"]) - TODAY).days
    assert line["Tests missing"].split("; ")[:3] == ["25(OH)D", "serum calcium with albumin", "creatinine with eGFR"]


def test_the_other_lines_say_what_theirs_is_about(out: Path) -> None:
    lines = of_csv(out)
    assert (lines["broken"]["By"], lines["broken"]["Strength assessed"]) == (f"{ago(150 - 112)}", f"{ago(20)}")
    assert (lines["spine"]["Fracture"], lines["spine"]["Days left"]) == ("Vertebral fracture", "0")
    assert (lines["anabolic"]["Drug"], lines["anabolic"]["DXA ordered"]) == ("Teriparatide", "yes")
    assert (lines["dxa"]["Care gap"], lines["dxa"]["Falls assessed"]) == ("DXA due", f"{ago(100)}")


def test_the_workbook_is_the_same_sheet(out: Path) -> None:
    pytest.importorskip("xlsxwriter")
    with (out / "worklist.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [*csv.reader(file)]
    assert [[cell.lstrip("'") for cell in row] for row in rows] == of_workbook(out)
