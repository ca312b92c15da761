"""The results as FHIR: valid R4, and tables again through the ViewDefinitions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.detectedissue import DetectedIssue
from fhir.resources.R4B.group import Group

from cds_service.population.gaps import ORDER
from cds_service.population.groups import VIEWS
from tests.population.conftest import generated, went

Json = dict[str, Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fhir")
    went(generated(folder / "export", 30), folder / "out")
    return folder / "out"


def resources(made: Path, kind: str) -> list[Json]:
    return [json.loads(line) for line in (made / "fhir" / f"{kind}.ndjson").read_bytes().splitlines()]


def test_there_is_a_valid_group_for_each_gap_with_those_who_have_it(made: Path) -> None:
    told = json.loads((made / "summary.json").read_text(encoding="utf-8"))
    groups = resources(made, "Group")
    assert [each["id"] for each in groups] == list(ORDER)
    for each in groups:
        Group.model_validate(each)
        assert each["quantity"] == len(each.get("member", ())) == told["patients_by_gap"].get(each["id"], 0)
        assert each["meta"]["tag"][0]["code"] == told["content"]


def test_there_is_a_valid_issue_for_each_card(made: Path) -> None:
    rows = [
        row
        for part in sorted((made / "parts").iterdir())
        for line in part.read_bytes().splitlines()
        for row in json.loads(line)["rows"]
    ]
    issues = resources(made, "DetectedIssue")
    assert len({each["id"] for each in issues}) == len(issues) == len(rows) > 0
    for issue, row in zip(issues, rows, strict=True):
        DetectedIssue.model_validate(issue)
        assert issue["patient"]["reference"] == f"Patient/{row['patient']}"
        assert issue["code"]["coding"][0]["code"] == row["card"]


STEP = re.compile(r"(\w+)(?:\(([^()]*)\))?(?:\.|$)")


def found(place: Any, path: str) -> list[Any]:
    """What a path of our ViewDefinitions leads to: fields, ``where``, ``ofType``, ``getReferenceKey``; no more of FHIRPath."""
    here = [place]
    for field, argument in STEP.findall(path):
        if field == "where":
            key, value = re.fullmatch(r"(\w+) = '([^']*)'", argument).groups()  # type: ignore[union-attr]
            here = [each for each in here if each.get(key) == value]
        elif field == "ofType":
            here = [each[name] for each in here if (name := f"value{argument[0].upper()}{argument[1:]}") in each]
        elif field == "getReferenceKey":
            here = [each["reference"].removeprefix(f"{argument}/") for each in here]
        elif field != "value":
            some = (each[field] for each in here if field in each)
            here = [one for each in some for one in (each if isinstance(each, list) else [each])]
    return here


def table(name: str, some: list[Json]) -> list[Json]:
    """What a ViewDefinition makes of resources: columns, and ``forEach``."""
    rows = []
    for each in some:
        made: list[Json] = [{}]
        for select in VIEWS[name]["select"]:
            places = found(each, select["forEach"]) if "forEach" in select else [each]
            made = [row | {c["name"]: _value(place, c) for c in select["column"]} for row in made for place in places]
        rows += made
    return rows


def _value(place: Json, column: Json) -> Any:
    values = found(place, column["path"])
    assert column.get("collection") or len(values) < 2
    return values if column.get("collection") else next(iter(values), None)


def test_the_views_make_tables_of_them_again(made: Path) -> None:
    issues = resources(made, "DetectedIssue")
    for row, issue in zip(table("findings", issues), issues, strict=True):
        assert (f"Patient/{row['patient']}", row["card"]) == (issue["patient"]["reference"], issue["code"]["coding"][0]["code"])
        assert len(row["recommended"]) == sum(each["url"].endswith("recommended") for each in issue["extension"])
        assert row["content"] == issue["meta"]["tag"][0]["code"]
    gaps = table("care_gaps", resources(made, "Group"))
    told = json.loads((made / "summary.json").read_text(encoding="utf-8"))["patients_by_gap"]
    assert {key: sum(row["gap"] == key for row in gaps) for key in told} == told


def test_the_views_are_written_beside_the_resources(made: Path) -> None:
    for name, view in VIEWS.items():
        assert json.loads((made / "fhir" / f"ViewDefinition-{name}.json").read_bytes()) == view
