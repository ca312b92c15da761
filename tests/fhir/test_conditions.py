"""Conditions: codes of several editions, fractures, and wording where no code is known."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cards.chart import FractureEntry
from cards.vocabulary import Data
from cds_service.fhir.reading.conditions import understand
from cds_service.fhir.reading.elements import Coding, Concept
from cds_service.fhir.reading.read import TERMINOLOGY
from tests.fhir.conftest import CM, SNOMED, WHO, Reader, concept, condition


def said(system: str, code: str, text: str = "") -> tuple[set[str], str]:
    found = understand(Concept((Coding(system, code),) if code else None, text or None), TERMINOLOGY)
    return set(found.problems), ", ".join(fracture.site for fracture in found.fractures)


@pytest.mark.parametrize(
    ("system", "code", "text", "problems", "site"),
    [
        (WHO, "M81.0", "", {"osteoporosis"}, ""),
        ("http://hl7.org/fhir/sid/icd-10-cn", "M81.000x001", "", {"osteoporosis"}, ""),
        ("urn:oid:2.16.156.10011.2.3.3.11", "M80.900", "", {"osteoporosis"}, "unspecified"),
        (WHO, "M80.900", "骨质疏松伴腰椎病理性骨折", {"osteoporosis"}, "vertebra"),
        (CM, "M80.08XA", "", {"osteoporosis"}, "vertebra"),
        (CM, "M8008XA", "", {"osteoporosis"}, "vertebra"),
        (CM, "M80.051A", "", {"osteoporosis"}, "hip"),
        (CM, "M80.0B2A", "", {"osteoporosis"}, "pelvis"),
        (CM, "Z87.310", "", {"osteoporosis"}, "unspecified"),
        (SNOMED, "64859006", "", {"osteoporosis"}, ""),
        (SNOMED, "443165006", "", {"osteoporosis"}, "unspecified"),
        (SNOMED, "65966004", "Fracture of forearm", set(), "other"),
        (SNOMED, "263199001", "", set(), "distal-forearm"),
        (WHO, "S52.50", "", set(), "distal-forearm"),
        (WHO, "S72.000", "", set(), "hip"),
        (WHO, "S32.000", "", set(), "vertebra"),
        (WHO, "S32.400", "", set(), "pelvis"),
        (WHO, "S82.6", "", set(), "other"),
        (WHO, "M49.5", "Collapsed vertebra in diseases classified elsewhere", set(), ""),
        (CM, "M84.48XA", "Pathological fracture", set(), ""),
        (CM, "M84.750A", "", {"atypical-femur-fracture"}, ""),
        ("", "", "妊娠20周", {"pregnancy"}, ""),
        ("", "", "宫内孕24周", {"pregnancy"}, ""),
        ("", "", "孕24+3", {"pregnancy"}, ""),
        ("", "", "孕24w+3", {"pregnancy"}, ""),
        ("", "", "孕38周 剖宫产史", {"pregnancy"}, ""),
        ("", "", "避孕6周", set(), ""),
        ("", "", "不孕2周", set(), ""),
        ("", "", "早产史（孕28周）", set(), ""),
        ("", "", "剖宫产术后（孕38周）", set(), ""),
        ("", "", "孕24周胎儿宫内死亡", set(), ""),
        ("", "", "孕8周流产", set(), ""),
        ("", "", "异位妊娠", set(), ""),
        ("", "", "妊娠试验阴性", set(), ""),
        ("", "", "Pregnancy test negative", set(), ""),
        ("", "", "CVA 2015", {"stroke"}, ""),
        (CM, "F17.210", "", {"smoking"}, ""),
        (CM, "F17.211", "in remission", set(), ""),
        (WHO, "C50.900", "", {"cancer", "breast-cancer"}, ""),
        (CM, "C7A.00", "", {"cancer"}, ""),
        (WHO, "C79.5", "", {"bone-metastasis"}, ""),
        (WHO, "C44.9", "Malignant neoplasm of skin", set(), ""),
        (CM, "Z85.3", "Personal history of malignant neoplasm of breast", {"breast-cancer"}, ""),
        (CM, "Z12.31", "Encounter for screening mammogram for malignant neoplasm of breast", set(), ""),
        (CM, "Z80.3", "Family history of malignant neoplasm of breast", {"breast-cancer-risk"}, ""),
        ("", "", "Adenocarcinoma of lung", {"cancer"}, ""),
        ("", "", "Carcinoma in situ of breast", {"breast-cancer"}, ""),
        ("", "", "Basal cell carcinoma", set(), ""),
        ("", "", "raised breast-cancer risk", set(), ""),
        ("", "", "乳腺癌术后", {"cancer", "breast-cancer"}, ""),
        ("", "", "乳腺癌骨转移", {"bone-metastasis", "cancer", "breast-cancer"}, ""),
        ("", "", "宫颈原位癌", set(), ""),
        ("", "", "癌胚抗原升高", set(), ""),
        ("", "", "乳腺癌风险增高", set(), ""),
        (CM, "F17.220", "chewing tobacco", set(), ""),
        (CM, "Z72.0", "", {"smoking"}, ""),
        (WHO, "F17.2", "", {"smoking"}, ""),
        (CM, "E83.51", "", {"hypocalcemia"}, ""),
        (WHO, "E83.5", "", set(), ""),
        (WHO, "E83.5", "低钙血症", {"hypocalcemia"}, ""),
        (CM, "M87.180", "", {"osteonecrosis-jaw"}, ""),
        (WHO, "M87.1", "Osteonecrosis due to drugs", set(), ""),
        (WHO, "K10.2", "下颌骨坏死", {"osteonecrosis-jaw"}, ""),
        (WHO, "K10.2", "颌骨骨髓炎", {"dental-infection"}, ""),
        (CM, "Z86.73", "", {"stroke"}, ""),
        (CM, "Z86.73", "Personal history of TIA", {"transient-ischemic-attack"}, ""),
        (WHO, "G45.9", "Transient ischemic attack (mini stroke)", {"transient-ischemic-attack"}, ""),
        (WHO, "I64", "", {"stroke"}, ""),
        (CM, "I64", "", set(), ""),
        (WHO, "V43.5", "", {"transport-accident"}, ""),
        (WHO, "O26.9", "", {"pregnancy"}, ""),
        (WHO, "I21.9", "急性心肌梗死？", set(), ""),
        (WHO, "I21.9", "急性心肌梗死，肺炎待排", {"myocardial-infarction"}, ""),
        (WHO, "S32.000", "腰椎骨折待排", set(), ""),
        (WHO, "O80", "", {"delivery"}, ""),
        (WHO, "Z99.2", "", {"dialysis"}, ""),
        ("", "", "腰椎压缩性骨折", set(), "vertebra"),
        ("", "", "左侧髋部骨折", set(), "hip"),
        ("", "", "髋臼骨折", set(), "pelvis"),
        ("", "", "T12 compression fracture", set(), "vertebra"),
        ("", "", "颈椎骨折", set(), "other"),
        ("", "", "Fracture of proximal end of humerus", set(), "proximal-humerus"),
        ("", "", "绝经后骨质疏松症，不伴病理性骨折", {"osteoporosis", "menopause"}, ""),
        ("", "", "No history of stroke", set(), ""),
        ("", "", "否认心肌梗死", set(), ""),
        ("", "", "母亲髋部骨折", set(), ""),
        ("", "", "Stress fracture of femoral neck", {"stress-fracture"}, ""),
        ("", "", "非典型股骨骨折", {"atypical-femur-fracture"}, ""),
    ],
)
def test_what_codes_and_words_mean(system: str, code: str, text: str, problems: set[str], site: str) -> None:
    assert said(system, code, text) == (problems, site)


def entries(monkeypatch: pytest.MonkeyPatch, chart_of: Reader, *found: dict[str, Any]) -> list[FractureEntry]:
    seen: list[FractureEntry] = []

    def keep(numbers: object, some: list[FractureEntry], *_: object) -> tuple[()]:
        seen.extend(some)
        return ()

    monkeypatch.setattr("cards.definitions.fractures.fragility", keep)
    chart_of(*found)
    return seen


def test_side_level_and_seventh_character(monkeypatch: pytest.MonkeyPatch, chart_of: Reader) -> None:
    found = entries(
        monkeypatch,
        chart_of,
        condition(concept(CM, "S72.002A"), id="1"),
        condition(concept(CM, "S72.001D"), id="2"),
        condition(concept(CM, "M80.08XG"), id="3"),
        condition(concept(text="胸12椎体压缩性骨折"), id="4"),
        condition(concept(text="胸腰椎压缩性骨折"), id="5"),
    )
    assert [(e.site, e.part, e.subsequent, e.osteoporotic) for e in found] == [
        ("hip", "left", False, False),
        ("hip", "right", True, False),
        ("vertebra", "", True, True),
        ("vertebra", "thoracic", False, False),
        ("vertebra", "", False, False),
    ]


def test_a_fracture_of_history_is_not_dated_by_its_recording(monkeypatch: pytest.MonkeyPatch, chart_of: Reader) -> None:
    history = condition(concept(CM, "Z87.310"), recordedDate="2025-01-01")
    del history["onsetDateTime"]
    (found,) = entries(monkeypatch, chart_of, history)
    assert (found.site, found.when, found.osteoporotic) == ("unspecified", None, True)


@pytest.mark.parametrize(
    ("more", "active"),
    [
        ({}, True),
        ({"clinicalStatus": {"coding": [{"code": "resolved"}]}}, False),
        ({"abatementDateTime": "2025-09"}, False),
        ({"abatementDateTime": "2027-09"}, True),
        ({"clinicalStatus": "inactive"}, False),
    ],
)
def test_active_follows_status_and_abatement(chart_of: Reader, more: dict[str, Any], active: bool) -> None:
    chart, _ = chart_of(condition(concept(WHO, "M81.9"), **more))
    assert chart.problems["osteoporosis"][0].active is active


@pytest.mark.parametrize("status", ["refuted", "entered-in-error"])
def test_refuted_conditions_are_no_problems(chart_of: Reader, status: str) -> None:
    chart, _ = chart_of(condition(concept(WHO, "I21.0"), verificationStatus={"coding": [{"code": status}]}))
    assert not chart.problems


def test_menopause_before_45_by_age_of_onset(chart_of: Reader) -> None:
    found = condition(concept(WHO, "N95.1"), onsetAge={"value": 42, "code": "a"})
    del found["onsetDateTime"]
    chart, _ = chart_of(found)
    assert chart.problems["early-menopause"][0].onset == date(1997, 3, 2)


def test_a_broken_condition_is_missed_in_its_group(chart_of: Reader) -> None:
    chart, _ = chart_of(condition(concept(WHO, "I21.0"), subject="Anna"))
    (aside,) = chart.set_aside
    assert (aside.data, aside.reason, aside.detail) == (Data.CONDITIONS, "unreadable", "subject")


def test_a_parent_s_hip_fracture_counts(chart_of: Reader) -> None:
    history = {
        "resourceType": "FamilyMemberHistory",
        "id": "f",
        "status": "completed",
        "patient": {"reference": "Patient/p"},
        "relationship": concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "MTH"),
        "condition": [{"code": concept(SNOMED, "5913000")}],
    }
    assert chart_of(history)[0].parental_hip_fracture
    assert not chart_of(history | {"relationship": concept(text="sister")})[0].parental_hip_fracture
