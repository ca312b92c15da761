"""The rule of `denosumab-sequence`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import takewhile

from cards.chart import ORDER_HOOKS, Chart, Course, facts
from cards.chart.calendar import add_months, months_between
from cards.chart.facts import Fact
from cards.definitions import person
from cards.definitions.denosumab import AFTER_DENOSUMAB, due_as_recorded, followed, late_from
from cards.definitions.kidney import renal
from cards.definitions.minerals import may_supplement
from cards.engine.findings import CRITICAL, WARNING, Finding, Indicator, Option
from cards.engine.options import NOT_READ, Offer, offer, service
from cards.thresholds import Numbers
from cards.vocabulary import ANTI_OSTEOPOROSIS, ANTIRESORPTIVE, DENOSUMAB, DRUGS, ZOLEDRONATE

_STOCK_TAKING = tuple(service(key, recommended=True) for key in ("dxa", "vertebral-imaging", "ctx", "p1np"))
"""Two years after the last denosumab: density, vertebrae and turnover first."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Denosumab stopped or overdue without another antiresorptive: bone is lost rapidly and vertebrae fracture. Give one at
    once, zoledronate from {denosumab-months} months after the last dose; if kidney function rules it out, resume denosumab.

    When: an adult whose course of denosumab 60 mg was stopped, or whose last dose was more than {denosumab-months} months and
    {denosumab-grace-days} days ago. When an order is signed: only if an anti-osteoporosis drug is being ordered that is not an
    antiresorptive and so does not close the gap (an anabolic, calcitonin, strontium, vitamin K2).

    Not when: a bisphosphonate, SERM or hormone therapy was taken after the last dose, for as long as denosumab worked or until
    today, or an injectable one was given, or any is taken today if no dose of denosumab has a date; denosumab was given again
    since it was stopped; the course continues and no dose has a date (`denosumab-due` asks for it).

    Then: up to {denosumab-months} months and {denosumab-grace-days} days after the last dose warning, to plan the follow-on for
    the day of the next dose; then critical, up to {denosumab-sequence-months} months after the last dose; later warning.
    Stopped without any date of a dose: critical. If the last dose is dated by year or month, every possible day counts: if some
    are late and others not, warning, without a suggestion, and the detail asks for the date; if some are more than
    {denosumab-sequence-months} months ago and others not, warning. Suggested, filtered: zoledronate 5 mg once (recommended),
    alendronate, to start {denosumab-months} months after the last dose if that is in the future. If both are dropped (for
    example, because of the renal estimate): denosumab again, with referral to a specialist if it is not recommended or the
    estimate is below {egfr-specialist}; if denosumab is dropped too, the referral alone. After {denosumab-sequence-months}
    months: DXA, imaging of the spine, CTX and P1NP recommended, and the drugs without a recommendation. The detail asks for CTX
    and P1NP three and six months later, and says if the date of the last dose is assumed or an order for denosumab is open.
    """
    course = chart.course(DENOSUMAB)
    if course is None or not person.adult(chart) or followed(chart, course) or _draft_covers(chart):
        return
    last_dose = course.last_dose_at_latest
    may_be_late = course.last_dose is not None and chart.today > late_from(chart.numbers, course.last_dose)
    if not (course.stopped or may_be_late):
        return
    indicator, variant = _urgency(chart, n, course.last_dose, last_dose)
    long_ago = variant == "long-ago"
    offered = Offer() if variant == "perhaps" else _follow_on(chart, n, last_dose, long_ago=long_ago)
    due = add_months(last_dose, n.denosumab_months) if last_dose else None
    yield Finding(
        indicator=indicator,
        variant=variant,
        values={
            "last_dose": course.last_dosed,
            "exact": course.last_dose_latest is None,
            "assumed": course.last_dose_basis in ("order", "statement"),
            "months": months_between(last_dose, chart.today) if last_dose else None,
            "due": due_as_recorded(chart.numbers, course),
            "ahead": due is not None and due > chart.today,
            "recommended": DRUGS[offered.recommended.key] if offered.recommended else None,
            "before": [DRUGS[o.key] for o in takewhile(lambda o: not o.recommended, offered.options) if offered.recommended],
            "resume": any(o.key == DENOSUMAB.key for o in offered.options),
            "supplement": may_supplement(chart),
            "order": next((d.drug for d in chart.drafted(ANTI_OSTEOPOROSIS)), None),
        },
        facts=tuple(_denosumab_evidence(chart, course)),
        options=(*(_STOCK_TAKING if long_ago else ()), *offered.options),
        any_number=long_ago,
        dropped=offered.dropped,
        notes=("denosumab-open-order",) if course.pending else (),
        about=next(iter(chart.drafted(ANTI_OSTEOPOROSIS)), None),
    )


def _draft_covers(chart: Chart) -> bool:
    """On order-sign, the card fires only if an anti-osteoporosis drug is being ordered that does not close the gap."""
    if chart.hook not in ORDER_HOOKS:
        return False
    drafts = chart.drafted(ANTI_OSTEOPOROSIS)
    return not drafts or bool(chart.drafted(ANTIRESORPTIVE))


def _urgency(chart: Chart, n: Numbers, first: date | None, last: date | None) -> tuple[Indicator, str]:
    """Planned before the effect ends, critical during the rebound, reassessment after two years; undated: critical. ``first``
    and ``last``: the days between which the last dose was given; if they lead to different results, a warning that asks for the
    date."""
    if first is None or last is None:
        return CRITICAL, "undated"
    if chart.today <= late_from(chart.numbers, last):
        return WARNING, "plan" if chart.today <= late_from(chart.numbers, first) else "perhaps"
    if chart.today > add_months(last, n.denosumab_sequence_months):
        return WARNING, "long-ago"
    return CRITICAL if chart.today <= add_months(first, n.denosumab_sequence_months) else WARNING, "overdue"


def _follow_on(chart: Chart, n: Numbers, last_dose: date | None, *, long_ago: bool) -> Offer:
    """A bisphosphonate in sequence (one infusion of zoledronate: turnover decides about the next); if kidney function (or
    anything else) rules out both, denosumab again; otherwise a referral, and nothing else where one of them could not be
    checked."""
    recommend = not long_ago
    due = add_months(last_dose, n.denosumab_months) if last_dose else chart.today
    start = due if due > chart.today else None
    once = {} if long_ago else {ZOLEDRONATE.key: f"{ZOLEDRONATE.key}-once"}
    first = offer(chart, AFTER_DENOSUMAB, start=start, recommend=recommend, waits=False, regimens=once)
    if first.options:
        return first
    if any(each.phrase == NOT_READ for each in first.dropped):
        return Offer((service("referral-osteoporosis"),), first.dropped)
    again = offer(chart, (DENOSUMAB,), start=start, recommend=recommend, waits=False)
    besides: tuple[Option, ...] = again.options
    if not again.recommended or renal(chart).below(n.egfr_specialist):
        besides += (service("referral-osteoporosis"),)
    return Offer(besides, first.dropped + again.dropped)


def _denosumab_evidence(chart: Chart, course: Course) -> Iterator[Fact]:
    yield facts.last_dose(course)
    if course.stopped:
        yield facts.stopped(course)
    yield from (facts.started(c) for c in chart.courses(ANTIRESORPTIVE) if c.active and c.unconfirmed and c is not course)
    lowest = renal(chart).lowest
    if lowest is not None:
        yield facts.measured(lowest)
    for key in ("ctx", "p1np"):
        marker = chart.newest(key, since=course.last_dose)
        if marker is not None:
            yield facts.measured(marker)
