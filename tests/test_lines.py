"""The grammar of cases and stories: each line and note is explained where it is defined, and used by some case or story."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import fhir_fixtures
from cards.engine.sources import LOADER
from cards.vocabulary import ANALYTES, DRUGS, PROBLEMS, SERVICES
from fhir_fixtures import lines
from fhir_fixtures.lines import vocabulary
from fhir_fixtures.lines.notes import BARE, VALUED, split_off
from fhir_fixtures.lines.pieces import look_up, words
from tests.each import for_each

GRAMMAR = lines.__doc__ or ""
EXAMPLES = [re.split(r"\s{2,}", line.strip())[0] for line in GRAMMAR.splitlines() if re.match(r" {4}\S", line)]
"""What stands on the left of the grammar's table."""

CASES = Path(__file__).parents[1] / "cards" / "catalog"
NOTES = sorted(VALUED | BARE)
OF_TESTS = {"text only", "contained"}
"""How ``test_order_safety`` writes the drafts of all cases once more."""

TODAY = date(2026, 6, 15)


@cache
def used() -> tuple[str, ...]:
    """Every line of a record or draft of the cases and the stories."""
    return tuple(_of_cases()) + tuple(line for s in fhir_fixtures.stories() for line in (*s.record, *s.draft, *s.entered))


def _of_cases() -> Iterator[str]:
    for path in CASES.glob("*/*/cases.yaml"):
        file = yaml.load(path.read_text(encoding="utf-8"), LOADER)  # noqa: S506  a safe one
        for case in (file, *file["cases"]):
            for field in ("background", "record", "plus", "entered", "draft"):
                yield from map(str, case.get(field, ()))


@pytest.mark.parametrize("line", EXAMPLES)
def test_each_example_of_the_grammar_can_be_read(line: str) -> None:
    assert lines.record([line])


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in lines.SENTENCES])
def test_each_sentence_is_explained_and_used(pattern: str) -> None:
    assert any(re.fullmatch(pattern, line) for line in EXAMPLES)
    single = (part for line in used() for part in lines.in_parts(line))
    assert any(re.fullmatch(pattern, re.sub(r"( \([^()]+\))*$", "", line)) for line in single)


@pytest.mark.parametrize("note", NOTES)
def test_each_note_is_explained_and_used(note: str) -> None:
    wanted = (
        rf"\((?:[^()]*, )?{re.escape(note)}(?: [^()]*)?[,)]" if note in VALUED else rf"\((?:[^()]*, )?{re.escape(note)}[,)]"
    )
    assert re.search(wanted, " ".join(GRAMMAR.split()))
    assert note in OF_TESTS or any(re.search(wanted, line) for line in used())


@pytest.mark.parametrize(
    "line",
    [
        "denosumab given yesterday",
        "denosumab (60 mg) given 2026-01-01",
        "no-such-drug given 2026-01-01",
        "creatinine 0.8 on 2026-05-01",
        "creatinine 0.8 mg/dL on 2026-05-01 (rang 0.5-0.95)",
        "creatinine 0.8 mg/dL, calcium on 2026-05-01",
        "creatinine 0.8 mg/dL, calcium 9.3 mg/dL on 2026-05-01 (range 8.6-10.2)",
        "T-score elbow -2.6 on 2026-05-01",
        "denosumab given 2026-01-01 (every 6 mo)",
        "denosumab given 2026-01-01 (refuted)",
        "alendronate taken since 2026-01-01 (range 1-2)",
        "alendronate ordered 2026-01-01 (sig 70 mg weekly) (dose 35 mg)",
        "alendronate ordered 2026-01-01 (active, stopped)",
        "calcium 9.3 mg/dL (dose 70 mg), creatinine 0.8 mg/dL on 2026-05-01",
        "problem osteoporosis (dose 70 mg)",
        "problem no-such-problem",
        "test no-such-test done 2026-01-01",
        "fracture hip on Tuesday",
        "",
    ],
)
def test_a_line_that_cannot_be_read_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"cannot read|is not among"):
        lines.record([line])


@pytest.mark.parametrize("drafted", ["alendronate (refuted)", "test dxa (dose 35 mg)", "unknown drug (dose 35 mg)"])
def test_a_draft_that_cannot_be_read_is_refused(drafted: str) -> None:
    with pytest.raises(ValueError, match=r"cannot read \("):
        lines.drafts([drafted])


@pytest.mark.parametrize(
    ("line", "dosage"),
    [
        ("cholecalciferol taken since 2026-01-01", None),
        ("cholecalciferol taken since 2026-01-01 (sig 50,000 units once weekly)", [{"text": "50,000 units once weekly"}]),
        ("alendronate dispensed 2026-01-01 for 28 days", None),
        ("alendronate dispensed 2026-01-01 (sig 70 mg weekly)", [{"text": "70 mg weekly"}]),
        ("cholecalciferol given 2026-01-01 (sig 300,000 units IM)", {"text": "300,000 units IM"}),
        ("denosumab-unnamed-strength given 2026-01-01", None),
    ],
)
def test_a_dose_that_is_told_stands_in_the_resource(line: str, dosage: Any) -> None:
    (resource,) = lines.record([line])
    assert resource.get("dosage", resource.get("dosageInstruction")) == dosage


