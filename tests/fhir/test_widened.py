"""What the later rules look at: questionnaires, procedures in words, infections, drugs that harm bone, patches and creams."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cards.chart import Hook
from cards.engine.findings import Indicator
from cards.engine.run import run
from cds_service.fhir.reading.drugs import identify
from cds_service.fhir.reading.elements import Concept
from cds_service.fhir.reading.read import TERMINOLOGY, read
from cds_service.fhir.terminology.codes import load
from cds_service.fhir.terminology.systems import LOCAL_SYSTEM
from tests.fhir.conftest import (
    LOINC,
    SNOMED,
    TODAY,
    WHO,
    ZONE,
    Reader,
    bundle,
    concept,
    condition,
    medication,
    observation,
    patient,
)  # fmt: skip

DVT = condition(concept(SNOMED, "128053003", "Deep venous thrombosis"), on="2015-01-01")
ESTRADIOL = concept("http://www.whocc.no/atc", "G03CA03", "estradiol")


@pytest.mark.parametrize(
    ("code", "more", "indicator"),
    [
        (concept(text="estradiol 1 mg tablet"), {}, Indicator.CRITICAL),
        (ESTRADIOL, {}, Indicator.CRITICAL),
        (concept(text="estradiol patch 50 mcg/24 h"), {}, Indicator.WARNING),
        (concept(text="雌二醇贴片"), {}, Indicator.WARNING),
        (concept(text="Estrogel"), {}, Indicator.WARNING),
        ({**ESTRADIOL, "text": "Climara"}, {}, Indicator.WARNING),
        (ESTRADIOL, {"dosageInstruction": [{"route": concept(SNOMED, "45890007")}]}, Indicator.WARNING),
        (ESTRADIOL, {"dosageInstruction": [{"route": {"text": "transdermal"}}]}, Indicator.WARNING),
        (ESTRADIOL, {"dosageInstruction": [{"text": "apply 1 patch twice weekly"}]}, Indicator.WARNING),
        (ESTRADIOL, {"dosageInstruction": [{"text": "外用凝胶 每日1次"}]}, Indicator.WARNING),
        (concept(text="estradiol vaginal cream"), {}, None),
        (concept(text="雌二醇 阴道片"), {}, None),
        (concept(text="Vagifem 10 mcg"), {}, None),
        (ESTRADIOL, {"dosageInstruction": [{"route": concept(SNOMED, "16857009")}]}, None),
        (ESTRADIOL, {"dosageInstruction": [{"route": {"text": "阴道给药"}}]}, None),
    ],
)
def test_thrombosis_and_the_route_of_estrogen(
    chart_of: Reader, code: dict[str, Any], more: dict[str, Any], indicator: Indicator | None
) -> None:
    draft = medication("MedicationRequest", code, status="draft", **more)
    chart, _ = chart_of(DVT, drafts=(draft,), hook=Hook.ORDER_SIGN)
    found = [f.indicator for f in run(chart) if f.code == "serm-thrombosis"]
    assert found == ([indicator] if indicator else [])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Omeprazole 20 MG Delayed Release Oral Capsule", "omeprazole"),
        ("埃索美拉唑镁肠溶片（耐信）", "esomeprazole"),
        ("卡马西平片", "carbamazepine"),
        ("oxcarbazepine 300 mg", ""),
        ("pioglitazone 15 mg / metformin 500 mg", "pioglitazone"),
        ("低分子肝素钙注射液", "heparin"),
        ("依诺肝素钠注射液", "enoxaparin"),
        ("heparin lock flush 10 units/mL", ""),
        ("tenofovir disoproxil fumarate 300 mg", "tenofovir-disoproxil"),
        ("富马酸替诺福韦二吡呋酯片", "tenofovir-disoproxil"),
        ("tenofovir alafenamide 25 mg", ""),
        ("富马酸丙酚替诺福韦片", ""),
        ("阿德福韦酯片", "adefovir"),
        ("左甲状腺素钠片（优甲乐）", "levothyroxine"),
        ("rivaroxaban 20 mg", "rivaroxaban"),
        ("华法林钠片", "warfarin"),
    ],
)
def test_drugs_that_matter_besides(text: str, key: str) -> None:
    assert [d.key for d in identify(Concept(text=text), TERMINOLOGY).drugs] == ([key] if key else [])


@pytest.mark.parametrize(
    ("code", "service"),
    [
        (concept("http://www.ama-assn.org/go/cpt", "22514"), "vertebral-augmentation"),
        (concept(text="Percutaneous vertebroplasty L1, CT guided, lumbar spine"), "vertebral-augmentation"),
        (concept(text="经皮椎体后凸成形术（PKP）"), "vertebral-augmentation"),
        (concept(text="L1 PVP"), "vertebral-augmentation"),
        (concept(text="MRI lumbar spine without contrast"), "spine-mri"),
        (concept(text="胸腰椎CT平扫"), "spine-ct"),
        (concept(text="胸腰椎正侧位片 X线"), "vertebral-imaging"),
        (concept("http://www.ama-assn.org/go/cpt", "72131"), "spine-ct"),
        (concept("http://terminology.hl7.org/CodeSystem/HCPCS-all-codes", "E0760"), "lipus"),
        (concept(text="低强度脉冲超声治疗"), "lipus"),
        (concept(SNOMED, "229559001"), "tens"),
        (concept(text="经皮神经电刺激"), "tens"),
        (concept(text="Neuromuscular electrical stimulation"), "nmes"),
        (concept(text="钙离子导入"), "iontophoresis"),
        (concept(text="紫外线照射"), "ultraviolet"),
        (concept(text="Pulsed electromagnetic field therapy"), "pemf"),
        (concept(text="全身振动训练"), "vibration"),
        (concept(text="Extracorporeal shock wave therapy"), "shock-wave"),
        (concept(text="extracorporeal shock wave lithotripsy"), ""),
        (concept(text="高能激光治疗"), "laser"),
        (concept(text="Complete blood count"), "blood-count"),
        (concept(text="红细胞沉降率"), "esr"),
        (concept(text="25羟维生素D"), "vitamin-d"),
        (concept(text="Referral to physical therapy"), "referral-physiotherapy"),
        (concept(text="骨折联络服务"), "referral-fls"),
        (concept(text="PHQ-9"), "assess-mood"),
        (concept(text="Barthel指数评定"), "assess-daily-living"),
        (concept(text="骨质疏松健康教育"), "education"),
        (concept(text="wound dressing"), ""),
    ],
)  # fmt: skip
def test_services_being_ordered(chart_of: Reader, code: dict[str, Any], service: str) -> None:
    draft = {
        "resourceType": "ServiceRequest",
        "id": "s",
        "status": "draft",
        "subject": {"reference": "Patient/p"},
        "code": code,
        "reasonCode": [concept(WHO, "M81.9")],
    }
    chart, _ = chart_of(drafts=(draft,))
    assert chart.drafts[0].service == service
    assert chart.drafts[0].reasons == {"osteoporosis"}


@pytest.mark.parametrize(
    ("code", "key"),
    [
        (concept(WHO, "D68.9"), "coagulopathy"),
        (concept(text="凝血功能障碍"), "coagulopathy"),
        (concept(SNOMED, "302935008"), "spinal-infection"),
        (concept(text="腰椎椎间盘炎"), "spinal-infection"),
        (concept(WHO, "A41.9"), "sepsis"),
        (concept(text="urinary tract infection"), "infection"),
        (concept(text="不能耐受手术"), "unfit-for-surgery"),
        (concept(text="bone cement allergy"), "filler-allergy"),
        (concept(SNOMED, "279039007"), "back-pain"),
        (concept(SNOMED, "279992002"), "recurrent-falls"),
    ],
)
def test_problems(chart_of: Reader, code: dict[str, Any], key: str) -> None:
    chart, _ = chart_of(condition(code))
    assert chart.active_problem(key) is not None


@pytest.mark.parametrize("text", ["Bone cement", "骨水泥", "polymethyl methacrylate"])
def test_an_allergy_to_bone_cement_is_a_problem(chart_of: Reader, text: str) -> None:
    allergy = {"resourceType": "AllergyIntolerance", "id": "a", "patient": {"reference": "Patient/p"}, "code": {"text": text}}
    chart, _ = chart_of(allergy)
    assert chart.active_problem("filler-allergy") is not None
    refuted, _ = chart_of({**allergy, "verificationStatus": concept("", "refuted")})
    assert refuted.problem("filler-allergy") is None


# -- questionnaires ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "value", "unit", "key", "expected"),
    [
        ("72514-3", 6, "{score}", "pain-nrs", 6),
        ("38214-3", 55, "mm", "pain-vas", 55),
        ("38214-3", 5.5, "cm", "pain-vas", 55),
        ("38214-3", 5.5, "", "pain-vas", "no-unit"),
        ("38214-3", 5.5, "{score}", "pain-vas", "unit-unknown"),
        ("44261-6", 12, "", "phq9", 12),
        ("44260-8", 1, "", "phq9-item9", 1),
        ("96761-2", 55, "{score}", "barthel", 55),
        ("96761-2", 18, "{score}", "barthel", "scale-unclear"),
        ("97909-6", 44, "%", "odi", 44),
        ("59460-6", 50, "{#}", "morse", 50),
        ("52552-7", 2, "", "falls", 2),
        ("52552-7", 2, "{count}", "falls", 2),
        ("74013-4", 3, "{drinks}/d", "alcohol", 3),
    ],
)
def test_scores(chart_of: Reader, code: str, value: float, unit: str, key: str, expected: float | str) -> None:
    chart, _ = chart_of(observation(code, value, unit))
    if isinstance(expected, str):
        assert [(s.key, s.reason) for s in chart.set_aside] == [(key, expected)]
    else:
        assert [m.value for m in chart.values(key)] == [expected]


def test_a_barthel_index_whose_range_is_stated_is_clear(chart_of: Reader) -> None:
    chart, _ = chart_of(observation("96761-2", 15, "", referenceRange=[{"low": {"value": 0}, "high": {"value": 100}}]))
    assert [m.value for m in chart.values("barthel")] == [15]
    short, _ = chart_of(observation("96761-2", 15, "", referenceRange=[{"high": {"value": 20}}]))
    assert not short.values("barthel")


@pytest.mark.parametrize(
    ("code", "answer", "key", "value", "comparator"),
    [
        ("44260-8", concept(LOINC, "LA6568-5", "Not at all"), "phq9-item9", 0, ""),
        ("44260-8", concept(LOINC, "LA6569-3"), "phq9-item9", 1, ""),
        ("44260-8", concept(text="More than half the days"), "phq9-item9", 2, ""),
        ("44260-8", concept(text="几乎每天"), "phq9-item9", 3, ""),
        ("52552-7", concept(text="No"), "falls", 0, ""),
        ("52552-7", concept(text="1 fall"), "falls", 1, ""),
        ("52552-7", concept(text="Yes"), "falls", 1, ">="),
        ("52552-7", concept(text="2 or more falls"), "falls", 2, ">="),
        ("52552-7", concept(text="两次及以上"), "falls", 2, ">="),
    ],
)
def test_answers(chart_of: Reader, code: str, answer: dict[str, Any], key: str, value: float, comparator: str) -> None:
    chart, _ = chart_of(observation(code, valueCodeableConcept=answer))
    assert [(m.value, m.comparator) for m in chart.values(key)] == [(value, comparator)]


def test_an_unknown_answer_is_set_aside(chart_of: Reader) -> None:
    chart, _ = chart_of(observation("44260-8", valueCodeableConcept=concept(text="prefer not to say")))
    assert [(s.key, s.reason) for s in chart.set_aside] == [("phq9-item9", "unreadable")]


def test_item_9_as_a_component(chart_of: Reader) -> None:
    part = {"code": concept(LOINC, "44260-8"), "valueCodeableConcept": concept(LOINC, "LA6570-1")}
    chart, _ = chart_of(observation("44249-1", id="panel", component=[part]))
    assert [m.value for m in chart.values("phq9-item9")] == [2]


@pytest.mark.parametrize(("code", "key"), [("berg-balance-total", "berg"), ("tug-seconds", "tug"), ("hamd-total", "hamd")])
def test_scales_without_a_public_code(chart_of: Reader, code: str, key: str) -> None:
    unit = "s" if key == "tug" else ""
    chart, _ = chart_of(observation("", 14, unit, id="o", code=concept(LOCAL_SYSTEM, code)))
    assert [m.value for m in chart.values(key)] == [14]


def test_a_site_s_own_codes_of_every_kind(tmp_path: Path) -> None:
    table = tmp_path / "codes.tsv"
    lines = [
        "kind\tsystem\tcode\tkey\tsite\tmg",
        "observation\turn:lab\tNRS\tpain-nrs\t\t",
        "drug\turn:pharmacy\tA70\talendronate\t\t70",
        "condition\turn:problems\tOP\tosteoporosis\t\t",
        "condition\turn:problems\tVF\tfracture\tvertebra\t",
        "service\turn:orders\tPKP\tvertebral-augmentation\t\t",
    ]
    table.write_text("\n".join(lines), encoding="utf-8")
    instruction = {"doseAndRate": [{"doseQuantity": {"value": 1, "unit": "片"}}], "timing": {"code": {"text": "每周1次"}}}
    draft = medication("MedicationRequest", concept("urn:pharmacy", "A70"), status="draft", dosageInstruction=[instruction])
    order = {"resourceType": "ServiceRequest", "id": "s", "status": "draft", "code": concept("urn:orders", "PKP")}
    record = bundle(
        patient(),
        observation("", 5, id="o", code=concept("urn:lab", "NRS")),
        condition(concept("urn:problems", "OP"), id="c1"),
        condition(concept("urn:problems", "VF"), id="c2"),
    )
    chart, _ = read(
        [record],
        patient_id="p",
        today=TODAY,
        zone=ZONE,
        terminology=load(table),
        drafts=[bundle(draft, order)],
        hook=Hook.ORDER_SIGN,
    )
    assert chart.newest("pain-nrs") is not None
    assert chart.active_problem("osteoporosis") is not None
    assert [f.site for f in chart.fractures] == ["vertebra"]
    drafts = {d.id.split("/")[0]: d for d in chart.drafts}
    assert drafts["ServiceRequest"].service == "vertebral-augmentation"
    dosing = drafts["MedicationRequest"].dosing
    assert dosing is not None
    assert dosing.daily == pytest.approx(10)
