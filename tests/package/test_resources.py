"""The resources of the package: valid, whole, and no more than the truth."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from msgspec.structs import replace
from pydantic import ValidationError

from cards.engine.card import Review
from cards.engine.catalog import all_cards
from cards.engine.sources import RECOMMENDATIONS, VERSION, place_of
from cards.indicators import INDICATORS
from cds_service.casebook.cases import all_cases, of_file
from cds_service.cli import main
from cds_service.content import releases
from cds_service.content.canon import current
from cds_service.content.signatures import Signature, sealed
from cds_service.figures.measures import PUBLISHED
from cds_service.package import files, patients
from cds_service.package import plans as plans_of
from cds_service.package.libraries import WHOLE, libraries
from cds_service.package.proposals import choice, suggested
from cds_service.package.resources import resources
from tests.package.faults import ROUNDS, Fault, spoiled, tells
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


@pytest.mark.parametrize(
    ("kind", "fault"), [(kind, fault) for faults in ROUNDS for kind, fault in faults.items() if fault.by_models]
)
def test_a_fault_in_each_kind_of_resource_is_caught(kind: str, fault: Fault) -> None:
    whole = min(of(kind).items())[1]
    assert valid(whole)
    assert not valid(spoiled(kind, json.loads(json.dumps(whole)), fault))


def test_every_kind_of_resource_has_faults_that_are_tried() -> None:
    for faults in ROUNDS:
        assert {kind for kind, _ in resources()} == faults.keys()
        for kind, fault in faults.items():
            whole = json.dumps(min(of(kind).items())[1])
            told = spoiled(kind, json.loads(whole), fault)
            assert {**told, "id": "", "name": ""} != {**json.loads(whole), "id": "", "name": ""}, (
                f"{fault.what} changes nothing"
            )


def test_what_a_validator_says_is_told_by_the_kind() -> None:
    assert tells("Library", "cardinality.min Library.type: Library.type is required")
    assert tells("ValueSet", "Unsupported filter operator in ValueSet FaultValueSet: undefined")
    assert tells("Measure", "does not exist: kindd File: /x/instances/fault-Measure.fsh")
    assert not tells("Library", "only 5 of 6 resources came through")
    assert not tells("Library", "Element Measure.group.population.criteria has minimum cardinality 1")


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


CODE = "denosumab-sequence"


def said(decision: str = "signed", by: str = "A. Example", at: str = "2026-11-25T08:00:00Z", text: str = "") -> Signature:
    """``text``: the hash of what was read; "": of the card as it is."""
    return Signature(CODE, decision, by, "endocrinologist", "", VERSION, text or current().hashes[CODE], "s", at)  # type: ignore[arg-type]


OF_BEFORE = "0" * 64
SIGNED: list[tuple[str, list[Signature], str]] = [
    ("nobody", [], ""),
    ("the card as it is", [said()], "2026-11-25"),
    ("the newest of two", [said(), said(by="B. Example", at="2026-11-27T08:00:00Z")], "2026-11-27"),
    ("another text of the card", [said(text=OF_BEFORE)], ""),
    ("an objection", [said("objected")], ""),
    ("an objection beside a signature", [said(), said("objected", by="B. Example")], ""),
    ("an objection to another text", [said("objected", by="B. Example", text=OF_BEFORE), said()], "2026-11-25"),
    ("an objection, then a signature", [said("objected"), said(at="2026-11-26T08:00:00Z")], "2026-11-26"),
    ("a signature, then an objection", [said(), said("objected", at="2026-11-26T08:00:00Z")], ""),
]


@pytest.mark.parametrize(("signatures", "day"), [told[1:] for told in SIGNED], ids=[told[0] for told in SIGNED])
def test_a_draft_until_a_clinician_has_signed_this_text(
    signatures: list[Signature], day: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "signatures.jsonl"
    path.write_text("".join(sealed(signatures)))
    monkeypatch.setattr(releases, "SIGNATURES", path)
    for made in (plans_of.plans(), libraries()):
        for each in made:
            if each["id"] == CODE:
                assert (each["status"], each["experimental"]) == (("active", False) if day else ("draft", True))
                assert each.get("approvalDate", "") == day
            else:
                assert (each["status"], "approvalDate" in each) == ("draft", False)


def test_a_line_in_a_card_s_file_is_no_approval(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not about a text: the card may have changed since."""
    review = Review("A. Example", "endocrinologist", "2026-11-25", VERSION)
    monkeypatch.setattr(plans_of, "all_cards", lambda: {CODE: replace(all_cards()[CODE], reviewed=(review,))})
    (plan,) = plans_of.plans()
    assert (plan["status"], plan["experimental"], "approvalDate" in plan) == ("draft", True, False)


DIRECTIONS = {
    "calcitonin-cancer": "against",
    "vertebral-augmentation": "against",
    "physical-agent-evidence": "against",
    "denosumab-due": "for",
    "vitamin-d-excess": "",
    "incomplete-data": "",
    "goals-of-care": "",
}
"""Judges orders; proposes; does both; recommends nothing to order."""


