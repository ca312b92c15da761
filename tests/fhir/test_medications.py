"""Drugs by code and by name, strengths that tell siblings apart, references, and orders being drafted."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cards.chart import Draft
from cards.words.phrases import name
from cds_service.fhir.reading.drugs import identify
from cds_service.fhir.reading.elements import Coding, Concept
from cds_service.fhir.reading.read import TERMINOLOGY
from tests.fhir.conftest import SNOMED, TODAY, WHO, Reader, concept, condition, medication

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
HCPCS = "http://terminology.hl7.org/CodeSystem/HCPCS-all-codes"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Alendronic acid 70 MG Oral Tablet", ["alendronate"]),
        ("福善美 70mg", ["alendronate"]),
        ("阿仑膦酸钠维D3片（福美加）", ["alendronate", "cholecalciferol"]),
        ("Fosamax Plus D 70 mg/5600 IU", ["alendronate", "cholecalciferol"]),
        ("密固达 5mg:100ml", ["zoledronate"]),
        ("Zometa", ["zoledronate-oncology"]),
        ("择泰 唑来膦酸 4mg", ["zoledronate-oncology"]),
        ("5 ML zoledronic acid 0.8 MG/ML Injection", ["zoledronate-oncology"]),
        ("100 ML zoledronic acid 0.05 MG/ML Injection", ["zoledronate"]),
        ("zoledronic acid 0.05 MG/ML", ["zoledronate"]),
        ("唑来膦酸注射液 4 mg/5 mL", ["zoledronate-oncology"]),
        ("Prolia", ["denosumab"]),
        ("denosumab-bbdz 60 mg/mL", ["denosumab"]),
        ("denosumab 120 mg", ["denosumab-oncology"]),
        ("1.7 ML denosumab 70 MG/ML Injection", ["denosumab-oncology"]),
        ("地舒单抗注射液（安加维）120mg", ["denosumab-oncology"]),
        ("地舒单抗注射液", ["denosumab"]),
        ("Boniva 3 mg/3 mL injection", ["ibandronate-iv"]),
        ("Boniva 150 mg tablet", ["ibandronate"]),
        ("复泰奥", ["teriparatide"]),
        ("palopegteriparatide (Yorvipath)", []),
        ("xalendronate", []),
        ("易维特", ["raloxifene"]),
        ("密盖息 鼻喷剂", ["calcitonin"]),
        ("碳酸钙D3片（钙尔奇D）", ["calcium", "cholecalciferol"]),
        ("atorvastatin calcium 20 mg", []),
        ("阿托伐他汀钙片 20mg", []),
        ("瑞舒伐他汀钙片", []),
        ("米格列奈钙片", []),
        ("羟苯磺酸钙片", []),
        ("亚叶酸钙片", []),
        ("mitiglinide calcium tablets", []),
        ("低分子肝素钙注射液", ["heparin"]),
        ("calcium 800 mg elemental tablet", ["calcium"]),
        ("维D钙咀嚼片", ["calcium", "cholecalciferol"]),
        ("Calcium D3 600 mg/400 IU", ["calcium", "cholecalciferol"]),
        ("Vit D3 1000 IU", ["cholecalciferol"]),
        ("amlodipine, a calcium channel blocker", []),
        ("ethinyl estradiol 0.03 mg / levonorgestrel", ["contraceptive-estrogen"]),
        ("estradiol vaginal cream", []),
        ("氢化可的松", ["hydrocortisone"]),
        ("氢化可的松乳膏", []),
        ("甲泼尼龙片", ["methylprednisolone"]),
        ("醋酸泼尼松片 5mg", ["prednisone"]),
        ("betamethasone 0.05 % topical cream", []),
        ("prednisolone acetate ophthalmic suspension", []),
        ("氟氢可的松", []),
    ],
)
def test_drugs_by_name(text: str, keys: list[str]) -> None:
    assert [d.key for d in identify(Concept(text=text), TERMINOLOGY).drugs] == keys


@pytest.mark.parametrize(
    ("system", "code", "display", "keys"),
    [
        (RXNORM, "904431", "", ["alendronate"]),
        ("urn:oid:2.16.840.1.113883.6.88", "904492", "", ["alendronate", "cholecalciferol"]),
        (ATC, "M05BX04", "denosumab", ["denosumab"]),
        (ATC, "M05BX04", "Xgeva 120 mg", ["denosumab-oncology"]),
        (ATC, "M05BA08", "zoledronic acid", ["zoledronate"]),
        (RXNORM, "351114", "", ["zoledronate-oncology"]),
        (RXNORM, "2693643", "teriparatide", []),
        (SNOMED, "446321003", "", ["denosumab"]),
        ("http://snomed.info/sct/900000000000207008/version/20240101", "446321003", "", ["denosumab"]),
        (ATC, "D07AC01", "betamethasone", []),
        (ATC, "H02AB06", "prednisolone", ["prednisolone"]),
        (RXNORM, "999999999", "risedronate sodium 35 MG", ["risedronate"]),
    ],
)
def test_drugs_by_code(system: str, code: str, display: str, keys: list[str]) -> None:
    found = identify(Concept((Coding(system, code, display or None),)), TERMINOLOGY)
    assert [d.key for d in found.drugs] == keys


@pytest.mark.parametrize(
    ("concept", "strength"),
    [
        (Concept((Coding(RXNORM, "904431"),)), 70),
        (Concept((Coding(RXNORM, "993456"),)), 60),
        (Concept(text="Prolia"), 60),
        (Concept(text="denosumab"), None),
        (Concept(text="特立帕肽 20微克"), 0.02),
    ],
)
def test_strength_by_product_code_name_or_brand(concept: Concept, strength: float | None) -> None:
    assert identify(concept, TERMINOLOGY).strength_mg == strength


def exposures(monkeypatch: pytest.MonkeyPatch, chart_of: Reader, *found: dict[str, Any], **more: Any) -> list[Any]:
    seen: list[Any] = []

    def keep(numbers: object, some: list[Any], *_: object) -> dict[str, Any]:
        seen.extend(some)
        return {}

    monkeypatch.setattr("cards.definitions.courses.build", keep)
    chart_of(*found, **more)
    return seen


def test_what_each_kind_of_record_says_of_time_supply_and_dose(monkeypatch: pytest.MonkeyPatch, chart_of: Reader) -> None:
    weekly = concept(RXNORM, "904431", "alendronic acid 70 MG Oral Tablet")
    request = medication(
        "MedicationRequest",
        weekly,
        id="1",
        intent="order",
        authoredOn="2025-03-01",
        dispenseRequest={"numberOfRepeatsAllowed": 2, "expectedSupplyDuration": {"value": 4, "code": "wk"}},
    )
    statement = medication("MedicationStatement", weekly, id="2", effectivePeriod={"start": "2020", "end": "2024-05"})
    dispense = medication("MedicationDispense", weekly, id="3", whenHandedOver="2025-10-01", daysSupply={"value": 84})
    given = medication(
        "MedicationAdministration",
        concept(ATC, "M05BX04"),
        id="4",
        effectiveDateTime="2025-09-30T20:00:00Z",
        dosage={"dose": {"value": 60, "unit": "mg"}},
    )
    found = {e.kind: e for e in exposures(monkeypatch, chart_of, request, statement, dispense, given)}
    assert (found["request"].start, found["request"].supply_days, found["request"].strength_mg) == (date(2025, 3, 1), 84, 70)
    assert (found["statement"].start, found["statement"].end) == (date(2020, 1, 1), date(2024, 5, 1))
    assert (found["dispense"].start, found["dispense"].supply_days) == (date(2025, 10, 1), 84)
    assert (found["administration"].start, found["administration"].strength_mg) == (date(2025, 10, 1), 60)


def test_a_dose_of_4_mg_makes_zoledronate_oncologic(monkeypatch: pytest.MonkeyPatch, chart_of: Reader) -> None:
    dose = {"dose": {"value": "4", "unit": "mg"}}
    given = medication("MedicationAdministration", concept(ATC, "M05BA08"), effectiveDateTime="2025-09-30", dosage=dose)
    assert [e.drug.key for e in exposures(monkeypatch, chart_of, given)] == ["zoledronate-oncology"]


def test_inhaled_by_route(monkeypatch: pytest.MonkeyPatch, chart_of: Reader) -> None:
    inhaled = medication("MedicationStatement", concept(text="dexamethasone"), dosage=[{"route": {"text": "inhalation"}}])
    assert exposures(monkeypatch, chart_of, inhaled) == []


def test_proposals_are_no_exposure(monkeypatch: pytest.MonkeyPatch, chart_of: Reader) -> None:
    found = medication("MedicationRequest", concept(text="alendronate"), intent="proposal")
    assert exposures(monkeypatch, chart_of, found) == []


def test_references_are_followed_or_named(monkeypatch: pytest.MonkeyPatch, chart_of: Reader) -> None:
    product = {"resourceType": "Medication", "id": "z", "code": concept(text="Reclast 5 mg/100 mL")}
    by_reference = medication("MedicationRequest", {}, id="1", medicationReference={"reference": "Medication/z"})
    contained = medication("MedicationRequest", {}, id="2", medicationReference={"reference": "#z"}, contained=[product])
    by_urn = medication("MedicationRequest", {}, id="3", medicationReference={"reference": "urn:uuid:z"})
    for resource in (by_reference, contained, by_urn):
        del resource["medicationCodeableConcept"]
    found = exposures(monkeypatch, chart_of, by_reference, contained, by_urn, product)
    assert [e.drug.key for e in found] == ["zoledronate"] * 3
    chart, _ = chart_of(by_reference)
    assert [(u.data, u.why) for u in chart.unread] == [("medications", "unresolved-reference")]


@pytest.mark.parametrize(
    ("code", "text", "key"),
    [
        ("J0897", "Injection, denosumab, 1 mg", "denosumab"),
        ("J3489", "Injection, zoledronic acid, 1 mg", "zoledronate"),
        ("J3489", "Zometa 4 mg", "zoledronate-oncology"),
        ("J1740", "", "ibandronate-iv"),
    ],
)
def test_a_procedure_code_says_that_a_drug_was_given(
    monkeypatch: pytest.MonkeyPatch, chart_of: Reader, code: str, text: str, key: str
) -> None:
    procedure = {
        "resourceType": "Procedure",
        "id": "j",
        "status": "completed",
        "code": concept(HCPCS, code, text=text),
        "subject": {"reference": "Patient/p"},
        "performedDateTime": "2025-08-01",
    }
    (found,) = exposures(monkeypatch, chart_of, procedure)
    assert (found.drug.key, found.kind, found.start) == (key, "administration", date(2025, 8, 1))


# -- drafts -----------------------------------------------------------------------------------------------------------


def test_a_draft_as_the_sandbox_sends_it(chart_of: Reader) -> None:
    draft = {
        "resourceType": "MedicationRequest",
        "id": "request-123",
        "status": "draft",
        "category": {"coding": [{"code": "outpatient"}]},
        "medicationCodeableConcept": concept(RXNORM, "904431", text="alendronic acid 70 MG Oral Tablet"),
        "dosageInstruction": [{"doseAndRate": [{"doseQuantity": {"value": 1, "code": "{pill}"}}]}],
        "subject": {"reference": "Patient/p"},
    }
    (found,) = chart_of(drafts=(draft,))[0].drafts
    assert (found.id, found.drug and found.drug.key, found.strength_mg) == ("MedicationRequest/request-123", "alendronate", 70)


def test_a_draft_of_a_pack_is_one_for_each_drug_in_it_and_named_as_a_whole(chart_of: Reader) -> None:
    pack = medication("MedicationRequest", concept(ATC, "M05BB02", text="risedronic acid 35 mg and calcium 500 mg"), id="7")
    first, second = chart_of(drafts=(pack,))[0].drafts
    assert [(each.id, each.drug and each.drug.key) for each in (first, second)] == [
        ("MedicationRequest/7", "risedronate"),
        ("MedicationRequest/7", "calcium"),
    ]
    assert name(first, "en") == name(second, "en") == "risedronate + calcium"
    chart = chart_of(drafts=(pack,))[0]
    assert [draft.id for draft in chart.with_draft(Draft("other"), (second,)).drafts] == ["other"]


def test_drafts_that_are_none_of_ours_or_lead_nowhere(chart_of: Reader) -> None:
    empty = {"resourceType": "MedicationRequest", "id": "a", "status": "draft"}
    foreign = medication("MedicationRequest", concept(text="amoxicillin"), id="b")
    lost = {"resourceType": "MedicationRequest", "id": "c", "medicationReference": {"reference": "Medication/gone"}}
    service = {"resourceType": "ServiceRequest", "id": "d", "code": concept("http://loinc.org", "38268-9")}
    other = medication("MedicationRequest", concept(text="alendronate"), id="e", subject={"reference": "Patient/q"})
    found = chart_of(drafts=(empty, foreign, lost, service, other))[0].drafts
    assert [(d.id[-1], d.drug, d.service, d.unidentified) for d in found] == [
        ("a", None, "", True),
        ("b", None, "", False),
        ("c", None, "", True),
        ("e", None, "", True),
        ("d", None, "dxa", False),
    ]
    assert [d.id[-1] for d in found if d.other_patient] == ["e"]


def test_only_selected_drafts_count_and_a_draft_on_record_is_no_exposure(
    monkeypatch: pytest.MonkeyPatch, chart_of: Reader
) -> None:
    one = medication("MedicationRequest", concept(text="alendronate 70 mg"), id="1")
    two = medication("MedicationRequest", concept(text="denosumab"), id="2")
    chart, _ = chart_of(one, two, drafts=(one, two), selected=frozenset({"MedicationRequest/2"}))
    assert [d.id for d in chart.drafts] == ["MedicationRequest/2"]
    assert exposures(monkeypatch, chart_of, one, drafts=(one, two)) == []


def test_a_draft_s_reason_and_start(chart_of: Reader) -> None:
    draft = medication(
        "MedicationRequest",
        concept(text="denosumab 120 mg"),
        reasonCode=[concept(WHO, "C79.5")],
        reasonReference=[{"reference": "Condition/c"}],
        dispenseRequest={"validityPeriod": {"start": "2026-02-01"}},
    )
    (found,) = chart_of(condition(concept(WHO, "M81.9")), drafts=(draft,))[0].drafts
    assert found.drug is not None
    assert (found.drug.key, found.start) == ("denosumab-oncology", date(2026, 2, 1))
    assert found.reasons == {"bone-metastasis", "osteoporosis"}


# -- allergies and services -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "more", "expected"),
    [
        (concept(text="双膦酸盐类过敏"), {}, [("", "bisphosphonate", False, False)]),
        (concept(RXNORM, "46041"), {"criticality": "high"}, [("alendronate", "", False, True)]),
        (concept(text="Prolia"), {"type": "intolerance"}, [("denosumab", "", True, False)]),
        (
            concept(text="teriparatide"),
            {"reaction": [{"manifestation": [concept(SNOMED, "39579001")]}]},
            [("teriparatide", "", False, True)],
        ),
        (concept(text="No known allergy to alendronate"), {}, []),
        (concept(text="alendronate"), {"verificationStatus": {"coding": [{"code": "refuted"}]}}, []),
        (concept(text="alendronate"), {"clinicalStatus": {"coding": [{"code": "resolved"}]}}, []),
        (concept(text="shellfish"), {}, []),
    ],
)
def test_allergies(chart_of: Reader, code: dict[str, Any], more: dict[str, Any], expected: list[Any]) -> None:
    found = {"resourceType": "AllergyIntolerance", "id": "a", "patient": {"reference": "Patient/p"}, "code": code, **more}
    chart, _ = chart_of(found)
    told = [(a.drug.key if a.drug else "", a.mechanism or "", a.intolerance, a.severe) for a in chart.allergies]
    assert told == expected


ORDER = {"resourceType": "ServiceRequest", "status": "active"}
DONE = {"resourceType": "Procedure", "status": "completed"}
REPORT = {"resourceType": "DiagnosticReport", "status": "final"}
STUDY = {"resourceType": "ImagingStudy", "status": "available"}


@pytest.mark.parametrize(
    ("resource", "key", "done"),
    [
        (ORDER | {"code": concept("http://loinc.org", "38268-9")}, "dxa", False),
        (ORDER | {"code": concept(text="双能X线骨密度检查")}, "dxa", False),
        (DONE | {"code": concept(SNOMED, "312681000")}, "dxa", True),
        (REPORT | {"code": concept(text="腰椎MRI平扫")}, "spine-mri", True),
        (REPORT | {"code": concept(text="胸腰椎正侧位片")}, "vertebral-imaging", True),
        (STUDY | {"description": "Lumbar spine X-ray"}, "vertebral-imaging", True),
    ],
)
def test_services(chart_of: Reader, resource: dict[str, Any], key: str, done: bool) -> None:
    chart, _ = chart_of(resource | {"id": "s", "subject": {"reference": "Patient/p"}})
    assert [(s.key, s.done) for some in chart.services.values() for s in some] == [(key, done)]


def test_no_service_by_ultrasound_or_when_not_done(chart_of: Reader) -> None:
    heel = {"resourceType": "Procedure", "id": "1", "status": "completed", "code": concept(text="跟骨超声骨密度")}
    planned = {"resourceType": "Procedure", "id": "2", "status": "preparation", "code": concept(SNOMED, "312681000")}
    assert not chart_of(heel, planned)[0].services


@pytest.mark.parametrize(("day", "on_dialysis"), [("2025-12-20", True), ("2025-01-20", False)])
def test_dialysis_of_the_last_90_days(chart_of: Reader, day: str, on_dialysis: bool) -> None:
    session = {"resourceType": "Procedure", "id": "d", "status": "completed", "code": concept(SNOMED, "302497006")}
    chart, _ = chart_of(session | {"performedDateTime": day})
    assert ("dialysis" in chart.problems) is on_dialysis
    assert chart.today == TODAY
