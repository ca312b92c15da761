"""The rule of `daily-living`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions.risk import concerned
from cards.engine.findings import INFO, Finding
from cards.engine.options import service
from cards.thresholds import Numbers


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Where much of daily life is hard or needs help: occupational therapy.

    When: an adult has osteoporosis, low bone mass or a fragility fracture or is on treatment, and the newest Barthel index
    within {function-window-months} months is {barthel} or less (of the scale up to a hundred; a low value that may be of the
    scale up to twenty is left out, and said so), or the newest Oswestry disability index {odi} % or more.

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
