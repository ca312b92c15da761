"""The rule of `denosumab-sequence`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import takewhile
from typing import Any

from msgspec.structs import replace

from cards.chart import ORDER_HOOKS, Chart, Course, facts
from cards.chart.calendar import add_months, months_between
from cards.chart.facts import Fact
from cards.definitions import density, person
from cards.definitions.bone_loss import beside
from cards.definitions.denosumab import (
    AFTER_DENOSUMAB,
    OPEN,
    Duration,
    Holds,
    Kind,
    State,
    anabolic_beside,
    done,
    due_as_recorded,
    duration,
    ended_oncologic,
    imaged_since,
    only_ordered,
    rebound,
    risen,
    safe_until,
    state,
    tests_first,
    undated_doses,
    watched,
    with_nephrology,
)
from cards.definitions.fractures import vertebrae
from cards.definitions.hormone_blockers import blockers
from cards.definitions.kidney import renal
from cards.definitions.minerals import vitamin_d
from cards.engine.findings import CRITICAL, WARNING, Finding, Indicator, Option
from cards.engine.lapse import answer, forbidden
from cards.engine.options import Offer, offer, service
from cards.engine.timing import waits_long
from cards.engine.trial import NOT_READ, ruled_out
from cards.thresholds import Numbers
from cards.vocabulary import ANTI_OSTEOPOROSIS, ANTIRESORPTIVE, COURSES, DENOSUMAB, DRUGS, ZOLEDRONATE, Data, Drug, Mechanism

_FOLLOWED = (Kind.TOO_EARLY, Kind.TOO_LATE, Kind.TURNOVER)
_SILENT = (Kind.GOING_ON, Kind.NO_DATE, Kind.SETTLED)
_ONCE = {ZOLEDRONATE.key: f"{ZOLEDRONATE.key}-once"}
_CLOSES = frozenset({Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR})
_SPECIALIST = "referral-osteoporosis"
_RISK = (Data.BONE_DENSITY, Data.CONDITIONS)
"""What tells a short course from a long one: unread, it brings no drug."""
_STOPPED = ("ELD2023-07d", "OVCF2021-T9", "OPREF-T3", "EXT-04", "EXT-23")
_BROKEN = ("OPREF-T3", "EXT-24")
_CITES = {
    Kind.TOO_EARLY: ("ELD2023-07d", "EXT-23"),
    Kind.TOO_LATE: ("ELD2023-07d", "EXT-04", "EXT-23"),
    Kind.TURNOVER: ("ELD2023-07d", "EXT-04", "EXT-23"),
    Kind.REBOUND: _BROKEN,
    Kind.IN_SPITE: _BROKEN,
}
"""What a state rests on, where it is not the end of denosumab itself."""
_STOCK_TAKING = ("dxa", "vertebral-imaging", "ctx", "p1np")
"""Two years after the last denosumab: density, vertebrae and turnover first."""


_WEEK = 7


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Denosumab is never just ended: what follows it is given in time, lasts long enough, and is watched by CTX. If a gap
    opens it is closed at once, and vertebrae that break in it are treated as rebound fractures.

    When: an adult who has had denosumab 60 mg. (1) *plan*: stopped, to end before the next dose, to be followed by an
    infusion that is ordered, or given for an aromatase inhibitor or GnRH drug that ended in the last
    {cancer-drug-ended-months} months. (2) *overdue*: the last dose is more than {denosumab-months} months and
    {denosumab-grace-days} days ago and nothing holds the bone: no follow-on, one that was given up within {follow-on-months}
    months, or raloxifene or hormone therapy alone. (3) *too-early*: zoledronate less than {follow-on-zoledronate-months}
    months after the last dose, told from that month on. (4) *too-late*: a follow-on begun after the last safe day, or nobody
    knows when. (5) *turnover*: one CTX above {ctx-target} pg/mL, {btm-first-months} months or more (less
    {follow-on-ctx-early-days} days) after the start of a follow-on and its last infusion, no fragility fracture in the
    {denosumab-ctx-months} months before it. (6) *rebound*: a vertebra broke {rebound-from-months} to {rebound-to-months}
    months after the last dose before it. (7) *in-spite*: the same after a follow-on in time. (8) *oncologic*: denosumab 120
    mg has ended, {oncologic-stop-doses} doses or {denosumab-months} months of it, the last {oncologic-stop-from-months} to
    {oncologic-stop-to-months} months ago, or any dose of 120 mg after 60 mg, more than {denosumab-months} months and
    {denosumab-grace-days} days ago; with no bisphosphonate or denosumab 60 mg since. When an order is signed: only if an
    anti-osteoporosis drug is being ordered that does not close the gap (an anabolic, SERM, hormone, calcitonin, strontium,
    vitamin K2).

    Not when: a follow-on holds (tablets or ibandronate IV begun by the last safe day and taken for {follow-on-months} months
    or still taken, zoledronate from {follow-on-zoledronate-months} months on, given and not just ordered); denosumab was given
    again, or 120 mg of it is on the list with no dose dated; (3) and (4) once they are settled, or more than
    {denosumab-sequence-months} months after the last dose; (6) once denosumab or zoledronate was given after the fracture; (7)
    once a CTX and a referral came after it; the course continues and no dose has a date.

    Then: warning; critical for (2) up to {denosumab-sequence-months} months after the last dose (not on a SERM or hormone
    therapy; that an overdue dose is critical already before {denosumab-risk-weeks} weeks of delay, from which fractures are
    clearly more frequent, is our own choice), stopped without any date of a dose, and for (6), and (8) with a vertebral
    fracture since. If the last dose is dated by year or month, and some of its possible days are late and others not:
    warning, without a suggestion; the detail asks for the date. Suggested, filtered: (1) zoledronate once, {denosumab-months}
    months after the last dose; after a short course at low risk alendronate as an option that is as good, after any other a
    second infusion and going on with denosumab as options; (2) with a stop on record the same now, without one denosumab now,
    zoledronate and alendronate as options, imaging of the spine and CTX; without any date of a dose, the label says that it
    must be {denosumab-months} months ago or more; if no bisphosphonate is left, denosumab, with a specialist if the renal
    estimate is below {egfr-specialist} (nephrology, after a calcium of {denosumab-calcium-days} days, then weekly), and below
    {egfr-dialysis} no drug, only a referral; with a 25(OH)D below {vitamin-d-severe} ng/mL and no low calcium alendronate at
    once is recommended, as in (6), then in its place denosumab from day {vitamin-d-next-denosumab-days} of the loading of
    vitamin D (not with a stop on record), or zoledronate after the loading; where no tablet is possible denosumab from that
    day, with a specialist. (3) CTX, P1NP, another infusion as an option, {follow-on-zoledronate-months} months after the last
    at the earliest. (4) CTX, 25(OH)D, imaging of the spine. (5) another infusion, {follow-on-zoledronate-months} months after
    the last at the earliest; on tablets intake first. (6) denosumab now, zoledronate, MRI, CTX, 25(OH)D, calcium. (7) CTX,
    25(OH)D, MRI and a specialist. (8) oncology, CTX. After {denosumab-sequence-months} months: DXA, imaging of the spine, CTX
    and P1NP first, and the drugs without a recommendation, none where a drug that harms bone calls for treatment today. Every
    test is recommended (beside drugs that exclude each other in `tests-due`). No test is suggested again that was done in the
    gap: the spine for {spine-again-months} months, unless something broke or the back hurts since, CTX and P1NP for
    {denosumab-ctx-months}, 25(OH)D for {vitamin-d-window-months}. Where something forbids the drugs, none is recommended, and
    the card says who decides by the last safe day.
    """
    if not person.adult(chart):
        return
    found = state(chart)
    if found is not None and found.kind not in _SILENT and _awake(chart, found):
        yield _finding(chart, n, found)
    elif chart.hook not in ORDER_HOOKS:
        yield from _oncologic(chart)


