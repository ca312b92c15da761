"""Each resource ends as used, set aside, unread or not ours; an order that is written as checked, not ours or said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cards.chart import Chart, Hook
from cds_service.fhir.reading.read import read
from tests.fhir.conftest import LOINC, SNOMED, TODAY, ZONE, Reader, concept, condition, medication, observation, patient

LOCAL = "urn:hospital:codes"
ATC = "http://www.whocc.no/atc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"

Resource = dict[str, Any]


def whys(chart: Chart) -> list[tuple[str, str]]:
    return [(unread.data.value, unread.why) for unread in chart.unread]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ({}, "no-name"),
        (concept(LOCAL, "4711"), "local-code"),
        (concept(LOCAL, "4711", "4711"), "local-code"),
        (concept(RXNORM, "999999999"), "unknown-code"),
        (concept(ATC, "M05BA99"), "not-understood"),
        (concept(text="a bisphosphonate"), "not-understood"),
        (concept(text="双膦酸盐类"), "not-understood"),
        (concept(text="Alendronat natr. 70"), "not-understood"),
        (concept(LOCAL, "4711", "Zoledronsäure 5 mg"), "not-understood"),
        (concept(text="acide zolédronique"), "not-understood"),
        (concept(text="denosumb 60"), "not-understood"),
        (concept(text="RALOXIFENO 60"), "not-understood"),
        (concept(text="地舒单克隆抗体"), "not-understood"),
        (concept(text="坐来膦酸注射液"), "not-understood"),
        (concept(text="calcitonin gene-related peptide antagonist"), ""),
        (concept(text="膦甲酸钠"), ""),
        (concept(text="minoxidil"), ""),
        (concept(text="米诺环素"), ""),
        (concept(text="阿巴卡韦"), ""),
        (concept(LOCAL, "4711", "metoprolol 50 mg"), ""),
        (concept(ATC, "C07AB02"), ""),
        (concept(text="budesonide inhaler"), ""),
        (concept(LOCAL, "4711", text="美托洛尔"), ""),
    ],
)
def test_a_medication_that_nobody_knows_is_unread_unless_it_is_named(code: Resource, why: str, chart_of: Reader) -> None:
    chart, trace = chart_of(medication("MedicationRequest", code, intent="order"))
    assert whys(chart) == ([("medications", why)] if why else [])
    assert trace.unread == ({f"medications, {why}": 1} if why else {})


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (concept(LOINC, "0000-0"), "work-up, unknown-code"),
        (concept(LOCAL, "CRE", "肌酐(酶法)"), "renal, not-understood"),
        (concept(LOCAL, "DXA1", "腰椎 T值"), "bone-density, not-understood"),
        (concept(LOCAL, "X1", "尿肌酐"), ""),
        (concept(LOINC, "8867-4", "Heart rate"), ""),
        (concept(LOINC, "2345-7", "Glucose [Mass/volume] in Serum"), ""),
        (concept(text="glucose"), ""),
    ],
)
def test_a_result_that_nobody_knows_is_unread_unless_it_is_named(code: Resource, why: str, chart_of: Reader) -> None:
    _, trace = chart_of(observation("x", 3, "mmol/L") | {"code": code})
    assert trace.unread == ({why: 1} if why else {})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("osteoporsis", "not-understood"),
        ("骨质酥松症", "not-understood"),
        ("Paget病", "not-understood"),
        ("T12楔形变", "not-understood"),
        ("L1压缩性改变", "not-understood"),
        ("PE", "not-understood"),
        ("AFF", "not-understood"),
        ("MM", "not-understood"),
        ("急性冠脉综合征", "not-understood"),
        ("乳头Paget病", ""),
        ("Paget disease of the nipple", ""),
        ("考虑MM", "not-understood"),
        ("Pulmonary nodule, 8 mm", ""),
        ("PE tubes", ""),
        ("Mammary Paget disease", ""),
        ("no osteoporosis", ""),
        ("pericarditis", ""),
        ("hypertension", ""),
    ],
)
def test_a_problem_that_may_be_one_of_ours_is_unread(text: str, why: str, chart_of: Reader) -> None:
    assert whys(chart_of(condition(concept(text=text)))[0]) == ([("conditions", why)] if why else [])


def test_what_says_nothing_of_the_patient_is_not_unread(chart_of: Reader) -> None:
    nameless = condition({})
    gone = medication("MedicationRequest", {}, status="entered-in-error")
    chart, _ = chart_of(nameless | {"subject": {"reference": "Patient/q"}}, gone)
    assert whys(chart) == []
    assert whys(chart_of(nameless)[0]) == [("conditions", "no-name")]


def test_what_is_unread_is_told_with_code_system_and_text(chart_of: Reader) -> None:
    chart, trace = chart_of(observation("x", 3) | {"code": concept(LOCAL, "CRE", "肌酐")}, full=True)
    (unread,) = chart.unread
    assert (unread.system, unread.code, unread.text) == (LOCAL, "CRE", "肌酐")
    assert [line.detail for line in trace.lines or () if line.outcome == "unread"] == [f"{LOCAL} CRE 肌酐"]


def test_an_allergy_to_nobody_knows_what_is_unread(chart_of: Reader) -> None:
    allergy = {"resourceType": "AllergyIntolerance", "id": "a", "patient": {"reference": "Patient/p"}}
    assert whys(chart_of(allergy | {"code": concept(LOCAL, "77")})[0]) == [("allergies", "local-code")]
    assert whys(chart_of(allergy | {"code": concept(text="peanut")})[0]) == []


# -- references -------------------------------------------------------------------------------------------------------


def pointing(**reference: str) -> Resource:
    found = medication("MedicationRequest", {}, intent="order", medicationReference=reference)
    del found["medicationCodeableConcept"]
    return found


def test_a_reference_that_leads_nowhere_is_unread_unless_its_display_names_it(chart_of: Reader) -> None:
    assert whys(chart_of(pointing(reference="Medication/z"))[0]) == [("medications", "unresolved-reference")]
    assert whys(chart_of(pointing(reference="Medication/z", display="metoprolol"))[0]) == []
    assert "alendronate" in chart_of(pointing(reference="Medication/z", display="alendronate 70 mg"))[0].drug_courses


# -- whose, and which -------------------------------------------------------------------------------------------------


def entry(resource: Resource, url: str = "") -> Resource:
    return {"resource": resource} | ({"fullUrl": url} if url else {})


def told(chart_of: Reader, *entries: Resource, **more: Any) -> Chart:
    return chart_of({"resourceType": "Bundle", "type": "collection", "entry": list(entries)}, **more)[0]


OSTEOPOROSIS = condition(concept("http://hl7.org/fhir/sid/icd-10", "M81.0"))
PAGET = condition(concept("http://hl7.org/fhir/sid/icd-10", "M88.9"))


def test_equal_ids_of_different_full_urls_are_two_resources(chart_of: Reader) -> None:
    one, two = (f"https://{host}.example.org/fhir/Condition/c" for host in ("a", "b"))
    both = told(chart_of, entry(OSTEOPOROSIS, one), entry(PAGET, two))
    assert {"osteoporosis", "paget"} <= both.problems.keys()
    same = told(chart_of, entry(OSTEOPOROSIS, one), entry(PAGET, one))
    assert len(same.problems) == 1


@pytest.mark.parametrize(
    ("subject", "ours"),
    [
        ({"reference": "https://ehr.example.org/fhir/Patient/p"}, True),
        ({"reference": "http://EHR.example.org/fhir/Patient/p"}, True),
        ({"reference": "https://other.example.org/fhir/Patient/p"}, False),
        ({"identifier": {"system": "urn:mrn", "value": "1"}}, True),
        ({"identifier": {"system": "urn:mrn", "value": "2"}}, False),
        ({"identifier": {"system": "urn:other", "value": "1"}}, False),
        ({"display": "Zhang"}, True),
    ],
)
def test_whose_a_subject_is(subject: Resource, ours: bool) -> None:
    person = patient(identifier=[{"system": "urn:mrn", "value": "1"}])
    entries = [entry(person, "https://ehr.example.org/fhir/Patient/p"), entry(OSTEOPOROSIS | {"subject": subject})]
    given = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
    chart, _ = read([given], patient_id="p", today=TODAY, zone=ZONE)
    assert (chart.problem("osteoporosis") is not None) is ours
    assert [aside.reason for aside in chart.set_aside] == ([] if ours else ["other-patient"])


# -- drafts -----------------------------------------------------------------------------------------------------------


def draft(code: Resource, **more: Any) -> Resource:
    return medication("MedicationRequest", code, status="draft", intent="order", **more)


ALENDRONATE = draft(concept(text="alendronate 70 mg"), id="1")


def test_a_draft_never_hides_a_stored_order(chart_of: Reader) -> None:
    stored = medication("MedicationRequest", concept(text="denosumab 60 mg"), id="1", intent="order", authoredOn="2025-12-01")
    assert "denosumab" in chart_of(stored, drafts=(ALENDRONATE,))[0].drug_courses
    filed = ALENDRONATE | {"status": "active", "authoredOn": "2025-12-01"}
    assert chart_of(filed, drafts=(filed | {"status": "draft"},))[0].drug_courses == {}


def test_another_patients_draft_is_said_and_not_judged(chart_of: Reader) -> None:
    other = {"subject": {"reference": "Patient/q"}}
    (found,) = chart_of(drafts=(ALENDRONATE | other,))[0].drafts
    assert (found.other_patient, found.unidentified, found.drug) == (True, True, None)
    assert chart_of(drafts=(draft(concept(text="metoprolol")) | other,))[0].drafts == ()


@pytest.mark.parametrize(
    ("code", "unidentified"),
    [(concept(LOCAL, "4711"), True), (concept(LOCAL, "4711", "metoprolol"), False), ({}, True), (concept(SNOMED, "1"), True)],
)
def test_a_draft_without_a_readable_drug_is_said(code: Resource, unidentified: bool, chart_of: Reader) -> None:
    (found,) = chart_of(drafts=(draft(code),))[0].drafts
    assert found.unidentified is unidentified


def test_before_a_drug_is_chosen_an_empty_form_is_no_order(chart_of: Reader) -> None:
    form = draft({})
    del form["medicationCodeableConcept"]
    (found,) = chart_of(drafts=(form,), hook=Hook.ORDER_SELECT)[0].drafts
    assert not found.unidentified


def test_two_drafts_of_one_id_are_both_judged_and_neither_can_be_named(chart_of: Reader) -> None:
    denosumab = draft(concept(text="denosumab 60 mg"), id="1")
    found = chart_of(drafts=(ALENDRONATE, denosumab))[0].drafts
    assert sorted(each.drug.key for each in found if each.drug) == ["alendronate", "denosumab"]
    assert [(each.repeated, each.addressable) for each in found] == [(True, False)] * 2
    assert len(chart_of(drafts=(ALENDRONATE, dict(ALENDRONATE)))[0].drafts) == 1


@pytest.mark.parametrize(("name", "addressable"), [("1", True), ("a b", False), ("", False), ("x" * 65, False)])
def test_only_a_draft_with_an_id_can_be_named(name: str, addressable: bool, chart_of: Reader) -> None:
    bare = {key: value for key, value in (ALENDRONATE | {"id": name}).items() if value != ""}
    (found,) = chart_of(drafts=(bare,))[0].drafts
    assert found.addressable is addressable


def test_where_the_selection_names_no_draft_all_are_judged(chart_of: Reader) -> None:
    for selected in (frozenset({"MedicationRequest/9"}), frozenset[str]()):
        assert len(chart_of(drafts=(ALENDRONATE,), selected=selected)[0].drafts) == 1


@pytest.mark.parametrize("more", [{"status": "cancelled"}, {"doNotPerform": True}])
def test_what_is_no_order_is_none_of_ours(more: Resource, chart_of: Reader) -> None:
    chart, trace = chart_of(drafts=(ALENDRONATE | more,))
    assert chart.drafts == ()
    assert trace.not_ours.total() == 1


def test_what_is_no_resource_is_said(chart_of: Reader) -> None:
    (found,) = chart_of(drafts=({"id": "x"},))[0].drafts
    assert found.unidentified
