"""Results without a known code: read where name, unit and value point to one analyte, else unread and said."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cards.chart import Chart
from cards.vocabulary import ANALYTES, Data, Site
from cds_service.fhir.reading.read import read
from cds_service.fhir.terminology.codes import load
from cds_service.fhir.terminology.labels import spelled
from cds_service.fhir.terminology.local import LocalCodesError
from tests.fhir.conftest import LOINC, TODAY, ZONE, Reader, bundle, concept, condition, medication, observation, patient

LOCAL = "urn:hospital:lab"

Resource = dict[str, Any]


def named(name: str, value: Any = None, unit: str = "", /, **more: Any) -> Resource:
    return observation("x", value, unit, **{"code": concept(text=name), **more})


def values(chart: Chart) -> dict[str, float]:
    return {key: pytest.approx(some[0].value, rel=1e-3) for key, some in chart.measured.items()}


# -- read -------------------------------------------------------------------------------------------------------------

READ = [
    ("肌酐", 280, "umol/L", "creatinine", 3.167),
    ("★肌酐(酶法)", 280, "μmoI/L", "creatinine", 3.167),
    ("血清肌酐测定", 280, "微摩尔/升", "creatinine", 3.167),
    ("Creat", 1.2, "mg/dL", "creatinine", 1.2),
    ("Crea", 106, "µmol/L", "creatinine", 1.2),
    ("Creatinine, serum", 1.2, "mg/dL", "creatinine", 1.2),
    ("eGFR (CKD-EPI)", 16, "mL/min/1.73.m2", "egfr", 16),
    ("估算肾小球滤过率(eGFR)", 25, "ml/(min•1.73m²)", "egfr", 25),
    ("肾小球滤过率", 25, "ml/(min•1.73m²)", "egfr", 25),
    ("eGFR", 25, "mL/min", "egfr", 25),
    ("内生肌酐清除率", 40, "mL/min", "crcl", 40),
    ("钙", 2.25, "mmol/L", "calcium", 9.018),
    ("⾎钙 Ca", 2.25, "mmol/L", "calcium", 9.018),
    ("总钙测定", 1.3, "mmol/L", "calcium", 5.21),
    ("白蛋白校正钙", 2.0, "mmol/L", "calcium-corrected", 8.016),
    ("离子钙", 1.1, "mmol/L", "calcium-ionized", 1.1),
    ("Ca2+", 1.1, "mmol/L", "calcium-ionized", 1.1),
    ("Ca2+", 2.2, "mmol/L", "calcium", 8.818),
    ("24小时尿钙", 5, "mmol/24h", "urine-calcium", 200),
    ("白蛋白(溴甲酚绿法)", 38, "g/L", "albumin", 3.8),
    ("25-羟基维生素D", 18, "ng/mL", "vitamin-d", 18),
    ("25－OH Vit D total", 45, "nmol/L", "vitamin-d", 18.03),
    ("二十五羟维生素D", 18, "ng/mI", "vitamin-d", 18),
    ("维D", 18, "ng/mL", "vitamin-d", 18),
    ("全段甲状旁腺激素", 6, "pmol/L", "pth", 56.55),
    ("无机磷测定", 1.0, "mmol/L", "phosphate", 3.097),
    ("ALP", 88, "U/L", "alp", 88),
    ("总Ⅰ型前胶原氨基端延长肽", 45, "ng/mL", "p1np", 45),
    ("血清l型原胶原氨基端前肽", 45, "ug/L", "p1np", 45),
    ("总1型胶原氨基端延长肽", 45, "ng/mL", "p1np", 45),
    ("TP1NP", 45, "ng/mL", "p1np", 45),
    ("I型胶原氨基端肽", 45, "μg/L", "p1np", 45),
    ("β-CTX", 0.45, "ng/mL", "ctx", 450),
    ("β－CTX", 45, "ng/dL", "ctx", 450),
    ("βCTX", 450, "pg/mL", "ctx", 450),
    ("β‐胶原特殊序列(β-ctx)", 450, "ng/L", "ctx", 450),
    ("Ⅰ型胶原羧基端肽", 0.45, "μg/L", "ctx", 450),
    ("国际标准化比值", 1.1, "", "inr", 1.1),
    ("血红蛋白", 118, "g/L", "hemoglobin", 11.8),
    ("白细胞计数", 5.5, "10^9/L", "wbc", 5.5),
    ("血沉", 20, "mm/h", "esr", 20),
    ("體重", 52, "kg", "weight", 52),
    ("身高", 1.58, "m", "height", 158),
]


@pytest.mark.parametrize(("name", "value", "unit", "key", "expected"), READ)
def test_name_unit_and_value_point_to_one_analyte(
    chart_of: Reader, name: str, value: float, unit: str, key: str, expected: float
) -> None:
    chart, trace = chart_of(named(name, value, unit))
    assert values(chart) == {key: expected}
    assert not trace.unread


@pytest.mark.parametrize(
    ("name", "unit", "value", "key", "site"),
    [
        ("腰椎L1-L4 T值", "", -3.1, "t-score", Site.LUMBAR_SPINE),
        ("L2-4 T-score", "SD", -3.1, "t-score", Site.LUMBAR_SPINE),
        ("左股骨颈T值", "", -2.6, "t-score", Site.FEMORAL_NECK),
        ("Total hip T-score", "{T-score}", -2.6, "t-score", Site.TOTAL_HIP),
        ("全髋骨密度 T值", "", -2.6, "t-score", Site.TOTAL_HIP),
        ("桡骨远端1/3 Z值", "", -1.6, "z-score", Site.DISTAL_RADIUS),
        ("跟骨超声T值", "", -2.6, "t-score", Site.HEEL),
        ("股骨颈骨密度", "g/cm2", 0.612, "bmd", Site.FEMORAL_NECK),
        ("腰椎QCT骨密度", "mg/cm3", 72, "qct-vbmd", None),
    ],
)
def test_bone_density_by_name_has_its_site(
    chart_of: Reader, name: str, unit: str, value: float, key: str, site: Site | None
) -> None:
    chart, _ = chart_of(named(name, value, unit))
    (found,) = chart.values(key)
    assert (found.value, found.site) == (value, site)


# -- unread and said --------------------------------------------------------------------------------------------------

DOUBTFUL = [
    ("肌酐", 8.8, "mmol/L", Data.RENAL, "of urine by its unit"),
    ("肌酐", 8800, "umol/L", Data.RENAL, "of urine by its value"),
    ("肌酐", 280, "", Data.RENAL, "no unit"),
    ("肌酐", 280, "furlongs", Data.RENAL, "no such unit"),
    ("肾小球滤过率", 25, "mL/min", Data.RENAL, "may be of one kidney, by isotope"),
    ("左肾肾小球滤过率", 25, "mL/min/1.73m2", Data.RENAL, "of one kidney"),
    ("钙", 1.15, "mmol/L", Data.CALCIUM, "ionized by its value"),
    ("钙离子", 1.5, "mmol/L", Data.CALCIUM, "a high ionized or a very low total one"),
    ("白蛋白", 30, "mg/L", Data.CALCIUM, "of urine by its unit"),
    ("25-羟基维生素D3", 18, "ng/mL", Data.VITAMIN_D, "a fraction"),
    ("25-羟基维生素D2", 2, "ng/mL", Data.VITAMIN_D, "a fraction"),
    ("25-OH Vitamin D3", 18, "ng/mL", Data.VITAMIN_D, "a fraction"),
    ("维生素D", 45, "pg/mL", Data.VITAMIN_D, "calcitriol by its unit"),
    ("25羟维生素D", 45, "g/L", Data.VITAMIN_D, "no unit of it"),
    ("I型胶原氨基端肽", 12, "nmol BCE/L", Data.TURNOVER, "NTX by its unit"),
    ("I型胶原羧基端肽", 4.2, "ug/L", Data.TURNOVER, "ICTP by its value"),
    ("β-CTX", 450, "ng/mL", Data.TURNOVER, "out of range"),
    ("T值", -3.1, "", Data.BONE_DENSITY, "no site: DXA or ultrasound"),
    ("L3 T值", -3.1, "", Data.BONE_DENSITY, "a single vertebra"),
    ("腰椎侧位T值", -3.1, "", Data.BONE_DENSITY, "the lateral spine diagnoses nothing"),
    ("QCT T值", -3.1, "", Data.BONE_DENSITY, "T-scores of QCT do not count"),
    ("骨密度", 0.8, "g/cm2", Data.BONE_DENSITY, "no site"),
    ("骨密度", 72, "mg/cm3", Data.BONE_DENSITY, "QCT, no site"),
    ("髋部骨密度", 150, "mg/cm3", Data.BONE_DENSITY, "QCT of the hip"),
    ("腰椎T值", -31, "", Data.BONE_DENSITY, "out of range"),
    ("白细胞", 12, "/uL", Data.WORK_UP, "of urine by its unit"),
    ("血红蛋白", 118, "mg/L", Data.WORK_UP, "no unit of it"),
    ("体重", 52, "", Data.BODY, "no unit"),
    ("肌酐", None, "", Data.RENAL, "no value"),
]


@pytest.mark.parametrize(("name", "value", "unit", "data", "why"), DOUBTFUL)
def test_on_doubt_it_is_unread_and_named(
    chart_of: Reader, name: str, value: float | None, unit: str, data: Data, why: str
) -> None:
    chart, trace = chart_of(named(name, value, unit), full=True)
    assert not chart.measured, why
    assert [(each.data, each.why, each.text) for each in chart.unread] == [(data, "not-understood", name)]
    assert chart.doubts((data,)) == (data,)
    assert [line.outcome for line in trace.lines or () if line.source.startswith("Observation")] == ["unread"]


@pytest.mark.parametrize(
    ("name", "value", "unit"),
    [
        ("尿肌酐", 8800, "umol/L"),
        ("尿肌酐", 120, "umol/L"),
        ("Creatinine, urine", 1.2, "mg/dL"),
        ("Albumin/Creatinine Ratio", 1.2, "mg/dL"),
        ("胱抑素C", 1.2, "mg/L"),
        ("肌酸激酶", 120, "U/L"),
        ("超敏肌钙蛋白I", 0.02, "ng/mL"),
        ("降钙素", 5, "pg/mL"),
        ("降钙素原", 0.05, "ng/mL"),
        ("1,25-二羟维生素D3", 45, "pg/mL"),
        ("骨特异性碱性磷酸酶", 12, "μg/L"),
        ("骨型碱性磷酸酶质量测定", 12, "U/L"),
        ("Bone alkaline phosphatase", 12, "U/L"),
        ("抗酒石酸酸性磷酸酶", 3, "U/L"),
        ("骨钙素N端中分子片段测定（N-MID）", 15, "ng/mL"),
        ("NTX", 15, "nmol BCE/L"),
        ("ICTP", 4, "ug/L"),
        ("前白蛋白", 250, "mg/L"),
        ("糖化血红蛋白", 6.1, "%"),
        ("平均红细胞血红蛋白浓度", 330, "g/L"),
        ("促甲状腺激素受体抗体", 0.3, "IU/L"),
        ("CA125", 12, "U/mL"),
        ("血糖", 5.6, "mmol/L"),
        ("理想体重", 52, "kg"),
        ("镁", 0.9, "mmol/L") if "magnesium" not in ANALYTES else ("血钾", 4, "mmol/L"),
    ],
)
def test_what_is_plainly_something_else_is_not_ours(chart_of: Reader, name: str, value: float, unit: str) -> None:
    chart, trace = chart_of(named(name, value, unit))
    assert not chart.measured
    assert not trace.unread


def test_the_laboratory_s_own_range_decides_where_the_value_does_not(chart_of: Reader) -> None:
    total, ionized = ([{"low": {"value": low}, "high": {"value": high}}] for low, high in ((2.11, 2.52), (1.1, 1.35)))
    chart, _ = chart_of(named("钙", 1.3, "mmol/L", referenceRange=total))
    assert values(chart) == {"calcium": 5.21}
    chart, _ = chart_of(named("Ca2+", 1.5, "mmol/L", referenceRange=ionized))
    assert values(chart) == {"calcium-ionized": 1.5}
    urine = [{"low": {"value": 2.5}, "high": {"value": 7.5}}]
    chart, trace = chart_of(named("钙", 2.6, "mmol/L", referenceRange=urine))
    assert (values(chart), trace.unread) == ({}, {"calcium, not-understood": 1})


@pytest.mark.parametrize(
    ("text", "fits"), [("Cr", True), ("CRE", True), ("尿液 肌酐", False), ("白蛋白", False), ("急诊", True), ("质控", False)]
)
def test_all_texts_of_a_code_must_agree_and_its_code_says_nothing(chart_of: Reader, text: str, fits: bool) -> None:
    chart, _ = chart_of(named("", 88.4, "umol/L", code=concept(LOCAL, "CRE", "肌酐", text)))
    assert ("creatinine" in chart.measured) is fits


def test_a_local_code_that_is_a_name_is_read_as_one(chart_of: Reader) -> None:
    chart, _ = chart_of(named("", 88.4, "umol/L", code=concept(LOCAL, "CREA")))
    assert values(chart) == {"creatinine": 1.0}


def test_a_public_code_that_nobody_knows_is_not_overruled_by_a_name(chart_of: Reader) -> None:
    urine = concept(LOINC, "17862-4", text="Calcium")
    chart, _ = chart_of(named("", 9.0, "mg/dL", code=urine))
    assert not chart.measured


def test_a_known_code_wins_over_the_name(chart_of: Reader) -> None:
    chart, _ = chart_of(named("", 1.1, "mmol/L", code=concept(LOINC, "1994-3", text="钙")))
    assert values(chart) == {"calcium-ionized": 1.1}


@pytest.mark.parametrize("status", ["entered-in-error", "cancelled"])
def test_what_is_withdrawn_is_not_unread(chart_of: Reader, status: str) -> None:
    chart, trace = chart_of(named("肌酐", 280, "", status=status))
    assert not chart.measured
    assert not trace.unread


def test_another_patient_s_result_is_not_unread(chart_of: Reader) -> None:
    _, trace = chart_of(named("肌酐", 280, "", subject={"reference": "Patient/other"}))
    assert not trace.unread


def test_a_later_value_settles_what_was_unread(chart_of: Reader) -> None:
    fraction = named("25-羟基维生素D3", 18, "ng/mL", on="2025-11-01", id="a")
    chart, _ = chart_of(fraction, named("25-羟基维生素D", 20, "ng/mL", on="2025-11-01", id="b"))
    assert chart.doubts(("vitamin-d",)) == ()
    chart, _ = chart_of(fraction, named("25-羟基维生素D", 20, "ng/mL", on="2025-10-01", id="b"))
    assert chart.doubts(("vitamin-d",)) == (Data.VITAMIN_D,)


# -- panels, text values, comparators ---------------------------------------------------------------------------------


def component(name: str, value: float, unit: str = "") -> Resource:
    return {"code": concept(text=name), "valueQuantity": {"value": value, **({"unit": unit} if unit else {})}}


def test_components_are_read_by_name_and_an_unread_one_is_said(chart_of: Reader) -> None:
    parts = [component("肌酐", 88.4, "umol/L"), component("钾", 4.1, "mmol/L"), component("钙", 1.1, "mmol/L")]
    chart, trace = chart_of(named("生化", component=parts))
    assert values(chart) == {"creatinine": 1.0}
    assert trace.unread == {"calcium, not-understood": 1}


def test_a_component_stands_under_the_site_of_its_panel(chart_of: Reader) -> None:
    chart, _ = chart_of(named("腰椎骨密度", component=[component("T值", -3.1), component("骨密度", 0.71, "g/cm2")]))
    assert {key: some[0].site for key, some in chart.measured.items()} == dict.fromkeys(("t-score", "bmd"), Site.LUMBAR_SPINE)
    chart, _ = chart_of(named("跟骨超声", component=[component("T值", -3.1)]))
    assert chart.values("t-score")[0].site is Site.HEEL


def test_the_body_site_is_a_site(chart_of: Reader) -> None:
    chart, _ = chart_of(named("T值", -2.7, bodySite=concept(text="左侧股骨颈")))
    assert chart.values("t-score")[0].site is Site.FEMORAL_NECK


@pytest.mark.parametrize(
    ("said", "comparator", "value"), [("<8 ng/mL", "<", 8), ("≥ 100 ng/mL", ">=", 100), ("18 ng/mL", "", 18)]
)
def test_a_value_in_words(chart_of: Reader, said: str, comparator: str, value: float) -> None:
    chart, _ = chart_of(named("25-羟维生素D", valueString=said))
    found = chart.newest("vitamin-d")
    assert found is not None
    assert (found.comparator, found.value) == (comparator, value)
    chart, trace = chart_of(named("25-羟维生素D", valueString="见报告单"))
    assert (chart.measured, trace.unread) == ({}, {"vitamin-d, not-understood": 1})


def test_a_broken_result_counts_as_missing_under_its_name(chart_of: Reader) -> None:
    chart, _ = chart_of(named("肌酐", valueQuantity=["wrong", "twice"]))
    assert [(each.key, each.reason) for each in chart.set_aside] == [("creatinine", "unreadable")]


@pytest.mark.parametrize("name", ["肌酐" * 400, "β" * 2000, "l型" * 700, "肌酐" + "(酶法)" * 600, "25-" * 700])
def test_a_long_label_is_read_within_bounds(chart_of: Reader, name: str) -> None:
    chart_of(named(name, 88.4, "umol/L"))
    assert len(spelled(name * 9)) <= 4000


# -- status unknown ---------------------------------------------------------------------------------------------------


def test_without_a_status_only_weight_and_height_are_used_and_said(chart_of: Reader) -> None:
    unknown = {"status": "unknown"}
    chart, _ = chart_of(
        observation("29463-7", 52, "kg", **unknown),
        observation("8302-2", 158, "cm", **unknown),
        named("肌酐", 88, "umol/L", **unknown),
    )
    assert chart.measured.keys() == {"weight", "height"}
    assert all(some[0].unsure for some in chart.measured.values())
    assert [(each.key, each.reason, each.detail) for each in chart.set_aside] == [("creatinine", "status", "unknown")]


# -- a site's own names -----------------------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "codes.tsv"


HEAD = "kind\tsystem\tcode\tkey\tsite\tmg\tname\n"


def test_a_site_s_own_names(table: Path) -> None:
    table.write_text(
        HEAD
        + "observation\t\t\tcreatinine\t\t\t生化-02\n"
        + "observation\t\t\tt-score\tlumbar-spine\t\t骨密度项目A\n"
        + "observation\t\t\t-\t\t\tCrea\n"
        + "drug\t\t\tdenosumab\t\t\t骨舒宁\n"
        + "condition\t\t\tosteoporosis\t\t\t骨稀松\n"
        + "observation\turn:lab\tALB-U\talbumin\t\t\t肌酐\n",
        encoding="utf-8",
    )
    mine = load(table)
    body = bundle(
        patient(),
        named("生化-02", 88.4, "umol/L", id="a"),
        named("骨密度项目A", -2.7, id="b"),
        named("Crea", 300, "umol/L", id="c"),
        named("肌酐", 280, "mmol/L", id="d"),
        medication("MedicationStatement", concept(text="骨舒宁 60mg"), effectiveDateTime="2025-10-01"),
        condition(concept(text="骨稀松")),
    )
    chart, _ = read([body], patient_id="p", today=TODAY, zone=ZONE, terminology=mine)
    assert {key: some[0].value for key, some in chart.measured.items()} == {"creatinine": pytest.approx(1.0), "t-score": -2.7}
    assert chart.values("t-score")[0].site is Site.LUMBAR_SPINE
    assert "denosumab" in chart.drug_courses
    assert chart.problem("osteoporosis") is not None
    assert [each.when for each in chart.unread] == [date(2025, 12, 1)]  # 肌酐 in mmol/L: beside a code, the name is for people


@pytest.mark.parametrize(
    "row",
    [
        "observation\t\t\tbone-magic\t\t\tX1",
        "observation\t\t\tsmoking-status\t\t\t吸烟",
        "observation\t\t\tcreatinine\tleft-ear\t\tX1",
        "condition\t\t\tfracture\thip\t\t髋折",
        "nonsense\t\t\tcreatinine\t\t\tX1",
        "observation\turn:lab\t\tcreatinine\t\t\tX1",
        f"observation\t\t\tcreatinine\t\t\t{'x' * 201}",
    ],
)
def test_a_name_that_cannot_be_mapped_is_refused(table: Path, row: str) -> None:
    table.write_text(HEAD + row + "\n", encoding="utf-8")
    with pytest.raises(LocalCodesError, match="row 1"):
        load(table)