def _awake(chart: Chart, found: State) -> bool:
    """On order-sign, the card fires only if an anti-osteoporosis drug is being ordered that does not close an open gap."""
    if chart.hook not in ORDER_HOOKS:
        return True
    drafts = chart.drafted(ANTI_OSTEOPOROSIS)
    return found.kind in OPEN and bool(drafts) and not chart.drafted(_CLOSES)


def _finding(chart: Chart, n: Numbers, found: State) -> Finding:
    course, last = found.course, found.course.last_dose_at_latest
    lasted = duration(chart, course)
    stop = course.stopped or found.kind is Kind.PLAN or bool(only_ordered(chart, course))
    offered = _offered(chart, n, found, lasted, stop=stop)
    wanted = _drugs(chart, found, lasted, stop=stop)
    barred = forbidden(chart, offered, wanted[:1] if wanted[:1] == (DENOSUMAB,) else (*wanted, DENOSUMAB)) if wanted else None
    options = answer(barred, offered) if barred else offered.options
    due = add_months(last, n.denosumab_months) if last else None
    chosen = next((o for o in options if o.recommended and o.kind == "drug"), None)
    told = done(chart, found)
    return Finding(
        indicator=_urgency(chart, n, found),
        variant="forbidden" if barred else _variant(chart, found, lasted),
        values={
            "last_dose": course.last_dosed,
            "exact": course.last_dose_latest is None,
            "assumed": course.last_dose_basis in ("order", "statement"),
            "months": months_between(last, chart.today) if last else None,
            "late": (chart.today - due).days // _WEEK if due else 0,
            "risk_weeks": n.denosumab_risk_weeks,
            "due": due_as_recorded(chart.numbers, course),
            "safe": safe_until(chart),
            "ahead": due is not None and due > chart.today,
            "stop": stop,
            "course": lasted,
            "recommended": DRUGS[chosen.key] if chosen else None,
            "from_day": chosen.start if chosen and chosen.start and chosen.start > chart.today else None,
            **_in_turn(chart, options, chosen),
            "resume": all(o.key == DENOSUMAB.key for o in options if o.kind == "drug")
            and any(o.kind == "drug" for o in options),
            "anabolic": anabolic.drug if (anabolic := anabolic_beside(chart)) else None,
            **watched(chart),
            "comfort": False,
            "order": next((d.drug for d in chart.drafted(ANTI_OSTEOPOROSIS)), None),
            "again": next((o.start for o in options if o.start and o.start > chart.today), None),
            "barred": {"by": barred.by, "safe": barred.safe, "nephrology": barred.nephrology} if barred else None,
            "ctx": risen(chart),
            "target": n.ctx_target,
            "elsewhere": found.kind is Kind.LONG_AGO and _elsewhere(chart),
            "out": [each.key for each in offered.dropped],
            "ctx_months": n.btm_first_months,
            "image": "vertebral-imaging" not in told,
            "markers": "ctx" not in told,
            **_after(chart, found),
            **_broken(chart, found),
        },
        facts=tuple(_evidence(chart, found)),
        cites=(
            *_CITES.get(found.kind, _STOPPED if stop else (*_STOPPED, "EXT-40")),
            *(("EXT-03",) if with_nephrology(chart) else ()),
        ),
        options=(*options, *_tests(chart, found)),
        any_number=sum(option.kind == "drug" for option in options) < 2,
        dropped=offered.dropped,
        notes=(
            *(("denosumab-open-order",) if course.pending else ()),
            *(("denosumab-undated-dose",) if last and undated_doses(chart, course) else ()),
        ),
        about=next(iter(chart.drafted(ANTI_OSTEOPOROSIS)), None),
        rests_on=frozenset(COURSES) if found.kind in OPEN else None,
    )


