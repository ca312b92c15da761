"""A field of the wrong type never throws a resource away (reading contract, section 2): the rest is read, and it is said."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from cards.vocabulary import ALENDRONATE
from cds_service.fhir.reading import wire
from cds_service.fhir.reading.lenient import Patience, repaired
from tests.fhir.conftest import LOINC, WHO, Reader, concept, condition, medication, observation, patient

OSTEOPOROSIS = concept(WHO, "M81.0")


@pytest.mark.parametrize(
    ("broken", "left_out"),
    [
        ({"id": 7}, []),
        ({"onsetDateTime": 2020}, ["Condition.onsetDateTime"]),
        ({"bodySite": 7}, ["Condition.bodySite"]),
        ({"bodySite": [7, {"coding": [{"system": 1}]}]}, ["Condition.bodySite", "Condition.bodySite.coding.system"]),
        ({"clinicalStatus": [{"coding": [{"code": "active"}]}]}, []),
        ({"recordedDate": {}, "onsetAge": "70", "stage": 7}, ["Condition.onsetAge", "Condition.recordedDate"]),
    ],
)
def test_a_condition_is_read_without_the_broken_field(broken: dict[str, Any], left_out: list[str], chart_of: Reader) -> None:
    chart, trace = chart_of(condition(OSTEOPOROSIS, **broken))
    assert chart.active_problem("osteoporosis") is not None
    assert sorted(trace.left_out) == left_out


def test_a_numeric_id_is_an_id(chart_of: Reader) -> None:
    chart, _ = chart_of(condition(OSTEOPOROSIS, id=7))
    (problem,) = chart.problems["osteoporosis"]
    assert problem.source == "Condition/7"


def test_a_date_that_is_a_number_is_no_date_and_that_is_said(chart_of: Reader) -> None:
    chart, _ = chart_of(condition(OSTEOPOROSIS, onsetDateTime=2020))
    assert [(s.reason, s.detail) for s in chart.set_aside] == [("no-date", "onset")]


def test_what_ended_at_an_unreadable_time_has_ended(chart_of: Reader) -> None:
    chart, _ = chart_of(condition(OSTEOPOROSIS, abatementDateTime=2021))
    assert chart.active_problem("osteoporosis") is None
    assert chart.problem("osteoporosis") is not None


@pytest.mark.parametrize("broken", [{"subject": 7}, {"subject": {"reference": 7}}, {"code": 7}])
def test_without_subject_or_code_it_is_dropped_and_said(broken: dict[str, Any], chart_of: Reader) -> None:
    chart, _ = chart_of(condition(OSTEOPOROSIS) | broken)
    assert chart.problem("osteoporosis") is None
    assert [(s.data, s.reason) for s in chart.set_aside] == [("conditions", "unreadable")]


@pytest.mark.parametrize("quantity", [7, {"value": {}}, {"value": 60, "comparator": 1}, {"value": 60, "unit": []}])
def test_a_broken_value_is_no_value_and_that_is_said(quantity: Any, chart_of: Reader) -> None:
    chart, _ = chart_of(observation("62238-1", valueQuantity=quantity))
    assert chart.newest("egfr") is None
    assert [(s.key, s.reason) for s in chart.set_aside] == [("egfr", "unreadable")]


def test_a_broken_component_spoils_no_other(chart_of: Reader) -> None:
    parts = [
        {"code": concept(LOINC, "8302-2"), "valueQuantity": {"value": 160, "unit": "cm", "comparator": 7}},
        {"code": concept(LOINC, "29463-7"), "valueQuantity": {"value": 60, "unit": "kg"}},
    ]
    chart, _ = chart_of(observation("35094-2", component=parts))
    weight, height = chart.newest("weight"), chart.newest("height")
    assert weight is not None
    assert weight.value == 60
    assert height is None
    assert [(s.key, s.reason) for s in chart.set_aside] == [("height", "unreadable")]


def test_a_broken_reference_range_leaves_the_value(chart_of: Reader) -> None:
    chart, _ = chart_of(observation("62238-1", 55, "mL/min/{1.73_m2}", referenceRange=7))
    assert chart.newest("egfr") is not None


@pytest.mark.parametrize(
    ("dosage", "readable"),
    [
        ({"route": 7, "text": "70 mg once weekly"}, True),
        ({"timing": 7, "text": "70 mg once weekly"}, False),
        ({"timing": {"repeat": {"frequency": [1]}}}, False),
    ],
)
def test_a_drug_is_taken_whatever_is_broken_in_its_dose(dosage: dict[str, Any], readable: bool, chart_of: Reader) -> None:
    given = medication("MedicationRequest", concept(text="alendronate 70 mg"), intent="order", authoredOn="2025-11-01")
    chart, _ = chart_of(given | {"dosageInstruction": [dosage]})
    course = chart.course(ALENDRONATE)
    assert course is not None
    assert course.dosing is not None
    assert course.dosing.readable is readable


def test_a_patient_with_a_broken_birth_date_is_a_patient_still(chart_of: Reader) -> None:
    chart, trace = chart_of(patient(birthDate=1955))
    assert trace.used["patient"] == 1
    assert chart.patient.birth in (None, date(1955, 3, 2))


def test_what_costs_too_much_to_put_right_is_given_up() -> None:
    broken = json.dumps({"resourceType": "Condition", "bodySite": 7, "asserter": "x" * 10_000}).encode()
    patience = Patience(25_000)
    for _ in range(2):
        assert repaired(wire.RESOURCE, broken, patience)[1] == ("bodySite",)
    with pytest.raises(ValueError, match="bodySite"):
        repaired(wire.RESOURCE, broken, patience)
