"""Classifications besides ICD-10: which system a code is of; a row holds for every code that it begins, and no other."""

from __future__ import annotations

import pytest

from cds_service.fhir.reading.conditions import understand
from cds_service.fhir.reading.elements import Coding, Concept
from cds_service.fhir.reading.ledger import UNKNOWN, why_unread, why_unread_condition
from cds_service.fhir.reading.read import TERMINOLOGY
from cds_service.fhir.reading.services import services_of
from cds_service.fhir.terminology.systems import system_of
from tests.fhir.conftest import Reader, concept

PCS, NINE, ELEVEN = (
    "http://www.cms.gov/Medicare/Coding/ICD10",
    "http://hl7.org/fhir/sid/icd-9-cm",
    "http://id.who.int/icd/release/11/mms",
)


@pytest.mark.parametrize(
    ("spelled", "family"),
    [
        (PCS, "icd10pcs"),
        ("http://hl7.org/fhir/sid/icd-10-pcs", "icd10pcs"),
        ("urn:oid:2.16.840.1.113883.6.4", "icd10pcs"),
        (NINE, "icd9"),
        ("ICD-9-CM-3", "icd9"),
        ("urn:oid:2.16.840.1.113883.6.103", "icd9"),
        ("urn:oid:2.16.840.1.113883.6.104", "icd9"),
        ("urn:oid:2.16.156.10011.2.3.3.12", "icd9"),
        ("手术操作分类代码国家临床版3.0", "icd9"),
        (ELEVEN, "icd11"),
        ("http://id.who.int/icd/release/11/2024-01/mms", "icd11"),
        ("http://hl7.org/fhir/sid/icd-10", "icd10"),
        ("http://hl7.org/fhir/sid/icd-10-cm", "icd10cm"),
        ("疾病分类与代码国家临床版2.0", "icd10"),
        ("urn:oid:2.16.156.10011.2.3.3.11", "icd10"),
    ],
)
def test_the_system_by_its_spelling(spelled: str, family: str) -> None:
    assert system_of(spelled) == family


@pytest.mark.parametrize(
    ("system", "code", "keys"),
    [
        (PCS, "0UT20ZZ", ("oophorectomy",)),
        (PCS, "0UT00ZZ", ()),
        (PCS, "0UT70ZZ", ()),
        (PCS, "0PU43JZ", ("vertebral-augmentation",)),
        (PCS, "0PU40JZ", ()),
        (PCS, "0QU03JZ", ("vertebral-augmentation",)),
        (PCS, "0QU23JZ", ()),
        (PCS, "5A1D70Z", ("dialysis",)),
        (PCS, "0TY00Z0", ("kidney-transplant",)),
        (PCS, "BR09ZZ1", ("dxa",)),
        (PCS, "BR09ZZZ", ("vertebral-imaging",)),
        (PCS, "BR00ZZ1", ()),
        (NINE, "65.51", ("oophorectomy",)),
        (NINE, "65.6100", ("oophorectomy",)),
        (NINE, "65.64", ("oophorectomy",)),
        (NINE, "65.39", ()),
        (NINE, "65.49", ()),
        ("ICD-9-CM-3", "81.6500x001", ("vertebral-augmentation",)),
        ("ICD-9-CM-3", "81.6600x001", ("vertebral-augmentation",)),
        ("ICD-9-CM-3", "81.6200", ()),
        ("ICD-9-CM-3", "88.9800", ("dxa",)),
        ("ICD-9-CM-3", "39.9500", ("dialysis",)),
        ("ICD-9-CM-3", "39.9300", ()),
    ],
)
def test_a_procedure_by_its_classification(system: str, code: str, keys: tuple[str, ...]) -> None:
    assert services_of(TERMINOLOGY, Concept((Coding(system, code),))) == keys


