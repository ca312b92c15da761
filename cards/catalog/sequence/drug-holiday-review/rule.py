"""The rule of `drug-holiday-review`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Course, Fracture, Measurement, Problem, facts
from cards.chart.calendar import add_months
from cards.chart.facts import Fact
from cards.definitions import density, person, risk
from cards.definitions.bisphosphonates import longest_over
from cards.definitions.bone_loss import harmful
from cards.definitions.density import hip_t
from cards.definitions.holiday import Holiday, hip_at_the_end, holiday_since, turnover_up, within_error
from cards.definitions.repeats import again
from cards.engine.findings import INFO, WARNING, Earlier, Finding, Option, Rest
from cards.engine.ladder import VERY_HIGH
from cards.engine.options import SPECIALIST, Offer, offer, ranking, service
from cards.thresholds import Numbers
from cards.vocabulary import ALENDRONATE, DENOSUMAB, ZOLEDRONATE, Drug, Mechanism

_TREAT = ("fracture", "never", "low", "harmful", "turnover", "very-high")
_QUIET = ("decide", "very-high", "holiday")
"""Variants that offer a drug, and those that rest for long when they are overridden, since nothing happened."""


class _State(Struct, frozen=True):
    """What is known of a holiday today. ``decide``: when its first part is over; ``recent``: there is a DXA that counts."""

    holiday: Holiday
    decide: date
    hip: Measurement | None
    at_end: Measurement | None
    broken: Fracture | None
    harmful: Course | Problem | None
    turnover: tuple[Measurement, Measurement] | None
    recent: bool


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """A bisphosphonate was stopped after {holiday-course-months} months or more and nothing followed: review the holiday for up
    to {holiday-longest-months} months. Decide again after some years; if the risk is high
    again, go back on treatment: denosumab in sequence, or the drug of before.

    When: an adult off treatment whose bisphosphonate was stopped after {holiday-course-months} months or more on
    bisphosphonates in all, at most {holiday-longest-months} months ago; for an injection the last dose counts, if more than
    {holiday-zoledronate-months} months ago.

    Not when: an antiresorptive or anabolic was taken since; it was given up soon after a restart (`adherence-gap`).

    Then: the first that applies of (1) a fragility fracture since the end (one possible day is enough); (2) a hip T-score of
    {hip-t-holiday} or lower at the end, as `bisphosphonate-review` read it (after an infusion {holiday-zoledronate-months}
    months later at the latest), so that it never was a holiday; (3) the newest hip T-score, of {hip-t-window-months}
    months or since the end, is {hip-t-holiday} or lower; if the density of that site differs from that at the end by no more
    than the least significant change, and the risk is not very high, DXA again {near-dxa-months} months after it, or now; (4) a
    glucocorticoid of {glucocorticoid-mg} mg prednisone a day for {glucocorticoid-days} days, an aromatase inhibitor or GnRH
    drug, or an orchiectomy; (5) past the first decision, CTX above {ctx-target} ng/L twice, {ctx-again-days} days apart,
    with a hip T-score of {hip-t-turnover} or lower; (6) no T-score within {hip-t-window-months} months: DXA, unless it is
    ordered; (7) very high risk, with the reason; (8) past the first decision: decide. It is due
    {decide-alendronate-months} months after alendronate, {decide-zoledronate-months} after zoledronate, {decide-other-months}
    after any other. All these are warnings, (7) before the first decision info. (9) Otherwise info, with the date of the
    decision. Drugs are suggested for (1) to (5), unless DXA is repeated, and at very high risk: after a fracture by the ranking
    for a start of treatment, otherwise denosumab, zoledronate and the drug of before, filtered, the first without a warning
    recommended; no bisphosphonate after {max-oral-years} years in all or {max-zoledronate-years} of infusions; a referral where
    nothing is left. DXA, and CTX and P1NP if none was measured within {markers-months} months and none is ordered; any number
    may be chosen. The detail says what goes on of calcium and vitamin D. An override of (7) to (9) rests {review-rest-months}
    months.
    """
    holiday = holiday_since(chart)
    if holiday is None or not person.adult(chart) or earlier.of("adherence-gap"):
        return
    state = _state(chart, n, holiday)
    variant = _variant(chart, n, state)
    chosen = _drugs(chart, n, state, variant) if variant in _TREAT else Offer()
    stratum = risk.risk(chart)
    yield Finding(
        indicator=INFO if variant == "holiday" or (variant == "very-high" and chart.today < state.decide) else WARNING,
        variant=variant,
        values={
            "drug": holiday.course.drug,
            "ended": holiday.dated,
            "decide": state.decide,
            "hip": state.at_end if variant == "never" else state.hip,
            "fracture": state.broken,
            "harmful": state.harmful.drug if isinstance(state.harmful, Course) else None,
            "surgery": state.harmful if isinstance(state.harmful, Problem) else None,
            "ctx": state.turnover,
            "again": variant in _TREAT,
            "specialist": any(option.kind == "service" for option in chosen.options),
            "next_dxa": _next_dxa(chart, n, state),
            "reasons": stratum.reasons,
        },
        facts=tuple(_evidence(chart, state, variant)),
        options=(*chosen.options, *_tests(chart, n, state, variant)),
        any_number=True,
        dropped=chosen.dropped,
        rests=Rest(n.review_rest_months, "") if variant in _QUIET else None,
    )


def _state(chart: Chart, n: Numbers, holiday: Holiday) -> _State:
    since = chart.months_ago(n.hip_t_window_months)
    months = {ALENDRONATE: n.decide_alendronate_months, ZOLEDRONATE: n.decide_zoledronate_months}
    return _State(
        holiday,
        decide=add_months(holiday.at_latest, months.get(holiday.course.drug, n.decide_other_months)),
        hip=hip_t(chart, since=min(since, holiday.day)),
        at_end=hip_at_the_end(chart, holiday),
        broken=next((f for f in chart.fractures if f.at_latest and f.at_latest > holiday.day), None),
        harmful=harmful(chart),
        turnover=turnover_up(chart, holiday),
        recent=any(m.when >= since for m in density.newest_t_scores(chart)) or chart.ordered("dxa"),
    )


def _variant(chart: Chart, n: Numbers, state: _State) -> str:
    very_high = risk.risk(chart).very_high
    past = state.decide <= chart.today
    hip = state.hip
    if state.broken:
        return "fracture"
    if state.at_end and state.at_end.value <= n.hip_t_holiday:
        return "never"
    if hip and hip.value <= n.hip_t_holiday:
        return "near" if not very_high and within_error(chart, state.holiday, hip) else "low"
    if state.harmful:
        return "harmful"
    if past and state.turnover and hip and hip.value <= n.hip_t_turnover:
        return "turnover"
    if not state.recent:
        return "dxa-first"
    if very_high:
        return "very-high"
    return "decide" if past else "holiday"


def _drugs(chart: Chart, n: Numbers, state: _State, variant: str) -> Offer:
    """What to go back to; after the longest course no bisphosphonate."""
    before = state.holiday.course.drug
    # A fracture in a holiday is very high risk, however long ago.
    drugs: Iterable[Drug] = ranking(chart, VERY_HIGH) if variant == "fracture" else (DENOSUMAB, ZOLEDRONATE, before)
    if longest_over(chart):
        drugs = [drug for drug in drugs if drug.mechanism is not Mechanism.BISPHOSPHONATE]
    chosen = offer(chart, dict.fromkeys(drugs))
    return chosen if chosen.options or chosen.held else Offer(SPECIALIST, chosen.dropped)


def _next_dxa(chart: Chart, n: Numbers, state: _State) -> date | None:
    """When a hip T-score within the error of measurement is measured again; None where that is now."""
    day = add_months(state.hip.when, n.near_dxa_months) if state.hip else None
    return day if day is not None and day > chart.today else None


def _tests(chart: Chart, n: Numbers, state: _State, variant: str) -> Iterator[Option]:
    if variant == "near" and not chart.ordered("dxa"):
        yield service("dxa", start=_next_dxa(chart, n, state), recommended=True)
    elif not state.recent:
        yield service("dxa", recommended=True)
    order = variant not in _TREAT
    yield from (service(key, recommended=order) for key in ("ctx", "p1np") if again(chart, key, n.markers_months))


def _evidence(chart: Chart, state: _State, variant: str) -> Iterator[Fact]:
    course = state.holiday.course
    yield facts.last_dose(course) if course.drug.covers_months else facts.stopped(course, state.holiday.day)
    if state.broken:
        yield facts.fracture(state.broken)
    elif risk.risk(chart).very_high:
        yield from map(facts.fracture, chart.fractures[:1])
    yield from map(facts.measured, dict.fromkeys(m for m in (state.at_end, state.hip) if m))
    if state.harmful:
        yield facts.problem(state.harmful) if isinstance(state.harmful, Problem) else facts.taken(state.harmful)
    if state.turnover and variant == "turnover":
        yield from map(facts.measured, state.turnover)
