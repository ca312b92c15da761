"""The rule of `adherence-gap`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards.chart import Chart, Course, facts
from cards.chart.calendar import add_days, add_months
from cards.definitions import kidney, minerals, person, treatment
from cards.definitions.overdue import infusion_overdue
from cards.engine.findings import INFO, WARNING, Earlier, Finding
from cards.engine.options import offer, service
from cards.thresholds import Numbers
from cards.vocabulary import ANABOLIC, DENOSUMAB, ZOLEDRONATE, Data, Mechanism

_OPTIONS_READ = (*kidney.READS, *minerals.READS, Data.VITAMIN_D, Data.ALLERGIES, Data.WORK_UP)


_TABLETS = frozenset({Mechanism.BISPHOSPHONATE, Mechanism.SERM})
_CITES = {
    "lapsed": ("ELD2023-09a", "OVCF2021-M4", "OPREF-P3"),
    "given-up": ("ELD2023-09a", "OVCF2021-M4", "POP2022-T5", "OPREF-P3"),
    "overdue": ("OPREF-T1", "ELD2023-09a", "OVCF2021-M4"),
}
_NAME_THE_NEXT_DRUG = ("treatment-failure", "bmd-response", "denosumab-sequence", "anabolic-sequence")
_GOES_ON = frozenset({"extend", "extend-very-high", "restarted"})
"""Variants of `bisphosphonate-review` that continue the drug."""


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """The supply of tablets ran out more than {adherence-gap-days} days ago, or they were stopped within the first year and
    nothing followed: find out why, educate, and offer an injection. A yearly infusion was not repeated: give it, or decide.

    When: an adult with an oral bisphosphonate or SERM, and (1) the course is active, but the dispensed supply ran out more than
    {adherence-gap-days} days and at most {off-treatment-months} months ago; or (2) the course ended within the last
    {adherence-back-months} months, less than {adherence-least-months} months after its start (after a pause of
    {holiday-reset-months} months or more: its restart); or (3) an adult who needs treatment (as for `start-treatment`) whose
    last infusion of zoledronate was given more than {zoledronate-months} and at most {off-treatment-months} months more ago,
    without a stop on record.

    Not when: another antiresorptive or anabolic works today, oncologic strengths included; for (2), one was taken after the
    end, or when the course ended is a guess: the record says neither the end nor the supply; for (3), a holiday, myeloma,
    bone metastasis or primary bone cancer on record, an infusion ordered for a day to come or up to {adherence-gap-days}
    days back, `bisphosphonate-review` unless it continues the drug, the longest course reached (six years of infusions, ten
    of bisphosphonates), `start-treatment` fires again (very high risk, a fracture since), a card that names the next drug
    (`treatment-failure`, `bmd-response`, `denosumab-sequence`, `anabolic-sequence`), or the infusion followed denosumab,
    CTX is {ctx-target} ng/L or less since, the lowest T-score of {hip-t-window-months} months above {t-osteoporosis}, and
    the risk not very high.

    Then: info; warning if the supply or the course ended more than {adherence-warning-days} days ago. Recommended: education.
    Also suggested, filtered as if the tablets had been stopped: zoledronate, denosumab, the first without a warning
    recommended. Any number may be chosen. For (3), counted from the day on which the infusion was due: zoledronate, denosumab,
    one of them.
    """
    if not person.adult(chart) or treatment.on_oncologic(chart):
        return
    overdue = _overdue(chart, n, earlier)
    if overdue is not None:
        yield overdue
        return
    for course in chart.courses(_TABLETS):
        found = _gap(chart, n, course) if course.drug.oral else None
        if found is None:
            continue
        variant, since = found
        chosen = offer(chart.without(course.drug), (ZOLEDRONATE, DENOSUMAB), stops=(course,))
        late = since < chart.days_ago(n.adherence_warning_days)
        yield Finding(
            indicator=WARNING if late else INFO,
            variant=variant,
            values={"drug": course.drug, "since": since, "days": (chart.today - since).days, "start": course.current_start},
            cites=_CITES[variant],
            facts=(facts.begun(course), facts.stopped(course, since) if variant == "given-up" else facts.supply(course)),
            options=(service("education", recommended=True), *chosen.options),
            any_number=True,
            dropped=chosen.dropped,
        )
        return


def _overdue(chart: Chart, n: Numbers, earlier: Earlier) -> Finding | None:
    """Nobody said that the infusions were to end: the next one, or a decision."""
    course = infusion_overdue(chart, n.adherence_gap_days)
    spoken_for = any(code in earlier for code in _NAME_THE_NEXT_DRUG)
    reviewed = any(finding.variant not in _GOES_ON for finding in earlier.of("bisphosphonate-review"))
    if course is None or course.covered_until is None or spoken_for or reviewed or chart.drafted(treatment.TREATMENT):
        return None
    due = course.covered_until
    chosen = offer(chart, (ZOLEDRONATE, DENOSUMAB))
    return Finding(
        indicator=WARNING if due < chart.days_ago(n.adherence_warning_days) else INFO,
        variant="overdue",
        values={"drug": course.drug, "since": due, "days": (chart.today - due).days, "last": course.last_dosed},
        cites=_CITES["overdue"],
        facts=(facts.last_dose(course),),
        options=chosen.options,
        dropped=chosen.dropped,
    )


def _gap(chart: Chart, n: Numbers, course: Course) -> tuple[str, date] | None:
    """("lapsed", last day of supply) or ("given-up", end), if nothing else took over."""
    others = [c for c in treatment.treatments(chart) if c is not course]
    if others:
        return None
    out = course.supply_until
    if not course.stopped and course.active and out is not None:
        gap = out < chart.days_ago(n.adherence_gap_days)
        return ("lapsed", out) if gap and out >= chart.months_ago(n.off_treatment_months) else None
    ended = course.ended(chart.today)
    if ended is None or course.end_guessed or course.current_start is None or ended < chart.months_ago(n.adherence_back_months):
        return None
    early = ended < add_months(course.current_start, n.adherence_least_months)
    followed = treatment.antiresorptive_after(chart, ended, reaching=add_days(ended, 1), besides=course.drug)
    built = any(c.covered_until and c.covered_until > ended for c in chart.courses(ANABOLIC))
    return ("given-up", ended) if early and followed is None and not built else None
