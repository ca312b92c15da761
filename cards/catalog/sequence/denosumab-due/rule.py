"""The rule of `denosumab-due`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Hook, facts
from cards.chart.calendar import Partial, add_months
from cards.definitions import person
from cards.definitions.denosumab import due_as_recorded, followed, late_from
from cards.definitions.minerals import may_supplement
from cards.engine.findings import INFO, WARNING, Finding
from cards.engine.options import offer, service
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Denosumab 60 mg is given every {denosumab-months} months, on time within four weeks: announce the next dose a month
    ahead, and ask for the date of the last one if it is not on record.

    When: an adult with a course of denosumab 60 mg that was not stopped, and (1) today is from {denosumab-due-months} months to
    {denosumab-months} months and {denosumab-grace-days} days after the last dose; or (2) the course is active and no dose has a
    date.

    Not when: another antiresorptive took over; for (1), the next dose is already ordered (by an order written after the last
    dose, or for a future day; at a refill, the refill itself does not count). Later than that, `denosumab-sequence` fires
    instead. If the last dose is dated by month, its first day counts.

    Then: info up to the day {denosumab-months} months after the last dose, warning from then on. Recommended, filtered:
    denosumab 60 mg, to start on that day, or now if it is past. If it is dropped: calcium and referral to a specialist as
    options. For (2), and for a last dose dated by year, no suggestion: the detail asks for the date; (2) is info. If the last
    dose is dated by month, the suggestion starts on the last day that can be six months after it.
    """
    course = chart.course(DENOSUMAB)
    if course is None or course.stopped or followed(chart, course) or not person.adult(chart):
        return
    last_dose, latest = course.last_dose, course.last_dose_at_latest
    if last_dose is None or latest is None:
        if course.active:
            yield Finding(indicator=INFO, variant="no-date", values={"last_dose": None}, facts=(facts.taken(course),))
        return
    announced = add_months(last_dose, n.denosumab_due_months)
    due, surely_due = add_months(last_dose, n.denosumab_months), add_months(latest, n.denosumab_months)
    on_time_until = late_from(chart.numbers, last_dose)
    indicator = INFO if chart.today <= due else WARNING
    arranged = course.pending is not None and chart.hook is not Hook.REFILL
    if arranged or not announced <= chart.today <= on_time_until:
        return
    recorded = course.last_dosed
    if isinstance(recorded, Partial) and not recorded.one_month:
        yield Finding(indicator=indicator, variant="no-date", values={"last_dose": recorded}, facts=(facts.last_dose(course),))
        return
    chosen = offer(chart, (DENOSUMAB,), start=surely_due if surely_due > chart.today else None, waits=False)
    yield Finding(
        indicator=indicator,
        variant="ahead" if chart.today <= surely_due else "late",
        values={
            "last_dose": recorded,
            "due": due_as_recorded(chart.numbers, course),
            "latest": max(on_time_until, surely_due),
            "supplement": may_supplement(chart),
        },
        facts=(facts.last_dose(course),),
        options=chosen.options or (service("calcium"), service("referral-osteoporosis")),
        any_number=not chosen.options,
        dropped=chosen.dropped,
    )
