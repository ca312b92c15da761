"""The rule of `active-vitamin-d-contraindicated`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.chart.facts import Fact
from cards.definitions.minerals import calcium, high_urine_calcium, vitamin_d
from cards.engine.findings import CRITICAL, WARNING, Finding
from cards.engine.options import service
from cards.engine.orders import finding_about, going_on, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import Mechanism


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Alfacalcidol, calcitriol and eldecalcitol raise calcium: not with high calcium or an excess of vitamin D, and with
    caution where calcium leaves by the kidneys or phosphate is high.

    When: an active form of vitamin D is ordered or taken, and (1) the newest calcium is high, hypercalcemia is on record as
    active, or the newest 25(OH)D is above {active-vitamin-d-excess} ng/mL; or (2) 24 h urine calcium within
    {urine-calcium-window-months} months is above {urine-calcium-man-mg} mg in a man, above {urine-calcium-woman-mg} mg in
    anyone else; kidney stones are active or of the last {active-vitamin-d-stone-months} months; the newest phosphate of
    {active-vitamin-d-phosphate-months} months is above the laboratory's own range; or plain vitamin D of more than
    {active-vitamin-d-plain-units} units a day is taken beside it.

    Then: (1) critical, calcium and PTH to be ordered; (2) warning, calcium and 24 h urine calcium (recommended). On the chart
    view one step milder. The draft can be deleted (recommended in (1)). No other drug is offered.
    """
    against, weighed = list(_against(chart, n)), list(_weighed(chart, n))
    found = against or weighed
    if not found:
        return
    forbidden = bool(against)
    tests = ("calcium", "pth") if forbidden else ("calcium", "urine-calcium")
    for order in orders_of(chart, {Mechanism.ACTIVE_VITAMIN_D}):
        yield finding_about(
            chart,
            order,
            CRITICAL if forbidden else WARNING,
            [fact for _, fact in found],
            variant="forbidden" if forbidden else "caution",
            values={"reasons": [reason for reason, _ in found], "fact": found[0][1], "said": facts.said(found[0][1])},
            also=tuple(service(key, recommended=not forbidden or order.draft is None) for key in tests),
            any_number=True,
        )


def _against(chart: Chart, n: Numbers) -> Iterator[tuple[str, Fact]]:
    """What rules it out: the reason, and the fact that shows it."""
    reading, level = calcium(chart), vitamin_d(chart)
    listed = chart.active_problem("hypercalcemia")
    if reading is not None and reading.high:
        yield "calcium", facts.measured(reading.value)
    elif listed is not None:
        yield "calcium", facts.problem(listed)
    if level is not None and level.at_most(n.active_vitamin_d_excess) is False:
        yield "vitamin-d", facts.measured(level)


def _weighed(chart: Chart, n: Numbers) -> Iterator[tuple[str, Fact]]:
    """What calls for caution."""
    urine = high_urine_calcium(chart)
    if urine is not None:
        yield "urine", facts.measured(urine)
    stones = chart.active_problem("kidney-stones") or chart.problem("kidney-stones")
    since = chart.months_ago(n.active_vitamin_d_stone_months)
    if stones and (stones.active or (stones.at_latest and stones.at_latest >= since)):
        yield "stones", facts.problem(stones)
    phosphate = chart.newest("phosphate", since=chart.months_ago(n.active_vitamin_d_phosphate_months))
    if phosphate is not None and phosphate.high is not None and phosphate.at_most(phosphate.high) is False:
        yield "phosphate", facts.measured(phosphate)
    for course in going_on(chart, {Mechanism.VITAMIN_D}):
        daily = course.dosing.daily if course.dosing and course.dosing.unit != "mg" else None
        if daily is not None and daily > n.active_vitamin_d_plain_units:
            yield "plain", facts.taken(course)
