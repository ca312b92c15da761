"""A dispense that tells a number of tablets and no days lasts as long as these are taken."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fhir.conftest import Reader, concept


@pytest.mark.parametrize(
    ("name", "handed", "sig", "days"),
    [
        ("阿仑膦酸钠片 70mg", {"value": 4, "unit": "片"}, None, 28),
        ("阿仑膦酸钠片 70mg", {"value": 4, "unit": "片"}, "1片 qw", 28),
        ("阿仑膦酸钠片 10mg", {"value": 28, "unit": "片"}, None, 28),
        ("利塞膦酸钠片 5mg", {"value": 30, "unit": "片"}, "1片 qd", 30),
        ("雷洛昔芬片 60mg", {"value": 28, "unit": "tablets"}, None, 28),
        ("阿仑膦酸钠片 70mg", {"value": 1, "unit": "盒"}, None, None),  # how many are in a pack nobody says
        ("阿仑膦酸钠片", {"value": 4, "unit": "片"}, None, None),  # of no strength
        ("阿仑膦酸钠片 70mg", {"value": 4}, None, None),
        ("唑来膦酸注射液 5mg", {"value": 1, "unit": "片"}, None, None),
        ("泼尼松片 5mg", {"value": 30, "unit": "片"}, None, None),
        ("泼尼松片 5mg", {"value": 60, "unit": "片"}, "2片 qd", 30),
        ("来曲唑片 2.5mg", {"value": 30, "unit": "片"}, "1片 qd", 30),
    ],
)
def test_tablets_last_as_they_are_taken(
    chart_of: Reader, name: str, handed: dict[str, Any], sig: str | None, days: int | None
) -> None:
    dispense = {
        "resourceType": "MedicationDispense",
        "id": "d",
        "status": "completed",
        "subject": {"reference": "Patient/p"},
        "medicationCodeableConcept": concept(text=name),
        "whenHandedOver": "2025-12-01",
        "quantity": handed,
        **({"dosageInstruction": [{"text": sig}]} if sig else {}),
    }
    chart, _ = chart_of(dispense)
    assert [each.supply_days and round(each.supply_days) for each in chart.exposures] == [days]