def test_a_dose_given_may_be_larger_than_usual() -> None:
    (usual,), (larger,) = (
        lines.record(["denosumab given 2026-01-01"]),
        lines.record(["denosumab given 2026-01-01 (dose 120 mg)"]),
    )
    assert [each["dosage"]["dose"]["value"] for each in (usual, larger)] == [60, 120]


@pytest.mark.parametrize("patient", ["", "female, 72", "woman 72", "female 72 dead", "female born 1950"])
def test_a_patient_that_cannot_be_read_is_refused(patient: str) -> None:
    with pytest.raises(ValueError, match="cannot read the patient"):
        lines.patient(patient, TODAY)


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("female 72", {"gender": "female", "birthDate": "1954-06-15"}),
        ("male born 1950-03-01, deceased 2026-06-01", {"birthDate": "1950-03-01", "deceasedDateTime": "2026-06-01"}),
        ("unknown, deceased", {"gender": "unknown", "deceasedBoolean": True}),
        ("王秀英, female 72", {"name": [{"use": "official", "text": "王秀英", "family": "王", "given": ["秀英"]}]}),
        ("Ann Lee, female", {"name": [{"use": "official", "text": "Ann Lee", "family": "Lee", "given": ["Ann"]}]}),
    ],
)
def test_a_patient_is_read(line: str, fields: dict[str, Any]) -> None:
    assert lines.patient(line, TODAY).items() >= fields.items()


def test_results_of_one_day_are_what_lines_of_their_own_would_be() -> None:
    together = "25(OH)D 34 ng/mL, calcium 9.3 mg/dL (range 8.6-10.2) (called 血钙, 总), NRS 6, T-score heel -2.7 on 2026-05-01"
    apart = [
        "25(OH)D 34 ng/mL on 2026-05-01",
        "calcium 9.3 mg/dL on 2026-05-01 (range 8.6-10.2) (called 血钙, 总)",
        "NRS 6 {score} on 2026-05-01",
        "T-score heel -2.7 on 2026-05-01",
    ]
    assert [_without_id(r) for r in lines.record([together])] == [_without_id(r) for r in lines.record(apart)]
    assert [r["id"] for r in lines.record([together])] == ["r1", "r1-1", "r1-2", "r1-3"]


def _without_id(resource: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key != "id"}


def test_free_text_keeps_its_commas() -> None:
    assert split_off("prednisone (sig 40 mg daily, for 5 days) (not selected)")[1] == {
        "sig": "40 mg daily, for 5 days",
        "not selected": "",
    }


def test_a_unit_that_may_be_left_out_is_that_of_something_measured() -> None:
    assert set(words()["units"]) <= set(words()["measurements"]) | set(words()["local"])
    categorized = [name for members in words()["categories"].values() for name in members]
    assert set(categorized) <= set(words()["measurements"]) | set(words()["local"]) | {"T-score", "BMD", "smoking"}
    assert len(set(categorized)) == len(categorized)


@pytest.mark.parametrize("kind", ["drugs", "problems", "services"])
def test_the_tables_hold_only_what_the_vocabulary_does_not_say(kind: str) -> None:
    assert [name for name, word in words()[kind].items() if word == vocabulary.word(kind, name)] == []


@for_each(
    "line",
    [
        *(f"problem {key}" for key in PROBLEMS),
        *(f"{key} ordered 2026-06-01" for key in DRUGS),
        *(f"test {key} ordered 2026-06-01" for key in SERVICES),
        *(f"{key} 1 mg on 2026-06-01" for key in ANALYTES),
    ],
)
def test_what_the_vocabulary_knows_can_be_said_without_an_entry_of_its_own(line: str) -> None:
    assert lines.record([line])


def test_a_word_of_the_vocabulary_has_its_english_name_its_first_code_and_its_usual_regimen() -> None:
    assert look_up("problems", "ckd-4") == {"icd10": "N18.4", "text": "chronic kidney disease stage 4"}
    assert look_up("problems", "cancer") == {"snomed": "363346000", "text": "cancer"}, "C is a chapter, no code"
    assert look_up("drugs", "goserelin") == {"atc": "L02AE03", "text": "goserelin"}
    calcitriol = {"atc": "A11CC04", "text": "calcitriol 0.25 mcg capsule", "dose": "0.25 ug", "every": "1 d", "route": "oral"}
    assert look_up("drugs", "calcitriol") == calcitriol
    assert look_up("services", "tsh") == {"loinc": "3016-3", "text": "TSH"}
