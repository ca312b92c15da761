"""The rule of `denosumab-review`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.chart.calendar import add_months, months_between
from cards.definitions import density, person, risk
from cards.engine.findings import INFO, WARNING, Finding
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """After {denosumab-review-years} to {denosumab-long-years} years of denosumab, reassess the fracture risk; never stop it
    without a follow-on.

    When: an adult on denosumab 60 mg that began {denosumab-review-years} years ago or more and was not stopped.

    Not when: its last dose no longer works (`denosumab-due`, `denosumab-sequence`).

    Then: info; warning from {denosumab-long-years} years on. Suggested: DXA if no T-score from the last {hip-t-window-months}
    months is on record, and FRAX, unless already ordered. The detail gives the reasons for a high risk, and never says to stop
    without a follow-on.
    """
    course = chart.course(DENOSUMAB)
    if (
        course is None
        or course.start_at_latest is None
        or course.stopped
        or not course.on_treatment(chart.today)
        or not person.adult(chart)
    ):
        return
    if add_months(course.start_at_latest, n.denosumab_review_years * 12) > chart.today:
        return
    long = add_months(course.start_at_latest, n.denosumab_long_years * 12) <= chart.today
    since = chart.months_ago(n.hip_t_window_months)
    measured = any(m.when >= since for m in density.newest_t_scores(chart))
    tests = [key for key in (() if measured else ("dxa",)) + ("frax",) if not chart.ordered(key)]
    yield Finding(
        indicator=WARNING if long else INFO,
        variant="long" if long else "review",
        values={
            "start": course.started,
            "months": months_between(course.start_at_latest, chart.today),
            "reasons": risk.risk(chart).reasons if risk.risk(chart).high else (),
            "hip": density.hip_t(chart, since),
            "measured": measured,
        },
        facts=(facts.started(course), facts.last_dose(course), *map(facts.measured, density.newest_t_scores(chart))),
        options=tuple(service(key) for key in tests),
        any_number=True,
    )
