"""The card that proposes a holiday and the card that watches it read one hip T-score, whenever it was measured."""

from __future__ import annotations

import json
from datetime import date
from random import Random

import pytest

from cards.chart import Chart
from cards.chart.calendar import add_days, add_months
from cards.definitions.density import hip_read
from cards.definitions.holiday import hip_at_the_end, holiday_since
from cds_service.casebook.requests import request
from cds_service.config import Settings
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator
from tests.each import for_each

LOW = -2.5
TODAY = date(2026, 6, 15)
DRUGS = {
    "zoledronate": ["zoledronate given 2022-10-10, 2023-10-10, 2024-10-10"],
    "alendronate": ["alendronate taken 2020-01-10 to 2024-10-10 (stopped)"],
}
LAST, WORN_OFF = date(2024, 10, 10), {"zoledronate": date(2026, 4, 10), "alendronate": date(2024, 10, 10)}
EVALUATOR = Evaluator(Settings())


def chart(lines: list[str]) -> Chart:
    case = {"card": "holiday", "name": "reading", "today": TODAY, "patient": "female 72", "record": lines}
    body = request(case)
    return EVALUATOR.chart(parse(json.dumps(body).encode(), body["hook"]), TODAY)


def scans(rng: Random) -> list[tuple[str, date, float]]:
    """A few T-scores of both sites, from four years before the last dose to today."""
    first = add_months(LAST, -48)
    days = (TODAY - first).days
    sites = ("total-hip", "femoral-neck")
    return [
        (rng.choice(sites), add_days(first, rng.randrange(days)), rng.choice((-2.6, -2.3))) for _ in range(rng.randint(1, 4))
    ]


@pytest.mark.parametrize("drug", list(DRUGS))
@for_each("seed", range(40))
def test_what_allowed_a_holiday_is_not_held_against_it(drug: str, seed: int) -> None:
    """On no day while the drug worked may the review have read a T-score that allows a holiday, and the holiday be refused
    later for an older one."""
    measured = scans(Random(seed))
    found = chart([*DRUGS[drug], *(f"T-score {site} {value} on {day}" for site, day, value in measured)])
    holiday = holiday_since(found)
    assert holiday is not None
    assert holiday.worn_off == WORN_OFF[drug]
    at_end = hip_at_the_end(found, holiday)
    refused = at_end is not None and at_end.value <= LOW
    scanned = [day for _, day, _ in measured if day <= holiday.worn_off]
    decided = (add_days(LAST, days) for days in range(0, (holiday.worn_off - LAST).days + 1, 7))
    for day in decided:
        read = hip_read(found, day)
        news = any(each > day for each in scanned)
        if read is not None and read.value > LOW and not news:
            assert not refused, day
