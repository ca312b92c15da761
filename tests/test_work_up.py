"""Which finding of the work-up a drug waits for."""

from __future__ import annotations

import json
from datetime import date

from cards.definitions import workup
from cards.definitions.workup.row import ALL
from cards.vocabulary import DENOSUMAB
from cds_service.casebook.requests import request
from cds_service.config import Settings
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator


def test_what_does_not_wait_still_waits_for_the_finding_that_binds() -> None:
    anemia = workup.Row("myeloma", (), date(2026, 6, 10), holds=ALL)
    calcium = workup.Row("low-calcium", (), date(2026, 6, 10), holds=ALL, binding=True)
    assert workup.holding((anemia, calcium), DENOSUMAB) is anemia
    assert workup.holding((anemia, calcium), DENOSUMAB, waits=False) is calcium
    assert workup.holding((anemia,), DENOSUMAB, waits=False) is anemia


def shown(*record: str) -> set[str]:
    today = date(2026, 6, 15)
    case = {"today": today, "patient": "female 72", "record": list(record), "hook": "patient-view"}
    call = parse(json.dumps(request(case)).encode(), "patient-view")
    cards = Evaluator(Settings()).evaluate(call, "en", today, apart=True).response["cards"]
    return {card["source"]["topic"]["code"] for card in cards}


def test_with_a_bone_tumor_on_record_oncology_treats_the_bone() -> None:
    tablets = ("problem osteoporosis since 2012-01-01", "alendronate taken since 2016-06-15")
    assert "bisphosphonate-review" in shown(*tablets)
    assert "bisphosphonate-review" not in shown(*tablets, "problem bone-metastasis since 2026-01-01")
    late = ("problem osteoporosis since 2012-01-01", "denosumab given 2025-09-01", "problem myeloma since 2026-01-01")
    assert "denosumab-sequence" in shown(*late), "the gap after denosumab is spoken of all the same"


def test_who_is_offered_a_follow_on_is_about_to_be_treated() -> None:
    ending = (
        "problem osteoporosis since 2012-01-01",
        "teriparatide taken since 2024-06-20",
        "hemoglobin 11.0 g/dL on 2026-06-10",
    )
    assert "secondary-causes" in shown(*ending, "ESR 60 mm/h on 2026-06-10")
