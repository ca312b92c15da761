"""The reader of phrases: what binds to which name, the words that decided, its caps, and that its work stays linear."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date
from io import StringIO
from types import FrameType
from typing import Any

import pytest
from rich.console import Console

from cards.chart import Chart
from cds_service.cli import terminal
from cds_service.fhir.phrases import LONGEST, LONGEST_REPORT, Mention, Phrases, Verdict, fold
from cds_service.fhir.reading.read import TERMINOLOGY, read
from cds_service.pipeline import Evaluation
from tests.fhir.conftest import Reader, concept, condition


def said(text: str) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(m.what, m.verdict.value, m.words) for m in TERMINOLOGY.said("problem", text)]


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        (
            "急性非ST段抬高型心肌梗死；肺炎待排",
            [("myocardial-infarction", "present", ()), ("infection", "doubtful", ("待排",))],
        ),
        (
            "Hip fracture; possible UTI",
            [("fracture hip", "present", ()), ("infection", "doubtful", ("possible",))],
        ),
        (
            "骨折高风险的绝经后妇女的骨质疏松症",
            [("fracture unspecified", "risk", ("高风险",)), ("menopause", "present", ()), ("osteoporosis", "present", ())],
        ),
        ("不能除外肺栓塞", [("venous-thromboembolism", "doubtful", ("不能除外",))]),
        ("否认高血压、脑梗死", [("hypertension", "denied", ("否认",)), ("stroke", "denied", ("否认",))]),
        ("陈旧性心肌梗死", [("myocardial-infarction", "present", ("陈旧性",))]),
        ("母亲髋部骨折", [("fracture hip", "family", ("母亲",))]),
        ("假体周围骨折", [("fracture other", "device", ("假体周围",))]),
        ("Suspected fracture of hip, ruled out", [("fracture hip", "denied", ("ruled out",))]),
        ("MI? stroke", [("myocardial-infarction", "doubtful", ("?",)), ("stroke", "present", ())]),
        ("MI possible appendicitis", [("myocardial-infarction", "present", ())]),
        ("not possible to walk, stroke", [("stroke", "present", ())]),
    ],
)
def test_a_verdict_per_name_with_the_words_that_decided(text: str, mentions: list[Any]) -> None:
    assert said(text) == mentions


@pytest.mark.parametrize("mark", ["，", "；", ";", ", ", "。", "\n", " | "])
@pytest.mark.parametrize(
    "doubt", ["肺炎待排", "可疑肺炎", "肺炎?", "possible pneumonia", "r/o pneumonia", "无肺炎", "no pneumonia"]
)
def test_one_doubtful_or_denied_name_never_takes_another_with_it(mark: str, doubt: str) -> None:
    for text in (f"心肌梗死{mark}{doubt}", f"{doubt}{mark}心肌梗死"):
        verdicts = {m.key: m.verdict for m in TERMINOLOGY.said("problem", text)}
        assert verdicts["myocardial-infarction"] is Verdict.PRESENT
        assert verdicts["infection"] is not Verdict.PRESENT


@pytest.mark.parametrize("script", ["骨質疏鬆症", "骨质疏松症", "骨質疏松症"])
def test_scripts_are_one(script: str) -> None:
    assert said(script) == [("osteoporosis", "present", ())]


def test_far_and_near_are_not_confused() -> None:
    """The phrase tables of OpenCC would make 远程 of 遠端."""
    assert fold("橈骨遠端骨折") == "桡骨远端骨折"


@pytest.mark.parametrize("disease", ["慢性肾脏病", "慢性腎臟病", "CKD"])
@pytest.mark.parametrize(
    "stage", ["4期", "第4期", "Ⅳ期", "IV期", "（4期）", "(stage 4)", " stage 4", "四期", " G4A2", ", stage IV"]
)
def test_a_kidney_stage_is_a_grammar(disease: str, stage: str) -> None:
    assert [m.key for m in TERMINOLOGY.said("problem", f"{disease}{stage}")] == ["ckd-4"]


@pytest.mark.parametrize("text", ["CKD 3年", "慢性肾衰竭 4个月", "CKD since 2019", "慢性肾脏病，3 medications"])
def test_a_time_is_no_stage(text: str) -> None:
    assert [m.key for m in TERMINOLOGY.said("problem", text)] == ["kidney-disease"]


def test_what_is_longer_than_is_read_says_nothing() -> None:
    phrases = Phrases([("stroke", "stroke", False)])
    assert phrases.read("stroke".rjust(LONGEST)) != ()
    assert phrases.read("stroke".rjust(LONGEST + 1)) == ()
    assert phrases.read("stroke".rjust(LONGEST_REPORT), LONGEST_REPORT) != ()
    assert phrases.read("stroke".rjust(LONGEST_REPORT + 1), LONGEST_REPORT) == ()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Bilateral PE with heart strain", {"venous-thromboembolism"}),
        ("PE: lungs clear", set()),
        ("Bilateral PE tubes", set()),
        ("CKD 5 on HD", {"ckd-5", "dialysis"}),
        ("HD 3: afebrile", set()),
        ("RA on methotrexate", {"rheumatoid-arthritis"}),
        ("SOB on RA, prednisone started", set()),
        ("Spine mets", {"bone-metastasis"}),
        ("brain mets; spine MRI pending", set()),
        ("FNF testing normal", set()),
        ("OP门诊复查", set()),
    ],
)
def test_a_short_name_means_what_stands_beside_it(text: str, keys: set[str]) -> None:
    assert {m.key for m in TERMINOLOGY.said("problem", text)} == keys


@pytest.mark.parametrize("side", ["右", "左侧", "双", ""])
@pytest.mark.parametrize(
    "pain", ["大腿前外侧隐痛3周", "大腿外侧疼痛", "大腿根部疼痛", "大腿酸痛不适", "股部疼痛", "腹股沟区疼痛", "大腿不适"]
)
def test_a_pain_of_the_thigh_is_told_however_a_patient_words_it(side: str, pain: str) -> None:
    assert {m.key: m.verdict.value for m in TERMINOLOGY.said("problem", side + pain)} == {"thigh-pain": "present"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("thigh discomfort left", {"thigh-pain": "present"}),
        ("aching in the right thigh", {"thigh-pain": "present"}),
        ("Pain of both thighs", {"thigh-pain": "present"}),
        ("无大腿疼痛", {"thigh-pain": "denied"}),
        ("no thigh discomfort", {"thigh-pain": "denied"}),
        ("大腿肌肉拉伤", {}),
        ("大腿皮肤痛觉减退", {}),
        ("股骨头缺血性坏死", {}),
        ("小腿疼痛", {}),
    ],
)
def test_its_neighbors(text: str, found: dict[str, str]) -> None:
    assert {m.key: m.verdict.value for m in TERMINOLOGY.said("problem", text)} == found


CRACKING = {"femur-lesion": "present"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("左股骨中上段外侧皮质增厚，呈鸟嘴样改变", CRACKING),
        ("左股骨外侧骨皮质局限性增厚", CRACKING),
        ("右股骨干外侧皮质鸟嘴征", CRACKING),
        ("右股骨中段外侧皮质可见横行透亮线", CRACKING),
        ("股骨干不全骨折", CRACKING),
        ("左股骨转子下应力性骨折", CRACKING | {"stress-fracture": "present"}),
        ("右股骨干外侧皮质增厚？", {"femur-lesion": "doubtful"}),
        ("未见股骨外侧皮质增厚", {"femur-lesion": "denied"}),
        ("股骨外侧皮质未见增厚", {}),
        ("左股骨颈不完全骨折", {"fracture": "present"}),
        ("右股骨颈应力性骨折", {"stress-fracture": "present"}),
        ("左股骨骨皮质变薄", {}),
        ("股骨内侧皮质增厚", {}),
        ("Focal lateral cortical thickening of the left proximal femur with beaking", CRACKING),
        ("Left femoral diaphysis: focal periosteal beaking", CRACKING),
        ("Stress reaction in the subtrochanteric region of the right femur", CRACKING),
        ("Stress fracture of the right femoral shaft", CRACKING | {"stress-fracture": "present"}),
        ("No cortical thickening of the femur", {"femur-lesion": "denied"}),
        ("Incomplete fracture of the femoral neck", {"fracture": "present"}),
        ("Femoral neck stress fracture", {"stress-fracture": "present"}),
        ("Medial cortical thickening of the femur", {}),
    ],
)
def test_a_cracking_femur_is_told_however_a_report_words_it(text: str, found: dict[str, str]) -> None:
    assert {m.key: m.verdict.value for m in TERMINOLOGY.said("problem", text)} == found


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("乳腺癌术后，转移瘤待排", [("cancer", "present"), ("breast-cancer", "present")]),
        ("L1椎体楔形变，考虑压缩性骨折", [("fracture vertebra", "doubtful")]),
        ("左髋皮质欠连续，骨折待排", [("fracture hip", "doubtful")]),
        ("MI vs stroke", [("myocardial-infarction", "doubtful"), ("stroke", "doubtful")]),
        ("hip pain ? fracture", [("hip-pain", "present"), ("fracture other", "doubtful")]),
        ("Chronic UTI", [("infection", "present")]),
        ("Tolerated dialysis", [("dialysis", "present")]),
    ],
)
def test_doubt_and_age_stay_with_what_they_are_said_of(text: str, mentions: list[Any]) -> None:
    assert [(what, verdict) for what, verdict, _ in said(text)] == mentions


HARD = [
    "无",
    "史",
    "无骨折、",
    "骨折可能",
    "ckd ",
    "no mi or ",
    "thrombosis of deep ",
    "否认，脑梗，",
    "(史",
    "骨质疏松骨折",
    "母亲髋",
    "mi vs ",
    "pe dvt ",
    "metastatic path fx, ",
    "椎体楔形变，可疑骨折，",
    "髋，骨折待排，",
    "骨折，无变化，",
]


@pytest.mark.parametrize("unit", HARD)
def test_the_work_grows_with_the_text_and_no_faster(unit: str) -> None:
    once, twice = (_work((unit * length)[:length]) for length in (500, 1000))
    assert twice < 2.5 * once + 500


def _work(text: str) -> int:
    """Lines of the reader that run for a text."""
    lines = 0

    def count(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        TERMINOLOGY._phrases["problem"].read(text)
    finally:
        sys.settrace(before)
    return lines


# -- in a record ------------------------------------------------------------------------------------------------------


def charted(chart_of: Reader, text: str) -> Chart:
    return chart_of(condition(concept(text=text)))[0]


def test_what_is_doubtful_is_no_problem_and_is_said(chart_of: Reader) -> None:
    chart = charted(chart_of, "急性心肌梗死，肺栓塞待排")
    assert set(chart.problems) == {"myocardial-infarction"}
    assert [(each.reason, each.key) for each in chart.set_aside] == [("doubtful", "venous-thromboembolism")]
    assert chart.doubts(("conditions",)) == ("conditions",)


def test_what_is_denied_leaves_nothing_open(chart_of: Reader) -> None:
    chart = charted(chart_of, "无骨折，否认脑梗死")
    assert (dict(chart.problems), chart.fractures, chart.set_aside, chart.unread) == ({}, (), (), ())


def test_a_past_pneumonia_is_over_and_a_past_stroke_is_not(chart_of: Reader) -> None:
    assert set(charted(chart_of, "肺炎病史，脑梗死病史").problems) == {"stroke"}


def test_two_fractures_of_one_text_are_two(chart_of: Reader) -> None:
    chart = charted(chart_of, "左桡骨远端、右肱骨近端骨折")
    assert {(f.site, f.part) for f in chart.fractures} == {("distal-forearm", "left"), ("proximal-humerus", "right")}


def test_a_fracture_without_violence_is_not_presumed(chart_of: Reader) -> None:
    assert [f.presumed for f in charted(chart_of, "非创伤性T12椎体压缩性骨折").fractures] == [False]
    assert [f.presumed for f in charted(chart_of, "T12椎体压缩性骨折").fractures] == [True]


def test_the_trace_shows_the_verdicts_and_the_words_that_decided() -> None:
    resources = [
        {"resourceType": "Patient", "id": "p", "gender": "female", "birthDate": "1950-01-01"},
        condition(concept(text="陈旧性心肌梗死；否认脑梗死；肺炎待排")),
    ]
    bundle = {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in resources]}
    trace = read([json.dumps(bundle).encode()], patient_id="p", today=date(2026, 1, 15), zone=UTC, full=True)[1]
    out = StringIO()
    evaluation, console = Evaluation({"cards": []}, trace), Console(file=out, width=160)
    terminal.show(evaluation, "patient-view", date(2026, 1, 15), trace=True, console=console)
    lines = [" ".join(line.split()) for line in out.getvalue().splitlines()]
    assert "Condition/c used myocardial-infarction 陈旧性" in lines
    assert "Condition/c set aside infection only suspected, not confirmed" in lines
    assert "Condition/c not read infection: doubtful, by 待排" in lines
    assert "Condition/c not read stroke: denied, by 否认" in lines


def test_a_mention_repeats_nothing_that_a_person_wrote() -> None:
    mention = TERMINOLOGY.said("problem", "Mrs Jones: possible MI")[0]
    assert isinstance(mention, Mention)
    assert "Jones" not in repr(mention)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("阿尔茨海默病 吞咽障碍", "dysphagia"),
        ("吞咽功能障碍", "dysphagia"),
        ("difficulty swallowing", "dysphagia"),
        ("Paget骨病", "paget"),
        ("绝对卧床", "cannot-sit-upright"),
        ("食管动力障碍", "esophageal-delay"),
        ("视网膜中央静脉阻塞", "venous-thromboembolism"),  # labels of SERMs name it
        ("低钙抽搐", "hypocalcemia"),
        ("高钙危象", "hypercalcemia"),
        ("DiGeorge综合征", "hypoparathyroidism"),
    ],
)
def test_what_a_ward_calls_it(text: str, key: str) -> None:
    assert key in {m.key for m in TERMINOLOGY.said("problem", text) if m.is_present}
