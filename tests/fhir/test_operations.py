"""Which operations count as those that keep a patient in bed, by their words and their sites."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from cds_service.config import Settings
from cds_service.fhir.reading.read import read

LYING = {"major-surgery", "hip-surgery"}


def services(text: str, *sites: str, kind: str = "Procedure") -> set[str]:
    told: dict[str, Any] = {"resourceType": kind, "id": "o", "subject": {"reference": "Patient/p"}, "code": {"text": text}}
    told |= {"bodySite": [{"text": site} for site in sites]} if sites else {}
    told |= (
        {"status": "completed", "performedDateTime": "2026-06-01"}
        if kind == "Procedure"
        else {"status": "active", "intent": "order", "authoredOn": "2026-06-01"}
    )
    person = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1954-01-01"}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in (person, told)]}
    chart, _ = read([json.dumps(bundle).encode()], patient_id="p", today=date(2026, 6, 15), zone=Settings().zone)
    return set(chart.services)


@pytest.mark.parametrize("kind", ["Procedure", "ServiceRequest"])
@pytest.mark.parametrize(
    "text",
    [
        "Total hip replacement",
        "Total knee arthroplasty",
        "Lumbar spinal fusion",
        "ORIF ankle fracture",
        "ORIF of wrist and femur",
        "Open reduction and internal fixation",
        "全髋关节置换术",
        "人工膝关节置换术",
        "腰椎融合术",
        "胫骨平台骨折切开复位内固定术",
        "股骨颈骨折内固定术",
        "骨折切开复位内固定术",
    ],
)
def test_an_operation_of_bones_that_carry_keeps_in_bed(text: str, kind: str) -> None:
    assert services(text, kind=kind) & LYING


@pytest.mark.parametrize("kind", ["Procedure", "ServiceRequest"])
@pytest.mark.parametrize(
    "text",
    [
        "ORIF wrist",
        "Open reduction internal fixation of distal radius fracture",
        "ORIF of the left humerus",
        "Finger ORIF",
        "Osteotomy of the mandible",
        "桡骨远端骨折切开复位内固定术",
        "锁骨骨折切开复位内固定术",
        "拇外翻截骨术",
    ],
)
def test_one_of_an_arm_a_face_or_a_toe_does_not(text: str, kind: str) -> None:
    assert not services(text, kind=kind) & LYING


def test_the_site_tells_it_too() -> None:
    assert not services("Open reduction and internal fixation", "Wrist") & LYING
    assert services("Open reduction and internal fixation", "Wrist", "Tibia") & LYING
    assert services("切开复位内固定术", "踝关节") & LYING
