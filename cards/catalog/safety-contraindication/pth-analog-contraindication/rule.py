"""The rule of `pth-analog-contraindication`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, Draft, Measurement, facts
from cards.definitions import kidney
from cards.definitions.minerals import calcium, denial
from cards.definitions.person import adult, of_unknown_age
from cards.engine.findings import CRITICAL, Finding, Undecided
from cards.engine.options import BY_INJECTION
from cards.engine.orders import finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import Data, Mechanism

_EVER = ("bone-cancer", "paget", "bone-metastasis", "myeloma", "skeletal-radiation")
_PARATHYROID = ("hyperparathyroidism", "secondary-hyperparathyroidism")
"""What rules out a PTH analog permanently. Hyperparathyroidism and high calcium do so only while they last, according to the
problem list or the newest value: a normal calcium with an active entry may be a chance finding."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """Teriparatide and abaloparatide are not given with bone tumors, Paget disease, skeletal radiation, hyperparathyroidism,
    high calcium, unexplained high alkaline phosphatase, or open growth plates.

    When: one of them is ordered or taken, and one of these applies (the first counts): (1) the patient is under {adult-years};
    (2) on record at any time: primary bone cancer, Paget disease, bone metastasis, myeloma or skeletal radiotherapy; or, on
    record as active: hyperparathyroidism or hypercalcemia (the latter also with a newer calcium within range, which is then
    shown); (3) the newest calcium within {calcium-window-months} months is high; (4) the newest alkaline phosphatase within
    {alp-window-months} months is above the laboratory's own range, and no fragility fracture within {alp-fracture-months}
    months explains it.

    Not when: none of these applies, but a calcium on record could not be read or does not show whether it is high: then
    `incomplete-data` says so on an order, as it does if the age is unknown.

    Then: critical (warning on patient-view). Zoledronate or denosumab instead, the first without a warning recommended (nothing
    for a child). The draft can be deleted (recommended if no drug is recommended). The detail says if the calcium is
    uncorrected.
    """
    newest = calcium(chart)
    high = newest.value if newest and newest.high else None
    listed = chart.active_problem("hypercalcemia") if high is None else None
    problem = chart.problem(*_EVER) or chart.active_problem(*_PARATHYROID) or listed
    denied = denial(chart, listed) if problem is listed else None
    calcium_told = [facts.measured(m) for m in (high, denied) if m]
    high = high or _unexplained_alp(chart, n)
    for order in orders_of(chart, {Mechanism.PTH_ANALOG}):
        if not adult(chart):
            yield finding_about(chart, order, CRITICAL, [facts.age(chart)], variant="child")
        elif problem is not None:
            yield finding_about(
                chart,
                order,
                CRITICAL,
                [facts.problem(problem), *calcium_told],
                variant="problem",
                values={"problem": problem},
                alternatives=BY_INJECTION,
                notes=("hypercalcemia-listed",) if denied else (),
            )
        elif high is not None:
            yield finding_about(
                chart,
                order,
                CRITICAL,
                [facts.measured(high)],
                variant="alp" if high.key == "alp" else "calcium",
                values={"value": high, "explained": n.alp_fracture_months},
                alternatives=BY_INJECTION,
                notes=("calcium-uncorrected",) if newest and newest.uncorrected and high is newest.value else (),
                left_out=of_unknown_age(chart) if high.key == "alp" else (),
            )
        elif order.draft is not None and chart.age is None:
            yield Undecided(about=order.draft, missing=(Data.PATIENT,))
        elif open_question := _calcium_open(chart, n, order.draft):
            yield open_question


def _unexplained_alp(chart: Chart, n: Numbers) -> Measurement | None:
    """An alkaline phosphatase within the past year above the laboratory's range, with no healing fracture to explain it."""
    alp = chart.newest("alp", since=chart.months_ago(n.alp_window_months))
    above = alp is not None and alp.high is not None and alp.at_most(alp.high) is False
    return alp if above and not chart.fractures_since(n.alp_fracture_months) else None


def _calcium_open(chart: Chart, n: Numbers, draft: Draft | None) -> Undecided | None:
    """A recorded calcium that does not show whether it is high, or, for a draft, one that a failed query may have hidden."""
    newest = calcium(chart)
    if newest is not None:
        return Undecided((), (facts.measured(newest.value),), draft) if newest.high is None else None
    since = chart.months_ago(n.calcium_window_months)
    unread = kidney.unreadable(chart, "calcium", "calcium-corrected", "calcium-ionized", since=since)
    missing = (Data.CALCIUM,) if Data.CALCIUM in chart.failed else ()
    if draft is not None and (unread or missing):
        return Undecided(unread, (), draft, missing)
    return None
