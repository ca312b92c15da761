"""Whether one drug is still in effect when another begins, whether on the medication list or drafted alongside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from math import inf
from typing import Any

from msgspec import Struct

from cards.chart import Chart, Course, Draft
from cards.chart.calendar import DAYS_A_MONTH
from cards.vocabulary import Drug, Mechanism


def works_on(course: Course, day: date) -> bool:
    return course.covered_until is not None and day < course.covered_until


def still_works(chart: Chart, course: Course, draft: Draft) -> bool:
    """Whether the course covers the day on which the draft would begin (without grace; a stopped tablet no longer works), or
    may cover it."""
    if course.stopped and course.drug.covers_months is None:
        return False
    return works_on(course, begins(chart, draft)) or course.may_work


def begins(chart: Chart, draft: Draft) -> date:
    """Its stated start, otherwise today."""
    return max(draft.start or chart.today, chart.today)


class _Drafted(Struct, frozen=True):
    """A draft in the basket: the day on which it begins, and for how many days nothing may begin beside it."""

    draft: Draft
    day: int
    days: float


def _placed(chart: Chart, drafts: list[Draft]) -> list[_Drafted]:
    """Each is looked at once a record: beside every option on trial stand the same ones."""
    known: dict[Draft, tuple[int, float]] = chart.known.setdefault(_placed, {})
    known.update({each: _time(chart, each) for each in drafts if each not in known})
    return [_Drafted(each, *known[each]) for each in drafts]


def _time(chart: Chart, draft: Draft) -> tuple[int, float]:
    """With the dose or the stated duration less a fraction of {dose-interval-tolerance}. A drug taken without a stated duration
    has no end."""
    months = draft.drug.covers_months if draft.drug else None
    days = months * DAYS_A_MONTH if months else draft.dosing.days if draft.dosing else None
    lasting = inf if days is None else days * (1 - chart.numbers.dose_interval_tolerance)
    return begins(chart, draft).toordinal(), lasting


def basket(chart: Chart, mechanisms: Iterable[Mechanism]) -> Iterator[tuple[Draft, list[list[Draft]]]]:
    """Each draft with those before it that would work with it, by drug, but for the drugs of one pack: of two drafts the later
    begins before the earlier is over. First come the orders that are not selected, of which none stands alone; an order of
    several drugs comes before one of a single drug, which is the one to give up; an option on trial comes last.

    Every draft is compared with every other, by two numbers; whatever is dearer is done once a draft, or once a drug."""
    wanted = frozenset(mechanisms)
    beside = _placed(chart, chart.drafted_beside(wanted))
    by_drug: defaultdict[str, list[_Drafted]] = defaultdict(list)
    for other in beside:
        if other.draft.drug is not None:
            by_drug[other.draft.drug.key] += (other,)
    for own in _placed(chart, sorted(chart.drafted(wanted), key=lambda draft: not draft.product)):
        yield own.draft, [found for some in by_drug.values() if (found := _at_once(own, some))]
        if own.draft.drug is not None:
            by_drug[own.draft.drug.key] += (own,)


def _at_once(own: _Drafted, others: Iterable[_Drafted]) -> list[Draft]:
    day, days = own.day, own.days
    pack = own.draft.id if own.draft.product else None
    return [
        other.draft
        for other in others
        if (day - other.day < other.days if other.day < day else other.day - day < days) and other.draft.id != pack
    ]


def other_drug(other: Drug, course: Course | None) -> dict[str, Any]:
    """What the texts say about the other drug: until when an injection works, or since when it has been taken; without a
    course, it is a draft."""
    covered = covered_of(course) if course else None
    return {
        "other": other,
        "drafted": course is None,
        "covered": covered,
        "since": course.started if course and course.drug.covers_months is None else None,
    }


def covered_of(course: Course) -> date | None:
    """Until when an injection works; None of what is taken daily to monthly."""
    return course.covered_until if course.drug.covers_months is not None else None
