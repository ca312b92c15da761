"""When injections follow a low 25(OH)D: which is recommended decides how fast it is corrected, and that decides the days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace

from cards.chart import Chart
from cards.definitions.denosumab import safe_until
from cards.definitions.repletion import (
    FAST,
    UNGIVEN,
    Repletion,
    injection_day,
    is_next_denosumab,
    loaded,
    next_denosumab_day,
    repletion,
)
from cards.engine.findings import Option
from cards.vocabulary import DENOSUMAB, DRUGS, Drug


def after_vitamin_d(chart: Chart, options: Sequence[Option]) -> tuple[Option, ...]:
    """The options, each injection that lowers calcium with its first day after a 25(OH)D below {vitamin-d-deficient}, and with
    what comes first: the correction, or where no loading makes a day certain the level itself. A next dose of denosumab keeps
    its day, in severe deficiency from day {vitamin-d-next-denosumab-days} of loading on."""
    injection = any(option.recommended and option.key in _FAST for option in options)
    told = repletion(chart, injection)
    if told is None or not told.deficient:
        return tuple(options)
    return tuple(_dated(chart, option, told) if option.key in _FAST else option for option in options)


_FAST = frozenset(drug.key for drug in FAST)


def _dated(chart: Chart, option: Option, told: Repletion) -> Option:
    if is_next_denosumab(chart, DRUGS[option.key]):
        day = next_denosumab_day(chart, told)
        first = _before_next(chart, told, day)
    else:
        day = injection_day(chart, told)
        first = ("vitamin-d-severe" if told.severe else "vitamin-d") if loaded(chart, told) else "vitamin-d-level"
    later = day is not None and day > max(option.start or chart.today, chart.today)
    return replace(option, start=day if later else option.start, first=first)


def _before_next(chart: Chart, told: Repletion, day: date | None) -> str:
    """What comes before the next dose of denosumab, and after it: two weeks of a loading, where there is one."""
    if not told.severe:
        return "vitamin-d-next" if told.instead not in UNGIVEN else ""
    if not loaded(chart, told):
        return "vitamin-d-next-unloaded"
    return "vitamin-d-next-severe" if day is None or day > chart.today else "vitamin-d-next-loaded"


def waits_long(chart: Chart, drug: Drug) -> bool:
    """Whether a drug that closes a gap would wait for vitamin D for so long that another closes it first: in severe deficiency;
    of the next dose of denosumab only where its day would come after the last safe one."""
    told = repletion(chart, injection=True)
    if drug not in FAST or told is None or not told.severe:
        return False
    day = next_denosumab_day(chart, told) if drug is DENOSUMAB else None
    safe = safe_until(chart) if drug is DENOSUMAB else None
    return day is None or safe is None or day > safe
