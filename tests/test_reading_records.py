"""Records that were read wrongly once, from outside (skipped where they are absent): each must give, or not give, a card."""

from __future__ import annotations

import csv
import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cds_service.config import Settings
from cds_service.hooks.cards import spoken_for
from cds_service.hooks.request import parse
from cds_service.hooks.whole_record import request_in
from cds_service.pipeline import Evaluator

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "reading"
TODAY = date(2026, 11, 27)

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the shared data are not here")


def records() -> list[Any]:
    if not FOLDER.exists():
        return []
    rows = csv.DictReader((FOLDER / "index.tsv").read_text(encoding="utf-8").splitlines(), delimiter="\t")
    return [pytest.param(row, id=row["file"].removesuffix(".json")) for row in rows]


@cache
def evaluator() -> Evaluator:
    return Evaluator(Settings())


def cards(name: str, hook: str) -> list[dict[str, Any]]:
    told = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    asked = request_in(told, evaluator().prefetch, hook=hook, name=name)
    given: list[dict[str, Any]] = evaluator().evaluate(parse(json.dumps(asked).encode(), hook), "en", TODAY).response["cards"]
    return given


@pytest.mark.parametrize("row", records())
def test_a_record_that_was_read_wrongly_once(row: dict[str, str]) -> None:
    given = cards(row["file"], row["hook"])
    told = [f"{card['source']['topic']['code']}:{card['indicator']}" for card in given]
    for wanted in filter(None, row["must"].split(",")):
        assert _is_there(wanted, given), f"{row['why']}: {wanted} is missing among {told}"
    for unwanted in filter(None, row["must_not"].split(",")):
        assert not _is_there(unwanted, given), f"{row['why']}: {unwanted} is among {told}"


def _is_there(wanted: str, given: list[dict[str, Any]]) -> bool:
    """``code``, ``code:indicator``, or ``says:words`` in any card."""
    if wanted.startswith("says:"):
        return any(wanted.removeprefix("says:") in card["summary"] + card.get("detail", "") for card in given)
    code, _, indicator = wanted.partition(":")
    return any((code, indicator or each[1]) == each for card in given for each in spoken_for(card))