@pytest.mark.parametrize("code", DIRECTIONS)
def test_a_plan_tells_the_direction_where_it_has_one(code: str) -> None:
    told = [each for each in of("PlanDefinition")[code]["action"][0].get("extension", ()) if "direction" in each["url"]]
    assert [each["valueCodeableConcept"]["coding"][0]["code"] for each in told] == [*filter(None, [DIRECTIONS[code]])]


def test_nothing_that_takes_orders_away_is_told_as_recommended_for() -> None:
    for code, seen in suggested().items():
        assert "delete" not in seen or plans_of.direction_of(all_cards()[code]) != "for", code


def drugs(actions: list[Json]) -> list[str]:
    found = (each.get("definitionCanonical", "").partition(":drug-")[2] for each in actions)
    return [each.partition("|")[0] for each in found if each]


def test_a_plan_lets_nobody_choose_two_drugs_of_which_one_is_meant() -> None:
    seen = 0
    for plan in of("PlanDefinition").values():
        further = plan["action"][0].get("action", [])
        groups = [each.get("action", [each]) for each in further]
        assert all(each["selectionBehavior"] == "at-most-one" for each in further if "action" in each)
        chosen = [{choice(key) for key in drugs(group)} for group in groups if drugs(group)]
        assert all(len(each) == 1 for each in chosen), plan["id"]
        assert len({*chain(*chosen)}) == len(chosen), f"{plan['id']}: the same choice twice"
        named = [each["definitionCanonical"] for group in groups for each in group if "definitionCanonical" in each]
        assert len(named) == len(set(named)), f"{plan['id']}: an action twice"
        seen += sum(len(group) > 1 for group in groups)
    assert seen > 20


def test_a_citation_says_where_in_its_document_it_stands() -> None:
    cited = {each["label"]: each for plan in of("PlanDefinition").values() for each in plan["action"][0]["documentation"]}
    for key, each in cited.items():
        assert place_of(RECOMMENDATIONS[key], "en") in each["citation"], key
    assert cited["ELD2023-07d"]["citation"].endswith("Question 7 of 12. Grade 2C")


CODES = {
    "status": {"draft", "active"},
    "intent": {"proposal"},
    "kind": {"MedicationRequest", "ServiceRequest", "Task", "applicability"},
    "groupingBehavior": {"logical-group"},
    "selectionBehavior": {"any", "at-most-one"},
    "op": {"regex"},
    "content": {"complete"},
    "periodUnit": {"d", "wk", "mo", "a"},
    "trigger.type": {"named-event"},
    "condition.kind": {"applicability"},
    "documentation.type": {"citation"},
    "relatedArtifact.type": {"citation", "composed-of"},
}
"""Codes of required bindings, as FHIR R4 has them: the validators look at few of them."""


def test_codes_deep_inside_are_those_of_fhir() -> None:
    found: dict[str, set[str]] = {}
    for each in resources().values():
        for path, value in leaves(each):
            for name in (path[-1], ".".join(path[-2:])):
                if name in CODES:
                    found.setdefault(name, set()).add(value)
    assert {name: values - CODES[name] for name, values in found.items() if values - CODES[name]} == {}
    assert found.keys() == CODES.keys()


def leaves(told: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(told, dict):
        for name, each in told.items():
            yield from leaves(each, (*path, name))
    elif isinstance(told, list):
        for each in told:
            yield from leaves(each, path)
    else:
        yield path, told


def test_measures_say_who_is_counted() -> None:
    for key, each in of("Measure").items():
        told = INDICATORS[key]
        if not told.function:
            assert "denominator-exclusion" not in json.dumps(each), "nobody is excluded from what is counted over many"
            continue
        population = {p["code"]["coding"][0]["code"]: p["criteria"]["expression"] for p in each["group"][0]["population"]}
        assert list(population) == list(PUBLISHED)
        assert population["numerator"].startswith(told.asks.en)
        assert str(told.days or "end of the year") in population["numerator"]
        assert len(set(population.values())) == len(PUBLISHED)
    scorings = {key: each["scoring"]["coding"][0]["code"] for key, each in of("Measure").items() if "scoring" in each}
    assert of("Measure").keys() - scorings.keys() == {"uk-data-complete"}, "a yes or no is no proportion"
    assert {key for key, each in scorings.items() if each == "ratio"} == {"fls-non-spine", "fls-spine", "uk-identified"}


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
    assert (package / manifest["directories"]["tests"]).is_dir()
    lines = json.loads((package / "tests" / "cases.json").read_text())
    assert [each["name"] for each in lines] == [case["name"] for case in of_file(few)]
    for line in lines:
        bundle = json.loads((package / "tests" / line["bundle"]).read_text())
        assert valid(bundle), line["name"]
        assert [e["resource"]["resourceType"] for e in bundle["entry"]].count("Patient") == 1
        assert line["expected"]
        held = {each["fullUrl"] for each in bundle["entry"]}
        server = bundle["entry"][0]["fullUrl"].rsplit("/", 2)[0]
        named = re.findall(r'"reference": ?"([^"#]+)"', json.dumps(bundle))
        assert {f"{server}/{each}" for each in named} <= held, "a reference that a loader resolves"
