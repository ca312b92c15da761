"""A drug that is told by an entry that is no medication is told: given, ordered, not borne, or known by name alone."""

from __future__ import annotations

from typing import Any

import pytest

from cards.vocabulary import Data, Mechanism
from tests.fhir.conftest import Reader, Resource, concept

DRUG = "地舒单抗注射液 60mg"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"


def entry(kind: str, text: str, **more: Any) -> Resource:
    return {"resourceType": kind, "id": "e", "subject": {"reference": "Patient/p"}, "code": concept(text=text), **more}


def procedure(text: str, status: str = "completed") -> Resource:
    return entry("Procedure", text, status=status, performedDateTime="2025-11-20")


def order(text: str, status: str = "completed", **more: Any) -> Resource:
    return entry("ServiceRequest", text, status=status, intent="order", authoredOn="2025-11-20", **more)


def problem(text: str, **more: Any) -> Resource:
    return entry("Condition", text, onsetDateTime="2025-11-20", **more)


@pytest.mark.parametrize(
    ("found", "courses"),
    [
        (procedure("唑来膦酸静脉输注"), {"zoledronate"}),
        (procedure("静脉滴注 密固达5mg"), {"zoledronate"}),
        (procedure("Infusion of zoledronic acid 4 mg"), {"zoledronate-oncology"}),
        (procedure("denosumab injection"), {"denosumab"}),
        (procedure("注射用醋酸亮丙瑞林微球 11.25mg 皮下注射"), {"leuprorelin"}),
        (procedure("曲普瑞林激发试验"), set()),
        (order("地舒单抗皮下注射"), {"denosumab"}),
        (order("地舒单抗皮下注射", "active"), {"denosumab"}),
        (procedure("唑来膦酸静脉输注", "not-done"), set()),
        (procedure("唑来膦酸静脉输注", "preparation"), set()),
        (order("地舒单抗皮下注射", "revoked"), set()),
        (order("地舒单抗皮下注射", doNotPerform=True), set()),
        (procedure("特立帕肽注射宣教"), set()),
        (procedure("患者拒绝唑来膦酸输注"), set()),
        (order("地舒单抗抗药抗体检测"), set()),
        (procedure("唑来膦酸皮试"), set()),
        (procedure("唑来膦酸输注知情同意书签署"), set()),
        (procedure("dental check before zoledronic acid"), set()),
        (order("降钙素测定"), set()),
        (order("雌二醇"), set()),
    ],
)
def test_a_drug_that_is_given_or_ordered_as_a_service_is_a_dose(chart_of: Reader, found: Resource, courses: set[str]) -> None:
    chart, _ = chart_of(found)
    assert set(chart.drug_courses) == courses


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("骨质疏松症（唑来膦酸治疗后）", True),
        ("骨质疏松症 长期口服福善美", True),
        ("唑来膦酸输注后发热", True),
        ("History of bisphosphonate therapy", True),
        ("未使用双膦酸盐治疗", False),
        ("患者拒绝地舒单抗治疗", False),
        ("建议唑来膦酸治疗", False),
        ("拟行唑来膦酸治疗", False),
        ("双膦酸盐治疗前口腔评估", False),
        ("双膦酸盐相关性颌骨坏死", False),  # it forbids them, whichever it was
        ("糖皮质激素性骨质疏松症", False),
        ("绝经后骨质疏松，雌激素缺乏", False),
        ("降钙素升高", False),
    ],
)
def test_a_drug_that_a_problem_names_is_no_absence_of_drugs(chart_of: Reader, text: str, *, unread: bool) -> None:
    chart, _ = chart_of(problem(text))
    assert (Data.STATEMENTS in chart.doubts((Data.STATEMENTS,))) is unread


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("长期服用华法林", True),
        ("心脏瓣膜置换术后，长期口服华法林抗凝", True),
        ("心房颤动（华法林抗凝治疗中）", True),
        ("房颤病史，目前华法林 2.5mg qd", True),
        ("Atrial fibrillation on warfarin", True),
        ("Long-term use of Coumadin", True),
        ("Mechanical valve, anticoagulated with phenprocoumon", True),
        ("曾服用华法林", False),
        ("华法林治疗后", False),
        ("华法林服用史", False),
        ("华法林已停用，现服利伐沙班", False),
        ("拟行华法林抗凝治疗", False),
        ("未使用华法林", False),
        ("华法林过敏", False),
        ("华法林不耐受", False),
        ("华法林中毒", False),
        ("华法林过量", False),
        ("History of warfarin therapy", False),
        ("Previously on warfarin", False),
        ("Warfarin stopped, on apixaban", False),
        ("Switched from warfarin to apixaban", False),
        ("Long-term warfarin after mitral valve replacement", True),
        ("绝经（停经20年），长期服用华法林", True),
        ("不宜服用华法林", False),
        ("华法林抗凝禁忌", False),
        ("服用华法林宣教", False),
        ("父亲长期服用华法林", False),
        ("服用华法林致消化道出血", False),
        ("Gastrointestinal bleeding on warfarin", False),
        ("Advice on warfarin", False),
        ("长期服用利伐沙班", False),
        ("华法林基因检测", False),
        ("warfarin", False),
    ],
)
def test_an_antagonist_of_vitamin_k_that_a_problem_tells_as_in_use_is_taken(
    chart_of: Reader, text: str, *, taken: bool
) -> None:
    chart, _ = chart_of(problem(text))
    assert any(each.active for each in chart.courses({Mechanism.VITAMIN_K_ANTAGONIST})) is taken
    assert not chart.doubts((Data.STATEMENTS,)), "of bone it tells nothing"


