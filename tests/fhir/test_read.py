"""Reading whole records: nothing depends on order, repetition or the broken neighbor; records that others made."""

from __future__ import annotations

import copy
import json
import random
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cards.chart import Chart
from cards.vocabulary import Data, Site
from cds_service.fhir.reading.read import read
from cds_service.fhir.reading.record import AmbiguousPatientError
from cds_service.fhir.terminology.codes import load
from cds_service.fhir.terminology.local import LocalCodesError
from tests.each import for_each
from tests.fhir.conftest import CM, TODAY, WHO, ZONE, bundle, concept, condition, medication, observation, patient

SHARED = Path(__file__).parents[3] / "shared" / "data"
LATER: dict[str, Any] = {"meta": {"lastUpdated": "2026-01-02T00:00:00Z"}}
RESOURCES: list[dict[str, Any]] = [
    patient(),
    observation("2160-0", 1.0, "mg/dL", id="o1"),
    observation("2160-0", 1.3, "mg/dL", id="o1", **LATER),
    observation("2160-0", 1.2, "mg/dL", id="o2"),
    observation("38267-1", -2.8, "{T-score}", id="o3"),
    observation("62292-8", 20, "furlongs", id="o4"),
    observation("62292-8", {"x": 1}, "ng/mL", id="o5"),
    condition(concept(WHO, "M81.9"), id="c1"),
    condition(concept(CM, "S72.001A"), id="c2", on="2024-02-03"),
    condition(concept(CM, "S72.001A"), id="c3", on="2024-02-05"),
    medication("MedicationStatement", concept(text="denosumab"), id="m1", effectiveDateTime="2025-01-01"),
    medication("MedicationRequest", concept(text="alendronate 70 mg"), id="m2", authoredOn="2025-11-01"),
    medication("MedicationRequest", concept(text="alendronate 70 mg"), id="m3", subject={"reference": "Patient/q"}),
    {"resourceType": "Flag", "id": "f1"},
]


def chart(resources: list[Any]) -> Chart:
    return read([bundle(*resources)], patient_id="p", today=TODAY, zone=ZONE)[0]


@settings(max_examples=60, deadline=None)
@given(st.permutations(RESOURCES), st.lists(st.sampled_from(RESOURCES), max_size=5))
def test_order_and_repetition_change_nothing(resources: list[Any], again: list[Any]) -> None:
    assert chart([*resources, *again]) == chart(RESOURCES)


def test_one_bundle_or_many_sources_in_any_mix() -> None:
    first, *rest = RESOURCES
    sources = [json.dumps(first).encode(), bundle(*rest[:5]), *(json.dumps(r).encode() for r in rest[5:]), b"null"]
    assert read(sources, patient_id="Patient/p", today=TODAY, zone=ZONE)[0] == chart(RESOURCES)


def test_odd_entries_are_tolerated() -> None:
    entries: list[Any] = [
        None,
        7,
        {},
        {"resource": None},
        {"resource": []},
        {"resource": {"id": "no type"}},
        {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}},
        {"resource": {"resourceType": "Practitioner", "id": "x"}, "search": {"mode": "include"}},
        {"resource": json.loads(bundle(patient(), observation("2160-0", 1.0, "mg/dL")))},
    ]
    body = json.dumps({"resourceType": "Bundle", "entry": entries}).encode()
    found, trace = read([body], patient_id="p", today=TODAY, zone=ZONE, full=True)
    assert found.newest("creatinine") is not None
    assert trace.lines is not None
    assert {line.outcome for line in trace.lines} == {"used", "set-aside", "not-ours"}


@pytest.mark.parametrize(
    ("entry", "used", "unreadable"),
    [
        (None, 0, 0),
        ({}, 0, 0),
        (7, 0, 1),
        ({"resource": {"resourceType": "Bundle", "entry": "x"}}, 0, 1),
        ({"fullUrl": 7, "resource": observation("2160-0", 1.0, "mg/dL")}, 1, 0),
    ],
)
def test_no_entry_that_holds_something_is_passed_over_in_silence(entry: Any, used: int, unreadable: int) -> None:
    body = json.dumps({"resourceType": "Bundle", "entry": [entry, {"resource": patient()}]}).encode()
    _, trace = read([body], patient_id="p", today=TODAY, zone=ZONE)
    assert (trace.used["creatinine"], trace.set_aside["unreadable"]) == (used, unreadable)


def test_an_unreadable_meta_costs_no_value() -> None:
    two = [observation("2160-0", value, "mg/dL") | {"id": str(value), "meta": 5} for value in (1.0, 2.0)]
    assert len(chart([patient(), *two]).measured["creatinine"]) == 2


def test_a_whole_number_beyond_all_bounds_costs_its_value_only() -> None:
    vast = {key: value for key, value in observation("2160-0", 1.0, "mg/dL").items() if key != "valueQuantity"}
    found = chart([patient(), vast | {"valueInteger": 10**400}])
    assert [aside.reason for aside in found.set_aside] == ["unreadable"]


def test_a_resource_that_is_not_utf8_spoils_nothing() -> None:
    body = bundle(patient(), observation("2160-0", 1.0, "mg/dL"), condition(concept(WHO, "I21", text="XX")))
    found, _ = read([body.replace(b"XX", b"\xff\xfe")], patient_id="p", today=TODAY, zone=ZONE)
    assert found.newest("creatinine") is not None
    assert [(s.data, s.reason) for s in found.set_aside] == [(Data.CONDITIONS, "unreadable")]


