"""The rule of `course-limit`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards.chart import ORDER_HOOKS, Chart, Course, Draft, SetAside, facts
from cards.chart.calendar import add_days
from cards.definitions import kidney, minerals, person
from cards.definitions.courses import limit_day, longest_months, used_up
from cards.engine.findings import INFO, WARNING, Finding, Undecided
from cards.engine.options import AFTER_ANABOLIC, Offer, discard, offer, service
from cards.thresholds import Numbers
from cards.vocabulary import Data, Drug, Mechanism

_OPTIONS_READ = (*kidney.READS, *minerals.READS, Data.VITAMIN_D, Data.ALLERGIES, Data.WORK_UP)


_CITES = {
    "calcitonin": ("ELD2023-11d", "OPREF-T8"),
    "together": ("OVCF2021-T6", "OPREF-T4", "OPREF-T5"),
    "teriparatide": ("OVCF2021-T6", "OPREF-T4"),
    "abaloparatide": ("OVCF2021-T6", "OPREF-T5"),
    "romosozumab": ("ELD2023-08b", "OPREF-T7"),
}
_LIMITED = frozenset({Mechanism.PTH_ANALOG, Mechanism.SCLEROSTIN_INHIBITOR, Mechanism.CALCITONIN})


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """Teriparatide {teriparatide-months} months, abaloparatide {abaloparatide-months}, both together {pth-analogs-months},
    romosozumab {romosozumab-months} months or {romosozumab-doses} doses, calcitonin {calcitonin-months} months, lifetime total:
    then stop, and follow with an antiresorptive.

    When: an adult, and one of these drugs (elcatonin counts as calcitonin) (1) is ordered or refilled with a start (today or
    the stated date) on or after the day on which its limit (or that of both PTH analogs together) is reached, or as a dose
    beyond the {romosozumab-doses} of romosozumab; or (2) is being taken, was not stopped, and its limit was reached before
    today. Time off the drug is not counted. When an order is signed, only (1) applies.

    Not when: the start of the course is unknown; when an order is signed, `incomplete-data` says so.

    Then: warning. Suggested, filtered as if the drug had been stopped: denosumab, zoledronate, alendronate, the first without a
    warning recommended; if none is left, referral to a specialist is recommended; after calcitonin, none of these. When an
    order is signed, they replace it, or it can be deleted. The detail says that courses given elsewhere also count.
    """
    if not person.adult(chart):
        return
    for draft in chart.drafted(_LIMITED):
        from_day = max(draft.start or chart.today, chart.today)
        used = used_up(chart, draft.drug, from_day) if draft.drug else None
        if used is not None and draft.drug is not None:
            yield _beyond_limit(chart, n, draft.drug, used, draft, from_day)
        elif undated := _undated(chart, draft):
            yield Undecided(undated, about=draft, indicator=INFO)
    if chart.hook in ORDER_HOOKS:
        return
    refilled = {draft.drug for draft in chart.drafted(_LIMITED)}
    yesterday = add_days(chart.today, -1)
    for course in chart.courses(_LIMITED):
        used = used_up(chart, course.drug, yesterday) if course.on_treatment(chart.today) and not course.stopped else None
        if used is not None and course.drug not in refilled:
            yield _beyond_limit(chart, n, course.drug, used, None, yesterday)


def _undated(chart: Chart, draft: Draft) -> tuple[SetAside, ...]:
    """The entries without a start for the drug, or for the mechanism if its drugs share one limit."""
    return chart.unread_of("no-start", *chart.courses({draft.drug.mechanism})) if draft.drug else ()


def _beyond_limit(chart: Chart, n: Numbers, drug: Drug, course: Course, draft: Draft | None, on: date) -> Finding:
    """The drug and the course that used up its time: its own, or that of both PTH analogs together."""
    calcitonin = drug.mechanism is Mechanism.CALCITONIN
    ordering = draft if chart.hook in ORDER_HOOKS else None
    chosen = Offer() if calcitonin else offer(chart.without(drug), AFTER_ANABOLIC, replaces=(ordering,) if ordering else ())
    nothing = () if calcitonin or chosen.options else (service("referral-osteoporosis", recommended=True),)
    day = limit_day(chart.numbers, course, chart.today) if course.drug is drug else None
    reached = day is not None and day <= on
    together = drug.mechanism is Mechanism.PTH_ANALOG and not reached
    variant = "calcitonin" if calcitonin else "together" if together else "active" if reached else "doses"
    return Finding(
        indicator=WARNING,
        variant=variant,
        values={
            "drug": drug,
            "active": draft is None,
            "start": course.started,
            "months": n.pth_analogs_months if together else longest_months(chart.numbers, drug),
            "doses": len(course.doses),
            "most": n.romosozumab_doses,
        },
        cites=_CITES.get(variant) or _CITES[drug.key],
        facts=((facts.drafted(draft),) if draft else ()) + (facts.started(course),),
        options=(*chosen.options, *nothing, *((discard(ordering),) if ordering else ())),
        dropped=chosen.dropped,
        about=draft,
    )
