"""The rule of `denosumab-due`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Hook, facts
from cards.chart.calendar import add_months
from cards.definitions import person
from cards.definitions.denosumab import followed, late_from
from cards.engine.findings import INFO, WARNING, Finding
from cards.engine.options import offer, service
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Denosumab 60 mg is given every {denosumab-months} months, on time within four weeks: announce the next dose a month
    ahead, and ask for the date of the last one where the record does not tell it.

    When: an adult with a course of denosumab 60 mg that was not stopped, and (1) today is from {denosumab-due-months} months to
    {denosumab-months} months and {denosumab-grace-days} days after the last dose; or (2) the course is active and no dose has a
    date.

    Not when: another antiresorptive took over; for (1), the next dose is ordered already (an order written after the last dose
    given, or for a day to come; at a refill the refill itself does not count). Later than that, `denosumab-sequence` speaks.

    Then: info up to the day {denosumab-months} months after the last dose, from then on warning. Recommended, filtered:
    denosumab 60 mg, to start on that day, now when it is past. Where it is dropped: calcium and referral to a specialist as
    options. For (2) info, no suggestion: the detail asks for the date.
    """
    course = chart.course(DENOSUMAB)
    if course is None or course.stopped or followed(chart, course) or not person.adult(chart):
        return
    if course.last_dose is None:
        if course.active:
            yield Finding(indicator=INFO, variant="no-date", facts=(facts.taken(course),), options=())
        return
    announced = add_months(course.last_dose, n.denosumab_due_months)
    due = add_months(course.last_dose, n.denosumab_months)
    arranged = course.pending is not None and chart.hook is not Hook.REFILL
    if arranged or not announced <= chart.today <= late_from(chart.numbers, course.last_dose):
        return
    chosen = offer(chart, (DENOSUMAB,), start=due if due > chart.today else None)
    yield Finding(
        indicator=INFO if chart.today <= due else WARNING,
        variant="ahead" if chart.today <= due else "late",
        values={"last_dose": course.last_dose, "due": due, "latest": late_from(chart.numbers, course.last_dose)},
        facts=(facts.last_dose(course),),
        options=chosen.options or (service("calcium"), service("referral-osteoporosis")),
        any_number=not chosen.options,
        dropped=chosen.dropped,
    )
