"""The rule of `dental-check`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from cards.chart import ORDER_HOOKS, Chart, Course, Problem, Service, facts
from cards.chart.calendar import DAYS_A_MONTH, add_days, add_months
from cards.chart.facts import Fact
from cards.engine.findings import INFO, WARNING, Earlier, Finding, Option
from cards.engine.options import service
from cards.engine.orders import WRITTEN, Order, finding_about, going_on, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB, DRUGS, SERVICES, Drug, Mechanism

_ON_JAW = {Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR, Mechanism.SCLEROSTIN_INHIBITOR}
_SURGERY = "dental-surgery"
_JAW = re.compile(
    r"\bhead\b|\bneck\b|\bjaw|mandib|maxill|\boral\b|\bmouth|tongue|pharyn|laryn|头颈|鼻咽|口腔|口咽|颌|舌|喉|腮腺"
)
"""Sites of radiotherapy that reach the jaw."""
_REFERRAL = "referral-dentist"


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """Teeth are seen to before a bisphosphonate, denosumab or romosozumab; a drug that is taken is not stopped for the
    dentist, the procedure is fitted to its doses.

    When: one of these drugs is ordered, refilled or taken, or is new and another card of the answer offers it, and (the first
    counts) (1) a dental abscess or inflammation of the jaw is active, of the last {dental-entry-months} months or undated; (2)
    an extraction, implant or operation of the jaw is ordered; (3) periodontitis is active, of the same time. Also on orders,
    such a procedure is drafted while one of the drugs goes on.

    Then: warning, (3) info; on the chart view info. Referral to a dentist (recommended), unless ordered; a draft can be
    deleted. The detail says what to do by the state: first dose, tablets (for less than {dental-tablet-years} years they go
    on), denosumab (best from {dental-denosumab-months} months after the last dose to the next; at high risk of the jaw so early
    that the next dose, up to {dental-next-weeks} weeks later, is at most {denosumab-grace-days} days late), other injections.
    """
    for draft in chart.drafts if chart.hook in ORDER_HOOKS else ():
        taken = going_on(chart, _ON_JAW)
        if draft.service == _SURGERY and taken:
            order = Order(taken[0].drug, course=taken[0])
            yield Finding(
                indicator=WARNING,
                variant="surgery",
                values={"drug": order.drug, "active": True, "problem": None, **_timing(chart, n, order)},
                facts=(facts.drafted(draft), facts.on_board(taken[0])),
                options=_dentist(chart),
                any_number=True,
                about=draft,
            )
    found = _reason(chart, n)
    if found is None:
        return
    variant, problem, evidence = found
    new = _offered(chart, earlier)
    for order in (*orders_of(chart, _ON_JAW), *((Order(new),) if new else ())):
        yield finding_about(
            chart,
            order,
            INFO if variant == "gums" else WARNING,
            [evidence],
            variant=variant,
            values={"problem": problem, **_timing(chart, n, order)},
            also=_dentist(chart),
            any_number=True,
            correctable=True,
        )


def _offered(chart: Chart, earlier: Earlier) -> Drug | None:
    """The drug that another card offers and that would be new, the recommended one first; not while orders are written."""
    if chart.hook in WRITTEN:
        return None
    found = [o for code in earlier.found for each in earlier.of(code) for o in each.options if o.kind == "drug"]
    drugs = [DRUGS[o.key] for o in sorted(found, key=lambda o: not o.recommended)]
    taken = {course.drug.ingredient for course in going_on(chart, _ON_JAW)}
    return next((d for d in drugs if d.mechanism in _ON_JAW and d.ingredient not in taken), None)


def _dentist(chart: Chart) -> tuple[Option, ...]:
    return () if chart.ordered(_REFERRAL) else (service(_REFERRAL, recommended=True),)


def _reason(chart: Chart, n: Numbers) -> tuple[str, Problem | None, Fact] | None:
    """What the dentist is asked for: the variant, the problem, and the fact that shows it."""
    infection = _recent(chart, n, "dental-infection")
    if infection is not None:
        return "infection", infection, facts.problem(infection)
    ordered = next((s for s in chart.services.get(_SURGERY, ()) if not s.done), None)
    if ordered is not None:
        return "surgery", None, _ordered(ordered)
    gums = _recent(chart, n, "periodontitis")
    return ("gums", gums, facts.problem(gums)) if gums is not None else None


def _recent(chart: Chart, n: Numbers, key: str) -> Problem | None:
    problem = chart.active_problem(key)
    since = chart.months_ago(n.dental_entry_months)
    return None if problem is None or (problem.at_latest and problem.at_latest < since) else problem


def _ordered(entry: Service) -> Fact:
    return Fact(SERVICES[_SURGERY], None, "", entry.when, entry.source, latest=entry.latest)


def _timing(chart: Chart, n: Numbers, order: Order) -> dict[str, Any]:
    """In which state the patient is, and when the procedure fits best between two doses of denosumab."""
    course = order.course or chart.course(order.drug)
    risk = course is not None and _at_risk(chart, course)
    timing: dict[str, Any] = {
        "state": "new",
        "first": None,
        "last": None,
        "due": None,
        "overdue": False,
        "risk": risk,
        "again": None,
    }
    if course is None:
        return timing
    if course.drug is DENOSUMAB and course.last_dose is not None:  # late or not, it is never begun anew
        due = add_months(course.last_dose, n.denosumab_months)
        first = add_months(course.last_dose, n.dental_denosumab_months)
        last = add_days(due, n.denosumab_grace_days - 7 * n.dental_next_weeks) if risk else due
        return (
            timing
            | {"state": "denosumab", "first": first, "last": last, "due": due, "overdue": due < chart.today}
            | _passed(chart, n, due, last)
        )
    if not (course.active or course.on_treatment(chart.today)):
        return timing
    if not course.drug.oral:
        return timing | {"state": "injection"}
    days = course.exposure_days
    low = days is not None and days < 12 * DAYS_A_MONTH * n.dental_tablet_years
    return timing | {"state": "new-tablet" if low else "tablet"}


def _passed(chart: Chart, n: Numbers, due: date, last: date) -> dict[str, Any]:
    """From when a procedure fits again, where the days before this dose have passed."""
    return {"again": add_months(due, n.dental_denosumab_months) if last < chart.today <= due else None}


def _at_risk(chart: Chart, course: Course) -> bool:
    """High risk of the jaw: oncologic doses, glucocorticoids, diabetes, radiotherapy of head or neck, or jaw necrosis."""
    radiated = any(_JAW.search(entry.text.lower()) for entry in chart.problems.get("skeletal-radiation", ()))
    ill = chart.active_problem("diabetes") or chart.problem("osteonecrosis-jaw")
    return course.drug.oncologic or radiated or ill is not None or bool(going_on(chart, {Mechanism.GLUCOCORTICOID}))