def _variant(chart: Chart, found: State, lasted: Duration) -> str:
    """The state; with a severe lack of vitamin D apart, since it orders other drugs: whoever signs the card is to see both."""
    if found.kind is Kind.PLAN and lasted.short:
        return "plan-short"
    return f"{found.kind.value}-vitamin-d" if _lacks_vitamin_d(chart, found) else found.kind.value


def _lacks_vitamin_d(chart: Chart, found: State) -> bool:
    """Whether injections would come too late for the gap, since vitamin D comes first."""
    return found.kind in (Kind.LATE, Kind.REBOUND) and waits_long(chart, ZOLEDRONATE)


def _in_turn(chart: Chart, options: Sequence[Option], chosen: Option | None) -> dict[str, Any]:
    """What is recommended though others rank before it, with the day from which these follow; and what else could be given."""
    drugs = [option for option in options if option.kind == "drug"] if chosen else []
    before = list(takewhile(lambda option: not option.recommended, drugs))
    return {
        "before": [{"drug": DRUGS[o.key], "day": o.start if o.start and o.start > chart.today else None} for o in before],
        "first": chosen.regimen or chosen.key if chosen else "",
        "or_else": [option.regimen or option.key for option in drugs[len(before) + 1 :]],
    }


def _urgency(chart: Chart, n: Numbers, found: State) -> Indicator:
    """Critical while vertebrae may break; a warning if some of the days that the last dose can have been say otherwise."""
    first = found.course.last_dose
    if found.kind in (Kind.UNDATED, Kind.REBOUND):
        return CRITICAL
    weak = found.follow_on is not None and found.follow_on.holds is Holds.WEAK
    within = first is not None and chart.today <= add_months(first, n.denosumab_sequence_months)
    return CRITICAL if found.kind is Kind.LATE and within and not weak else WARNING


