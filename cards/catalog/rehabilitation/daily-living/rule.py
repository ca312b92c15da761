"""The rule of `daily-living`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions.risk import concerned
from cards.engine.findings import INFO, Finding
from cards.engine.options import service
from cards.thresholds import Numbers


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Occupational therapy for patients who need help with, or struggle with, much of daily life.

    When: an adult has osteoporosis, low bone mass or a fragility fracture or is on treatment, and the newest Barthel index
    within {function-window-months} months is {barthel} or less (on the 100-point scale; a low value that may be on the 20-point
    scale is left out, and the card says so), or the newest Oswestry disability index is {odi} % or more.

    Then: info. Referral to occupational therapy (recommended).
    """
    if not concerned(chart):
        return
    since = chart.months_ago(n.function_window_months)
    barthel, odi = chart.newest("barthel", since=since), chart.newest("odi", since=since)
    found = [m for m in (barthel,) if m and m.at_most(n.barthel)]
    found += [m for m in (odi,) if m and m.below(n.odi) is False]
    if found:
        yield Finding(
            indicator=INFO,
            values={"score": found[0]},
            facts=tuple(map(facts.measured, found)),
            options=(service("referral-occupational-therapy", recommended=True),),
            left_out=chart.left_out("barthel"),
        )
