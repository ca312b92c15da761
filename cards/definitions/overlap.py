"""Whether one drug is still in effect when another begins, whether on the medication list or drafted alongside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from cards.chart import Chart, Course, Draft
from cards.chart.calendar import DAYS_A_MONTH
from cards.vocabulary import Drug, Mechanism


def works_on(course: Course, day: date) -> bool:
    return course.covered_until is not None and day < course.covered_until


def still_works(chart: Chart, course: Course, draft: Draft) -> bool:
    """Whether the course covers the day on which the draft would begin (without grace; a stopped tablet no longer works)."""
    if course.stopped and course.drug.covers_months is None:
        return False
    return works_on(course, begins(chart, draft))


def begins(chart: Chart, draft: Draft) -> date:
    """Its stated start, otherwise today."""
    return max(draft.start or chart.today, chart.today)


def at_once(chart: Chart, one: Draft, other: Draft) -> bool:
    """Whether two drafts would overlap: the later one begins before the dose or the stated duration of the earlier one is over,
    less a fraction of {dose-interval-tolerance}. A drug taken without a stated duration has no end."""
    first, later = sorted((one, other), key=lambda draft: begins(chart, draft))
    months = first.drug.covers_months if first.drug else None
    days = months * DAYS_A_MONTH if months else first.dosing.days if first.dosing else None
    apart = (begins(chart, later) - begins(chart, first)).days
    return days is None or apart < days * (1 - chart.numbers.dose_interval_tolerance)


def basket(chart: Chart, mechanisms: Iterable[Mechanism]) -> Iterator[tuple[Draft, tuple[Draft, ...]]]:
    """Each draft with those before it that would work with it, but for the drugs of one pack. First come the orders that are
    not selected, of which none stands alone; an order of several drugs comes before one of a single drug, which is the one to
    give up; an option on trial comes last."""
    wanted = frozenset(mechanisms)
    ranked = [*chart.drafted_beside(wanted), *sorted(chart.drafted(wanted), key=lambda draft: not draft.product)]
    for index, draft in enumerate(ranked):
        if draft in chart.beside:
            continue
        others = (other for other in ranked[:index] if not (draft.product and draft.id == other.id))
        yield draft, tuple(other for other in others if at_once(chart, draft, other))


def other_drug(other: Drug, course: Course | None) -> dict[str, Any]:
    """What the texts say about the other drug: until when an injection works, or since when it has been taken; without a
    course, it is a draft."""
    injected = course is not None and course.drug.covers_months is not None
    return {
        "other": other,
        "drafted": course is None,
        "covered": course.covered_until if course and injected else None,
        "since": course.start if course and not injected else None,
    }