def _drugs(chart: Chart, found: State, lasted: Duration, *, stop: bool) -> tuple[Drug, ...]:
    """What closes the gap, best first; tablets after rebound fractures only where denosumab must wait for vitamin D."""
    if found.kind is Kind.REBOUND:
        return (DENOSUMAB, *(AFTER_DENOSUMAB if waits_long(chart, DENOSUMAB) else (ZOLEDRONATE,)))
    if found.kind is Kind.PLAN and not lasted.short:
        return (ZOLEDRONATE,) if chart.doubts(_RISK) else (ZOLEDRONATE, DENOSUMAB)
    if found.kind is Kind.LATE and not stop:
        return (DENOSUMAB, *AFTER_DENOSUMAB)
    if found.kind is Kind.LONG_AGO and _elsewhere(chart):
        return ()
    return AFTER_DENOSUMAB if found.kind in (Kind.PLAN, Kind.LATE, Kind.UNDATED, Kind.LONG_AGO) else ()


def _elsewhere(chart: Chart) -> bool:
    """Whether the drug is for `bone-loss-medication` to name: a gap of years keeps it from nobody."""
    harm = beside(chart)
    return any(each.treat for each in blockers(chart)) or (harm is not None and harm.harm == "glucocorticoid")


def _offered(chart: Chart, n: Numbers, found: State, lasted: Duration, *, stop: bool) -> Offer:
    """The drugs of the state; if kidney function (or anything else) rules out all, denosumab again; otherwise a referral, and
    nothing else where one of them could not be checked."""
    if found.kind in _FOLLOWED:
        again = _again(chart, n, found)
        wanting = bool(again.dropped) and not again.options
        return replace(again, options=tuple(_specialist(chart, n, found, again))) if wanting else again
    wanted = _drugs(chart, found, lasted, stop=stop)
    if not wanted:
        return Offer()
    recommend = found.kind is not Kind.LONG_AGO
    for course in only_ordered(chart, found.course):
        chart = chart.without(course.drug)
    start = _start(chart, n, found)
    chosen = offer(chart, wanted, start=start, recommend=recommend, waits=False, regimens=_ONCE if recommend else {})
    if found.kind is Kind.PLAN and not lasted.short:
        chosen = replace(chosen, options=(*chosen.options, *_second(n, found, chosen)))
    if not chosen.options and DENOSUMAB not in wanted and not any(each.phrase == NOT_READ for each in chosen.dropped):
        again = offer(chart, (DENOSUMAB,), start=start, recommend=recommend, waits=False)
        chosen = Offer(again.options, chosen.dropped + again.dropped, again.held)
    if found.kind is Kind.UNDATED:
        chosen = replace(chosen, options=tuple(replace(each, provided="once-worn-off") for each in chosen.options))
    return Offer((*chosen.options, *_specialist(chart, n, found, chosen)), chosen.dropped)


