"""The resources of the package: valid, whole, and no more than the truth."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from msgspec.structs import replace
from pydantic import ValidationError

from cards.engine.card import Review
from cards.engine.catalog import all_cards
from cards.engine.sources import RECOMMENDATIONS, VERSION
from cds_service.casebook.cases import all_cases, of_file
from cds_service.cli import main
from cds_service.package import files, patients
from cds_service.package import plans as plans_of
from cds_service.package.libraries import WHOLE
from cds_service.package.resources import resources
from tests.package.faults import FAULTS
from tests.suggested import proposals

Json = dict[str, Any]
METADATA = ("url", "version", "name", "title", "status", "experimental", "date", "publisher", "description")


def of(kind: str) -> dict[str, Json]:
    return {key: each for (of_kind, key), each in resources().items() if of_kind == kind}


def valid(resource: Json) -> bool:
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValidationError:
        return False
    return True


def test_every_resource_is_valid() -> None:
    assert [key for key, each in resources().items() if not valid(each)] == []


@pytest.mark.parametrize("kind", [kind for kind, caught in FAULTS.items() if caught.by_models])
def test_a_fault_in_each_kind_of_resource_is_caught(kind: str) -> None:
    whole = next(iter(of(kind).values()))
    assert valid(whole)
    assert not valid(FAULTS[kind].spoil(json.loads(json.dumps(whole))))


def test_every_kind_of_resource_has_a_fault_that_is_tried() -> None:
    assert {kind for kind, _ in resources()} == FAULTS.keys()


def test_every_resource_says_what_it_is() -> None:
    assert [(key, name) for key, each in resources().items() for name in METADATA if name not in each] == []
    assert [key for key, each in resources().items() if not re.fullmatch(r"[A-Z][A-Za-z0-9_]{0,254}", each["name"])] == []
    assert [key for key in resources() if not re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", key[1])] == []


def test_every_address_that_is_named_exists() -> None:
    known = {f"{each['url']}|{each['version']}" for each in resources().values()}
    named = set(re.findall(r'"(urn:osteoporosis-cds:[^"]*\|[^"]*)"', json.dumps(list(resources().values()))))
    assert named <= known
    listed = {each["resource"] for each in of("Library")[WHOLE]["relatedArtifact"]}
    assert listed == known - {f"{of('Library')[WHOLE]['url']}|{VERSION}"}


def test_every_card_is_a_plan_with_its_hooks_citations_and_data() -> None:
    for code, card in all_cards().items():
        plan = of("PlanDefinition")[code]
        (action,) = plan["action"]
        assert {each["name"] for each in action["trigger"]} == {hook.value for hook in card.hooks}
        assert [each["label"] for each in action["documentation"]] == list(card.cites)
        reads = {each["id"] for each in of("Library")[code]["dataRequirement"]}
        assert "patient" in reads
        assert len(reads) == len(card.reads)
    assert of("PlanDefinition").keys() == all_cards().keys()


def test_no_plan_claims_to_be_computable() -> None:
    for plan in of("PlanDefinition").values():
        (action,) = plan["action"]
        (condition,) = action["condition"]
        assert condition["expression"]["language"] == "text/plain"
        assert all(f"osteoporosis-{each['name']}" in condition["expression"]["expression"] for each in action["trigger"])
        assert not {each["valueCode"] for each in plan["extension"]} & {"computable", "executable", "structured"}
    assert not [key for key, each in of("Library").items() if "content" in each]


def test_a_grade_of_number_and_letter_is_coded_and_any_other_only_printed() -> None:
    for plan in of("PlanDefinition").values():
        for cited in plan["action"][0]["documentation"]:
            grade = RECOMMENDATIONS[cited["label"]].grade
            assert ("document" in cited) == (re.fullmatch("[12][ABCD]", grade) is not None)
            assert grade == "-" or cited["citation"].endswith(f"Grade {grade}")


def test_a_draft_until_a_clinician_signs_this_version(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "denosumab-sequence"
    signed = Review("A. Example", "endocrinologist", "2026-11-25", VERSION)

    def plan(*reviews: Review) -> Json:
        monkeypatch.setattr(plans_of, "all_cards", lambda: {code: replace(all_cards()[code], reviewed=reviews)})
        return next(iter(plans_of.plans()))

    assert (plan()["status"], plan()["experimental"], plan().get("approvalDate")) == ("draft", True, None)
    of_before = plan(replace(signed, content="2026.10"))
    assert (of_before["status"], of_before.get("approvalDate")) == ("draft", None), "another version was read"
    now = plan(signed)
    assert (now["status"], now["experimental"], now["approvalDate"]) == ("active", False, "2026-11-25")


def test_what_a_case_says_a_card_suggests_is_among_its_actions() -> None:
    """By the keys of the cases, which do not tell regimens of one drug apart."""
    missing = []
    for case in all_cases():
        told = [*case.get("suggests", ()), *case.get("offers", ()), case.get("recommends", "none")]
        seen = plans_of.suggested().get(case["card"], {})
        for key in (each.rstrip("*") for each in told):
            also = {"mend": "update", "discard": "delete", "none": "none"}.get(key, key)
            if also != "none" and not any(each.split(" ")[-1].startswith(also) for each in seen):
                missing.append(f"{case['card']}: {key} ({case['name']})")
    assert missing == [], "python -m tests.suggested"


def test_what_is_said_to_be_proposed_is_proposed_in_the_case_named() -> None:
    """Of each card the first that it names: ``make fhir-package`` looks at all of them."""
    wrong = []
    for code, seen in plans_of.suggested().items():
        what, name = next(iter(seen.items()))
        cases = {case["name"]: case for case in of_file(all_cards()[code].folder / "cases.yaml")}
        if name not in cases or what not in set(proposals(cases[name])):
            wrong.append(f"{code}: {what} ({name})")
    assert wrong == [], "python -m tests.suggested"


def test_the_package_is_laid_out_as_loaders_expect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = all_cards()["calcitonin-cancer"].folder / "cases.yaml"
    monkeypatch.setattr(patients, "all_cases", lambda: of_file(few))
    (tmp_path / "package").mkdir()
    stale = tmp_path / "package" / "PlanDefinition-retired.json"
    stale.write_text("{}")
    main(["export", "--fhir", str(tmp_path)])
    assert "PlanDefinition" in capsys.readouterr().out.splitlines()[-1]
    package = tmp_path / "package"
    listed = json.loads((package / ".index.json").read_text())["files"]
    assert {each["filename"] for each in listed} == {path.name for path in package.glob("*-*.json")}
    assert len(listed) == len(resources())
    assert not stale.exists()
    manifest = json.loads((package / "package.json").read_text())
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert manifest["name"] == files.NAME
    lines = json.loads((package / "tests" / "cases.json").read_text())
    assert [each["name"] for each in lines] == [case["name"] for case in of_file(few)]
    for line in lines:
        bundle = json.loads((package / "tests" / line["bundle"]).read_text())
        assert valid(bundle), line["name"]
        assert [e["resource"]["resourceType"] for e in bundle["entry"]].count("Patient") == 1
        assert line["expected"]
