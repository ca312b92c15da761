"""The rule of `treatment-failure`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Fracture, facts
from cards.definitions import kidney, minerals, person, treatment
from cards.definitions.denosumab import Kind, next_due, state
from cards.definitions.failure import fracture_on
from cards.engine.findings import INFO, WARNING, Earlier, Finding
from cards.engine.stronger import after_calcium, stronger_instead
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB, Data

_OPTIONS_READ = (*kidney.READS, *minerals.READS, Data.VITAMIN_D, Data.ALLERGIES, Data.WORK_UP)


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """A fragility fracture at least {failure-months} months into the current course calls for stronger treatment, not for
    stopping: check adherence and secondary causes first.

    When: an adult on treatment, with a fragility fracture of the last {failure-window-months} months, {failure-months} months
    or more after the start of that course, while the drug was being taken. The newest such fracture counts, and, if there are
    several drugs, the one that works longest. For a fracture dated by year or month, one possible day is enough.

    Not when: the fracture happened in the first {failure-months} months (of denosumab {failure-denosumab-months}) or while the
    drug was interrupted; another drug was begun or given after it; a vertebral fracture, with signs of myeloma or metastasis
    (`secondary-causes`); for denosumab, if `denosumab-sequence` fires, or if a dose of the {failure-denosumab-months} months
    before the fracture came more than {rebound-from-months} months after the one before it; vertebrae broke in the rebound
    after denosumab (`denosumab-sequence`). An older fracture is named in the reviews.

    Then: warning up to {failure-recent-months} months after the fracture, then info. Suggested, filtered: after tablets
    zoledronate, denosumab, teriparatide; after an injected bisphosphonate teriparatide, romosozumab, denosumab; on denosumab
    its next dose (recommended) or zoledronate on that date, and a referral for teriparatide and romosozumab; after anything
    else denosumab, zoledronate. Tablets and daily injections are assumed to be stopped for the new drug; a long-acting
    injection that still works counts against it. With a renal estimate below {egfr-specialist}, or if no drug is left
    (unless a low calcium alone rules one out: it is corrected first, and the drugs keep their rank): referral to a
    specialist recommended, drugs as options only; under {t-group-years} and not postmenopausal the referral alone.
    """
    found = state(chart)
    if not person.adult(chart) or (found is not None and found.kind in (Kind.REBOUND, Kind.IN_SPITE)):
        return
    for course in treatment.treatments(chart):
        broken = fracture_on(chart, course)
        if broken is None or (course.drug is DENOSUMAB and "denosumab-sequence" in earlier):
            continue
        chosen = stronger_instead(chart, course)
        yield Finding(
            indicator=WARNING if _recent(chart, broken, n) else INFO,
            variant="denosumab" if course.drug is DENOSUMAB else "stronger",
            values={
                "drug": course.drug,
                "fracture": broken,
                "start": course.current_start,
                "months": n.failure_denosumab_months if course.drug is DENOSUMAB else n.failure_months,
                "exact": not (broken.latest or course.current_start_latest),
                "specialist": any(o.kind == "service" for o in chosen.options),
                "after_calcium": after_calcium(course, chosen),
                "due": next_due(chart) if course.drug is DENOSUMAB else None,
            },
            facts=(facts.fracture(broken), facts.begun(course), *([facts.last_dose(course)] if course.doses else [])),
            options=chosen.options,
            dropped=chosen.dropped,
        )
        return


def _recent(chart: Chart, broken: Fracture, n: Numbers) -> bool:
    return broken.at_latest is not None and broken.at_latest >= chart.months_ago(n.failure_recent_months)
