"""Of a year or a month on record no card prints a day: every story told with dates that are no more exact than that."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import fhir_fixtures
from cds_service.config import Settings
from cds_service.hooks.request import parse
from cds_service.pipeline import Evaluator

_DATES = frozenset({
    "onsetDateTime", "recordedDate", "effectiveDateTime", "performedDateTime", "authoredOn", "start", "end",
    "abatementDateTime", "whenHandedOver",
})  # fmt: skip
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LEFT_OUT = re.compile(r"^- (?:Left out|Used, and in doubt):.*$", re.MULTILINE)
"""What was set aside is listed by its first day."""


@cache
def evaluator() -> Evaluator:
    return Evaluator(Settings())


def cut(told: Any, length: int, seen: set[str]) -> Any:
    """The same with dates of ``length`` characters, which are noted."""
    if isinstance(told, list):
        return [cut(each, length, seen) for each in told]
    if not isinstance(told, dict):
        return told
    shorter = {}
    for key, value in told.items():
        if key in _DATES and isinstance(value, str) and len(value) >= 10:
            shorter[key] = value[:length]
            seen.add(value[:length])
        else:
            shorter[key] = cut(value, length, seen)
    return shorter


def printed(fixture: fhir_fixtures.Fixture, length: int) -> Iterator[tuple[str, str]]:
    """Cards that print a first day, each with the words before it."""
    seen: set[str] = set()
    body = json.dumps(cut(fixture.request(), length, seen)).encode()
    firsts = sorted(f"1 {_MONTHS[int(each[5:7]) - 1] if length == 7 else 'Jan'} {each[:4]}" for each in seen)
    days = re.compile(rf"(?<!\d)(?:{'|'.join(firsts) or '$.'})")
    for card in evaluator().evaluate(parse(body, fixture.hook), "en", fixture.as_of).response["cards"]:
        words = _LEFT_OUT.sub("", card["summary"] + "\n" + card.get("detail", ""))
        if found := days.search(words):
            yield card["source"]["topic"]["code"], f"{fixture.name}: {words[max(0, found.start() - 60) : found.end()]}"


def test_no_card_prints_the_first_day_of_a_date_that_is_not_exact() -> None:
    wrong = dict(each for fixture in fhir_fixtures.all_fixtures() for length in (4, 7) for each in printed(fixture, length))
    assert wrong == {}