@pytest.mark.parametrize(("day", "taken"), [("2025-01-15", True), ("2025-01-14", False)])
def test_what_a_visit_was_for_tells_of_its_own_time(chart_of: Reader, day: str, *, taken: bool) -> None:
    visit = {"resourceType": "Encounter", "id": "v", "status": "finished", "subject": {"reference": "Patient/p"}}
    visit |= {"reasonCode": [concept(text="长期服用华法林")], "period": {"start": day}}
    chart, _ = chart_of(visit)
    assert bool(chart.courses({Mechanism.VITAMIN_K_ANTAGONIST})) is taken


@pytest.mark.parametrize("status", ["resolved", "inactive"])
def test_one_that_a_problem_told_and_that_is_over_is_not(chart_of: Reader, status: str) -> None:
    chart, _ = chart_of(problem("长期服用华法林") | {"clinicalStatus": concept(code=status)})
    assert not chart.courses({Mechanism.VITAMIN_K_ANTAGONIST})


@pytest.mark.parametrize(("status", "taken"), [("active", True), ("stopped", False)])
def test_what_the_medications_tell_of_it_goes_first(chart_of: Reader, status: str, *, taken: bool) -> None:
    statement = {
        "resourceType": "MedicationStatement",
        "id": "s",
        "status": status,
        "subject": {"reference": "Patient/p"},
        "medicationCodeableConcept": concept(text="华法林钠片"),
        "effectivePeriod": {"start": "2024-06-01"} | ({} if taken else {"end": "2025-06-01"}),
    }
    chart, _ = chart_of(problem("长期服用华法林"), statement)
    (course,) = chart.courses({Mechanism.VITAMIN_K_ANTAGONIST})
    assert course.active is taken


def test_a_code_for_long_use_is_one(chart_of: Reader) -> None:
    chart, _ = chart_of(problem("") | {"code": concept(ICD10CM, "Z79.83")})
    assert chart.doubts((Data.STATEMENTS,))


@pytest.mark.parametrize(
    ("taken", "text", "unread"),
    [
        ("阿仑膦酸钠片 70mg", "骨质疏松症（唑来膦酸治疗后）", False),  # of its class, which says as much
        ("阿仑膦酸钠片 70mg", "地舒单抗治疗后", True),  # whose gap decides
        (DRUG, "地舒单抗治疗后", False),
    ],
)
def test_what_the_medications_tell_too_leaves_nothing_open(chart_of: Reader, taken: str, text: str, *, unread: bool) -> None:
    statement = {
        "resourceType": "MedicationStatement",
        "id": "s",
        "status": "active",
        "subject": {"reference": "Patient/p"},
        "medicationCodeableConcept": concept(text=taken),
        "effectivePeriod": {"start": "2025-06-01"},
    }
    chart, _ = chart_of(problem(text), statement)
    assert bool(chart.doubts((Data.STATEMENTS,))) is unread


@pytest.mark.parametrize(
    ("text", "allergies"),
    [
        ("唑来膦酸过敏", [("zoledronate", None, False)]),
        ("双膦酸盐类药物过敏史", [(None, "bisphosphonate", False)]),
        ("Allergy status to bisphosphonates", [(None, "bisphosphonate", False)]),
        ("福善美不耐受", [("alendronate", None, True)]),
        ("否认唑来膦酸过敏史", []),
        ("过敏性鼻炎", []),
    ],
)
def test_an_allergy_among_the_problems_is_one(chart_of: Reader, text: str, allergies: list[Any]) -> None:
    chart, _ = chart_of(problem(text))
    assert [(a.drug.key if a.drug else None, a.mechanism, a.intolerance) for a in chart.allergies] == allergies
    assert not chart.doubts((Data.STATEMENTS,))


def test_an_allergy_that_is_resolved_is_none(chart_of: Reader) -> None:
    over = problem("唑来膦酸过敏", clinicalStatus={"coding": [{"code": "resolved"}]})
    chart, _ = chart_of(over)
    assert not chart.allergies


@pytest.mark.parametrize(
    ("code", "note", "told"),
    [
        ("药物过敏", "唑来膦酸致皮疹", True),
        ("其他", "唑来膦酸致皮疹", True),
        ("Drug allergy", "zoledronic acid: rash", True),
        ("药物过敏", "青霉素皮试阳性", False),
        ("药物过敏", "唑来膦酸可耐受", False),
        ("药物过敏", "无唑来膦酸过敏", False),
        ("青霉素", "唑来膦酸致皮疹", False),  # what it is an allergy to is said
    ],
)
@pytest.mark.parametrize("where", ["note", "reaction"])
def test_an_allergy_is_to_what_its_note_says_where_nothing_else_says_it(
    chart_of: Reader, where: str, code: str, note: str, *, told: bool
) -> None:
    more = {"note": [{"text": note}]} if where == "note" else {"reaction": [{"description": note}]}
    found = {"resourceType": "AllergyIntolerance", "id": "a", "patient": {"reference": "Patient/p"}, "code": concept(text=code)}
    chart, _ = chart_of(found | more)
    assert [a.drug.key for a in chart.allergies if a.drug] == (["zoledronate"] if told else [])


def test_an_infusion_that_is_written_like_one_for_bone_and_not_known_is_unread(chart_of: Reader) -> None:
    chart, _ = chart_of(procedure("因卡膦酸二钠 静滴"))
    assert chart.doubts((Data.PROCEDURES,))
    for other in ("氨甲环酸 静滴", "硬膜外腔糖皮质激素注射"):
        chart, _ = chart_of(procedure(other))
        assert not chart.doubts((Data.PROCEDURES,)), other
