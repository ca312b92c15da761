"""Texts without end: no pattern sees more of them than is read, and what was not read is said."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cards.chart import Chart
from cds_service.fhir.phrases import LONGEST, Found, Names
from tests.fhir.conftest import LOINC, Reader, concept, condition, medication, observation

Resource = dict[str, Any]

READERS = "cds_service.fhir.reading."
TWO_AND_A_BREAK = 2 * LONGEST + 40
"""What a pattern sees at most: two texts side by side (a name and its route), each cut."""
FILLER = "of the patient the ward the notes "
LONG_NAME = (FILLER * 700)[:20_000]
MANY_DIGITS = "9" * 600


class Watched:
    """A pattern that writes down how much it is asked to look at."""

    def __init__(self, pattern: re.Pattern[str], seen: list[int]) -> None:
        self._pattern = pattern
        self._seen = seen

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._pattern, name)

        def watched(*given: Any, **named: Any) -> Any:
            self._seen.append(max(len(each) for each in given if isinstance(each, str)))
            return method(*given, **named)

        return watched


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of all texts that the readers' patterns, and the index of names, look at from now on."""
    lengths: list[int] = []
    for name, module in list(sys.modules.items()):
        if name.startswith(READERS) and not name.endswith((".lenient", ".given")):  # these look at no texts of a record
            for attribute, value in list(vars(module).items()):
                if (watched := _watched(value, lengths)) is not value:
                    monkeypatch.setattr(module, attribute, watched)
    find = Names.find

    def watched_find(self: Names, text: str) -> list[Found]:
        lengths.append(len(text))
        return find(self, text)

    monkeypatch.setattr(Names, "find", watched_find)
    return lengths


def _watched(value: Any, seen: list[int]) -> Any:
    """The same with every pattern in it, and in tuples in it, watched."""
    if isinstance(value, re.Pattern):
        return Watched(value, seen)
    if type(value) is tuple and any(_watched(each, seen) is not each for each in value):
        return tuple(_watched(each, seen) for each in value)
    return value


def asides(chart: Chart) -> Iterator[tuple[str, str]]:
    return ((each.source, each.detail) for each in chart.set_aside if each.reason == "too-long")


def taken(text: str, **more: Any) -> Resource:
    return medication("MedicationRequest", concept(text="alendronate 70 mg"), dosageInstruction=[{"text": text}], **more)


def test_no_pattern_sees_more_than_is_read_whatever_is_sent(chart_of: Reader, seen: list[int]) -> None:
    name = concept(text=f"alendronate {LONG_NAME}")
    ours = concept(LOINC, "38267-1", LONG_NAME, LONG_NAME)
    study = {"resourceType": "ImagingStudy", "id": "i", "status": "available", "description": LONG_NAME}
    family = {"resourceType": "FamilyMemberHistory", "id": "f", "relationship": name, "condition": [{"code": name}]}
    allergy = {"resourceType": "AllergyIntolerance", "id": "a", "code": name, "reaction": [{"substance": name}]}
    product = {"resourceType": "Medication", "id": "d", "code": name, "form": name}
    resources = (
        medication("MedicationRequest", name, dosageInstruction=[{"text": LONG_NAME, "route": name, "timing": {"code": name}}]),
        medication("MedicationStatement", concept(), medicationReference={"reference": "Medication/d"}, id="s"),
        condition(concept(text=f"osteoporosis {LONG_NAME}"), bodySite=[name]),
        observation("x", -3.0, "", code=ours, bodySite=name, method=name),
        observation("38267-1", valueString=LONG_NAME, id="v"),
        {"resourceType": "Procedure", "id": "q", "status": "completed", "code": name},
        study,
        family,
        allergy,
        product,
    )
    chart_of(*resources, drafts=(taken(LONG_NAME, id="w"),))
    assert len(seen) > 50
    assert max(seen) <= TWO_AND_A_BREAK


def test_the_work_on_a_text_does_not_grow_beyond_what_is_read(chart_of: Reader, seen: list[int]) -> None:
    chart_of(taken("1 " * 10_000))
    looked_at = sum(seen)
    seen.clear()
    chart_of(taken("1 " * 100_000))
    assert sum(seen) == looked_at


def test_600_digits_are_no_dose(chart_of: Reader) -> None:
    chart, _ = chart_of(taken(f"{MANY_DIGITS} mg once weekly"))
    (course,) = chart.drug_courses.values()
    assert course.dosing is not None
    assert not course.dosing.readable
    assert course.dosing.amount is None


@pytest.mark.parametrize(
    "text", [f"alendronate {MANY_DIGITS} mg", f"calcium carbonate {MANY_DIGITS} mg", f"{MANY_DIGITS} iu vitamin d"]
)
def test_600_digits_are_no_strength(text: str, chart_of: Reader) -> None:
    order = medication("MedicationRequest", concept(text=text), dosageInstruction=[{"text": "1 tablet daily"}])
    chart, _ = chart_of(order)
    for course in chart.drug_courses.values():
        assert course.dosing is None or course.dosing.amount is None


def test_the_end_of_a_dosage_may_take_back_its_beginning(chart_of: Reader) -> None:
    chart, _ = chart_of(taken(f"70 mg once weekly {LONG_NAME} not more than twice a year"))
    (course,) = chart.drug_courses.values()
    assert course.dosing is not None
    assert not course.dosing.readable
    assert list(asides(chart)) == [("MedicationRequest/m", "dosageInstruction")]


def test_a_name_is_read_as_far_as_it_is_read_and_the_rest_is_said(chart_of: Reader) -> None:
    order = medication("MedicationRequest", concept(text=f"alendronate 70 mg {LONG_NAME}"))
    chart, trace = chart_of(order, condition(concept(text=f"{LONG_NAME} osteoporosis")))
    assert "alendronate" in chart.drug_courses
    assert not chart.problems
    assert list(asides(chart)) == [("Condition/c", "code"), ("MedicationRequest/m", "medicationCodeableConcept")]
    assert trace.set_aside["too-long"] == 2
    assert {"conditions", "medications"} <= {str(data) for data in chart.doubts(("conditions", "medications"))}


def test_a_text_of_just_what_is_read_is_read_whole(chart_of: Reader) -> None:
    name = "osteoporosis".rjust(LONGEST)
    chart, _ = chart_of(condition(concept(text=name)))
    assert "osteoporosis" in chart.problems
    assert not list(asides(chart))


def test_what_is_another_patients_is_not_missed(chart_of: Reader) -> None:
    chart, _ = chart_of(condition(concept(text=LONG_NAME), subject={"reference": "Patient/other"}))
    assert not list(asides(chart))


def test_a_result_that_is_a_story_is_set_aside(chart_of: Reader) -> None:
    chart, _ = chart_of(observation("38267-1", valueString=LONG_NAME))
    assert list(asides(chart)) == [("Observation/o-38267-1-2025-12-01", "")]


def test_the_product_that_an_order_points_at_is_looked_at_too(chart_of: Reader) -> None:
    product = {"resourceType": "Medication", "id": "d", "code": concept(text=f"alendronate {LONG_NAME}")}
    order = medication("MedicationRequest", {}, medicationReference={"reference": "Medication/d"})
    del order["medicationCodeableConcept"]
    chart, _ = chart_of(order, product)
    assert list(asides(chart)) == [("Medication/d", "code")]
    assert next(each.data for each in chart.set_aside) == "medications"
