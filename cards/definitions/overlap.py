"""Whether one drug still works when another begins."""

from __future__ import annotations

from datetime import date
from typing import Any

from cards.chart import Chart, Course, Draft
from cards.vocabulary import Drug


def works_on(course: Course, day: date) -> bool:
    return course.covered_until is not None and day < course.covered_until


def still_works(chart: Chart, course: Course, draft: Draft) -> bool:
    """Whether the course covers the day on which the draft would begin (without grace; a stopped tablet works no more)."""
    if course.stopped and course.drug.covers_months is None:
        return False
    return works_on(course, max(draft.start or chart.today, chart.today))


def other_drug(other: Drug, course: Course | None) -> dict[str, Any]:
    """What the texts say of the other drug: until when an injection works or since when it is taken; no course, a draft."""
    injected = course is not None and course.drug.covers_months is not None
    return {
        "other": other,
        "drafted": course is None,
        "covered": course.covered_until if course and injected else None,
        "since": course.start if course and not injected else None,
    }
