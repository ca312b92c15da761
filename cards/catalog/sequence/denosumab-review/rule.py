"""The rule of `denosumab-review`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Measurement, facts
from cards.chart.calendar import add_months, months_between
from cards.definitions import density, glucocorticoid, person, risk, target
from cards.definitions.bone_loss import HORMONE_BLOCKERS
from cards.definitions.denosumab import Kind, next_due, state
from cards.definitions.glucocorticoid_bands import assessed_lately
from cards.engine.findings import INFO, WARNING, Finding
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import Drug


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """After {denosumab-review-years} to {denosumab-long-years} years of denosumab, reassess the fracture risk: still high, go
    on; not high any more, plan the way out; never stop it without a follow-on.

    When: an adult on denosumab 60 mg that began {denosumab-review-years} years ago or more and was not stopped.

    Not when: its last dose no longer works, its end is planned, or another drug has taken over (`denosumab-due`,
    `denosumab-sequence`).

    Then: info; warning from {denosumab-long-years} years on. *Unmeasured*: no T-score of the hip from the last
    {hip-t-window-months} months: DXA first, go on meanwhile. *High*: hip T-score {hip-t-target} or lower (with a fracture of
    hip or vertebra ever, {hip-t-target-fracture} or lower), a very high risk (any fracture on denosumab), or a
    glucocorticoid of {glucocorticoid-mg} mg prednisone equivalent a day or more (now, or as the mean; or of unknown dose), an
    aromatase inhibitor or a GnRH drug that goes on: continue, with the date of the next dose. *Not high*: the follow-on, with
    its date. Suggested, unless already ordered: DXA if unmeasured, and FRAX if none is {frax-months} months old or younger. The
    detail never says to stop without a follow-on.
    """
    found = state(chart)
    course = found.course if found else None
    if found is None or course is None or course.start_at_latest is None or not person.adult(chart):
        return
    if found.kind not in (Kind.GOING_ON, Kind.NO_DATE) or not course.on_treatment(chart.today):
        return
    if add_months(course.start_at_latest, n.denosumab_review_years * 12) > chart.today:
        return
    hip = density.hip_t(chart, chart.months_ago(n.hip_t_window_months))
    harmful = _harmful(chart)
    tests = [key for key in (() if hip else ("dxa",)) + (() if assessed_lately(chart) else ("frax",)) if not chart.ordered(key)]
    long = add_months(course.start_at_latest, n.denosumab_long_years * 12) <= chart.today
    yield Finding(
        indicator=WARNING if long else INFO,
        variant="unmeasured" if hip is None else "high" if _high(chart, hip) or harmful else "not-high",
        values={
            "start": course.started,
            "months": months_between(course.start_at_latest, chart.today),
            "reasons": risk.risk(chart).reasons if risk.risk(chart).high else (),
            "harmful": harmful,
            "hip": hip,
            "due": next_due(chart),
            "long": long,
        },
        facts=(facts.started(course), facts.last_dose(course), *map(facts.measured, density.newest_t_scores(chart))),
        options=tuple(service(key) for key in tests),
        any_number=True,
    )


def _high(chart: Chart, hip: Measurement) -> bool:
    return target.missed(chart, hip) or risk.risk(chart).very_high


def _harmful(chart: Chart) -> tuple[Drug, ...]:
    """Drugs that go on and for which denosumab does, too."""
    steroid = glucocorticoid.taken(chart)
    doses = (steroid.now, steroid.daily) if steroid else ()
    enough = any(dose is None or glucocorticoid.enough_glucocorticoid(chart.numbers, dose) for dose in doses)
    blockers = [c.drug for c in chart.courses(HORMONE_BLOCKERS) if c.active or c.on_treatment(chart.today)]
    return (*((steroid.drug, *steroid.others) if steroid and enough else ()), *blockers)
