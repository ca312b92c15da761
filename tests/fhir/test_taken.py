"""Medications that are there (reading contract, section 3), and dates that are intervals (section 4)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cards.chart import Exposure
from cards.definitions import courses
from tests.fhir.conftest import WHO, Reader, concept, condition, medication, observation

Resource = dict[str, Any]

ALENDRONATE = concept(text="alendronate 70 mg")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, chart_of: Reader) -> Any:
    """The exposures that the reader hands on."""

    def told(*resources: Resource) -> list[Exposure]:
        seen: list[Exposure] = []
        monkeypatch.setattr(courses, "build", lambda numbers, exposures, *_: seen.extend(exposures) or {})
        chart_of(*resources)
        return seen

    return told


@pytest.mark.parametrize("intent", ["order", "original-order", "reflex-order", "filler-order", "instance-order"])
def test_these_intents_are_orders(intent: str, told: Any) -> None:
    assert [e.kind for e in told(medication("MedicationRequest", ALENDRONATE, intent=intent))] == ["request"]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"intent": "plan", "status": "active"}, "statement"),
        ({"intent": "plan", "status": "completed"}, "statement"),
        ({"intent": "plan", "status": "draft", "reportedBoolean": True}, "statement"),
        ({"intent": "plan", "status": "on-hold", "reportedReference": {"reference": "Patient/p"}}, "statement"),
        ({"intent": "plan", "status": "draft"}, ""),
        ({"intent": "proposal", "status": "active"}, ""),
        ({"intent": "option", "status": "active"}, ""),
        ({"intent": "plan", "status": "active", "doNotPerform": True}, ""),
    ],
)
def test_a_plan_that_is_reported_or_under_way_is_what_the_patient_takes(more: Resource, kind: str, told: Any) -> None:
    assert [e.kind for e in told(medication("MedicationRequest", ALENDRONATE, **more))] == ([kind] if kind else [])


@pytest.mark.parametrize(("status", "known"), [("recorded", "unknown"), ("adherent", "unknown"), ("active", "active")])
def test_words_of_r5_for_a_statement_are_not_certain(status: str, known: str, told: Any) -> None:
    assert [e.status for e in told(medication("MedicationStatement", ALENDRONATE, status=status))] == [known]


def rate(value: float, unit: str, kind: str = "") -> Resource:
    typed = {"type": {"coding": [{"code": kind}]}} if kind else {}
    return {"doseQuantity": {"value": value, "unit": unit}} | typed


@pytest.mark.parametrize(
    ("rates", "amount"),
    [
        ([rate(70, "mg"), rate(1, "tablet")], 70),
        ([rate(70, "mg", "ordered"), rate(10, "mg", "calculated")], 70),
        ([rate(10, "mg", "calculated"), rate(70, "mg")], 10),
        ([rate(70, "mg"), rate(35, "mg")], None),
        ([rate(70, "mg"), rate(2, "tablet")], None),
        ([rate(70, "mg"), rate(1, "bottle")], 70),
    ],
)
def test_several_doses_of_one_dosage_are_one_dose_said_several_times(rates: list[Resource], amount: float, told: Any) -> None:
    weekly = {"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "wk"}}, "doseAndRate": rates}
    (taken,) = told(medication("MedicationRequest", ALENDRONATE, intent="order", dosageInstruction=[weekly]))
    assert taken.dosing is not None
    assert (taken.dosing.amount, taken.dosing.readable) == (amount, amount is not None)


def depot(kind: str, name: str = "leuprorelin 45 mg", **more: Any) -> Resource:
    return medication(kind, concept(text=name), **more)


def bounds(start: str, end: str) -> list[Resource]:
    return [{"timing": {"repeat": {"boundsPeriod": {"start": start, "end": end}}}}]


ONE_DAY, LONG = ("2025-10-01", "2025-10-01"), ("2023-10-01", "2025-12-01")


@pytest.mark.parametrize(
    ("resource", "end"),
    [
        (depot("MedicationRequest", intent="order", dosageInstruction=bounds(*ONE_DAY)), None),
        (depot("MedicationRequest", intent="order", dosageInstruction=bounds(*LONG)), date(2025, 12, 1)),
        (depot("MedicationAdministration", effectivePeriod=dict(zip(("start", "end"), ONE_DAY, strict=True))), None),
        (depot("MedicationStatement", effectivePeriod=dict(zip(("start", "end"), ONE_DAY, strict=True))), date(2026, 3, 18)),
        (depot("MedicationStatement", effectivePeriod=dict(zip(("start", "end"), LONG, strict=True))), date(2025, 12, 1)),
    ],
)
def test_a_depot_works_as_long_as_its_strength_says_and_a_stated_end_stands(
    resource: Resource, end: date | None, told: Any
) -> None:
    """Six months are 24 weeks in the label of the shorter interval."""
    (taken,) = told(resource)
    assert (taken.supply_days, taken.end) == (168, end)


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("leuprorelin 3.75 mg", 28),
        ("leuprorelin 11.25 mg", 84),
        ("leuprorelin 22.5 mg", 84),
        ("leuprorelin 30 mg", 112),
        ("goserelin 3.6 mg", 28),
        ("goserelin 10.8 mg", 84),
        ("triptorelin 22.5 mg", 168),
        ("degarelix 240 mg", 28),
        ("leuprorelin 1 mg", None),
        ("Lupron Depot (3 month)", 84),
        ("注射用醋酸亮丙瑞林微球（3个月）", 84),
        ("goserelin", 28),
        ("alendronate 70 mg", None),
    ],
)
def test_how_long_a_depot_works_that_was_given(name: str, days: float | None, told: Any) -> None:
    (taken,) = told(depot("MedicationAdministration", name, effectiveDateTime="2026-01-02"))
    assert taken.supply_days == days


@pytest.mark.parametrize("broken", ["45 mg", {"dose": 45}, {"dose": {"value": {}, "unit": "mg"}}])
def test_a_strength_that_nobody_can_read_may_be_the_longest(broken: Any, told: Any) -> None:
    (taken,) = told(depot("MedicationAdministration", "leuprorelin", effectiveDateTime="2026-01-02", dosage=broken))
    assert taken.supply_days == 168


def test_without_a_strength_the_sig_tells_the_interval_and_a_dispense_its_supply(told: Any) -> None:
    quarterly = [{"timing": {"repeat": {"frequency": 1, "period": 12, "periodUnit": "wk"}}}]
    (ordered,) = told(depot("MedicationRequest", "goserelin", intent="order", dosageInstruction=quarterly))
    (handed,) = told(depot("MedicationDispense", "goserelin", whenHandedOver="2026-01-02", daysSupply={"value": 84}))
    assert (ordered.supply_days, handed.supply_days) == (84, 84)


def test_a_year_is_an_interval(told: Any, chart_of: Reader) -> None:
    given = medication("MedicationAdministration", concept(text="denosumab 60 mg"), effectiveDateTime="2025")
    (taken,) = told(given)
    assert (taken.start, taken.latest) == (date(2025, 1, 1), date(2025, 12, 31))
    fracture = condition(concept(WHO, "S72.0"), on="2025-06")
    chart, _ = chart_of(
        observation("62238-1", 50, "mL/min/{1.73_m2}", on="2025-02"), condition(concept(WHO, "M81.0"), on="2024")
    )
    assert chart.values("egfr")[0].latest == date(2025, 2, 28)
    problem = chart.problem("osteoporosis")
    assert problem is not None
    assert (problem.when, problem.latest) == (date(2024, 1, 1), date(2024, 12, 31))
    assert chart_of(fracture)[0].fractures[0].when == date(2025, 6, 1)


def test_a_year_that_has_begun_ends_today(told: Any) -> None:
    (taken,) = told(medication("MedicationAdministration", concept(text="denosumab 60 mg"), effectiveDateTime="2026"))
    assert (taken.start, taken.latest) == (date(2026, 1, 1), date(2026, 1, 15))


def test_a_full_date_is_exact(told: Any) -> None:
    (taken,) = told(medication("MedicationAdministration", concept(text="denosumab 60 mg"), effectiveDateTime="2025-03-04"))
    assert (taken.start, taken.latest, taken.end_latest) == (date(2025, 3, 4), None, None)


def test_a_drug_of_unknown_status_is_on_record_and_named(chart_of: Reader) -> None:
    chart, _ = chart_of(medication("MedicationStatement", ALENDRONATE, status="recorded"))
    assert "alendronate" in chart.drug_courses
    assert ("status-unknown", "alendronate") in [(each.reason, each.key) for each in chart.set_aside]


STATED = "2025-03-04"


@pytest.mark.parametrize(
    ("name", "status", "when", "stopped"),
    [
        ("zoledronate 5 mg", "completed", {"effectiveDateTime": STATED}, False),
        ("denosumab 60 mg", "completed", {"effectiveDateTime": STATED}, False),
        ("denosumab 60 mg", "completed", {"effectivePeriod": {"start": STATED, "end": STATED}}, False),
        ("denosumab 60 mg", "active", {"effectivePeriod": {"start": STATED, "end": STATED}}, False),
        ("denosumab 60 mg", "completed", {"effectivePeriod": {"start": STATED, "end": "2025-03-18"}}, False),
        ("denosumab 60 mg", "completed", {"effectivePeriod": {"start": STATED, "end": "2025-03-19"}}, True),
        ("denosumab 60 mg", "completed", {"effectivePeriod": {"start": STATED}}, True),
        ("denosumab 60 mg", "stopped", {"effectiveDateTime": STATED}, True),
        ("alendronate 70 mg", "completed", {"effectiveDateTime": STATED}, True),
        ("alendronate 70 mg", "completed", {"effectivePeriod": {"start": STATED, "end": STATED}}, True),
    ],
)
def test_a_statement_of_one_injection_tells_of_a_dose_and_not_of_an_end(
    name: str, status: str, when: Resource, chart_of: Reader, *, stopped: bool
) -> None:
    chart, _ = chart_of(medication("MedicationStatement", concept(text=name), status=status, **when))
    (course,) = chart.drug_courses.values()
    assert course.stopped is stopped
    if not stopped:
        assert (course.doses, course.last_dose, course.last_dose_basis) == ((date(2025, 3, 4),), date(2025, 3, 4), "statement")


def test_a_dose_told_of_by_its_month_is_dated_so_and_is_no_second_dose_beside_the_one_that_was_given(chart_of: Reader) -> None:
    said = medication("MedicationStatement", concept(text="denosumab 60 mg"), status="completed", effectiveDateTime="2025-03")
    given = medication(
        "MedicationAdministration", concept(text="denosumab 60 mg"), id="g", status="completed", effectiveDateTime="2025-03-04"
    )
    alone, beside = (chart_of(*told)[0].drug_courses["denosumab"] for told in ((said,), (said, given)))
    assert (alone.last_dose, alone.last_dose_latest) == (date(2025, 3, 1), date(2025, 3, 31))
    assert beside.doses == (date(2025, 3, 4),)
    assert (beside.last_dose, beside.last_dose_latest, beside.last_dose_basis) == (date(2025, 3, 4), None, "given")


def test_a_drug_that_one_entry_has_as_taken_and_an_order_as_stopped_is_in_doubt_and_counts(chart_of: Reader) -> None:
    since = {"effectivePeriod": {"start": "2025-01-01"}}
    taken = medication("MedicationStatement", ALENDRONATE, status="active", **since)
    stopped = medication("MedicationRequest", ALENDRONATE, status="stopped", authoredOn="2025-01-01", id="o1")
    chart, _ = chart_of(taken, stopped)
    assert chart.drug_courses["alendronate"].active
    (doubt,) = chart.set_aside
    assert (doubt.reason, doubt.key, doubt.source, doubt.used) == (
        "records-disagree",
        "alendronate",
        "MedicationRequest/o1",
        True,
    )
    assert chart.doubts(("medications",))


def test_an_administration_of_unknown_status_is_used_and_said_to_be_in_doubt(chart_of: Reader) -> None:
    given = medication("MedicationAdministration", ALENDRONATE, status="unknown", effectiveDateTime="2026-01-02")
    chart, _ = chart_of(given)
    assert chart.drug_courses["alendronate"].unsure
    assert [(each.reason, each.used) for each in chart.set_aside] == [("status-unknown", True)]
