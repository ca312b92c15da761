"""The rule of `denosumab-due`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards.chart import Chart, Course, Hook, facts
from cards.chart.calendar import Partial, add_days, add_months
from cards.definitions import person
from cards.definitions.denosumab import (
    Kind,
    anabolic_beside,
    due_as_recorded,
    safe_until,
    state,
    tests_first,
    undated_doses,
    watched,
    with_nephrology,
)
from cards.engine.findings import INFO, WARNING, Finding, Indicator
from cards.engine.lapse import answer, forbidden
from cards.engine.options import offer, service
from cards.engine.timing import waits_long
from cards.engine.trial import ruled_out
from cards.thresholds import Numbers
from cards.vocabulary import ALENDRONATE, DENOSUMAB, ZOLEDRONATE


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Denosumab 60 mg is given every {denosumab-months} months, on time within four weeks: announce the next dose a month
    ahead, and ask for the date of the last one if it is not on record.

    When: an adult with a course of denosumab 60 mg that goes on, and (1) today is from {denosumab-due-months} months to
    {denosumab-months} months and {denosumab-grace-days} days after the last dose; at discharge the dose is due within
    {denosumab-discharge-days} days or that late; or (2) no dose has a date: not that of an order or entry of the list, nor one
    that was given or dispensed, nor one that is on hold.

    Not when: it was stopped or is to end before the next dose, or another antiresorptive took over (`denosumab-sequence`);
    for (1), the next dose is already ordered (by an order written after the last dose, or for a future day, up to the last
    safe day; at a refill, the refill itself does not count). Later than that, `denosumab-sequence` fires instead. If the
    last dose is dated by month, its first day counts.

    Then: info up to the day {denosumab-months} months after the last dose, warning from then on and at discharge.
    Recommended, filtered: denosumab 60 mg, to start on that day, or now if it is past. If something forbids it, none is
    recommended: low calcium is corrected and the dose given on the day it is in range, of anything else a specialist
    decides within a week; the card begins with the last safe day. With a renal estimate below {egfr-specialist} it is an
    option, with nephrology (recommended), after PTH, 25(OH)D and a calcium of the last {denosumab-calcium-days} days. With
    a severe lack of vitamin D, for which the dose would wait beyond that day, alendronate is recommended at once, and
    denosumab follows. For (2), and for a last dose dated by year, no suggestion: the detail asks for the date; (2) is info.
    If the last dose is dated by month, the detail asks for the day, and the suggestion starts on the last day that can be six
    months after it (up to two days after the last safe day that it can have). Where another dose has no date, the detail asks
    for it first.
    """
    found = state(chart)
    if found is None or found.kind not in (Kind.GOING_ON, Kind.NO_DATE) or not person.adult(chart):
        return
    course = found.course
    last_dose, latest = course.last_dose, course.last_dose_at_latest
    if last_dose is None or latest is None:
        yield Finding(
            indicator=INFO,
            variant="no-date",
            values={"last_dose": None, "given": bool(undated_doses(chart, course)), "comfort": False},
            facts=(facts.on_board(course),),
        )
        return
    leaving = chart.hook is Hook.DISCHARGE
    due, surely_due = add_months(last_dose, n.denosumab_months), add_months(latest, n.denosumab_months)
    announced = add_days(due, -n.denosumab_discharge_days) if leaving else add_months(last_dose, n.denosumab_due_months)
    indicator = INFO if chart.today <= due and not leaving else WARNING
    safe = safe_until(chart)
    in_time = course.pending is not None and (safe is None or course.pending <= safe)
    arranged = in_time and chart.hook is not Hook.REFILL
    if arranged or chart.today < announced:
        return
    recorded = course.last_dosed
    if isinstance(recorded, Partial) and not recorded.one_month:
        yield Finding(
            indicator=indicator,
            variant="no-date",
            values={"last_dose": recorded, "given": True, "comfort": False},
            facts=(facts.last_dose(course),),
        )
        return
    yield _dose(chart, course, indicator, surely_due)


def _dose(chart: Chart, course: Course, indicator: Indicator, surely_due: date) -> Finding:
    """The next dose on its date; where something forbids it, who decides by when."""
    drugs = (DENOSUMAB, *((ALENDRONATE,) if waits_long(chart, DENOSUMAB) else ()))
    chosen = offer(chart, drugs, start=surely_due if surely_due > chart.today else None, waits=False)
    bridge = chosen.recommended is not None and chosen.recommended.key == ALENDRONATE.key
    barred = forbidden(chart, chosen, (DENOSUMAB,))
    instead = answer(barred, chosen) if barred else (service("calcium"), service("referral-osteoporosis"))
    safe = safe_until(chart) or surely_due
    anabolic = anabolic_beside(chart)
    weak = () if barred or not with_nephrology(chart) else (service("referral-nephrology", recommended=True),)
    first = tuple(service(key, recommended=True) for key in tests_first(chart)) if weak else ()
    return Finding(
        indicator=indicator,
        variant="ahead" if chart.today <= surely_due else "late",
        values={
            "last_dose": course.last_dosed,
            "due": due_as_recorded(chart.numbers, course),
            "exact": course.last_dose_latest is None,
            "surely": surely_due,
            "risk_weeks": chart.numbers.denosumab_risk_weeks,
            "safe": safe,
            "barred": {"by": barred.by, "nephrology": barred.nephrology} if barred else None,
            "bridge": bridge,
            "anabolic": anabolic.drug if anabolic else None,
            "follows": ruled_out(chart, ZOLEDRONATE) is None,
            **watched(chart),
            "leaving": chart.hook is Hook.DISCHARGE,
            "comfort": False,
        },
        facts=(facts.last_dose(course), *((facts.on_board(anabolic),) if anabolic else ())),
        options=instead if barred or not chosen.options else (*chosen.options, *weak, *first),
        any_number=bool(barred or weak) or not chosen.options,
        dropped=chosen.dropped,
        notes=("denosumab-undated-dose",) if undated_doses(chart, course) else (),
        cites=("OPREF-T3", *(("EXT-03",) if with_nephrology(chart) else ()), "EXT-04"),
    )
