"""The rule of `anabolic-sequence`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards.chart import Chart, Course, facts
from cards.chart.calendar import add_days, add_months
from cards.definitions import person, treatment
from cards.definitions.courses import limit_day, longest_months
from cards.definitions.kidney import renal
from cards.definitions.treatment import antiresorptive_after
from cards.engine.findings import INFO, WARNING, Finding, Option
from cards.engine.options import AFTER_ANABOLIC, SPECIALIST, offer
from cards.thresholds import Numbers
from cards.vocabulary import ANABOLIC

_CITES = {
    "teriparatide": ("OVCF2021-T8", "ELD2023-07b", "OPREF-T4"),
    "abaloparatide": ("OVCF2021-T8", "OPREF-T5"),
    "romosozumab": ("OVCF2021-T8", "ELD2023-08b", "OPREF-T7"),
}


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """The bone gained with an anabolic drug is lost again unless an antiresorptive follows: start it as soon as the course has
    ended, and plan it within {course-end-notice-days} days before the course must end.

    When: an adult, and teriparatide, abaloparatide or romosozumab (1) ended within the last {anabolic-follow-on-months} months,
    or was stopped without a date; or (2) is being taken and reaches its limit of {teriparatide-months}, {abaloparatide-months}
    or {romosozumab-months} months in total, not counting time off the drug, today or within {course-end-notice-days} days. If
    there are several drugs, the card is about the one that works longest.

    Not when: for (1), an antiresorptive was taken since (an injection, or a drug whose use reaches {follow-on-reach-months}
    month past the end or until today), or another anabolic is being taken; for (2), the start is unknown. Past the limit,
    `course-limit` fires instead.

    Then: warning for (1), info for (2). Suggested, filtered: denosumab, zoledronate, alendronate, the first without a warning
    recommended; for (2) to start on the day of the limit. Referral to a specialist is recommended if no drug is left or the
    renal estimate is below {egfr-specialist}. The detail says if the end date is missing.
    """
    if not person.adult(chart):
        return
    for course in chart.courses(ANABOLIC):
        finding = _after_anabolic(chart, n, course)
        if finding is not None:
            yield finding
            return


def _after_anabolic(chart: Chart, n: Numbers, course: Course) -> Finding | None:
    ended = course.ended(chart.today)
    undated = course.stopped and ended is None
    if undated or (ended is not None and add_months(ended, n.anabolic_follow_on_months) >= chart.today):
        day = ended or course.start
        taken_over = _taken_over(chart, n, day) if day else None
        running = [c for c in chart.courses(ANABOLIC) if c.drug is not course.drug and c.on_treatment(chart.today)]
        if taken_over or running or (day is None and treatment.on_treatment(chart)):
            return None
        return _finding(chart, n, course, ended=ended)
    if ended is not None or not course.on_treatment(chart.today):
        return None
    end = limit_day(chart.numbers, course, chart.today)
    if end is None or not chart.today <= end <= add_days(chart.today, n.course_end_notice_days):
        return None
    return _finding(chart, n, course, limit=end)


def _finding(chart: Chart, n: Numbers, course: Course, *, ended: date | None = None, limit: date | None = None) -> Finding:
    """A course that ended, or one that must end on ``limit``, the day on which the follow-on then starts."""
    chosen = offer(chart, AFTER_ANABOLIC, start=limit)
    referral = _specialist_first(chart, n, chosen.options)
    return Finding(
        indicator=INFO if limit else WARNING,
        variant="ending" if limit else "ended",
        values={
            "drug": course.drug,
            "ended": ended,
            "dated": facts.stopped(course, ended).dated,
            "limit": limit,
            "months": longest_months(chart.numbers, course.drug),
            "specialist": bool(referral),
        },
        cites=_CITES[course.drug.key],
        facts=(facts.started(course) if limit else facts.stopped(course, ended),),
        options=(*referral, *chosen.options),
        dropped=chosen.dropped,
    )


def _taken_over(chart: Chart, n: Numbers, day: date) -> Course | None:
    """The antiresorptive that followed an anabolic that ended on ``day``."""
    return antiresorptive_after(chart, day, reaching=min(add_months(day, n.follow_on_reach_months), chart.today))


def _specialist_first(chart: Chart, n: Numbers, options: tuple[Option, ...]) -> tuple[Option, ...]:
    """A referral if no drug is left, or if kidney function leaves none to recommend."""
    return SPECIALIST if not options or renal(chart).below(n.egfr_specialist) else ()
