"""The files of the stories: what lacks something is refused, by file and field."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import fhir_fixtures
from cds_service.hooks.request import HOOKS
from fhir_fixtures import reading
from fhir_fixtures.reading import CARRIES, SECTIONS, parse

FOLDER = Path(fhir_fixtures.__file__).parent
GOOD: dict[str, Any] = {
    "title": {"en": "A patient", "zh": "患者"},
    "text": {"en": "A patient.", "zh": "患者。"},
    "asOf": "2026-06-15",
    "hook": "patient-view",
    "patient": "female 70",
    "record": ["problem osteoporosis"],
    "cards": {},
}
MISSING = object()


def written(**changes: Any) -> str:
    told = {field: value for field, value in (GOOD | changes).items() if value is not MISSING}
    return yaml.safe_dump(told, allow_unicode=True).replace("'2026-06-15'", "2026-06-15")


def test_the_story_of_these_tests_is_a_good_one() -> None:
    fixture = fhir_fixtures.read(written(), "folder/good.yaml")
    assert (fixture.name, fixture.patient_id, len(fixture.resources)) == ("good", "good", 2)


@pytest.mark.parametrize("field", GOOD)
def test_a_story_that_lacks_a_field_is_refused_with_file_and_field(field: str) -> None:
    with pytest.raises(ValueError, match=f"^folder/mine.yaml: {field}: is missing$"):
        parse(written(**{field: MISSING}), "folder/mine.yaml")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", {"en": "Only English"}),
        ("text", {"en": "A", "zh": ""}),
        ("asOf", "yesterday"),
        ("hook", "order-dispatch"),
        ("patient", ["female 70"]),
        ("record", "problem osteoporosis"),
        ("bundle", ["a", "b"]),
        ("draft", ["alendronate"]),
        ("entered", ["fracture hip on 2026-06-01"]),
        ("cards", ["start-treatment"]),
        ("cards", {"start-treatment": "urgent"}),
        ("expect", {}),
    ],
)
def test_a_field_that_cannot_be_right_is_refused_with_file_and_field(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^mine.yaml: {field}: "):
        parse(written(**{field: value}), "mine.yaml")


@pytest.mark.parametrize("hook", [hook for hook, field in CARRIES.items() if field])
def test_a_story_without_what_its_hook_carries_is_refused(hook: str) -> None:
    with pytest.raises(ValueError, match=f"^mine.yaml: {CARRIES[hook]}: the context of {hook} needs it"):
        parse(written(hook=hook), "mine.yaml")


@pytest.mark.parametrize(
    "changes",
    [
        {"record": ["problem osteoporosis", "no such line"]},
        {"patient": "a woman of 70"},
        {"hook": "order-sign", "draft": ["no-such-drug"]},
        {"hook": "problem-list-item-create", "entered": ["fracture of something"]},
    ],
)
def test_a_line_that_cannot_be_read_is_refused_with_the_story(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^mine: "):
        fhir_fixtures.read(written(**changes), "mine.yaml")


@pytest.mark.parametrize("name", ["", "two words.yaml", "a" * 49 + ".yaml"])
def test_a_file_whose_name_makes_no_id_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="named in letters"):
        parse(written(), name)


def test_every_hook_has_its_place() -> None:
    assert set(CARRIES) == set(HOOKS)
    assert {hook for hook, field in CARRIES.items() if field} == {name for name, hook in HOOKS.items() if hook.bundle}


def test_every_file_is_a_story_of_a_section_or_a_bundle_of_a_story() -> None:
    found = {file.relative_to(FOLDER) for suffix in ("yaml", "json") for file in FOLDER.rglob(f"*.{suffix}")}
    told = list(fhir_fixtures.stories())
    own = {Path(story.section, f"{story.name}.yaml") for story in told}
    assert found == own | {Path("bundles", story.bundle) for story in told if story.bundle}
    assert [section for section in SECTIONS if section not in {story.section for story in told}] == []


def test_ids_do_not_depend_on_what_else_is_told() -> None:
    first, again = (fhir_fixtures.of(fhir_fixtures.story("denosumab-missed")) for _ in range(2))
    assert first == again


def test_two_stories_of_one_name_are_told_apart_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fhir_fixtures, "SECTIONS", ("sequence", "sequence"))
    with pytest.raises(ValueError, match="has a story of this name"):
        fhir_fixtures._sections.__wrapped__()


def test_a_list_of_the_stories_loads_no_rule() -> None:
    code = "import sys, fhir_fixtures; list(fhir_fixtures.stories()); sys.exit(any(m.startswith('cards') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=FOLDER.parent, timeout=60, check=False).returncode == 0


def test_without_libyaml_a_story_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_Loader", yaml.SafeLoader)
    assert parse(written(), "good.yaml").patient == "female 70"
