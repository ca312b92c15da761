"""The rule of `strontium-contraindication`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Measurement, facts
from cards.definitions import person
from cards.definitions.kidney import renal, renal_facts
from cards.engine.findings import CRITICAL, WARNING, Finding, Undecided
from cards.engine.options import ranking
from cards.engine.orders import finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import Mechanism

_EVER = (
    "myocardial-infarction",
    "coronary-disease",
    "stroke",
    "transient-ischemic-attack",
    "peripheral-artery-disease",
    "venous-thromboembolism",
)
"""The label names all ischemic heart and cerebrovascular disease, past or present, more than infarction and stroke."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """Strontium ranelate is not given to anyone with arterial disease or venous thromboembolism, past or present, with high
    blood pressure that is not controlled, nor to the immobile; in severe renal impairment it is not recommended.

    When: strontium ranelate is ordered or taken, and (1) a myocardial infarction or other coronary disease, a stroke or
    transient ischemic attack, peripheral artery disease or a venous thromboembolism is on record, of whatever date or undated;
    or (2) immobility or paraplegia is on record as active; or (3) the newest blood pressure of {strontium-pressure-months}
    months is {strontium-systolic} or more systolic, or {strontium-diastolic} or more diastolic; or (4) none of these, and the
    renal estimate is below {strontium-egfr} mL/min.

    Then: critical, on the chart view warning; (4) warning, on the chart view info. In its place drugs by the ranking for a
    start of treatment, the first without a warning recommended. The draft can be deleted (recommended where no drug is). The
    detail says what is undated.
    """
    problems = [p for key in _EVER if (p := chart.problem(key))]
    immobile = person.immobile(chart)
    problems += [immobile] if immobile else []
    pressures = list(_high(chart, n))
    contraindicated = bool(problems or pressures)
    kidneys = renal(chart)
    for order in orders_of(chart, {Mechanism.STRONTIUM}):
        if not contraindicated and kidneys.undecided(n.strontium_egfr):
            yield Undecided(kidneys.unreadable, renal_facts(kidneys), order.draft)
        if not contraindicated and not kidneys.below(n.strontium_egfr):
            continue
        yield finding_about(
            chart,
            order,
            CRITICAL if contraindicated else WARNING,
            [
                *map(facts.problem, problems),
                *map(facts.measured, (*pressures, *(() if contraindicated else kidneys.estimates))),
            ],
            variant="history" if problems else "pressure" if pressures else "kidney",
            values={
                "problems": problems,
                "pressures": pressures,
                "estimate": kidneys.lowest,
                "dialysis": kidneys.dialysis,
                "limit": n.strontium_egfr,
            },
            alternatives=ranking(chart),
        )


def _high(chart: Chart, n: Numbers) -> Iterator[Measurement]:
    """The newest systolic and diastolic pressure, where they are high."""
    since = chart.months_ago(n.strontium_pressure_months)
    for key, limit in (("systolic-pressure", n.strontium_systolic), ("diastolic-pressure", n.strontium_diastolic)):
        newest = chart.newest(key, since=since)
        if newest is not None and newest.below(limit) is False:
            yield newest
