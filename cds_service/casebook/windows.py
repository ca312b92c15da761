"""The windows after denosumab 60 mg, found by asking the rules about an invented patient day after day.

Kept in ``cards/sources/windows.json``, since finding them takes a while; a test holds every border against the rules.
``python -m cds_service.casebook.windows`` writes them anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct
from msgspec import json as codec

from cards.definitions.denosumab import state
from cards.engine.catalog import all_cards
from cards.engine.run import run
from cards.thresholds import HERE
from cards.vocabulary import Name
from cds_service.casebook.requests import request
from cds_service.casebook.runs import served
from cds_service.hooks.request import parse

KEPT = HERE / "sources" / "windows.json"
DOSE = date(2023, 1, 16)
DAYS = 800
"""How long after the dose is looked: past the two years in which a gap is critical."""
STEP = 7
CARDS = ("denosumab-due", "denosumab-sequence")
BACKGROUND = (
    "problem osteoporosis since 2020-01-01",
    *(f"{what} on {{recent}}" for what in ("creatinine 0.7 mg/dL", "corrected-calcium 9.4 mg/dL", "25(OH)D 36 ng/mL")),
)


class Scenario(NamedTuple):
    """What is on record after the dose: each line with the day from which it is there ({0} in it is that day, {1} another)."""

    key: str
    name: Name
    lines: tuple[tuple[int, str], ...]


def _line(text: str, *days: int) -> tuple[int, str]:
    return days[0], text.format(*(DOSE + timedelta(day) for day in days))


_GIVEN = _line("denosumab given {0}", 0)
SCENARIOS = (
    Scenario("nothing", Name("nothing; denosumab goes on", "无其他记录，地舒单抗继续"), (_GIVEN,)),
    Scenario(
        "stopped",
        Name("denosumab stopped on day 60, nothing else", "第60天停用地舒单抗，无其他治疗"),
        (_GIVEN, _line("denosumab taken 2021-01-15 to {0} (stopped)", 60)),
    ),
    *(
        Scenario(
            f"zoledronate-{day}",
            Name(f"zoledronate given on day {day}", f"第{day}天输注唑来膦酸"),
            (_GIVEN, _line("zoledronate given {0}", day)),
        )
        for day in (90, 182, 270)
    ),
    Scenario(
        "alendronate",
        Name("alendronate taken from day 182 on", "第182天起服用阿仑膦酸钠"),
        (_GIVEN, _line("alendronate taken since {0}", 182)),
    ),
    Scenario(
        "alendronate-late",
        Name("alendronate taken from day 270 on", "第270天起服用阿仑膦酸钠"),
        (_GIVEN, _line("alendronate taken since {0}", 270)),
    ),
    Scenario(
        "raloxifene",
        Name("raloxifene taken from day 182 on", "第182天起服用雷洛昔芬"),
        (_GIVEN, _line("raloxifene taken since {0}", 182)),
    ),
    Scenario(
        "fracture",
        Name("a vertebra breaks on day 300, nothing else", "第300天发生椎体骨折，无其他治疗"),
        (_GIVEN, _line("fracture vertebra on {0}", 300)),
    ),
)


class Seen(Struct, frozen=True):
    """What the rules say on a day: the state, the card with its indicator ("" none), the drug that is recommended."""

    state: str
    card: str
    indicator: str
    recommended: str


class Window(Struct, frozen=True):
    """From one day after the dose to another, both included; the last is open (``last`` None)."""

    scenario: str
    first: int
    last: int | None
    seen: Seen


def kept() -> list[Window]:
    return codec.decode(KEPT.read_bytes(), type=list[Window])


def windows(scenario: Scenario) -> Iterator[Window]:
    """Looked for every week, then each border to the day."""
    days = sorted({1, DAYS, *range(STEP, DAYS, STEP), *(max(day, 1) for day, _ in scenario.lines)})
    seen = {day: look(scenario, day) for day in days}
    borders = [_border(scenario, a, b, seen[a]) for a, b in pairwise(days) if seen[a] != seen[b]]
    firsts = [1, *borders]
    for first, after in zip(firsts, [*borders, None], strict=True):
        yield Window(scenario.key, first, after - 1 if after else None, look(scenario, first))


def look(scenario: Scenario, day: int) -> Seen:
    """What the rules say so many days after the dose."""
    today = DOSE + timedelta(day)
    record = [line for since, line in scenario.lines if since <= day]
    background = [line.format(recent=today - timedelta(20)) for line in BACKGROUND]
    body = request({"card": CARDS[0], "name": "", "today": today, "patient": "female 72", "record": [*background, *record]})
    evaluator, _ = served()
    chart = evaluator.chart(parse(json.dumps(body).encode(), body["hook"]), today)
    found = [f for f in run(chart, tuple(all_cards()[code] for code in CARDS)) if f.code in CARDS]
    told = state(chart)
    first = min(found, key=lambda finding: finding.indicator.rank, default=None)
    drug = next((o.key for o in first.options if o.recommended and o.kind == "drug"), "") if first else ""
    return Seen(told.kind.value if told else "", first.code if first else "", first.indicator.value if first else "", drug)


def _border(scenario: Scenario, before: int, after: int, was: Seen) -> int:
    """The first day on which it is no longer as it was."""
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if look(scenario, middle) == was else (before, middle)
    return after


if __name__ == "__main__":
    told = codec.encode([window for scenario in SCENARIOS for window in windows(scenario)])
    KEPT.write_bytes(codec.format(told, indent=1) + b"\n")