@pytest.mark.parametrize(
    ("system", "code", "problems", "site"),
    [
        (NINE, "733.00", {"osteoporosis"}, ""),
        (NINE, "733.03", set(), ""),
        (NINE, "733.13", set(), ""),
        (NINE, "820.21", set(), "hip"),
        (NINE, "805.4", set(), "vertebra"),
        (NINE, "805.6", set(), "pelvis"),
        (NINE, "433.11", {"stroke"}, ""),
        (NINE, "433.10", set(), ""),
        (NINE, "453.41", {"venous-thromboembolism"}, ""),
        (NINE, "453.81", set(), ""),
        (NINE, "451.0", set(), ""),
        (NINE, "V45.11", {"dialysis"}, ""),
        (NINE, "V45.12", set(), ""),
        (NINE, "648.01", {"pregnancy", "diabetes"}, ""),
        (NINE, "648.81", {"pregnancy"}, ""),
        (NINE, "173.5", set(), ""),
        (NINE, "170.2", {"bone-cancer"}, ""),
        (ELEVEN, "FB83.11", {"osteoporosis"}, ""),
        (ELEVEN, "FB83.2", set(), ""),
        (ELEVEN, "FB83.12", set(), ""),
        (ELEVEN, "BA41.0", {"myocardial-infarction"}, ""),
        (ELEVEN, "8B11.5Z", {"stroke"}, ""),
        (ELEVEN, "BA42.Z", {"myocardial-infarction"}, ""),
        (ELEVEN, "BA50", {"myocardial-infarction"}, ""),
        (ELEVEN, "BA43", set(), ""),
        (ELEVEN, "8B00.Z", {"stroke"}, ""),
        (ELEVEN, "8B01.0", {"stroke"}, ""),
        (ELEVEN, "8B10.Z", {"transient-ischemic-attack"}, ""),
        (ELEVEN, "8B20", {"stroke"}, ""),
        (ELEVEN, "8B21.0", set(), ""),
        (ELEVEN, "8B25.0", {"stroke"}, ""),
        (ELEVEN, "BB00.0", {"venous-thromboembolism"}, ""),
        (ELEVEN, "BD70.0", set(), ""),
        (ELEVEN, "BD71.4", {"venous-thromboembolism"}, ""),
        (ELEVEN, "5A10", {"diabetes", "type-1-diabetes"}, ""),
        (ELEVEN, "5A11", set(), ""),
        (ELEVEN, "1C62.Z", {"hiv"}, ""),
        (ELEVEN, "NC72.30", set(), "hip"),
        (ELEVEN, "NA82.0", set(), "vertebra"),
        (ELEVEN, "NB52.0Z", set(), "vertebra"),
        (ELEVEN, "NC12.2Z", set(), "proximal-humerus"),
        (ELEVEN, "NC32.5Z", set(), "distal-forearm"),
        (ELEVEN, "NC72.2/XJ4NP", set(), "hip"),
        (PCS, "0UT20ZZ", set(), ""),
    ],
)
def test_a_condition_by_its_classification(system: str, code: str, problems: set[str], site: str) -> None:
    said = understand(Concept((Coding(system, code),)), TERMINOLOGY)
    assert said.problems == problems
    assert [fracture.site for fracture in said.fractures] == ([site] if site else [])


@pytest.mark.parametrize("code", ["11687002", "203435007", "240159007", "699528002", "240158004", "268028001", "109346000"])
def test_gestational_diabetes_and_the_osteoporosis_that_is_none_are_known_by_their_code_alone(code: str) -> None:
    concept = Concept((Coding("http://snomed.info/sct", code),))
    assert not understand(concept, TERMINOLOGY)
    assert why_unread_condition(concept, TERMINOLOGY) == ""


def test_what_is_not_in_the_tables_is_unread_only_where_they_are_short() -> None:
    assert why_unread_condition(Concept((Coding(NINE, "466.0"),)), TERMINOLOGY) == ""
    assert why_unread(Concept((Coding(PCS, "0DTJ4ZZ"),)), TERMINOLOGY) == ""
    assert why_unread_condition(Concept((Coding(ELEVEN, "CA20"),)), TERMINOLOGY) == UNKNOWN


@pytest.mark.parametrize(
    ("born", "code", "text", "keys"),
    [
        ("1976-03-01", (PCS, "0UT24ZZ"), "", {"oophorectomy", "early-menopause"}),
        ("1976-03-01", ("", ""), "双侧附件切除术", {"oophorectomy", "early-menopause"}),
        ("1973-01-01", (PCS, "0UT24ZZ"), "", {"oophorectomy"}),
        ("1976-03-01", (PCS, "0UT14ZZ"), "", set()),
        ("1976-03-01", ("", ""), "左侧附件切除术", set()),
        ("1976-03-01", ("", ""), "biopsy of both ovaries", set()),
    ],
)
def test_both_ovaries_removed_early_are_an_early_menopause(
    chart_of: Reader, born: str, code: tuple[str, str], text: str, keys: set[str]
) -> None:
    done = {
        "resourceType": "Procedure",
        "id": "x",
        "status": "completed",
        "code": concept(*code, text=text),
        "subject": {"reference": "Patient/p"},
        "performedDateTime": "2018-01-01",
    }
    patient = {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": born}
    chart, _ = chart_of(patient, done)
    assert set(chart.problems) == keys
