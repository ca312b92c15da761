"""Denosumab with weak kidneys: calcium may fall far, so that a nephrologist decides and calcium is watched."""

from __future__ import annotations

from cards.chart import Chart
from cards.definitions.kidney import renal
from cards.definitions.minerals import calcium


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


def watched(chart: Chart) -> dict[str, int | bool]:
    """What a text says of it: how old calcium may be, and for how many weeks it is measured after the dose."""
    n = chart.numbers
    return {
        "kidneys": with_nephrology(chart),
        "calcium_days": n.denosumab_calcium_days,
        "calcium_weeks": n.denosumab_calcium_weeks,
    }
