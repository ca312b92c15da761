"""The rule of `denosumab-review`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards.chart import Chart, Course, Measurement, Problem, facts
from cards.chart.calendar import add_months, months_between
from cards.definitions import density, glucocorticoid, person, risk, target
from cards.definitions.denosumab import Kind, blocking, exposure, next_due, safe_until, state
from cards.definitions.glucocorticoid_bands import assessed_lately
from cards.definitions.person import orchiectomy
from cards.engine.findings import INFO, WARNING, Finding, Rest
from cards.engine.lapse import Forbidden, forbidden
from cards.engine.options import offer, service
from cards.engine.trial import ruled_out
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB, ZOLEDRONATE, Data, Drug

_SPECIALIST = "referral-osteoporosis"
_TOLD_BY = (Data.BONE_DENSITY, Data.CONDITIONS, Data.CALCIUM)
"""What tells that nothing is new: unread, the review does not rest."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """After {denosumab-review-years} to {denosumab-long-years} years of denosumab, reassess the fracture risk: still high, go
    on; not high any more, plan the way out; never stop it without a follow-on.

    When: an adult on denosumab 60 mg that began, in either strength, {denosumab-review-years} years ago or more and was not
    stopped.

    Not when: its last dose no longer works, its end is planned, or another drug has taken over (`denosumab-due`,
    `denosumab-sequence`); *high*, and a dose given or ordered when the review was due decided it within
    {review-rest-months} months, calcium is not low and nothing broke since. At {denosumab-long-years} years it is due anew.

    Then: info; warning from {denosumab-long-years} years on, of 60 and 120 mg together. *Forbidden*: order safety or the
    work-up rules out the next dose, and it is not low calcium alone: a specialist decides by the last safe day, and nothing
    says to go on. *Unmeasured*: no T-score of the hip from the last {hip-t-window-months} months: DXA first, go on
    meanwhile. *High*: hip T-score {hip-t-target} or lower (with a fracture of hip or vertebra ever, {hip-t-target-fracture}
    or lower), a very high risk (any fracture on denosumab), or a glucocorticoid of {glucocorticoid-mg} mg prednisone
    equivalent a day or more (now, or as the mean; or of unknown dose), an aromatase inhibitor or a GnRH drug that goes on,
    or an orchiectomy: continue, with the date of the next dose; an override rests {review-rest-months} months. *Not high*:
    the follow-on, with its date; where zoledronate is ruled out, a specialist names it (referral recommended). Suggested,
    unless already ordered: DXA if unmeasured, and FRAX if none is {frax-months} months old or younger. The detail never says
    to stop without a follow-on.
    """
    found = state(chart)
    course = found.course if found else None
    if found is None or course is None or course.start_at_latest is None or not person.adult(chart):
        return
    if found.kind not in (Kind.GOING_ON, Kind.NO_DATE) or not course.on_treatment(chart.today):
        return
    begun = exposure.begun(chart, course) or course.start_at_latest
    if add_months(begun, n.denosumab_review_years * 12) > chart.today:
        return
    hip = density.hip_t(chart, chart.months_ago(n.hip_t_window_months))
    harmful = _harmful(chart)
    tests = [key for key in (() if hip else ("dxa",)) + (() if assessed_lately(chart) else ("frax",)) if not chart.ordered(key)]
    long = add_months(begun, n.denosumab_long_years * 12) <= chart.today
    against = _against(chart)
    low = against is not None and against.by == "calcium"
    barred = None if low else against
    variant = "unmeasured" if hip is None else "high" if _high(chart, hip) or harmful else "not-high"
    due = add_months(begun, (n.denosumab_long_years if long else n.denosumab_review_years) * 12)
    if variant == "high" and against is None and _decided(chart, course, due):
        return
    exit_ruled_out = ruled_out(chart, ZOLEDRONATE)
    referral = barred.referral if barred else _SPECIALIST if exit_ruled_out and variant == "not-high" else ""
    yield Finding(
        indicator=WARNING if long else INFO,
        variant="forbidden" if barred else variant,
        values={
            "start": course.started if begun == course.start_at_latest else begun,
            "months": months_between(begun, chart.today),
            "reasons": risk.risk(chart).reasons if variant == "high" else (),
            "harmful": harmful,
            "hip": hip,
            "due": next_due(chart),
            "safe": safe_until(chart),
            "emergency": barred is not None and barred.by == "emergency",
            "out": exit_ruled_out is not None,
            "low": low,
            "long": long,
        },
        facts=(
            *((facts.started(earlier),) if (earlier := exposure.before(chart, course)) else ()),
            facts.started(course),
            facts.last_dose(course),
            *map(facts.measured, density.newest_t_scores(chart)),
        ),
        options=(
            *((service(referral, recommended=True),) if referral and not chart.ordered(referral) else ()),
            *(service(key) for key in tests),
        ),
        dropped=(exit_ruled_out,) if exit_ruled_out and (long or variant == "not-high") else (),
        any_number=True,
        rests=Rest(n.review_rest_months, " ".join(("long" if long else "", *_why(chart, harmful))))
        if variant == "high"
        else None,
    )


def _decided(chart: Chart, course: Course, due: date) -> bool:
    """Whether a dose was given or ordered since the review was due, at most {review-rest-months} months ago, and nothing broke
    since. Each such dose decides for this long; the first one after that decides again."""
    if chart.doubts(_TOLD_BY):
        return False
    rest, decided = chart.numbers.review_rest_months, None
    for day in sorted({*course.doses, *((course.written,) if course.written else ())}):
        if day >= due if decided is None else day > add_months(decided, rest):
            decided = day
    if decided is None or chart.today > add_months(decided, rest):
        return False
    return not any(f.at_latest is None or f.at_latest > decided for f in chart.fractures)


def _why(chart: Chart, harmful: tuple[Drug | Problem, ...]) -> list[str]:
    """Why the risk is high: the same measured anew is no news."""
    return sorted((*risk.risk(chart).reasons, *(each.key for each in harmful)))


def _against(chart: Chart) -> Forbidden | None:
    """What forbids the next dose: low calcium alone is corrected, and denosumab goes on."""
    due = next_due(chart)
    drafts = tuple(chart.drafted({DENOSUMAB.mechanism}))
    start = due if due is not None and due > chart.today else None
    return forbidden(chart, offer(chart, (DENOSUMAB,), start=start, replaces=drafts, waits=False), (DENOSUMAB,))


def _high(chart: Chart, hip: Measurement) -> bool:
    return target.missed(chart, hip) or risk.risk(chart).very_high


def _harmful(chart: Chart) -> tuple[Drug | Problem, ...]:
    """What goes on and for which denosumab does, too."""
    steroid = glucocorticoid.taken(chart)
    doses = (steroid.now, steroid.daily) if steroid else ()
    enough = any(dose is None or glucocorticoid.enough_glucocorticoid(chart.numbers, dose) for dose in doses)
    surgery = orchiectomy(chart)
    return (
        *((steroid.drug, *steroid.others) if steroid and enough else ()),
        *(course.drug for course in blocking(chart)),
        *((surgery,) if surgery else ()),
    )
