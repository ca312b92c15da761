"""The rule of `fall-risk`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.chart.facts import Fact
from cards.definitions import person
from cards.definitions.falls import fall_evidence
from cards.definitions.risk import concerned
from cards.engine.findings import INFO, WARNING, Finding, Undecided
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import Data


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """A high or moderate risk of falling: exercise, a safe home, fewer sedatives, vitamin D where it is low, and aids if
    the patient wants them.

    When: an adult who has osteoporosis, low bone mass or a fragility fracture, is on treatment, or is {fall-risk-years} or
    older, and (1) the risk of falling is high, that is, within {fall-window-months} months Morse {morse-high} or more, Berg
    {berg-low} or less, timed up and go {tug-seconds} s or more, {falls-a-year} falls or more, recurrent falls on record as
    active, or a fall with a fragility fracture within {fall-fracture-days} days of it (of injuries the record shows fractures
    alone); or (2) it is moderate: Morse {morse-moderate} or more, and none of (1).

    Not when: the age is unknown and nothing else applies; `incomplete-data` says so.

    Then: warning in (1), info in (2). Balance and strength training, home safety assessment and referral to a falls clinic,
    each unless already ordered; any number may be chosen. The detail adds fewer sedatives (the classes are recalled, no
    source here lists them), vitamin D where it is low, a walking aid and hip protector according to the patient's preference,
    and shoes or insoles.
    """
    old = chart.age is None or chart.age >= n.fall_risk_years
    if not person.adult(chart) or not (concerned(chart) or old):
        return
    high = fall_evidence(chart) or list(_fall_with_injury(chart, n))
    morse = chart.newest("morse", since=chart.months_ago(n.fall_window_months))
    moderate = morse is not None and morse.below(n.morse_moderate) is False
    if not high and not moderate:
        return
    if chart.age is None and not concerned(chart):
        yield Undecided(facts=tuple(high), missing=(Data.PATIENT,), indicator=INFO)
        return
    yield Finding(
        indicator=WARNING if high else INFO,
        variant="high" if high else "moderate",
        values={
            "evidence": list(dict.fromkeys(facts.said(fact) for fact in high)),
            "when": high[0].dated if len({fact.dated for fact in high}) == 1 else None,
            "morse": morse,
        },
        facts=tuple(high) or ((facts.measured(morse),) if morse else ()),
        options=tuple(service(key) for key in ("exercise", "home-safety", "referral-falls") if not chart.ordered(key)),
        any_number=True,
        left_out=chart.left_out("morse", "berg", "tug", "falls"),
    )


def _fall_with_injury(chart: Chart, n: Numbers) -> Iterator[Fact]:
    """One fall within the past year with a fragility fracture within a week of it."""
    since = chart.months_ago(n.fall_window_months)
    for fall in chart.problems.get("fall", ()):
        for broken in chart.fractures:
            if fall.when and broken.when and fall.when >= since and abs((broken.when - fall.when).days) <= n.fall_fracture_days:
                yield facts.problem(fall)
                yield facts.fracture(broken)
                return
