"""What reports tell of that a work-up excludes: a denial is one only where it is sure."""

from __future__ import annotations

import pytest

from cards.chart import Chart
from tests.fhir.conftest import Reader, Resource, concept
from tests.fhir.test_reports import report

FIXATION = concept(text="Immunofixation, serum")
MRI = concept(text="MRI thoracic and lumbar spine")
SCAN = concept(text="Whole-body bone scan")


def told(chart: Chart, key: str) -> bool | None:
    return chart.services[key][0].tells


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("No monoclonal protein detected.", False),
        ("Monoclonal protein: not detected", False),
        ("M-protein: none", False),
        ("Immunofixation negative.", False),
        ("免疫固定电泳未见单克隆条带。", False),
        ("M蛋白：阴性", False),
        ("免疫固定电泳：阴性", False),
        ("IgG kappa monoclonal band.", True),
        ("IgG κ型单克隆免疫球蛋白", True),
        ("No change. A monoclonal band in gamma, IgA lambda.", True),
        ("No hypogammaglobulinemia, faint monoclonal band", None),
        ("Sample hemolyzed", None),
        ("IgG(-), IgA(-), κ(+)", None),
        ("IgG、IgA、IgM、κ、λ均阴性", False),
        ("Normal pattern. Faint IgG kappa band.", None),
        ("Abnormal band present; free light chains normal", None),
        ("结果不正常", None),
    ],
)
def test_a_monoclonal_protein_in_words(chart_of: Reader, text: str, found: bool | None) -> None:
    chart, _ = chart_of(report(text, code=FIXATION))
    assert told(chart, "immunofixation") is found
    assert ("monoclonal-band" in chart.problems) is bool(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Compression fracture of T12. No evidence of metastasis or tumor.", False),
        ("T12 compression fracture with bone marrow edema.", False),
        ("T12椎体压缩性骨折，未见肿瘤及转移征象。", False),
        ("Normal study.", False),
        ("Compression fracture of T12, suspicious for metastasis.", True),
        ("T12 fracture, metastasis cannot be excluded", True),
        ("T12椎体骨折，转移不除外。", True),
        ("T12椎体骨折，无法排除转移。", True),
        ("No fracture, lytic lesion in L2", None),
        ("See the images.", None),
        ("T12椎体压缩性骨折，骨髓信号弥漫性减低。", None),
        ("T12 compression fracture. Diffusely low T1 marrow signal.", None),
        ("T12 compression fracture, no marrow signal abnormality.", False),
        ("T12椎体压缩性骨折，椎体溶骨性破坏。", True),
        ("T12 compression fracture, osteolytic change of the pedicle", True),
        ("T12椎体骨折，性质待定。", None),
    ],
)
def test_a_tumor_of_the_spine_in_words(chart_of: Reader, text: str, found: bool | None) -> None:
    chart, _ = chart_of(report(text, code=MRI))
    assert told(chart, "spine-mri") is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("No abnormal uptake.", False),
        ("全身骨显像未见异常放射性浓聚。", False),
        ("Intense uptake in the left femur.", True),
        ("骨显像：左股骨放射性浓聚。", True),
    ],
)
def test_a_focus_in_a_bone_scan(chart_of: Reader, text: str, found: bool) -> None:
    chart, _ = chart_of(report(text, code=SCAN))
    assert told(chart, "bone-scan") is found


def protein(said: str, **code: Resource) -> Resource:
    return {
        "resourceType": "Observation",
        "id": "o",
        "status": "final",
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2025-12-01",
        "valueString": said,
        **code,
    }


def test_an_observation_tells_it_as_well(chart_of: Reader) -> None:
    chart, _ = chart_of(protein("No monoclonal protein", code=FIXATION))
    assert told(chart, "immunofixation") is False
    chart, _ = chart_of(protein("IgG kappa monoclonal protein", code=FIXATION))
    assert "monoclonal-band" in chart.problems


def test_no_m_protein_in_words_is_none(chart_of: Reader) -> None:
    code = {"coding": [{"system": "http://loinc.org", "code": "33358-3"}]}
    chart, _ = chart_of(protein("Not detected", code=code))
    assert [m.value for m in chart.values("m-protein")] == [0]
    chart, _ = chart_of(protein("see comment", code=code))
    assert not chart.values("m-protein")
