"""Limited life expectancy: hospice or palliative care on record, and very old age, where benefit comes too late."""

from __future__ import annotations

from msgspec import Struct

from cards.chart import Chart, Problem, SetAside, per_chart
from cards.chart.calendar import add_days
from cards.vocabulary import Data

GROUPS = (Data.CARE_PLANS, Data.ENCOUNTERS)
"""Those of them that say nothing else."""
NO_SUCH_TYPE = "no-such-type"
"""Why a group could not be had of which a site keeps nothing."""
READS = (Data.CONDITIONS, Data.PROCEDURES, Data.CARE_PLANS, Data.ENCOUNTERS)
"""Where hospice and palliative care stand."""


@per_chart
def comfort_care(chart: Chart) -> tuple[Problem, ...]:
    """What says that comfort is the goal: hospice care in an encounter or care plan that still runs, or certainly of the last
    {goals-months} months; an active plan of palliative care; two encounters for palliative care {goals-repeat-days} days or
    more apart in those months. An entry of a problem list counts by its date alone, since nobody may have ended it. Codes
    alone, never words. What runs counts without a date, too. Empty where nothing says so."""
    since = chart.months_ago(chart.numbers.goals_months)
    for key in ("hospice-now", "hospice", "palliative-plan"):
        running = key != "hospice"
        if found := [p for p in chart.problems.get(key, ()) if running or (p.when is not None and p.when >= since)]:
            return (found[0],)
    met = [p for p in chart.problems.get("palliative-encounter", ()) if p.when is not None and p.when >= since]
    for last in met:
        before = add_days(last.when, -chart.numbers.goals_repeat_days) if last.when else None
        first = next((p for p in met if before and p.at_latest and p.at_latest <= before), None)
        if first is not None:
            return (last, first)
    return ()


class Unknown(Struct, frozen=True):
    """What may say that comfort is the goal: encounters and care plans that could not be read, entries without a date, groups
    that could not be had, and of these ``failed`` those that the site does keep."""

    unread: tuple[SetAside, ...] = ()
    missing: tuple[Data, ...] = ()
    failed: tuple[Data, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.unread or self.missing)


@per_chart
def unknown(chart: Chart) -> Unknown:
    """Nothing where comfort care is known. Of entries without a date: hospice care, which may be of the last {goals-months}
    months, and an encounter for palliative care beside another that may be."""
    if comfort_care(chart):
        return Unknown()
    undated = tuple(SetAside(Data.CONDITIONS, "no-date", each.key, each.source) for each in _undated(chart))
    unread = undated + tuple(s for s in chart.set_aside if s.data in GROUPS and s.reason not in ("future", "other-patient"))
    missing = tuple(group for group in GROUPS if group in chart.failed)
    return Unknown(unread, missing, tuple(group for group in missing if chart.failed_why.get(group) != NO_SUCH_TYPE))


def _undated(chart: Chart) -> tuple[Problem, ...]:
    hospice = tuple(p for p in chart.problems.get("hospice", ()) if p.when is None)
    met, since = chart.problems.get("palliative-encounter", ()), chart.months_ago(chart.numbers.goals_months)
    lately = [p for p in met if p.at_latest is None or p.at_latest >= since]
    return hospice + (tuple(p for p in lately if p.when is None) if len(lately) > 1 else ())


@per_chart
def very_old(chart: Chart) -> bool:
    """{oldest-years} or older, or {old-dementia-years} or older with dementia on record: the year that a drug needs to work is
    to be weighed, and injections every day are too much."""
    age = chart.age or 0
    return age >= chart.numbers.oldest_years or (
        age >= chart.numbers.old_dementia_years and chart.problem("dementia") is not None
    )
