"""The rule of `drug-holiday-review`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions import density, person, risk, treatment
from cards.definitions.density import hip_t
from cards.engine.findings import INFO, WARNING, Finding
from cards.engine.options import Offer, offer, service
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """A bisphosphonate was stopped after {holiday-course-months} months or more and nothing followed: review the holiday for up
    to {holiday-longest-months} months. Continue calcium and vitamin D; if the risk is high again, denosumab in sequence.

    When: an adult off treatment whose bisphosphonate was stopped after {holiday-course-months} months or more, at most
    {holiday-longest-months} months ago; for an injection the last dose counts, if more than {holiday-zoledronate-months} months
    ago.

    Not when: an antiresorptive or anabolic was taken since.

    Then: warning after a fragility fracture since the end, with a newest hip T-score of {hip-t-holiday} or lower, or without
    any T-score within {hip-t-window-months} months; else info. Suggested: denosumab, filtered and recommended, after such a
    fracture, with such a hip T-score or at very high risk; DXA where no T-score of {hip-t-window-months} months is on record;
    CTX and P1NP. Any number may be chosen. The detail says to continue calcium and vitamin D. At very high risk it gives the
    reason.
    """
    ended = treatment.holiday_since(chart)
    if ended is None or not person.adult(chart):
        return
    since = chart.months_ago(n.hip_t_window_months)
    hip = hip_t(chart)
    broken = next((f for f in chart.fractures if f.when and f.when > ended.day), None)
    recent_dxa = any(m.when >= since for m in density.newest_t_scores(chart))
    low = hip is not None and hip.value <= n.hip_t_holiday
    stratum = risk.risk(chart)
    again = broken is not None or low or stratum.very_high
    told = (broken,) if broken else chart.fractures[:1] if stratum.very_high else ()
    chosen = offer(chart, (DENOSUMAB,)) if again else Offer()
    tests = tuple(service(key) for key in (("dxa",) if not recent_dxa else ()) + ("ctx", "p1np"))
    yield Finding(
        indicator=WARNING if broken or low or not recent_dxa else INFO,
        variant="fracture"
        if broken
        else "low"
        if low
        else "dxa-first"
        if not recent_dxa
        else "very-high"
        if again
        else "holiday",
        values={
            "drug": ended.course.drug,
            "ended": ended.day,
            "hip": hip,
            "fracture": broken,
            "again": again,
            "reasons": stratum.reasons,
        },
        facts=(
            facts.last_dose(ended.course) if ended.course.drug.covers_months else facts.stopped(ended.course, ended.day),
            *map(facts.fracture, told),
            *((facts.measured(hip),) if hip else ()),
        ),
        options=(*chosen.options, *tests),
        any_number=True,
        dropped=chosen.dropped,
    )
