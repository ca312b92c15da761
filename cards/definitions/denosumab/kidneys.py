"""Denosumab with weak kidneys: calcium may fall far, so that a nephrologist decides and calcium is watched."""

from __future__ import annotations

from cards.chart import Chart
from cards.definitions.kidney import renal
from cards.definitions.minerals import calcium, vitamin_d


def with_nephrology(chart: Chart) -> bool:
    """Whether the renal estimate is below {egfr-specialist} mL/min."""
    return bool(renal(chart).below(chart.numbers.egfr_specialist))


def calcium_first(chart: Chart) -> bool:
    """Whether the dose waits for a calcium: with such kidneys, but not in kidney failure (below {egfr-dialysis}), none of the
    last {denosumab-calcium-days} days is known to be in range."""
    failure = bool(renal(chart).below(chart.numbers.egfr_dialysis))
    newest = calcium(chart)
    fresh = newest is not None and newest.value.when >= chart.days_ago(chart.numbers.denosumab_calcium_days)
    return with_nephrology(chart) and not failure and not (fresh and newest is not None and newest.low is False)


def tests_first(chart: Chart) -> tuple[str, ...]:
    """What is measured before the dose with such kidneys: calcium, and PTH and 25(OH)D where none is {yearly-months} or
    {vitamin-d-window-months} months old or younger. In kidney failure it is for nephrology to ask."""
    n = chart.numbers
    if not with_nephrology(chart) or renal(chart).below(n.egfr_dialysis):
        return ()
    pth = chart.newest("pth", since=chart.months_ago(n.yearly_months))
    lacking = (("calcium", calcium_first(chart)), ("pth", pth is None), ("vitamin-d", vitamin_d(chart) is None))
    return tuple(key for key, wanted in lacking if wanted and not chart.ordered(key))


def watched(chart: Chart) -> dict[str, int | bool]:
    """What a text says of it: how old calcium may be, and for how many weeks it is measured after the dose."""
    n = chart.numbers
    return {
        "kidneys": with_nephrology(chart),
        "calcium_days": n.denosumab_calcium_days,
        "calcium_weeks": n.denosumab_calcium_weeks,
    }
