"""The rule of `vitamin-d-excess`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import ORDER_HOOKS, Chart, facts
from cards.chart.calendar import add_days
from cards.chart.shown import limit_beside
from cards.definitions.basket import dose
from cards.definitions.minerals import calcium, vitamin_d_excess
from cards.engine.findings import CRITICAL, WARNING, Finding, Option
from cards.engine.options import discard, service
from cards.engine.orders import WRITTEN, order_of
from cards.thresholds import Numbers
from cards.vocabulary import Mechanism

_PRODUCTS = frozenset({Mechanism.CALCIUM, Mechanism.VITAMIN_D, Mechanism.ACTIVE_VITAMIN_D})
_TESTS = {
    "calcium": ("calcium", "calcium-corrected", "calcium-ionized"),
    "creatinine": ("creatinine",),
    "phosphate": ("phosphate",),
}
"""What to order, and which results show that it has been done."""
_WEEK = 7


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """With too much vitamin D, calcium and vitamin D in any form are stopped, and calcium is measured.

    When: the newest 25(OH)D of any patient is of the last {vitamin-d-excess-months} months and above {vitamin-d-excess} ng/mL.
    On orders: only where calcium, vitamin D or an active form is drafted.

    Not when: a newer 25(OH)D is {vitamin-d-excess} ng/mL or less.

    Then: critical above {vitamin-d-toxic} ng/mL, with a calcium of {excess-calcium-days} days above range, on orders, and at a
    refill of these;
    otherwise warning; on patient-view no milder. Recommended: calcium with albumin, creatinine and phosphate, at once where it
    is critical, not what is ordered or has a result of {excess-test-days} days (critical: of today); 25(OH)D in
    {vitamin-d-again-weeks} weeks; deleting the drafts.
    """
    excess = vitamin_d_excess(chart)
    drafts = chart.drafted(_PRODUCTS)
    if excess is None or (chart.hook in ORDER_HOOKS and not drafts):
        return
    reading = calcium(chart)
    lately = reading is not None and reading.value.at_latest >= chart.days_ago(n.excess_calcium_days)
    high = reading.value if reading is not None and reading.high and lately else None
    toxic = excess.at_most(limit_beside(n.vitamin_d_toxic, excess)) is False
    on_orders = chart.hook in WRITTEN and bool(drafts)
    urgent = toxic or high is not None or on_orders
    taken = [course for course in chart.courses(_PRODUCTS) if course.active]
    yield Finding(
        indicator=CRITICAL if urgent else WARNING,
        variant="toxic" if toxic else "calcium" if high is not None else "high",
        values={
            "vitamin_d": excess,
            "calcium": high,
            "urgent": urgent,
            "limit": n.vitamin_d_toxic if toxic else chart.numbers.vitamin_d_excess,
            "weeks": n.vitamin_d_again_weeks,
            "taken": [course.drug for course in taken],
            "drafts": drafts if on_orders else [],
        },
        facts=(
            *(facts.drafted(draft, dose(chart, draft)) for draft in drafts if on_orders),
            facts.measured(excess),
            *((facts.measured(high),) if high is not None else ()),
            *map(facts.taken, taken),
        ),
        options=(
            *_tests(chart, n, urgent=urgent),
            *((discard(draft, recommended=True) for draft in drafts if order_of(chart, draft).draft) if on_orders else ()),
        ),
        any_number=True,
        left_out=chart.left_out("vitamin-d"),
    )


def _tests(chart: Chart, n: Numbers, *, urgent: bool) -> Iterator[Option]:
    since = chart.today if urgent else chart.days_ago(n.excess_test_days)
    for key, analytes in _TESTS.items():
        if not chart.ordered(key) and not any(chart.newest(each, since=since) for each in analytes):
            yield service(key, recommended=True, urgent=urgent)
    again = add_days(chart.today, n.vitamin_d_again_weeks * _WEEK)
    if not chart.ordered("vitamin-d"):
        yield service("vitamin-d", start=again, recommended=True)
