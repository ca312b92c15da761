"""Observations: units, comparators, dates, sites, and why a value is left out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cards.definitions.density import lowest_t
from cards.vocabulary import Site
from tests.fhir.conftest import LOINC, SNOMED, Reader, concept, observation


@pytest.mark.parametrize(
    ("code", "value", "unit", "key", "expected"),
    [
        ("62292-8", 45, "nmol/L", "vitamin-d", 18.03),
        ("14635-7", 18, "ng/mL", "vitamin-d", 18),
        ("1989-3", 18, "ug/L", "vitamin-d", 18),
        ("41171-0", 0.45, "ng/mL", "ctx", 450),
        ("41171-0", 450, "ng/L", "ctx", 450),
        ("41171-0", 0.45, "μg/L", "ctx", 450),
        ("77370-5", 40, "ng/mL", "p1np", 40),
        ("2160-0", 88.4, "umol/L", "creatinine", 1.0),
        ("2160-0", 88.4, "μmol/L", "creatinine", 1.0),
        ("14682-9", 88.4, "µmol/l", "creatinine", 1.0),
        ("38483-4", "1.10", "mg/dL", "creatinine", 1.1),
        ("62238-1", 48, "mL/min/{1.73_m2}", "egfr", 48),
        ("62238-1", 48, "ml/min/1.73m²", "egfr", 48),
        ("33914-3", 48, "mL/min", "egfr", 48),
        ("2000-8", 2.12, "mmol/L", "calcium", 8.497),
        ("29265-6", 2.12, "mmol/L", "calcium-corrected", 8.497),
        ("1994-3", 4.8, "mg/dL", "calcium-ionized", 1.198),
        ("1751-7", 38, "g/L", "albumin", 3.8),
        ("8302-2", 1.58, "m", "height", 158),
        ("8302-2", 62, "[in_i]", "height", 157.48),
        ("24966-4", 812, "mg/cm2", "bmd", 0.812),
        ("777-3", 210, "10*9/L", "platelets", 210),
        ("6301-6", 1.6, "", "inr", 1.6),
    ],
)
def test_units_convert_to_the_one_the_rules_reckon_in(
    chart_of: Reader, code: str, value: float, unit: str, key: str, expected: float
) -> None:
    chart, _ = chart_of(observation(code, value, unit))
    found = chart.newest(key)
    assert found is not None
    assert found.value == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("unit", ["{T-score}", "{Tscore}", "1", "T-Score", "", "SD"])
def test_t_scores_come_in_many_spellings(chart_of: Reader, unit: str) -> None:
    chart, _ = chart_of(observation("38267-1", -2.8, unit))
    found = chart.newest("t-score")
    assert found is not None
    assert (found.value, found.site) == (-2.8, Site.LUMBAR_SPINE)


def test_the_record_s_own_writing_is_kept(chart_of: Reader) -> None:
    ranges = [{"low": {"value": 50}, "high": {"value": 250, "unit": "nmol/L"}}]
    chart, _ = chart_of(observation("62292-8", 45, "nmol/L", referenceRange=ranges, method={"text": "LC-MS/MS"}))
    found = chart.newest("vitamin-d")
    assert found is not None
    assert (found.given, found.method) == ("45 nmol/L", "LC-MS/MS")
    assert found.low == pytest.approx(20.03, rel=1e-3)
    assert found.high == pytest.approx(100.2, rel=1e-3)


@pytest.mark.parametrize(
    ("more", "comparator", "value"),
    [
        ({"valueQuantity": {"value": 8, "comparator": "<", "unit": "ng/mL"}}, "<", 8),
        ({"valueString": "<8 ng/mL"}, "<", 8),
        ({"valueString": "≥ 100 ng/mL"}, ">=", 100),
    ],
)
def test_comparators_are_kept(chart_of: Reader, more: dict[str, Any], comparator: str, value: float) -> None:
    chart, _ = chart_of(observation("62292-8", **more))
    found = chart.newest("vitamin-d")
    assert found is not None
    assert (found.comparator, found.value) == (comparator, value)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"valueQuantity": {"value": 45, "unit": "furlongs"}}, "unit-unknown"),
        ({"valueQuantity": {"value": 45, "unit": "nmol/L", "code": "ng/mL"}}, "unit-unknown"),
        ({"valueQuantity": {"value": 45}}, "no-unit"),
        ({"valueQuantity": {"value": 45, "unit": "ng/mL"}, "status": "preliminary"}, "status"),
        ({"valueQuantity": {"value": 45, "unit": "ng/mL"}, "effectiveDateTime": "2026-01-16"}, "future"),
        ({"valueQuantity": {"value": 4500, "unit": "ng/mL"}}, "implausible"),
        ({}, "no-value"),
        ({"valueString": "see comment"}, "unreadable"),
        ({"valueString": "1,250 ng/mL"}, "unreadable"),
        ({"valueQuantity": {"value": "4,5", "unit": "ng/mL"}}, "unreadable"),
        ({"valueQuantity": {"value": 45, "unit": "ng/mL"}, "effectiveDateTime": "last week"}, "no-date"),
        ({"valueQuantity": {"value": {"secret": 1}, "unit": "ng/mL"}}, "unreadable"),
        ({"valueQuantity": {"value": 45, "unit": "ng/mL"}, "subject": {"reference": "Patient/other"}}, "other-patient"),
    ],
)
def test_what_cannot_be_used_is_set_aside_with_its_reason(chart_of: Reader, changed: dict[str, Any], reason: str) -> None:
    chart, trace = chart_of(observation("62292-8", **changed))
    assert chart.newest("vitamin-d") is None
    assert [(s.reason, s.key) for s in chart.set_aside] == [(reason, "vitamin-d")]
    assert trace.set_aside == {reason: 1}
    assert "secret" not in chart.set_aside[0].detail


def test_a_broken_code_beside_a_sound_one_spoils_nothing(chart_of: Reader) -> None:
    broken = observation("2160-0", 1.0, "mg/dL")
    broken["code"]["coding"].append({"system": LOINC, "code": 5})
    chart, _ = chart_of(broken, observation("62292-8", 30, "ng/mL"))
    assert chart.newest("creatinine") is not None
    assert chart.newest("vitamin-d") is not None


FOREARM = "38265-5"
HIP = "38264-8"
FEMUR = "38263-0"


@pytest.mark.parametrize(
    ("code", "text", "body_site", "site"),
    [
        (FOREARM, "DXA [T-score] Bone density", None, Site.DISTAL_RADIUS),
        (FOREARM, "DXA Radius and Ulna [T-score] Bone density", None, Site.FOREARM),
        (FOREARM, "", None, Site.FOREARM),
        (FOREARM, "", concept(text="Left 1/3 radius"), Site.DISTAL_RADIUS),
        (FOREARM, "", concept(text="33% radius"), Site.DISTAL_RADIUS),
        (FOREARM, "桡骨远端1/3 T值", None, Site.DISTAL_RADIUS),
        (FOREARM, "DXA [T-score] Bone density", concept(text="ultradistal radius"), Site.FOREARM),
        (HIP, "", None, Site.TOTAL_HIP),
        (HIP, "", concept(SNOMED, "29627003"), Site.FEMORAL_NECK),
        (HIP, "左股骨颈", None, Site.FEMORAL_NECK),
        (FEMUR, "DXA Femur-L T-score BMD", None, Site.FEMUR),
        (FEMUR, "Femur total", None, Site.TOTAL_HIP),
        (FEMUR, "Femoral neck", None, Site.FEMORAL_NECK),
        (FEMUR, "Ward triangle", None, Site.HIP_REGION),
        ("38266-3", "", None, Site.HEEL),
        ("38267-1", "", None, Site.LUMBAR_SPINE),
    ],
)
def test_the_site_of_a_t_score(chart_of: Reader, code: str, text: str, body_site: object, site: Site) -> None:
    found = observation(code, -2.6, "{T-score}", code=concept(LOINC, code, text=text))
    if body_site:
        found["bodySite"] = body_site
    chart, _ = chart_of(found)
    assert chart.measured["t-score"][0].site is site
    assert [s.reason for s in chart.set_aside] == (["site-unclear"] if site in (Site.HIP_REGION, Site.FOREARM) else [])


@pytest.mark.parametrize(("value", "aside"), [(-2.5, []), (-2.4, ["site-unclear"])])
def test_a_t_score_of_the_femur_without_a_region_counts_where_it_is_low(
    chart_of: Reader, value: float, aside: list[str]
) -> None:
    chart, _ = chart_of(observation(FEMUR, value, "{T-score}"))
    assert [s.reason for s in chart.set_aside] == aside
    assert (lowest_t(chart) is not None) is (not aside)


def test_that_of_a_region_that_never_counts_does_not(chart_of: Reader) -> None:
    chart, _ = chart_of(observation(FEMUR, -3.0, "{T-score}", code=concept(LOINC, FEMUR, text="Ward triangle")))
    assert lowest_t(chart) is None


def test_a_panel_gives_its_components(chart_of: Reader) -> None:
    parts = [
        {"code": concept(LOINC, "24966-4"), "valueQuantity": {"value": 0.75, "unit": "g/cm2"}},
        {"code": concept(LOINC, "38267-1"), "valueQuantity": {"value": -3.1}},
        {"code": concept(LOINC, "85394-5"), "valueQuantity": {"value": -1.2}},
    ]
    chart, _ = chart_of(observation("83311-1", component=parts))
    assert {key: values[0].value for key, values in chart.measured.items()} == {"bmd": 0.75, "t-score": -3.1, "z-score": -1.2}


def test_newest_first_by_date_then_time_then_issued(chart_of: Reader) -> None:
    values = [
        observation("2160-0", 1.0, "mg/dL", on="2025-12-01T08:00:00+08:00", id="a"),
        observation("2160-0", 1.1, "mg/dL", on="2025-12-01T16:00:00+08:00", id="b"),
        observation("2160-0", 1.2, "mg/dL", on="2025-12-01T16:00:00+08:00", id="c", issued="2025-12-02T09:00:00Z"),
        observation("2160-0", 0.9, "mg/dL", on="2025-11", id="d"),
    ]
    chart, _ = chart_of(*values)
    assert [m.value for m in chart.values("creatinine")] == [1.2, 1.1, 1.0, 0.9]
    assert chart.values("creatinine")[-1].when == date(2025, 11, 1)


def test_smoking_is_what_the_newest_status_says(chart_of: Reader) -> None:
    daily = concept(SNOMED, "449868002")
    former = concept(SNOMED, "8517006", "Ex-smoker")
    for earlier, later, smokes in ((former, daily, True), (daily, former, False)):
        chart, _ = chart_of(
            observation("72166-2", on="2020-01-01", valueCodeableConcept=earlier),
            observation("72166-2", valueCodeableConcept=later),
        )
        assert ("smoking" in chart.problems) is smokes


def test_codings_that_disagree_are_told(chart_of: Reader) -> None:
    code = {"coding": [{"system": LOINC, "code": "2160-0"}, {"system": LOINC, "code": "17861-6"}]}
    chart, _ = chart_of(observation("2160-0", 1.0, "mg/dL", code=code))
    assert [s.reason for s in chart.set_aside] == ["codings-disagree"]


@pytest.mark.parametrize(
    ("answer", "pregnant"),
    [
        ({"valueString": "阳性"}, True),
        ({"valueString": "阳性(+)"}, True),
        ({"valueString": "+"}, True),
        ({"valueString": "弱阳性"}, True),
        ({"valueString": "Positive"}, True),
        ({"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": "10828004"}]}}, True),
        ({"valueString": "阴性"}, False),
        ({"valueString": "阴性(-)"}, False),
        ({"valueString": "not detected"}, False),
        ({"valueString": "阳性/阴性"}, False),
        ({"valueQuantity": {"value": 2.1, "unit": "mIU/mL"}}, False),
        ({"valueString": "阳性", "status": "preliminary"}, False),
    ],
)
@pytest.mark.parametrize("name", [{"text": "尿HCG定性"}, {"coding": [{"system": LOINC, "code": "2106-3"}]}])
def test_a_positive_pregnancy_test_tells_of_a_pregnancy(
    chart_of: Reader, name: dict[str, Any], answer: dict[str, Any], *, pregnant: bool
) -> None:
    found = {"resourceType": "Observation", "id": "o", "status": "final", "code": name, "subject": {"reference": "Patient/p"}}
    chart, _ = chart_of(found | {"effectiveDateTime": "2025-12-20"} | answer)
    assert ("pregnancy" in chart.problems) is pregnant