JUNK: tuple[Any, ...] = (None, 1, -1.5, "", "x", [], {}, [None], [{}], True, "9999-12-31", "2025-13-45T99:99:99Z", 1e308)


def spoiled(value: Any, chance: random.Random) -> Any:
    """A copy with one thing in it, somewhere, turned into something else."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.2:
        return copy.deepcopy(chance.choice(JUNK))
    made = value.copy()
    at = chance.choice(list(made)) if isinstance(made, dict) else chance.randrange(len(made))
    made[at] = spoiled(made[at], chance)
    return made


@for_each("seed", range(200))
def test_spoiled_resources_never_stop_the_reading(seed: int) -> None:
    chance = random.Random(seed)
    body = bundle(*(r for r in (spoiled(r, chance) for r in RESOURCES) if isinstance(r, dict)))
    read([body], patient_id="p", today=TODAY, zone=ZONE, drafts=[body])


def test_whose_record_it_is() -> None:
    with pytest.raises(AmbiguousPatientError):
        read([bundle(patient(), patient(id="q"))], patient_id=None, today=TODAY, zone=ZONE)
    found, _ = read([bundle(patient(), patient(id="q", gender="male"))], patient_id="p", today=TODAY, zone=ZONE)
    assert found.patient.female
    assert [(s.data, s.reason) for s in found.set_aside] == [(Data.PATIENT, "other-patient")]
    with pytest.raises(msgspec.DecodeError):
        read([b"<html>"], patient_id="p", today=TODAY, zone=ZONE)


@pytest.mark.parametrize(
    ("reference", "ours"),
    [
        ("Patient/p", True),
        ("https://ehr.example/fhir/Patient/p/_history/3", True),
        ("urn:uuid:p", True),
        ("Patient/q", False),
        ("urn:uuid:q", False),
        ("Group/p", False),
        ("", True),
    ],
)
def test_references_to_the_patient(reference: str, ours: bool) -> None:
    found = chart([patient(), observation("2160-0", 1.0, "mg/dL", subject={"reference": reference})])
    assert (found.newest("creatinine") is not None) is ours


def test_a_site_s_own_codes(tmp_path: Path) -> None:
    table = tmp_path / "codes.tsv"
    rows = [
        "kind\tsystem\tcode\tkey\tsite",
        "observation\turn:lab\tFN-T\tt-score\tfemoral-neck",
        "drug\turn:pharmacy\t77\tdenosumab\t",
    ]
    table.write_text("\n".join(rows), encoding="utf-8")
    mine = load(table)
    body = bundle(
        patient(),
        observation("", -2.7, id="o", code=concept("urn:lab", "FN-T")),
        medication("MedicationStatement", concept("urn:pharmacy", "77"), effectiveDateTime="2025-10-01"),
    )
    found, _ = read([body], patient_id="p", today=TODAY, zone=ZONE, terminology=mine)
    assert found.values("t-score")[0].site is Site.FEMORAL_NECK
    assert "denosumab" in found.drug_courses
    assert "urn:lab|FN-T" in mine.observation_codes()[Data.BONE_DENSITY]
    table.write_text("\n".join([rows[0], "observation\turn:lab\tX\tbone-magic\t"]), encoding="utf-8")
    with pytest.raises(LocalCodesError, match="row 1"):
        load(table)


def test_a_t_score_without_any_site_is_unnamed(tmp_path: Path) -> None:
    table = tmp_path / "codes.tsv"
    table.write_text("kind\tsystem\tcode\tkey\tsite\nobservation\turn:lab\tT\tt-score\t", encoding="utf-8")
    mine = load(table)
    for text, site in (("", Site.UNNAMED), ("腰椎L1-L4 T值", Site.LUMBAR_SPINE), ("heel QUS", Site.HEEL)):
        body = bundle(patient(), observation("", -2.7, id="o", code=concept("urn:lab", "T", text=text)))
        found, _ = read([body], patient_id="p", today=TODAY, zone=ZONE, terminology=mine)
        assert found.values("t-score")[0].site is site


SYNTHEA = sorted((SHARED / "synthea").glob("*.json"))


@pytest.mark.skipif(not SYNTHEA, reason="the shared data are not here")
@pytest.mark.parametrize("path", SYNTHEA, ids=lambda p: p.stem)
def test_synthea_patients_are_read(path: Path) -> None:
    found, trace = read([path.read_bytes()], patient_id=None, today=date(2026, 11, 21), zone=ZONE)
    assert "alendronate" in found.drug_courses
    assert "osteoporosis" in found.problems
    assert trace.set_aside.keys() <= {"implausible", "site-unclear"}
    if path.stem in ("patient_01", "patient_08", "patient_12", "recent_00"):
        assert found.values("t-score")


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not here")
def test_the_us_core_dxa_examples_are_read() -> None:
    sources = [path.read_bytes() for path in sorted((SHARED / "us_core_dxa").glob("*.json"))]
    found, _ = read(sources, patient_id="example", today=TODAY, zone=ZONE)
    assert {(m.key, m.site) for some in found.measured.values() for m in some} == {
        (key, site) for key in ("bmd", "t-score", "z-score") for site in (Site.TOTAL_HIP, Site.FEMUR)
    }
    assert found.done("dxa") is not None
    assert {(s.key, s.reason) for s in found.set_aside} == {("t-score", "site-unclear")}
