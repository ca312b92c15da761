"""Vitamin D where the site has no product of 50,000 units: the loading is daily, and injections follow later."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from cards.thresholds import Thresholds, shipped
from cds_service.casebook.requests import request
from cds_service.config import Settings
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator

TODAY = date(2026, 6, 15)
LABS = [
    "creatinine 0.7 mg/dL on 2026-05-01",
    "corrected-calcium 9.4 mg/dL on 2026-05-01",
    "T-score lumbar-spine -3.1 on 2026-05-01",
]


@pytest.mark.parametrize(
    ("units", "level", "loading", "first"),
    [
        (50000, 15, "50,000 units by mouth once weekly for 4 weeks", "29 Jun 2026"),
        (49999, 15, "4,000 units by mouth once daily for 7 weeks", "13 Jul 2026"),
        (50000, 9, "50,000 units by mouth once weekly for 6 weeks", "27 Jul 2026"),
        (49999, 9, "4,000 units by mouth once daily for 10 weeks", "24 Aug 2026"),
    ],
)
def test_without_a_weekly_product_loading_is_daily_and_the_injection_later(
    units: int, level: int, loading: str, first: str
) -> None:
    labels = labels_of(answer(units, [*LABS, f"25(OH)D {level} ng/mL on 2026-06-01"]))
    assert any(label.endswith(loading) for label in labels)
    assert any("zoledronate" in label and label.endswith(f"from {first}") for label in labels)


def answer(units: int, record: list[str]) -> dict[str, Any]:
    """The answer on opening the chart of a woman of 66."""
    case = {"card": "start-treatment", "hook": "patient-view", "today": TODAY, "patient": "female 66", "record": record}
    evaluator = Evaluator(Settings())
    product = replace(shipped().table["vitamin-d-product-units"], value=units)
    evaluator.thresholds = Thresholds(shipped().table | {"vitamin-d-product-units": product})
    return evaluator.evaluate(parse(json.dumps(request(case)).encode(), "patient-view"), "en", TODAY).response


def labels_of(response: dict[str, Any]) -> list[str]:
    return [suggestion["label"] for card in response["cards"] for suggestion in card.get("suggestions", ())]
