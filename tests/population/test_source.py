"""Files as they come: what is broken is counted and named by its place, and costs nothing else."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest

from cds_service.population import source
from cds_service.population.source import File, Ledger, Problem, Record

TYPES = frozenset({"Patient", "Condition", "MedicationRequest", "Medication"})
GOOD = b'{"resourceType":"Condition","id":"1","subject":{"reference":"Patient/a"}}'


def read(folder: Path, name: str, content: bytes) -> tuple[list[Record], list[Problem], Ledger]:
    (folder / name).write_bytes(content)
    ledger, problems = Ledger(), list[Problem]()
    return list(File(folder, folder / name, TYPES, ledger, problems.append)), problems, ledger


@pytest.mark.parametrize(
    ("line", "why", "what"),
    [
        (b'{"resourceType":"Condition","subj', "not-json", ""),
        (b'{"resourceType":"Condition","note":"\xff"}', "not-json", ""),
        (b"[1]", "no-type", ""),
        (b"{}", "no-type", ""),
        (b'{"resourceType":7}', "no-type", ""),
        (b'{"resourceType":"Condition","id":"c1"}', "no-subject", "Condition/c1"),
        (b'{"resourceType":"Condition","subject":{"reference":"Group/a"}}', "no-subject", "Condition"),
        (b'{"resourceType":"Condition","subject":{"display":"Wang"}}', "no-subject", "Condition"),
        (b'{"resourceType":"Condition","subject":{"reference":"Patient/a b"}}', "bad-id", "Condition"),
        (b'{"resourceType":"Patient"}', "bad-id", "Patient"),
        (b'{"resourceType":"Medication"}', "bad-id", "Medication"),
        (b'{"resourceType":"MedicationOrder","patient":{"reference":"Patient/a"}}', "other-release", "MedicationOrder"),
    ],
)
def test_a_broken_line_is_named_and_the_next_one_is_read(tmp_path: Path, line: bytes, why: str, what: str) -> None:
    records, problems, ledger = read(tmp_path, "Condition.ndjson", b"\n".join((GOOD, line, GOOD)))
    assert [problem for problem in problems if problem.why == why] == [Problem("Condition.ndjson", 2, why, what)]
    assert ledger.problems[why] == 1
    assert [record.entry for record in records].count(b'{"resource":' + GOOD + b"}") == 2


def test_blank_lines_other_line_ends_and_a_byte_order_mark_are_no_matter(tmp_path: Path) -> None:
    records, problems, _ = read(tmp_path, "Condition.ndjson", b"\xef\xbb\xbf" + GOOD + b"\r\n\r\n  \n" + GOOD)
    assert ([record.patient for record in records], problems) == (["a", "a"], [])


def test_a_line_that_is_too_long_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LONGEST", 100)
    long = GOOD[:-1] + b',"note":"' + b"x" * 500 + b'"}'
    records, problems, _ = read(tmp_path, "Condition.ndjson", b"\n".join((long, GOOD)))
    assert len(records) == 1
    assert problems == [Problem("Condition.ndjson", 1, "too-long")]


def test_a_gzip_that_is_cut_short_gives_what_can_be_read(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(GOOD.replace(b'"1"', b'"%d"' % number) + b"\n" for number in range(5000)))
    records, problems, _ = read(tmp_path, "Condition.ndjson.gz", packed[: len(packed) // 2])
    assert 0 < len(records) < 5000
    assert [problem.why for problem in problems] == ["cut-short"]


def test_what_is_no_gzip_is_named(tmp_path: Path) -> None:
    assert [problem.why for problem in read(tmp_path, "Condition.ndjson.gz", GOOD)[1]] == ["cut-short"]


def test_types_that_no_rule_reads_are_counted(tmp_path: Path) -> None:
    records, problems, ledger = read(tmp_path, "Claim.ndjson", b'{"resourceType":"Claim","patient":{"reference":"Patient/a"}}')
    assert (records, problems, ledger.not_read) == ([], [], {"Claim": 1})


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("Patient/a", "a"),
        ("https://ehr.example.org/fhir/Patient/a", "a"),
        ("https://ehr.example.org/fhir/Patient/a/_history/3", "a"),
        ("urn:uuid:7c1a", "7c1a"),
        ("a", "a"),
    ],
)
def test_whose_a_resource_is(tmp_path: Path, reference: str, name: str) -> None:
    line = orjson.dumps({"resourceType": "Condition", "subject": {"reference": reference}})
    assert [record.patient for record in read(tmp_path, "Condition.ndjson", line)[0]] == [name]


def test_an_order_says_which_medication_it_points_at(tmp_path: Path) -> None:
    order = {"resourceType": "MedicationRequest", "subject": {"reference": "Patient/a"}}
    some = ["Medication/m1", "https://ehr.example.org/fhir/Medication/m1", "#m1", "Substance/m1"]
    told = b"\n".join(orjson.dumps(order | {"medicationReference": {"reference": each}}) for each in some)
    assert [r.medication for r in read(tmp_path, "MedicationRequest.ndjson", told)[0]] == ["Medication/m1"] * 2 + ["", ""]
    shared = read(tmp_path, "Medication.ndjson", b'{"resourceType":"Medication","id":"m1"}')[0]
    assert [(record.patient, record.medication) for record in shared] == [("", "Medication/m1")]


def bundle(*resources: dict[str, object], urls: bool = True) -> bytes:
    entries = [
        {"resource": each} | ({"fullUrl": f"urn:uuid:{number}"} if urls else {}) for number, each in enumerate(resources)
    ]
    return orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}, option=orjson.OPT_INDENT_2)


def test_a_bundle_of_one_patient_belongs_to_that_patient(tmp_path: Path) -> None:
    content = bundle(
        {"resourceType": "Patient", "id": "a"}, {"resourceType": "Medication", "id": "m"}, {"resourceType": "Condition"}
    )
    records, problems, _ = read(tmp_path, "one.json", content)
    assert ([record.patient for record in records], problems) == (["a", "a", "a"], [])
    assert not any(b"\n" in record.entry for record in records)


def test_what_a_bundle_of_one_patient_holds_of_others_is_theirs(tmp_path: Path) -> None:
    """As of a page of a search over everybody."""
    content = bundle(
        {"resourceType": "Patient", "id": "a"},
        {"resourceType": "Condition", "subject": {"reference": "Patient/b"}},
        {"resourceType": "Condition", "subject": {"reference": "urn:uuid:0"}},
        {"resourceType": "Condition", "subject": {"reference": "Patient?identifier=1"}},
    )
    records, problems, _ = read(tmp_path, "one.json", content)
    assert ([record.patient for record in records], problems) == (["a", "b", "a", "a"], [])


def test_the_entries_of_a_bundle_of_several_belong_to_whom_they_name(tmp_path: Path) -> None:
    content = bundle(
        {"resourceType": "Patient", "id": "a"},
        {"resourceType": "Patient", "id": "b"},
        {"resourceType": "Condition", "subject": {"reference": "urn:uuid:1"}},
        {"resourceType": "Condition", "subject": {"reference": "Patient/a"}},
        {"resourceType": "Condition"},
    )
    records, problems, _ = read(tmp_path, "some.json", content)
    assert [record.patient for record in records] == ["a", "b", "b", "a"]
    assert problems == [Problem("some.json", 1, "no-subject", "Condition")]


def test_a_file_that_is_no_resource_is_named(tmp_path: Path) -> None:
    assert [p.why for p in read(tmp_path, "manifest.json", b'{"output": []}')[1]] == ["no-type"]


def test_hidden_files_and_files_of_other_kinds_are_no_source(tmp_path: Path) -> None:
    for name in ("a.ndjson", "b.ndjson.gz", "c.json", "d.txt", ".e.ndjson", ".f/g.ndjson", "h/i.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [path.name for path in source.files(tmp_path)] == ["a.ndjson", "b.ndjson.gz", "c.json", "i.jsonl"]
