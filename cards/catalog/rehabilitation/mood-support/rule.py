"""The rule of `mood-support`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards.chart import Chart, Measurement, facts
from cards.definitions.risk import concerned
from cards.engine.findings import INFO, WARNING, Finding
from cards.engine.options import service
from cards.thresholds import Numbers


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """A score showing low mood or anxiety calls for counseling and therapy. A positive PHQ-9 item 9 indicates suicidal thoughts
    and counts on its own.

    When: an adult has osteoporosis, low bone mass or a fragility fracture or is on treatment, and of the newest scores within
    {mood-window-months} months PHQ-9 is {phq9-moderate} or more, HAMD {hamd} or more, HAMA {hama} or more, or item 9 of PHQ-9
    is {phq9-item9} or more, whatever the total.

    Then: warning with a positive item 9 (the card names it and asks the clinician to talk with the patient today) or PHQ-9 of
    {phq9-severe} or more, otherwise info. Referral to psychiatry or psychology (recommended in a warning), cognitive behavioral
    therapy; any number may be chosen.
    """
    if not concerned(chart):
        return
    since = chart.months_ago(n.mood_window_months)
    scores = [
        m
        for key, cut in (("phq9", n.phq9_moderate), ("hamd", n.hamd), ("hama", n.hama))
        if (m := _at_least(chart, key, cut, since))
    ]
    item9 = _at_least(chart, "phq9-item9", n.phq9_item9, since)
    if not scores and item9 is None:
        return
    severe = any(m.key == "phq9" and m.below(n.phq9_severe) is False for m in scores)
    urgent = item9 is not None
    yield Finding(
        indicator=WARNING if severe or urgent else INFO,
        variant="self-harm" if urgent else "severe" if severe else "moderate",
        values={"score": scores[0] if scores else item9, "item9": item9},
        facts=tuple(facts.measured(m) for m in (*scores, *((item9,) if item9 else ()))),
        options=(service("referral-psychology", recommended=urgent or severe), service("cognitive-therapy")),
        any_number=True,
    )


def _at_least(chart: Chart, key: str, threshold: int, since: date) -> Measurement | None:
    value = chart.newest(key, since=since)
    return value if value is not None and value.below(threshold) is False else None
