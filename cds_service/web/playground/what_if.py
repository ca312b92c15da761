"""What if: the chart with another value in it, or another day."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Chart, Measurement
from cards.definitions.density import lowest_t
from cards.definitions.kidney import renal
from cards.definitions.minerals import vitamin_d
from cards.vocabulary import ANALYTES, Name, Site
from cards.words.phrases import day
from cds_service.hooks.cards import EVIDENCE
from cds_service.web.screen.marks import ASSUMED
from cds_service.web.words import WORDS, say

Json = dict[str, Any]

_RENAL = ("egfr", "crcl", "creatinine")


class Axis(Struct, frozen=True):
    """What may be assumed, from ``low`` to ``high`` in steps of ``step`` in the unit of the rules."""

    name: Name
    unit: str
    low: float
    high: float
    step: float
    assume: Callable[[Chart, float], Chart]
    recorded: Callable[[Chart], float | None]
    """The value of the record that decides; None where there is none."""


def _measured(chart: Chart, values: Mapping[str, tuple[Measurement, ...]]) -> Chart:
    return replace(chart, measured={**chart.measured, **values})


def _egfr(chart: Chart, value: float) -> Chart:
    new = (Measurement("egfr", value, chart.today, ASSUMED),)
    return _measured(chart, {**dict.fromkeys(_RENAL, ()), "egfr": new})


def _t_score(chart: Chart, value: float) -> Chart:
    """The lowest T-score, at its own site; the total hip where none is on record."""
    lowest = lowest_t(chart)
    new = Measurement("t-score", value, chart.today, ASSUMED, site=lowest.site if lowest else Site.TOTAL_HIP)
    kept = (m for m in chart.values("t-score") if m.site is not new.site and m.value > value)
    return _measured(chart, {"t-score": (new, *kept)})


def _vitamin_d(chart: Chart, value: float) -> Chart:
    return _measured(chart, {"vitamin-d": (Measurement("vitamin-d", value, chart.today, ASSUMED),)})


def _same(chart: Chart, _: float) -> Chart:
    return chart


def _value(found: Measurement | None) -> float | None:
    return None if found is None else found.value


AXES: Mapping[str, Axis] = {
    "egfr": Axis(ANALYTES["egfr"].name, ANALYTES["egfr"].unit, 5, 120, 1, _egfr, lambda chart: _value(renal(chart).lowest)),
    "t": Axis(WORDS["whatif.t-score"], "", -5, 1, 0.1, _t_score, lambda chart: _value(lowest_t(chart))),
    "vitd": Axis(
        ANALYTES["vitamin-d"].name, ANALYTES["vitamin-d"].unit, 3, 120, 1, _vitamin_d, lambda chart: _value(vitamin_d(chart))
    ),
    "day": Axis(WORDS["whatif.day-label"], "", 0, 730, 1, _same, lambda _: 0),
}


def assumed(asked: Any) -> dict[str, float]:
    """What is assumed, by axis. ValueError for an axis that does not exist, or a value outside it."""
    found = {}
    for key, given in (asked or {}).items():
        axis, value = AXES[key], float(given)
        if not axis.low <= value <= axis.high:
            raise ValueError(key)
        found[key] = value
    return found


def change(values: Mapping[str, float]) -> Callable[[Chart], Chart]:
    """The chart with these values in it; a day is not the chart's to assume."""

    def changed(chart: Chart) -> Chart:
        for key, value in values.items():
            chart = AXES[key].assume(chart, value)
        return chart

    return changed


def later(today: date, values: Mapping[str, float]) -> date:
    return today + timedelta(days=int(values.get("day", 0)))


_WHEN = {"en": r"(?:, | on | \()", "zh": r"(?:，|（|于)"}
"""What stands between a value and its day."""


def undated(cards: Sequence[Json], today: date, language: str) -> list[Json]:
    """The cards of an assumed chart, with no assumed value dated as if it had been measured."""
    return [_undated(card, day(today, language), language) for card in cards]


def _undated(card: Json, when: str, language: str) -> Json:
    extension = card["extension"]
    told = [each for each in extension.get(EVIDENCE, ()) if each.get("reference") == ASSUMED]
    if not told:
        return card
    numbers = "|".join(re.escape(f"{each['value']:g}".replace("-", "−")) for each in told if "value" in each)
    found = re.compile(rf"((?<![\d.])(?:{numbers})(?![\d.])[^\n;；]{{0,40}}?){_WHEN[language]}{re.escape(when)}(?:\)|）)?")
    said = rf"\1 ({say('whatif.assumed', language)})" if language == "en" else rf"\1（{say('whatif.assumed', language)}）"
    return card | {key: found.sub(said, card[key]) for key in ("summary", "detail")}