def _start(chart: Chart, n: Numbers, found: State) -> date | None:
    """The day on which denosumab wears off, if that is ahead."""
    last = found.course.last_dose_at_latest
    due = add_months(last, n.denosumab_months) if last else chart.today
    return due if due > chart.today else None


def _second(n: Numbers, found: State, chosen: Offer) -> Iterator[Option]:
    """A second infusion six months after the first, unless turnover stays low."""
    last = found.course.last_dose_at_latest
    first = next((o for o in chosen.options if o.key == ZOLEDRONATE.key), None)
    if first is not None and last is not None:
        day = add_months(last, 2 * n.denosumab_months)
        yield replace(first, start=day, recommended=False, label="second-infusion", condition=(), meanwhile="", first="")


def _again(chart: Chart, n: Numbers, found: State) -> Offer:
    """Zoledronate once more, when denosumab has worn off and the last infusion is long enough ago; not before a CTX where it
    came too late, nor on tablets, where intake comes first: there only what rules it out, or the tablets."""
    after, last = found.follow_on, found.course.last_dose_at_latest
    if after is None or last is None:
        return Offer()
    infusions = after.course.drug.ingredient == ZOLEDRONATE.ingredient
    if found.kind is Kind.TOO_LATE or not infusions:
        against = (ruled_out(chart, drug) for drug in dict.fromkeys((ZOLEDRONATE, after.course.drug)))
        return Offer(dropped=tuple(each for each in against if each is not None))
    infused = after.course.last_dose_at_latest or last
    day = max(add_months(last, n.denosumab_months), add_months(infused, n.follow_on_zoledronate_months), chart.today)
    early = found.kind is Kind.TOO_EARLY
    alone = chart.without(ZOLEDRONATE)
    return offer(alone, (ZOLEDRONATE,), start=day, recommend=not early, waits=False, regimens=_ONCE)


def _specialist(chart: Chart, n: Numbers, found: State, chosen: Offer) -> Iterator[Option]:
    """Who helps where no drug is left, none is recommended against rebound fractures, or the kidneys are weak."""
    weak = with_nephrology(chart)
    urgent = found.kind is Kind.REBOUND and chosen.recommended is None
    if found.kind is not Kind.LONG_AGO and (weak or urgent or not chosen.options):
        yield service("referral-nephrology" if weak else _SPECIALIST, recommended=urgent or weak)


def _tests(chart: Chart, found: State) -> Iterator[Option]:
    """What shows how far it has gone; not what is ordered or was done in the gap, nor density of {hip-t-window-months}
    months."""
    begun = found.follow_on.begun if found.follow_on else None
    keys: tuple[str, ...] = {
        Kind.LATE: ("vertebral-imaging", "ctx"),
        Kind.UNDATED: ("vertebral-imaging", "ctx"),
        Kind.LONG_AGO: _STOCK_TAKING,
        Kind.TOO_EARLY: ("ctx", "p1np"),
        Kind.TOO_LATE: ("ctx", "vitamin-d") if imaged_since(chart, begun) else ("vertebral-imaging", "ctx", "vitamin-d"),
        Kind.REBOUND: ("spine-mri", "ctx", "vitamin-d", "calcium"),
        Kind.IN_SPITE: ("ctx", _SPECIALIST, "spine-mri", "vitamin-d"),
    }.get(found.kind, ())
    if found.kind in OPEN - {Kind.PERHAPS, Kind.LONG_AGO}:
        keys = tuple(dict.fromkeys((*tests_first(chart), *keys)))
    known = {*done(chart, found), *(("dxa",) if density.bmd_since(chart, chart.numbers.hip_t_window_months) else ())}
    yield from (service(key, recommended=True) for key in keys if key not in known and not chart.ordered(key))


