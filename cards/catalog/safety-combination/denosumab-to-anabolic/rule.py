"""The rule of `denosumab-to-anabolic`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards.chart import Chart, Course, Draft, facts
from cards.chart.calendar import add_months
from cards.definitions.denosumab import due_as_recorded
from cards.engine.findings import WARNING, Finding
from cards.engine.options import ruled_out, service
from cards.engine.orders import BISPHOSPHONATE, REFERRAL, Order, finding_about
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB, TERIPARATIDE, ZOLEDRONATE, Mechanism


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Teriparatide or abaloparatide right after denosumab causes temporary bone loss at the hip: give an antiresorptive first.

    When: teriparatide or abaloparatide is ordered and the last dose of denosumab 60 mg lies within
    {denosumab-to-anabolic-months} months.

    Not when: a bisphosphonate was infused or taken by mouth after that dose.

    Then: warning. A referral to an osteoporosis specialist, who plans an overlap, and the draft can be deleted; what is due
    after denosumab `denosumab-due` and `denosumab-sequence` order. The detail says the day, {denosumab-months} months after the
    last dose.
    """
    course = chart.course_had(DENOSUMAB)
    last_dose = course.last_dose_at_latest if course else None
    if course is None or last_dose is None or last_dose < chart.months_ago(n.denosumab_to_anabolic_months):
        return
    if any(_taken_after(c, last_dose) for c in chart.had(BISPHOSPHONATE)):
        return
    for draft in chart.drafted({Mechanism.PTH_ANALOG}):
        due = add_months(last_dose, n.denosumab_months)
        yield finding_about(
            chart,
            Order(draft.drug or TERIPARATIDE, draft=draft),
            WARNING,
            [facts.last_dose(course)],
            values={
                "last_dose": course.last_dosed,
                "due": due_as_recorded(chart.numbers, course),
                "ahead": due > chart.today,
                "first": _first(chart, draft),
            },
            also=(service(REFERRAL, recommended=True),),
        )


def _first(chart: Chart, draft: Draft) -> list[str]:
    """What may be given first, of what nothing rules out; not asked while a proposal is tried out."""
    drugs = () if draft.proposed else (ZOLEDRONATE, DENOSUMAB)
    return [drug.key for drug in drugs if ruled_out(chart, drug, (draft,)) is None]


def _taken_after(course: Course, day: date) -> bool:
    """Whether an infusion was given, or a tablet taken, after ``day``; an earlier infusion that still works does not count."""
    last = course.last_dose if course.drug.covers_months else course.covered_until
    return last is not None and last > day
