"""What follows denosumab, and whether it holds the bone: in time, too early, too late, given up too soon, or too weak."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum

from msgspec import Struct

from cards.chart import Chart, Course, per_chart
from cards.chart.calendar import Partial, add_days, add_months, as_recorded, months_between
from cards.definitions.denosumab.dates import late_from
from cards.vocabulary import ANABOLIC, ANTIRESORPTIVE, DENOSUMAB, ZOLEDRONATE, Mechanism


class Holds(StrEnum):
    """How a follow-on holds the bone, best first."""

    IN_TIME = "in-time"
    TOO_LATE = "too-late"
    TOO_EARLY = "too-early"
    LAPSED = "lapsed"
    WEAK = "weak"


class FollowOn(Struct, frozen=True):
    """A drug after the last dose of denosumab, the day on which it was begun (None where the record does not say), its last
    possible day, and how it holds the bone."""

    course: Course
    begun: date | None
    holds: Holds
    latest: date | None = None

    @property
    def took_over(self) -> bool:
        """Whether somebody has decided for another drug, which is still taken or works, in time or not."""
        return self.holds in (Holds.IN_TIME, Holds.TOO_LATE, Holds.TOO_EARLY)

    @property
    def dated(self) -> date | Partial | None:
        return as_recorded(self.begun, self.latest)


@per_chart
def follow_on(chart: Chart) -> FollowOn | None:
    """What followed the last dose of denosumab 60 mg. In time: tablets or ibandronate IV begun by the last safe day and taken
    for {follow-on-months} months or still taken (supply used up {follow-on-lapse-days} days ago at most), zoledronate given
    from {follow-on-zoledronate-months} months after the dose to the last safe day; too early: zoledronate before that; too
    late: any of these begun later; lapsed: given up sooner; weak: raloxifene, another SERM or hormone therapy that is taken
    today. The best of all counts; an old order or list entry that nobody renewed does not, nor do tablets that ended before
    the dose, nor tablets of which the record disagrees whether they are taken, nor an infusion that is ordered and not known
    to be given. Denosumab 120 mg is the same drug again: given after the dose, or on the list with no dose dated, it is in
    time, late or not. Where a date is given as year or month, what is in time on every possible day is in time; tablets that
    are taken since nobody knows when may be too late. If no dose has a date, a bisphosphonate that is taken today is in
    time."""
    course = chart.course(DENOSUMAB)
    if course is None:
        return None
    order = list(Holds)
    others = (c for c in chart.courses(ANTIRESORPTIVE) if c.drug is not DENOSUMAB and not _disputed(c))
    found = [each for other in others for each in _of(chart, course, other)]
    return min(found, key=lambda each: order.index(each.holds), default=None)


def _of(chart: Chart, course: Course, other: Course) -> Iterator[FollowOn]:
    last = course.last_dose
    if other.drug.mechanism is Mechanism.RANKL_INHIBITOR and last is not None:
        yield from _resumed(other, last)
        return
    weak = other.drug.mechanism not in (Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR)
    taken_blindly = other.active and other.undated
    if taken_blindly:
        unknown = Holds.IN_TIME if last is None else Holds.TOO_LATE
        yield FollowOn(other, None, Holds.WEAK if weak else unknown)
    if last is None:
        if not taken_blindly and other.on_treatment(chart.today):
            yield FollowOn(other, None, Holds.WEAK if weak else Holds.IN_TIME)
    elif weak:
        if _renewed_since(other, last) and _taken(chart, other) and other.spans and other.spans[-1][1] > last:
            yield FollowOn(other, other.start, Holds.WEAK, other.start_latest)
    elif other.drug.ingredient == ZOLEDRONATE.ingredient:
        yield from _infused(chart, course, other, last)
    elif _renewed_since(other, last):
        yield from _taken_after(chart, course, other, last)


def _resumed(other: Course, last: date) -> Iterator[FollowOn]:
    """Denosumab in the other strength, given after the last dose of this one, or taken and no dose of it dated."""
    if other.last_dose is not None and other.last_dose > last:
        yield FollowOn(other, other.last_dose, Holds.IN_TIME)
    elif other.last_dose is None and other.active and _renewed_since(other, last):
        yield FollowOn(other, None, Holds.IN_TIME)


def given_since(chart: Chart, other: Course, day: date) -> bool:
    """Whether an injection was given after that day, or tablets are taken now that were not given up."""
    if other.drug.covers_months is not None:
        return any(each > day for each in given(other))
    return _renewed_since(other, day) and _taken(chart, other) and not _disputed(other)


def _disputed(other: Course) -> bool:
    """Whether nobody knows that tablets are taken; an infusion that was given works, whatever the list says."""
    return bool(other.disputed) and other.drug.covers_months is None


def given(other: Course) -> tuple[date, ...]:
    """The days of the doses, that of a statement among them; an open order is no dose while other drugs are asked about."""
    last = other.last_dose if other.last_dose_basis != "order" else None
    return tuple(dict.fromkeys((*other.doses, last))) if last else other.doses


def only_ordered(chart: Chart, course: Course) -> tuple[Course, ...]:
    """Infusions that were ordered after the last dose of denosumab, and not given since: a switch is planned, and not made."""
    last = course.last_dose_at_latest
    infused = [c for c in chart.courses({Mechanism.BISPHOSPHONATE}) if c.drug.covers_months is not None]
    return tuple(
        c for c in infused if c.last_dose_basis == "order" and c.active and last and not any(d > last for d in given(c))
    )


def anabolic_beside(chart: Chart) -> Course | None:
    """An anabolic that is taken today: it builds bone, but alone does not hold it when denosumab wears off."""
    taken = (c for c in chart.courses(ANABOLIC) if c.active or (not c.stopped and c.on_treatment(chart.today)))
    return next(taken, None)


def _renewed_since(other: Course, day: date) -> bool:
    """Whether it is more than an old entry that nobody renewed or closed."""
    return not other.unconfirmed or (other.start is not None and other.start > day)


def _infused(chart: Chart, course: Course, other: Course, last: date) -> Iterator[FollowOn]:
    """Each infusion that was surely given after the last dose. ``last``: its first possible day."""
    surely_after = course.last_dose_at_latest or last
    earliest = add_months(surely_after, chart.numbers.follow_on_zoledronate_months)
    for day in given(other):
        if day <= surely_after:
            continue
        latest = other.last_dose_latest if day == other.last_dose else None
        if day < earliest:
            yield FollowOn(other, day, Holds.TOO_EARLY, latest)
        else:
            on_time = (latest or day) <= late_from(chart.numbers, last)
            yield FollowOn(other, day, Holds.IN_TIME if on_time else Holds.TOO_LATE, latest)


def _taken_after(chart: Chart, course: Course, other: Course, last: date) -> Iterator[FollowOn]:
    """Each span of tablets (or of an injection that is short of zoledronate) that reaches beyond the last dose."""
    for place, (begin, end) in enumerate(other.spans):
        if end <= (course.last_dose_at_latest or last):
            continue
        latest = other.start_latest if begin == other.start else None
        still = place == len(other.spans) - 1 and _taken(chart, other)
        long = months_between(max(begin, last), end) >= chart.numbers.follow_on_months
        if not (still or long):
            yield FollowOn(other, begin, Holds.LAPSED, latest)
        else:
            on_time = (latest or begin) <= late_from(chart.numbers, last)
            yield FollowOn(other, begin, Holds.IN_TIME if on_time else Holds.TOO_LATE, latest)


def _taken(chart: Chart, other: Course) -> bool:
    """Whether it goes on, or its supply was used up {follow-on-lapse-days} days ago at most."""
    if other.covered_until is None or (other.stopped and other.drug.covers_months is None):
        return False
    return add_days(other.covered_until, chart.numbers.follow_on_lapse_days) >= chart.today
