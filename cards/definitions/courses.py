"""Drug courses: what statements, orders, doses and dispenses say about one drug, combined (card specification, "course").

A course is read from its exposures in one pass per drug:

1. entries that are not exposures are left out (canceled, not taken, planned for a future day);
2. doses: one injection recorded in several resources is one dose;
3. spans: the periods on the drug, with short gaps bridged;
4. state: stopped, active, covered until when, and how certain that is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import pairwise

from msgspec.structs import replace

from cards.chart import Chart, Course, Dosing, Exposure, Period, Problem
from cards.chart.calendar import DAYS_A_MONTH, add_days, add_months
from cards.thresholds import Numbers
from cards.vocabulary import ABALOPARATIDE, DENOSUMAB, DENOSUMAB_ONCOLOGY, ROMOSOZUMAB, TERIPARATIDE, Drug, Mechanism

_NO_EXPOSURE = frozenset(
    {"entered-in-error", "cancelled", "not-taken", "draft", "intended", "not-done", "declined", "preparation", "unknown"}
)
_ONGOING = frozenset({"active"})
_STOPPED_STATEMENT = frozenset({"stopped", "completed"})
_STOPPED_REQUEST = frozenset({"stopped"})
_ONCOLOGIC_PROBLEMS = ("bone-metastasis", "myeloma", "giant-cell-tumor")

Span = tuple[date, date]


def build(
    numbers: Numbers, exposures: Iterable[Exposure], problems: Mapping[str, tuple[Problem, ...]], today: date
) -> dict[str, Course]:
    """Everything that statements, orders, administrations and dispenses say about one drug, combined (by drug key). Canceled,
    not-taken, draft and erroneous entries do not count, nor do plans for a future day. Gaps of up to {gap-days} days count as
    time on the drug; longer ones do not.

    Stopped: a statement that is stopped, completed or past its end, or an order that is stopped or past its end, with no entry,
    order or dose since. A completed order, administration or dispense is a dose given, not an end.

    Administrations up to {same-dose-days} days apart are one dose, and so is a dispense or completed order that close to a
    known dose (up to {same-dose-long-days} days for a drug that works {long-acting-months} months or longer).

    Last dose of an injection: the newest administration or dispense; without any, the day of a completed order or the end of a
    statement, stated to be an assumption; otherwise the day of an open order or statement, if it is no older than the effect of
    one dose plus {denosumab-grace-days} days. Without any of these it has no date.

    Works until: denosumab six months after the last dose, zoledronate twelve, ibandronate IV and pamidronate three, romosozumab
    and the oncologic strengths one; any other drug until the dispensed supply is used up; without dispenses, while an order or
    statement is active, otherwise until its end. An order or statement with no newer sign of use for {renewal-sign-months}
    months still counts, and the detail says "not confirmed".

    If a date is recorded as a year or month only: a dose that may be the same as one with an exact date is that dose; time on
    the drug is the shortest possible; doses less than {denosumab-oncology-interval-days} days apart are looked for among exact
    dates only.

    Denosumab without a strength counts as 60 mg, unless doses lie less than {denosumab-oncology-interval-days} days apart, a
    brand is that of 120 mg, or bone metastasis, myeloma or giant cell tumor of bone is on record.
    """
    by_drug: dict[str, list[Exposure]] = {}
    for exposure in _with_strength_decided(numbers, [e for e in exposures if e.status not in _NO_EXPOSURE], problems):
        by_drug.setdefault(exposure.drug.key, []).append(exposure)
    return {key: _course(numbers, some[0].drug, some, today) for key, some in by_drug.items()}


def _with_strength_decided(
    numbers: Numbers, exposures: list[Exposure], problems: Mapping[str, tuple[Problem, ...]]
) -> list[Exposure]:
    """Denosumab without a strength is the 60 mg for osteoporosis, unless the record points to the 120 mg used in oncology."""
    unsaid = [e for e in exposures if e.drug is DENOSUMAB and e.strength_mg is None]
    if not unsaid or not (
        any(key in problems for key in _ONCOLOGIC_PROBLEMS)
        or any(e.branded_oncologic for e in unsaid)
        or _monthly(numbers, unsaid)
    ):
        return exposures
    return [replace(e, drug=DENOSUMAB_ONCOLOGY) if e.drug is DENOSUMAB and e.strength_mg is None else e for e in exposures]


def _monthly(numbers: Numbers, exposures: list[Exposure]) -> bool:
    """Whether doses in one kind of record are less than {denosumab-oncology-interval-days} days apart (not counting two records
    of one injection)."""
    for kind in ("administration", "dispense"):
        exact = sorted(e.start for e in exposures if e.kind == kind and e.start and not e.latest)
        days = _clustered(exact, within=numbers.same_dose_days)
        if any((later - earlier).days < numbers.denosumab_oncology_interval_days for earlier, later in pairwise(days)):
            return True
    return False


def _course(numbers: Numbers, drug: Drug, exposures: list[Exposure], today: date) -> Course:
    planned = [e for e in exposures if e.start is not None and e.start > today]
    past = [e for e in exposures if e.start is None or e.start <= today]
    doses = _doses(numbers, drug, past)
    stopped, end, end_latest = _stop(past, doses, today)
    ongoing = [e for e in past if _is_ongoing(e, today)]
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
        planned_end=_planned_end(ongoing, today),
        unconfirmed=_unconfirmed(numbers, past, today) if active else 0,
        grace_months=numbers.treatment_grace_zoledronate_months
        if drug.key == "zoledronate"
        else numbers.treatment_grace_months,
        dosing=_dosing(ongoing, past),
        reasons=frozenset().union(*(e.reasons for e in past)),
        dosings=tuple(dict.fromkeys(e.dosing for e in ongoing if e.dosing)),
        sources=tuple(
            dict.fromkeys(e.source for e in sorted(past, key=lambda e: e.start or date.min, reverse=True) if e.source)
        ),
    )
    over_time = _with_injections if drug.covers_months else _with_supply
    told = over_time(numbers, course, past, today)
    if any(e.latest or e.end_latest for e in past):
        least = over_time(numbers, course, [_narrowest(e) for e in past], today)
        told = replace(told, exposure_days=least.exposure_days)
    return replace(told, pending=_pending(told, past, planned))


def _narrowest(exposure: Exposure) -> Exposure:
    """With the latest possible start and the earliest possible end; never shorter than zero."""
    start, end = exposure.latest or exposure.start, exposure.end
    if start is not None and end is not None:
        end = max(start, end)
    return replace(exposure, start=start, end=end, latest=None, end_latest=None)


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


# -- doses ------------------------------------------------------------------------------------------------------------


def _doses(numbers: Numbers, drug: Drug, exposures: list[Exposure]) -> list[date]:
    """Days on which the drug was given (for a year or month, its first day). A dispense near an administration, or an order
    near either, is the same dose."""
    same_dose = numbers.same_dose_days
    window = numbers.same_dose_long_days if (drug.covers_months or 0) >= numbers.long_acting_months else same_dose
    given = [e for e in exposures if e.kind == "administration" and e.start]
    days = _clustered(sorted(e.start for e in given if e.start and not e.latest), within=same_dose)
    for kind, statuses in (("dispense", ("completed",)), ("request", ("completed",))):
        if kind == "request" and not drug.covers_months:
            continue
        for exposure in exposures:
            day = exposure.start
            counts = exposure.kind == kind and exposure.status in statuses
            if counts and day and all(abs((day - other).days) > window for other in days):
                days.append(day)
    for exposure in given:
        day, latest = exposure.start, exposure.latest
        if day and latest and not any(day <= other <= latest for other in days):
            days.append(day)
    return sorted(days)


def _clustered(days: list[date], *, within: int) -> list[date]:
    kept: list[date] = []
    for day in days:
        if not kept or (day - kept[-1]).days > within:
            kept.append(day)
    return kept


# -- state ------------------------------------------------------------------------------------------------------------


def _is_ongoing(exposure: Exposure, today: date) -> bool:
    return (
        exposure.kind in ("statement", "request")
        and exposure.status in _ONGOING
        and (exposure.end is None or (exposure.end_latest or exposure.end) >= today)
    )


def _is_stop(exposure: Exposure, today: date) -> bool:
    """A completed order or dose is a dose given, not an end."""
    end = exposure.end_latest or exposure.end
    if exposure.kind == "statement":
        return exposure.status in _STOPPED_STATEMENT or (end is not None and end < today)
    if exposure.kind == "request":
        return exposure.status in _STOPPED_REQUEST or (exposure.status in _ONGOING and end is not None and end < today)
    return False


def _stop(exposures: list[Exposure], doses: list[date], today: date) -> tuple[bool, date | None, date | None]:
    """Whether the drug was stopped and not resumed, when, and when at the latest."""
    stops = [e for e in exposures if _is_stop(e, today)]
    if not stops:
        return False, None, None
    ends = [e.end for e in stops if e.end and e.end <= today]
    ongoing = [e.start for e in exposures if _is_ongoing(e, today)]
    if None in ongoing:
        return False, None, None  # undated "takes it now" outweighs an old stop: the patient counts as on the drug
    written = max((day for e in stops if (day := e.end or e.start)), default=None)
    ordered = [e.start for e in exposures if e.kind == "request" and e.status == "completed"]
    if written is not None and any(day > written for day in (*ongoing, *ordered) if day):
        return False, None, None
    # R4 does not say when an order was stopped: doses may precede the stop, so they are not a resumption.
    if ends and len(ends) == len(stops) and any(day > max(ends) for day in doses):
        return False, None, None
    return True, max(ends, default=None), _newest_latest((e.end, e.end_latest) for e in stops if e.end and e.end <= today)


def _newest_latest(days: Iterable[tuple[date | None, date | None]]) -> date | None:
    """Given days with the last possible day of each: the last possible day of the newest; None if it is exact."""
    known = [(first, latest or first) for first, latest in days if first]
    newest, last = max((f for f, _ in known), default=None), max((latest for _, latest in known), default=None)
    return last if last != newest else None


def _unconfirmed(numbers: Numbers, exposures: list[Exposure], today: date) -> int:
    """{renewal-sign-months} if only an order or statement mentions it and has not been renewed for longer than that; otherwise
    0."""
    if any(e.kind in ("dispense", "administration") for e in exposures):
        return 0
    signs = [day for e in exposures for day in (e.start, e.authored) if day]
    old = bool(signs) and add_months(max(signs), numbers.renewal_sign_months) < today
    return int(numbers.renewal_sign_months) if old else 0


def _planned_end(ongoing: list[Exposure], today: date) -> date | None:
    """The last day of the open statements, if all of them say one that lies ahead."""
    ends = [e.end_latest or e.end for e in ongoing if e.kind == "statement"]
    return max((end for end in ends if end and end > today), default=None) if None not in ends else None


def _pending(course: Course, past: list[Exposure], planned: list[Exposure]) -> date | None:
    days = [e.start for e in planned if e.kind == "request" and e.status == "active" and e.start]
    if course.last_dose is not None and course.last_dose_basis == "given":
        days += [
            e.start for e in past if e.kind == "request" and e.status == "active" and e.start and e.start > course.last_dose
        ]
    return min(days, default=None)


# -- injections that work for months ----------------------------------------------------------------------------------


def _with_injections(numbers: Numbers, course: Course, exposures: list[Exposure], today: date) -> Course:
    """Last dose, coverage and spans of a drug given as single injections."""
    drug, covers = course.drug, course.drug.covers_months or 0
    last, last_latest, basis = _last_injection(numbers, drug, exposures, today)
    spans = [(day, add_months(day, covers)) for day in course.doses]
    for exposure in exposures:
        if exposure.kind == "statement" and exposure.start:
            until = exposure.end_latest or exposure.end or (today if exposure.status in _ONGOING else None)
            if until is not None and until >= exposure.start:
                spans.append((exposure.start, min(add_months(until, covers), max(until, today))))
    merged = _merged(spans, bridge=numbers.gap_days)
    return replace(
        course,
        last_dose=last,
        last_dose_latest=last_latest,
        last_dose_basis=basis,
        covered_until=add_months(last_latest or last, covers) if last else None,
        spans=tuple(merged),
        exposure_days=_days(merged, today) if merged and not course.undated else None,
    )


def _last_injection(
    numbers: Numbers, drug: Drug, exposures: list[Exposure], today: date
) -> tuple[date | None, date | None, str]:
    """The newest dose given, its last possible day, and how it is known; without a dose, a completed order or the end of a
    statement; otherwise a recent open order."""
    given = [
        (e.start, e.latest)
        for e in exposures
        if e.start and e.kind in ("administration", "dispense") and e.status in ("completed", "in-progress")
    ]
    if given:
        return max(day for day, _ in given), _newest_latest(given), "given"
    assumed = [(e.start, e.latest, "order") for e in exposures if e.kind == "request" and e.status == "completed" and e.start]
    for e in exposures:
        if e.kind == "statement" and _is_stop(e, today) and (day := e.end or e.start):
            assumed.append((min(day, today), e.end_latest if e.end else e.latest, "statement"))
    months, grace = drug.covers_months or 0, numbers.denosumab_grace_days
    young = [
        (e.start, e.latest, "order" if e.kind == "request" else "statement")
        for e in exposures
        if _is_ongoing(e, today) and e.start and add_days(add_months(e.latest or e.start, months), grace) >= today
    ]
    told = assumed or young
    if not told:
        return None, None, ""
    newest, _, basis = max(told, key=lambda each: (each[0], each[2]))
    return newest, _newest_latest((day, latest) for day, latest, _ in told), basis


# -- drugs taken as long as they last ---------------------------------------------------------------------------------


def _with_supply(numbers: Numbers, course: Course, exposures: list[Exposure], today: date) -> Course:
    """Coverage and spans of a drug taken daily to monthly: from dispensed supply if on record, otherwise as stated."""
    supply = _supply(exposures)
    spans = _stated_spans(numbers, exposures, today, before=supply[0][0] if supply else None) + supply
    merged = _merged(spans, bridge=numbers.gap_days)
    supply_until = supply[-1][1] if supply else None
    if course.stopped:
        covered = course.end if supply_until is None else min(filter(None, (course.end, supply_until)))
    elif supply_until is not None:
        covered = supply_until
    elif course.active:
        covered = date.max
    else:
        covered = merged[-1][1] if merged else None
    last = max((end for _, end in merged), default=None)
    return replace(
        course,
        end=course.end or (supply_until if course.stopped else None),
        last_dose=min(last, today) if last else None,
        last_dose_basis="given" if supply else ("statement" if last else ""),
        covered_until=covered,
        supply_until=supply_until,
        end_unknown=not course.active and supply_until is None and _end_unknown(exposures),
        spans=tuple(merged),
        exposure_days=None if course.undated or not merged else _days(merged, today),
        periods=_periods(numbers, exposures, today),
    )


def _periods(numbers: Numbers, exposures: list[Exposure], today: date) -> tuple[Period, ...]:
    """What each entry says of the dose, as long as it holds: a dispense for its supply, a dose given for its day."""
    told = sorted((e for e in exposures if e.start), key=lambda e: e.start or today)
    periods = []
    for index, e in enumerate(told):
        if e.start is None or (e.kind == "dispense" and not e.supply_days):
            continue
        if e.kind == "dispense":
            end = add_days(e.start, round(e.supply_days or 0) - 1)
        else:
            end = _stated_end(numbers, e, told[index + 1 :], today)
        periods.append(Period(e.start, max(e.start, end), e.dosing, once=e.kind == "administration"))
    return tuple(periods)


def _end_unknown(exposures: list[Exposure]) -> bool:
    """Whether the newest order or statement has ended without an end date: "completed" means that a prescription was used up,
    not that it ended on its first day."""
    told = [e for e in exposures if e.kind in ("statement", "request") and e.start]
    newest = max(told, key=lambda e: e.start or date.min, default=None)
    return newest is not None and newest.status not in _ONGOING and newest.end is None and not newest.supply_days


def _supply(exposures: list[Exposure]) -> list[Span]:
    """What each dispense covers; an early refill is used up after the supply before it."""
    spans: list[Span] = []
    reach: date | None = None
    handed = sorted(
        (e.start, e.supply_days)
        for e in exposures
        if e.kind == "dispense" and e.start and e.supply_days and e.status == "completed"
    )
    for day, days in handed:
        begin = day if reach is None or reach < day else reach
        reach = add_days(begin, round(days))
        spans.append((day, reach))
    return spans


def _stated_spans(numbers: Numbers, exposures: list[Exposure], today: date, before: date | None) -> list[Span]:
    """Time on the drug according to statements and orders (up to the first dispense; from then on supply counts)."""
    told = sorted(
        (e for e in exposures if e.kind in ("statement", "request", "administration") and e.start),
        key=lambda e: e.start or today,
    )
    spans: list[Span] = []
    for index, exposure in enumerate(told):
        begin = exposure.start
        if begin is None or (before is not None and begin >= before):
            continue
        until = _stated_end(numbers, exposure, told[index + 1 :], today)
        spans.append((begin, max(begin, until if before is None else min(until, before))))
    return spans


def _stated_end(numbers: Numbers, exposure: Exposure, later: list[Exposure], today: date) -> date:
    """The end of one statement or order: its own, today while it is active, what it supplies, or the next order's start.

    An ended order with neither end date nor supply is assumed to have lasted until the next one, at most {order-longest-months}
    months.
    """
    begin = exposure.start or today
    if exposure.end is not None:
        return min(exposure.end_latest or exposure.end, today)
    if exposure.kind == "administration":
        return begin
    if exposure.status in _ONGOING:
        return today
    if exposure.supply_days:
        return min(begin + timedelta(days=round(exposure.supply_days)), today)
    following = next((e.start for e in later if e.start and e.start > begin), None)
    if following is None:
        return begin
    return min(following, add_months(begin, numbers.order_longest_months))


def _merged(spans: Iterable[Span], *, bridge: int) -> list[Span]:
    """Spans in order, joined if they overlap or are no more than ``bridge`` days apart."""
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and (begin - merged[-1][1]).days <= bridge:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged


def _days(spans: list[Span], today: date) -> int:
    return sum((min(end, today) - begin).days for begin, end in spans if begin <= today)


_LONGEST = {
    TERIPARATIDE.key: "teriparatide-months",
    ABALOPARATIDE.key: "abaloparatide-months",
    ROMOSOZUMAB.key: "romosozumab-months",
}


def longest_months(numbers: Numbers, drug: Drug) -> int:
    """The longest total time, in months, for a drug of limited duration: teriparatide {teriparatide-months}, abaloparatide
    {abaloparatide-months}, romosozumab {romosozumab-months}, calcitonin or elcatonin {calcitonin-months}."""
    return numbers["calcitonin-months" if drug.mechanism is Mechanism.CALCITONIN else _LONGEST[drug.key]]


def limit_day(numbers: Numbers, course: Course, today: date) -> date | None:
    """The day on which a course reaches its limit, not counting time off the drug; None if the start is unknown."""
    start = course.start_latest or course.start
    if start is None or course.exposure_days is None:
        return None
    paused = (min(course.spans[-1][1], today) - start).days - course.exposure_days if course.spans else 0
    return add_days(add_months(start, longest_months(numbers, course.drug)), max(paused, 0))


def used_up(chart: Chart, drug: Drug, on: date) -> Course | None:
    """The lifetime total after which a drug is no longer given: teriparatide {teriparatide-months} months, abaloparatide
    {abaloparatide-months}, both together {pth-analogs-months}, romosozumab {romosozumab-months} (or {romosozumab-doses} doses),
    calcitonin {calcitonin-months}. Time off the drug is not counted; if the start is unknown, no limit is reached.

    ``on``: the day by which the limit is reached. Returns the course that used it up, counting both PTH analogs together if
    neither did so alone; an order for today or later is one more dose.
    """
    course = chart.course(drug)
    if course is not None and (day := limit_day(chart.numbers, course, chart.today)) is not None and day <= on:
        return course
    if course is not None and drug is ROMOSOZUMAB and len(course.doses) + (on >= chart.today) > chart.numbers.romosozumab_doses:
        return course
    if drug in (TERIPARATIDE, ABALOPARATIDE):
        both = [c for key in (TERIPARATIDE, ABALOPARATIDE) if (c := chart.course(key)) and c.exposure_days is not None]
        together = sum(c.exposure_days or 0 for c in both)
        if (len(both) == 2 or course is None) and both and together >= chart.numbers.pth_analogs_months * DAYS_A_MONTH:
            return course or both[0]
    return None