def _after(chart: Chart, found: State) -> dict[str, Any]:
    """What followed, and how long after the last dose."""
    after, last = found.follow_on, found.course.last_dose
    months = months_between(last, after.begun) if after and after.begun and last and after.begun >= last else None
    return {
        "follow_on": after.course.drug if after else None,
        "holds": after.holds.value if after else "",
        "begun": after.dated if after else None,
        "begun_after": months,
        "tablets": after is not None and after.course.drug.oral,
        "infused": after is not None and after.course.drug.ingredient == ZOLEDRONATE.ingredient,
    }


def _broken(chart: Chart, found: State) -> dict[str, Any]:
    """The fractures of the rebound, and how long after the dose the first of them was."""
    told = rebound(chart) if found.kind in (Kind.REBOUND, Kind.IN_SPITE) else None
    days = [f.when for f in told.fractures if f.when] if told else []
    return {
        "fractures": told.fractures if told else (),
        "vertebrae": vertebrae(told.fractures) if told else 0,
        "broken_after": months_between(told.dose, min(days)) if told and days else None,
    }


def _evidence(chart: Chart, found: State) -> Iterator[Fact]:
    course = found.course
    yield facts.last_dose(course)
    if course.stopped:
        yield facts.stopped(course)
    if found.follow_on is not None:
        yield facts.on_board(found.follow_on.course)
    anabolic = anabolic_beside(chart)
    if anabolic is not None:
        yield facts.on_board(anabolic)
    yield from map(facts.only_ordered, only_ordered(chart, course))
    told = rebound(chart)
    if told is not None and found.kind in (Kind.REBOUND, Kind.IN_SPITE):
        yield from map(facts.fracture, told.fractures)
    yield from (
        facts.started(c) for c in chart.courses(ANTIRESORPTIVE) if c.active and c.unconfirmed and c.drug is not DENOSUMAB
    )
    lowest = renal(chart).lowest
    if lowest is not None:
        yield facts.measured(lowest)
    level = vitamin_d(chart)
    if level is not None and _lacks_vitamin_d(chart, found):
        yield facts.measured(level)
    yield from _markers(chart, course)


def _markers(chart: Chart, course: Course) -> Iterator[Fact]:
    for key in ("ctx", "p1np"):
        marker = chart.newest(key, since=course.last_dose)
        if marker is not None:
            yield facts.measured(marker)


def _oncologic(chart: Chart) -> Iterator[Finding]:
    """Denosumab 120 mg has ended: oncology decides, and nothing is recommended here."""
    ended = ended_oncologic(chart)
    if ended is None:
        return
    tests = ("ctx", *(("spine-mri",) if ended.fractures else ()))
    known = done(chart, State(Kind.LATE, ended.course))
    yield Finding(
        indicator=CRITICAL if ended.fractures else WARNING,
        variant="oncologic",
        values={
            "last_dose": ended.course.last_dosed,
            "months": months_between(ended.course.last_dose_at_latest or chart.today, chart.today),
            "fractures": ended.fractures,
            "follows": [drug.key for drug in (DENOSUMAB, ZOLEDRONATE) if ruled_out(chart, drug) is None],
            "stop": True,
            "resume": False,
            "recommended": None,
            "from_day": None,
            "comfort": False,
            "order": None,
        },
        facts=(facts.last_dose(ended.course), *map(facts.fracture, ended.fractures)),
        cites=_BROKEN if ended.fractures else ("OPREF-T3", "EXT-04"),
        options=tuple(
            service(key, recommended=True)
            for key in ("referral-oncology", *tests)
            if key not in known and not chart.ordered(key)
        ),
        any_number=True,
    )
