"""Where a patient stands with denosumab 60 mg: one reading for every card that speaks of it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from itertools import pairwise

from msgspec import Struct

from cards.chart import Chart, Course, Measurement, per_chart
from cards.chart.calendar import Partial, add_days, add_months
from cards.definitions.denosumab.dates import late_from
from cards.definitions.denosumab.follow_on import FollowOn, Holds, follow_on, given, only_ordered
from cards.definitions.denosumab.reason import reason_ended
from cards.definitions.denosumab.rebound import rebound
from cards.vocabulary import DENOSUMAB, ZOLEDRONATE, Mechanism

SPINE = ("vertebral-imaging", "spine-mri", "spine-ct")


class Kind(StrEnum):
    """What is to be done next.

    ``GOING_ON``: the next dose has its date. ``NO_DATE``: not stopped, and no dose is dated. ``PLAN``: stopped, or to be (an
    end is planned, an infusion ordered, or the cancer drug ends or has ended for which it was given), and still in effect.
    ``LATE``: the effect has ended and nothing holds the bone. ``PERHAPS``: late on some of the days that the last dose can have
    been. ``LONG_AGO``: late, more than {denosumab-sequence-months} months after the last dose. ``UNDATED``: stopped, no dose is
    dated. ``TOO_EARLY``, ``TOO_LATE``: a follow-on that may not hold. ``TURNOVER``: turnover has risen since a follow-on.
    ``REBOUND``: vertebrae broke after the effect had ended; ``IN_SPITE``: in spite of a follow-on in time. ``SETTLED``: another
    drug has taken over."""

    GOING_ON = "going-on"
    NO_DATE = "no-date"
    PLAN = "plan"
    LATE = "overdue"
    PERHAPS = "perhaps"
    LONG_AGO = "long-ago"
    UNDATED = "undated"
    TOO_EARLY = "too-early"
    TOO_LATE = "too-late"
    TURNOVER = "turnover"
    REBOUND = "rebound"
    IN_SPITE = "in-spite"
    SETTLED = "settled"


OPEN = frozenset({Kind.PLAN, Kind.LATE, Kind.PERHAPS, Kind.LONG_AGO, Kind.UNDATED, Kind.REBOUND})
"""The states in which a gap is open, or will be."""


class State(Struct, frozen=True):
    """The state, the course of denosumab 60 mg, and what followed it."""

    kind: Kind
    course: Course
    follow_on: FollowOn | None = None


@per_chart
def state(chart: Chart) -> State | None:
    """The state of a patient who has had denosumab 60 mg; of one with rebound fractures, of the strength that they followed.
    Rebound fractures count until denosumab or zoledronate is given; those in spite of a follow-on in time until a CTX and a
    referral that is answered. A follow-on too early asks for CTX from {follow-on-zoledronate-months} to
    {denosumab-sequence-months} months after the last dose, until a CTX taken after denosumab had worn off, at most
    {denosumab-ctx-months} months old, is {ctx-target} pg/mL or less; one too late for {denosumab-sequence-months} months, until
    the spine was imaged after month {rebound-from-months} and a CTX since the follow-on was begun is that low."""
    broken = rebound(chart)
    course = chart.course(DENOSUMAB)
    if broken is not None and broken.course.drug is DENOSUMAB:
        if broken.in_spite is not None:
            newest = max(f.at_latest for f in broken.fractures if f.at_latest)
            answered = chart.newest("ctx", since=newest) and chart.done("referral-osteoporosis", since=newest)
            if not answered:
                return State(Kind.IN_SPITE, broken.course, broken.in_spite)
        elif not broken.answered:
            return State(Kind.REBOUND, broken.course, follow_on(chart))
    return State(*_kind(chart, course)) if course is not None else None


def _kind(chart: Chart, course: Course) -> tuple[Kind, Course, FollowOn | None]:
    after = follow_on(chart)
    if after is not None and after.took_over:
        return _followed(chart, course, after), course, after
    first, last = course.last_dose, course.last_dose_at_latest
    if first is None or last is None:
        unfinished = Kind.NO_DATE if course.may_work else Kind.SETTLED
        return (Kind.UNDATED if course.stopped else unfinished), course, after
    if chart.today > late_from(chart.numbers, last):
        if chart.today <= add_months(last, chart.numbers.denosumab_sequence_months):
            return Kind.LATE, course, after
        return Kind.LONG_AGO, course, after
    if course.stopped or ends_with_the_dose(chart, course) or only_ordered(chart, course) or reason_ended(chart, course):
        return (Kind.PLAN if chart.today <= late_from(chart.numbers, first) else Kind.PERHAPS), course, after
    return (Kind.GOING_ON if chart.today <= late_from(chart.numbers, first) else Kind.PERHAPS), course, after


def ends_with_the_dose(chart: Chart, course: Course) -> bool:
    """Whether an end is planned for a day by which no further dose is due, and none is ordered."""
    last = course.last_dose_at_latest
    if course.planned_end is None or last is None or course.pending is not None:
        return False
    return course.planned_end <= add_months(last, chart.numbers.denosumab_months)


def _followed(chart: Chart, course: Course, after: FollowOn) -> Kind:
    n, last = chart.numbers, course.last_dose_at_latest
    if last is None or (after.begun is None and chart.today <= late_from(n, course.last_dose or last)):
        return Kind.SETTLED
    if after.course.drug.mechanism is course.drug.mechanism:
        return Kind.SETTLED
    if _turnover(chart, after) is not None:
        return Kind.TURNOVER
    if chart.today > add_months(last, n.denosumab_sequence_months) or after.holds is Holds.IN_TIME:
        return Kind.SETTLED
    if after.holds is Holds.TOO_EARLY:
        soon = chart.today < add_months(course.last_dose or last, n.follow_on_zoledronate_months)
        return Kind.SETTLED if soon or _early_settled(chart, last, after) else Kind.TOO_EARLY
    return Kind.SETTLED if _late_settled(chart, course, after) else Kind.TOO_LATE


def _early_settled(chart: Chart, last: date, after: FollowOn) -> bool:
    """A CTX of the last {denosumab-ctx-months} months, taken when denosumab had worn off and late enough after the infusion, is
    {ctx-target} or less."""
    n = chart.numbers
    worn_off, recent = add_months(last, n.denosumab_months), chart.months_ago(n.denosumab_ctx_months)
    newest = chart.newest("ctx", since=max(worn_off, recent, judged_from(chart, after) or worn_off))
    return newest is not None and newest.at_most(n.ctx_target) is True


def _late_settled(chart: Chart, course: Course, after: FollowOn) -> bool:
    """The spine was imaged after the rebound began, and a CTX since the follow-on was begun (or, where nobody knows when,
    since denosumab wore off) is {ctx-target} or less."""
    n, begun = chart.numbers, after.latest or after.begun
    newest = chart.newest("ctx", since=begun or add_months(course.last_dose_at_latest or chart.today, n.denosumab_months))
    quiet = newest is not None and newest.at_most(n.ctx_target) is True
    return quiet and course.last_dose is not None and imaged_since(chart, add_months(course.last_dose, n.rebound_from_months))


def imaged_since(chart: Chart, day: date | None) -> bool:
    """Whether the spine was imaged on that day or later, and the report was read."""
    return any(
        s.done and not s.unread and s.when and (day is None or s.when >= day)
        for key in SPINE
        for s in chart.services.get(key, ())
    )


class Gap(Struct, frozen=True):
    """A gap between two doses: the last dose before it, and the one with which denosumab was resumed; ``told``: both as
    recorded; ``certain``: it was late on every day that they can have been."""

    before: date
    resumed: date
    told: tuple[date | Partial, date | Partial]
    certain: bool


@per_chart
def unseen_gap(chart: Chart) -> Gap | None:
    """The last gap of a patient who has had denosumab 60 mg and is on denosumab again, of either strength, of the last
    {denosumab-sequence-months} months, if the spine was not imaged since month {rebound-from-months} after the dose before
    it."""
    n, courses = chart.numbers, chart.courses({Mechanism.RANKL_INHIBITOR})
    if chart.course(DENOSUMAB) is None or not any(c.on_treatment(chart.today) for c in courses):
        return None
    since = chart.months_ago(n.denosumab_sequence_months)
    doses = sorted({day: c for c in courses for day in c.doses}.items())
    late = [each for each in pairwise(doses) if each[1][0] > late_from(n, each[0][0]) and each[0][0] >= since]
    if not late:
        return None
    (before, first), (resumed, then) = late[-1]
    if imaged_since(chart, add_months(before, n.rebound_from_months)):
        return None
    certain = resumed > late_from(n, first.latest_of(before))
    return Gap(before, resumed, (first.dated(before), then.dated(resumed)), certain)


def risen(chart: Chart) -> Measurement | None:
    """The CTX for which the follow-on is repeated."""
    after = follow_on(chart)
    return _turnover(chart, after) if after is not None else None


def _turnover(chart: Chart, after: FollowOn) -> Measurement | None:
    """The newest CTX, of the last {denosumab-ctx-months} months and of the {denosumab-sequence-months} months since the
    follow-on was begun, is above {ctx-target}, taken late enough after its start and its last infusion, and with no fragility
    fracture in the {denosumab-ctx-months} months before it."""
    n, begun, first = chart.numbers, after.latest or after.begun, judged_from(chart, after)
    newest = chart.newest("ctx", since=chart.months_ago(n.denosumab_ctx_months))
    if begun is None or first is None or newest is None or newest.at_most(n.ctx_target) is not False:
        return None
    if not first <= newest.when <= add_months(begun, n.denosumab_sequence_months):
        return None
    healing = add_months(newest.when, -n.denosumab_ctx_months)
    broken = any(f.at_latest and healing <= f.at_latest <= newest.at_latest for f in chart.fractures)
    return None if broken else newest


def judged_from(chart: Chart, after: FollowOn) -> date | None:
    """The first day of a CTX that tells whether the follow-on holds: {btm-first-months} months after its start or its last
    infusion, less the {follow-on-ctx-early-days} days by which a sample may be early. Sooner it shows what was there before."""
    begun = after.latest or after.begun
    if begun is None:
        return None
    infused = given(after.course) if after.course.drug.ingredient == ZOLEDRONATE.ingredient else ()
    return add_days(add_months(max((begun, *infused)), chart.numbers.btm_first_months), -chart.numbers.follow_on_ctx_early_days)
