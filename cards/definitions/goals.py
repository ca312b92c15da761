"""Limited life expectancy: hospice or palliative care on record, and very old age, where benefit comes too late."""

from __future__ import annotations

from cards.chart import Chart, Problem, SetAside, per_chart
from cards.chart.calendar import add_days
from cards.vocabulary import Data

READS = (Data.CONDITIONS, Data.PROCEDURES, Data.CARE_PLANS, Data.ENCOUNTERS)
"""Where hospice and palliative care stand."""


@per_chart
def comfort_care(chart: Chart) -> tuple[Problem, ...]:
    """What says that comfort is the goal, certainly of the last {goals-months} months: hospice care, an active plan of
    palliative care, or two encounters for palliative care {goals-repeat-days} days or more apart; codes alone, never words.
    Empty where nothing does."""
    since = chart.months_ago(chart.numbers.goals_months)
    for key in ("hospice", "palliative-plan"):
        if found := [p for p in chart.problems.get(key, ()) if p.when is not None and p.when >= since]:
            return (found[0],)
    met = [p for p in chart.problems.get("palliative-encounter", ()) if p.when is not None and p.when >= since]
    for last in met:
        before = add_days(last.when, -chart.numbers.goals_repeat_days) if last.when else None
        first = next((p for p in met if before and p.at_latest and p.at_latest <= before), None)
        if first is not None:
            return (last, first)
    return ()


def unread(chart: Chart) -> tuple[SetAside, ...]:
    """Encounters and care plans that could not be read, where nothing else says that comfort is the goal: they may."""
    if comfort_care(chart):
        return ()
    groups = (Data.CARE_PLANS, Data.ENCOUNTERS)
    return tuple(s for s in chart.set_aside if s.data in groups and s.reason not in ("future", "other-patient"))


@per_chart
def very_old(chart: Chart) -> bool:
    """{oldest-years} or older, or {old-dementia-years} or older with dementia on record: the year that a drug needs to work is
    to be weighed, and injections every day are too much."""
    age = chart.age or 0
    return age >= chart.numbers.oldest_years or (
        age >= chart.numbers.old_dementia_years and chart.problem("dementia") is not None
    )
