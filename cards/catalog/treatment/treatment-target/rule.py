"""The rule of `treatment-target`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Course, Measurement, facts
from cards.chart.calendar import add_months
from cards.definitions import person, target, treatment, workup
from cards.engine.findings import INFO, Earlier, Finding, Option
from cards.engine.options import Offer, offer, service
from cards.engine.trial import work_up
from cards.thresholds import Numbers
from cards.vocabulary import ANABOLIC, DENOSUMAB, ROMOSOZUMAB, TERIPARATIDE, ZOLEDRONATE, Drug, Mechanism

_FAILURE = ("treatment-failure", "bmd-response")
_CITES = {"within-reach": ("EXT-32", "OPREF-M1"), "out-of-reach": ("EXT-32", "POP2022-T7"), "go-on": ("EXT-32", "ELD2023-07d")}
_HIP_FALLS = "EXT-42"


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """Treatment aims at a hip T-score above {hip-t-target} (above {hip-t-target-fracture} after a fracture of a vertebra or the
    hip): where this is out of reach at the present pace, a stronger drug may reach it.

    When: an adult on one drug, an antiresorptive, for {target-course-months} months or more in the current course; the newest
    hip T-score, at most {target-card-months} months old, is
    not above the target, and one of the same site from the time of the start (as for `bmd-response`) is on record.

    Not when: `treatment-failure` or `bmd-response` fires; a finding of the work-up is open, or may be, since something of it
    could not be had or read (`incomplete-data` says so); an anabolic, at whose end `anabolic-sequence` speaks; an oncologic
    strength works.

    Then: info. Within reach (the T-score rises, and meets the target within {target-reach-years} years at this pace): go
    on, DXA {target-dxa-months} months after the newest, unless one is ordered. Out of reach on denosumab: go on. Otherwise
    out of reach: after tablets denosumab, zoledronate, romosozumab; after an intravenous bisphosphonate denosumab,
    romosozumab; after a fracture of a vertebra teriparatide as well, never recommended, with the warning that hip density
    falls at first. They are filtered, and the first without a warning is recommended only with a hip T-score of
    {target-switch-t} or lower or a fracture of a vertebra.
    """
    courses = treatment.treatments(chart)
    if not person.adult(chart) or len(courses) != 1 or treatment.on_oncologic(chart):
        return
    course = courses[0]
    if course.drug.mechanism in ANABOLIC or any(code in earlier for code in _FAILURE):
        return
    pace = target.pace(chart, course)
    if pace is None or work_up(chart) or chart.doubts(workup.READS):
        return
    hip, variant = pace.newest, "out-of-reach"
    if not target.out_of_reach(chart, course):
        variant = "within-reach"
    elif course.drug is DENOSUMAB:
        variant = "go-on"
    chosen = _stronger(chart, n, course, hip) if variant == "out-of-reach" else Offer()
    teriparatide = any(option.key == TERIPARATIDE.key for option in chosen.options)
    yield Finding(
        indicator=INFO,
        variant=variant,
        values={
            "drug": course.drug,
            "hip": hip,
            "baseline": pace.baseline,
            "target": target.hip_target(chart),
            "gain": pace.gain,
            "next_dxa": add_months(hip.when, n.target_dxa_months),
            "urged": _urged(chart, n, hip),
        },
        cites=(*_CITES[variant], *((_HIP_FALLS,) if teriparatide else ())),
        facts=(facts.begun(course), facts.measured(pace.baseline), facts.measured(hip)),
        options=(*chosen.options, *_dxa(chart, n, hip, variant)),
        any_number=variant == "within-reach",
        dropped=chosen.dropped,
    )


def _stronger(chart: Chart, n: Numbers, course: Course, hip: Measurement) -> Offer:
    """What may reach the target. Tablets are given up on the day; an injection is followed when it has worn off."""
    infused = course.drug.covers_months is not None
    drugs: tuple[Drug, ...] = (DENOSUMAB, ROMOSOZUMAB) if infused else (DENOSUMAB, ZOLEDRONATE, ROMOSOZUMAB)
    if infused and course.drug.mechanism is not Mechanism.BISPHOSPHONATE:
        return Offer()
    kept = chart if infused else chart.without(course.drug)
    worn_off = course.covered_until if infused and course.covered_until else chart.today
    start = worn_off if worn_off > chart.today else None
    chosen = offer(kept, drugs, start=start, stops=(course,), recommend=_urged(chart, n, hip))
    if not _vertebral(chart):
        return chosen
    anabolic = offer(kept, (TERIPARATIDE,), start=start, stops=(course,), recommend=False)
    told = tuple(
        Option("drug", o.key, start=o.start, stops=o.stops, condition=o.condition, label="hip-falls", after=o.after)
        for o in anabolic.options
    )
    return Offer((*chosen.options, *told), (*chosen.dropped, *anabolic.dropped), chosen.held)


def _urged(chart: Chart, n: Numbers, hip: Measurement) -> bool:
    return hip.value <= n.target_switch_t or _vertebral(chart)


def _vertebral(chart: Chart) -> bool:
    return any(f.site == "vertebra" for f in chart.fractures)


def _dxa(chart: Chart, n: Numbers, hip: Measurement, variant: str) -> Iterator[Option]:
    if variant == "within-reach" and not chart.ordered("dxa"):
        yield service("dxa", start=add_months(hip.when, n.target_dxa_months))
