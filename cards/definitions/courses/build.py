"""One course per drug from what statements, orders, doses and dispenses say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial
from itertools import pairwise

from msgspec.structs import replace

from cards.chart import Course, Dosing, Exposure, Problem
from cards.chart.calendar import add_months
from cards.definitions.courses.depots import with_intervals
from cards.definitions.courses.doses import doses_of, told_doses
from cards.definitions.courses.injections import with_injections
from cards.definitions.courses.state import disputing, is_ongoing, stop, unconfirmed
from cards.definitions.courses.strength import with_strength_decided
from cards.definitions.courses.supply import with_supply
from cards.thresholds import Numbers
from cards.vocabulary import ANABOLIC, ANTIRESORPTIVE, DENOSUMAB, Drug

_NO_EXPOSURE = frozenset(
    {"entered-in-error", "cancelled", "not-taken", "draft", "intended", "not-done", "declined", "preparation"}
)
_UNKNOWN = "unknown"
_PRESUMED = {"statement": "active", "request": "active", "administration": "completed", "dispense": "completed"}
"""What an entry is taken for whose status is not known."""

_BONE = ANTIRESORPTIVE | ANABOLIC


def build(
    numbers: Numbers, exposures: Iterable[Exposure], problems: Mapping[str, tuple[Problem, ...]], today: date
) -> dict[str, Course]:
    """Everything that statements, orders, administrations and dispenses say about one drug, combined (by drug key). Canceled,
    not-taken, draft and erroneous entries do not count, nor do plans for a future day. One whose status is unknown is taken for
    active, or given, but says nothing against an entry whose status is known, and closes no gap after denosumab. Gaps of up to
    {gap-days} days count as time on the drug; longer ones do not.

    Stopped: a statement that is stopped, completed or past its end, or an order that is stopped or past its end, with no entry,
    order or dose since. A completed order, administration or dispense is a dose given, not an end; so is a statement of an
    injection that works for months if it is over within {same-dose-days} days and not said to be stopped. A stop without a date
    is disputed by an open statement beside stopped orders alone, and by an open entry of its own day: the drug then counts as
    taken, and it is said that the record disagrees.

    Administrations up to {same-dose-days} days apart are one dose, and so is a dispense or completed order that close to a
    known dose (up to {same-dose-long-days} days for a drug that works {long-acting-months} months or longer).

    Last dose of an injection: the newest administration, dispense or statement of one dose; without any, the day of a completed
    order or the end of a statement; otherwise the day of an open order or statement, if it is no older than the effect of one
    dose plus {denosumab-grace-days} days. Statements and orders are said to be an assumption. Without any of these it has no
    date: then nobody knows whether it still works, also where what was given or dispensed has none, or the entry is on hold.

    Depots (leuprorelin, goserelin, triptorelin, degarelix) that were given work for the interval of their strength: 28 to 365
    days by the labels; without a strength for a month, or as long as the time since the one before.

    Works until: denosumab six months after the last dose, zoledronate twelve, ibandronate IV and pamidronate three, romosozumab
    and the oncologic strengths one; any other drug until the dispensed supply is used up; without dispenses, while an order or
    statement is active, otherwise until its end. An order or statement with no newer sign of use for {renewal-sign-months}
    months still counts, and the detail says "not confirmed".

    A pause of {holiday-reset-months} months or more, after which the drug was taken again, starts the course anew: response,
    failure and tests are judged from there, exposure over life.

    If a date is recorded as a year or month only: a dose that may be the same as one with an exact date is that dose; time on
    the drug is the shortest possible; doses less than {denosumab-oncology-interval-days} days apart are looked for among exact
    dates only.

    Denosumab without a strength counts as 60 mg, unless doses lie less than {denosumab-oncology-interval-days} days apart, a
    brand is that of 120 mg, or bone metastasis, myeloma or giant cell tumor of bone is on record.
    """
    by_drug: dict[str, list[Exposure]] = {}
    for exposure in with_strength_decided(numbers, _counted([e for e in exposures if e.status not in _NO_EXPOSURE]), problems):
        by_drug.setdefault(exposure.drug.key, []).append(exposure)
    return {key: _course(numbers, some[0].drug, some, today, _others(by_drug, some[0].drug)) for key, some in by_drug.items()}


def _counted(exposures: list[Exposure]) -> list[Exposure]:
    """Without those of unknown status that would outweigh what is known: an undated one, or one of denosumab, beside others of
    the drug, and a drug for bone that would seem to follow denosumab."""
    sure = {e.drug.ingredient for e in exposures if e.status != _UNKNOWN}
    denosumab = any(e.drug.ingredient == DENOSUMAB.ingredient for e in exposures)

    def counts(exposure: Exposure) -> bool:
        if exposure.status != _UNKNOWN:
            return True
        if exposure.drug.ingredient == DENOSUMAB.ingredient:
            return DENOSUMAB.ingredient not in sure
        if denosumab and exposure.drug.mechanism in _BONE:
            return False
        return exposure.start is not None or exposure.drug.ingredient not in sure

    return [
        replace(e, status=_PRESUMED.get(e.kind, e.status), unsure=True) if e.status == _UNKNOWN else e
        for e in exposures
        if counts(e)
    ]


def _others(by_drug: Mapping[str, list[Exposure]], drug: Drug) -> list[date] | None:
    """When other drugs against osteoporosis began, in order; None of a drug that is not one itself."""
    if drug.mechanism not in _BONE:
        return None
    others = [e for some in by_drug.values() for e in some if e.drug.mechanism in _BONE]
    return sorted(e.start for e in others if e.drug.ingredient != drug.ingredient and e.start)


def _course(numbers: Numbers, drug: Drug, exposures: list[Exposure], today: date, others: list[date] | None) -> Course:
    exposures = told_doses(numbers, with_intervals(numbers, exposures), today)
    planned = [e for e in exposures if e.start is not None and e.start > today]
    past = [e for e in exposures if e.start is None or e.start <= today]
    doses = doses_of(numbers, drug, past)
    stopped, end, end_latest = stop(past, doses, today)
    disputed = None if stopped else disputing(past, today)
    ongoing = [e for e in past if is_ongoing(e, today)]
    active = bool(ongoing) and not stopped
    course = Course(
        drug,
        start=min((e.start for e in past if e.start), default=None),
        start_latest=_earliest_of(past),
        doses=tuple(doses),
        stopped=stopped,
        end=end,
        end_latest=end_latest,
        active=active,
        undated=any(e.start is None for e in ongoing),
        unconfirmed=unconfirmed(numbers, past, today) if active else 0,
        grace_months=numbers.treatment_grace_zoledronate_months
        if drug.key == "zoledronate"
        else numbers.treatment_grace_months,
        planned_end=_planned_end(ongoing, today),
        written=max((*doses, *(e.start for e in past if e.kind == "request" and e.start)), default=None)
        if drug.covers_months
        else max((e.start for e in past if e.kind == "request" and e.start), default=None),
        dosing=_dosing(ongoing, past),
        unsure=all(e.unsure for e in past),
        disputed=(disputed.source or disputed.kind) if disputed else "",
        planned=not past,
        inexact=_inexact(past),
        reasons=frozenset().union(*(e.reasons for e in past)),
        dosings=tuple(dict.fromkeys(e.dosing for e in ongoing if e.dosing)),
        sources=tuple(
            dict.fromkeys(e.source for e in sorted(past, key=lambda e: e.start or date.min, reverse=True) if e.source)
        ),
    )
    over_time = with_injections if drug.covers_months else partial(with_supply, others=others)
    told = _since_pause(numbers, over_time(numbers, course, past, today), past)
    if any(e.latest or e.end_latest for e in past):
        least = over_time(numbers, course, [_narrowest(e) for e in past], today)
        told = replace(told, exposure_days=least.exposure_days)
    return replace(told, pending=_pending(told, past, planned))


def _since_pause(numbers: Numbers, course: Course, past: list[Exposure]) -> Course:
    """With the start of the current course: the first day, or that after the last pause of {holiday-reset-months} months."""
    after = [begin for (_, end), (begin, _) in pairwise(course.spans) if add_months(end, numbers.holiday_reset_months) <= begin]
    if not after:
        return replace(course, current_start=course.start, current_start_latest=course.start_latest)
    again = [e for e in past if e.start and e.start >= after[-1]]
    return replace(course, current_start=after[-1], current_start_latest=_earliest_of(again))


def _narrowest(exposure: Exposure) -> Exposure:
    """With the latest possible start and the earliest possible end; never shorter than zero."""
    start, end = exposure.latest or exposure.start, exposure.end
    if start is not None and end is not None:
        end = max(start, end)
    return replace(exposure, start=start, end=end, latest=None, end_latest=None)


def _inexact(exposures: list[Exposure]) -> tuple[tuple[date, date], ...]:
    """First days that no entry tells exactly, each with the first of its last possible days."""
    exact = {e.start for e in exposures if e.latest is None}
    partial_days = sorted((e.start, e.latest) for e in exposures if e.start and e.latest and e.start not in exact)
    return tuple(dict(reversed(partial_days)).items())


def _earliest_of(exposures: list[Exposure]) -> date | None:
    """The last possible day of the first of these; None if it is exact."""
    dated = [e for e in exposures if e.start]
    first = min((e.start for e in dated if e.start), default=None)
    last = min((e.latest or e.start for e in dated if e.start), default=None)
    return last if last != first else None


def _dosing(ongoing: list[Exposure], past: list[Exposure]) -> Dosing | None:
    """How the drug is taken: according to the newest open order or statement, otherwise the newest of all."""
    for some in (ongoing, past):
        told = [e for e in some if e.dosing]
        if told:
            return max(told, key=lambda e: e.start or date.min).dosing
    return None


def _pending(course: Course, past: list[Exposure], planned: list[Exposure]) -> date | None:
    days = [e.start for e in planned if e.kind == "request" and e.status == "active" and e.start]
    if course.last_dose is not None and course.last_dose_basis == "given":
        days += [
            e.start for e in past if e.kind == "request" and e.status == "active" and e.start and e.start > course.last_dose
        ]
    return min(days, default=None)


def _planned_end(ongoing: list[Exposure], today: date) -> date | None:
    """The last day of the open statements, if all of them say one that lies ahead."""
    ends = [e.end_latest or e.end for e in ongoing if e.kind == "statement"]
    return max((end for end in ends if end and end > today), default=None) if None not in ends else None
