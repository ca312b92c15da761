"""A high risk of falling, and the evidence for it."""

from __future__ import annotations

from cards.chart import Chart, facts
from cards.chart.facts import Fact


def fall_evidence(chart: Chart) -> list[Fact]:
    """A high risk of falling: within {fall-window-months} months, the newest Morse score is {morse-high} or more, the newest
    Berg score {berg-low} or less, the newest timed up and go {tug-seconds} s or more, or the newest count of falls in a year
    {falls-a-year} or more; or recurrent falls are an active problem; or, without such an entry, {falls-a-year} falls or more
    are on record in that time. One fall that broke a bone is for `fall-risk` alone: elsewhere the fracture itself counts."""
    since = chart.months_ago(chart.numbers.fall_window_months)
    found = []
    for key, threshold, high in (
        ("morse", "morse-high", True),
        ("berg", "berg-low", False),
        ("tug", "tug-seconds", True),
        ("falls", "falls-a-year", True),
    ):
        value = chart.newest(key, since=since)
        if value is not None and (
            value.below(chart.numbers[threshold]) is False if high else value.at_most(chart.numbers[threshold]) is True
        ):
            found.append(facts.measured(value))
    recurrent = chart.active_problem("recurrent-falls")
    if recurrent is not None:
        found.append(facts.problem(recurrent))
    elif len(recent := [p for p in chart.problems.get("fall", ()) if p.when and p.when >= since]) >= chart.numbers.falls_a_year:
        found += map(facts.problem, recent)
    return found


def high_fall_risk(chart: Chart) -> bool:
    return bool(fall_evidence(chart))
