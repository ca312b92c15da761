"""A parent's hip fracture, recorded as an Observation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fhir.conftest import SNOMED, Reader, concept, observation

ASKED = concept(SNOMED, "391096007")
YES, NO = concept(SNOMED, "373066001"), concept(SNOMED, "373067005")


@pytest.mark.parametrize(
    ("more", "there"),
    [
        ({"code": ASKED}, True),
        ({"code": ASKED, "valueBoolean": True}, True),
        ({"code": ASKED, "valueCodeableConcept": YES}, True),
        ({"code": ASKED, "valueString": "有"}, True),
        ({"code": concept(text="母亲髋部骨折史")}, True),
        ({"code": concept(text="Mother had a hip fracture")}, True),
        ({"code": concept(SNOMED, "416471007", "Family history"), "valueCodeableConcept": ASKED}, True),
        ({"code": ASKED, "valueBoolean": False}, False),
        ({"code": ASKED, "valueCodeableConcept": NO}, False),
        ({"code": ASKED, "valueString": "无"}, False),
        ({"code": ASKED, "valueString": "unknown"}, False),
        ({"code": ASKED, "status": "entered-in-error"}, False),
        ({"code": ASKED, "subject": {"reference": "Patient/other"}}, False),
        ({"code": concept(text="母亲高血压")}, False),
        ({"code": concept(text="Father with diabetes")}, False),
    ],
)
def test_family_history_as_an_observation(chart_of: Reader, more: dict[str, Any], there: bool) -> None:
    chart, _ = chart_of(observation("x", **more))
    assert chart.parental_hip_fracture is there
