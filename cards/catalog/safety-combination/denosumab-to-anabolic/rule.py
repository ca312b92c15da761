"""The rule of `denosumab-to-anabolic`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards.chart import Chart, Course, facts
from cards.chart.calendar import add_months
from cards.definitions.denosumab import due_as_recorded
from cards.engine.findings import WARNING, Finding
from cards.engine.options import service
from cards.engine.orders import BISPHOSPHONATE, REFERRAL, Order, finding_about, orders_of
from cards.engine.trial import ruled_out
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB, ZOLEDRONATE, Mechanism


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Teriparatide or abaloparatide right after denosumab causes temporary bone loss at the hip: give an antiresorptive first.

    When: teriparatide or abaloparatide is ordered or refilled and the last dose of denosumab 60 mg lies within
    {denosumab-to-anabolic-months} months, or denosumab was not stopped and no dose of it is dated.

    Not when: a bisphosphonate was infused or taken by mouth after that dose; without a date, if one is taken by
    mouth and works today (nobody knows whether an infusion came after it).

    Then: warning. Where no dose is dated, its date is to be found first. A referral to an osteoporosis specialist, who plans an
    overlap, also where the drug is taken already and refilled, and the draft can be deleted; what is due after denosumab
    `denosumab-due` and `denosumab-sequence` order. The detail says the day, {denosumab-months} months after the last dose.
    """
    course = chart.course_had(DENOSUMAB)
    last_dose = course.last_dose_at_latest if course else None
    if course is None or not _counts(chart, n, course):
        return
    since = chart.today if last_dose is None else last_dose
    if any(_taken_after(c, since) for c in chart.had(BISPHOSPHONATE)):
        return
    for order in orders_of(chart, {Mechanism.PTH_ANALOG}):
        due = add_months(last_dose, n.denosumab_months) if last_dose else None
        yield finding_about(
            chart,
            order,
            WARNING,
            [facts.on_board(course)],
            values={
                "last_dose": course.last_dosed,
                "due": due_as_recorded(chart.numbers, course) if due else None,
                "ahead": due is not None and due > chart.today,
                "first": _first(chart, order) if due else [],
            },
            also=(service(REFERRAL, recommended=True),),
        )


def _counts(chart: Chart, n: Numbers, course: Course) -> bool:
    """Whether its last dose is that young, or may be: it goes on, and nobody knows since when."""
    last_dose = course.last_dose_at_latest
    return course.may_work if last_dose is None else last_dose >= chart.months_ago(n.denosumab_to_anabolic_months)


def _first(chart: Chart, order: Order) -> list[str]:
    """What may be given first, of what nothing rules out; not asked while a proposal is tried out."""
    replaced = (order.draft,) if order.draft else ()
    drugs = () if order.draft and order.draft.proposed else (ZOLEDRONATE, DENOSUMAB)
    return [drug.key for drug in drugs if ruled_out(chart, drug, replaced) is None]


def _taken_after(course: Course, day: date) -> bool:
    """Whether an infusion was given, or a tablet taken, after ``day``; an earlier infusion that still works does not count."""
    last = course.last_dose if course.drug.covers_months else course.covered_until
    return last is not None and last > day
