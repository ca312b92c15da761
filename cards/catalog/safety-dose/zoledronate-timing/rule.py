"""The rule of `zoledronate-timing`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.chart.facts import Fact
from cards.definitions.hip import AfterHip, after_hip_fracture
from cards.definitions.overlap import begins
from cards.engine.findings import WARNING, Finding
from cards.engine.options import Offer, mend
from cards.engine.orders import Order, finding_about
from cards.engine.trial import ruled_out
from cards.thresholds import Numbers
from cards.vocabulary import ALENDRONATE, DENOSUMAB, SERVICES, ZOLEDRONATE, Mechanism


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """After a hip fracture zoledronate is given from day {zoledronate-hip-days} on: earlier it did not prevent fractures.

    When: zoledronate in the strength for osteoporosis is drafted, or its refill asked for, to begin (on its stated start, else
    today) less than {zoledronate-hip-days} days after the newest hip fracture, or after its operation where one is on record.

    Not when: neither the fracture nor an operation of the hip is dated.

    Then: warning. The draft from day {zoledronate-hip-days} on, recommended unless order safety warns of it. The draft can be
    deleted. The text names what may bridge the wait, alendronate or denosumab, of what nothing rules
    out. Where the days of fracture and operation are not known exactly, the text asks for them.
    """
    hip = after_hip_fracture(chart)
    if hip is None:
        return
    for draft in chart.drafted({Mechanism.BISPHOSPHONATE}):
        if draft.drug is not ZOLEDRONATE or begins(chart, draft) >= hip.first:
            continue
        later = Offer() if draft.proposed else mend(chart, draft, ZOLEDRONATE, "zoledronate", start=hip.first)
        bridges = () if draft.proposed else (ALENDRONATE, DENOSUMAB)
        yield finding_about(
            chart,
            Order(ZOLEDRONATE, draft=draft),
            WARNING,
            _evidence(hip),
            values={
                "fracture": hip.fracture,
                "operation": hip.operation,
                "first": hip.first,
                "days": n.zoledronate_hip_days,
                "exact": hip.exact,
                "barred": not draft.proposed and ruled_out(chart, ZOLEDRONATE, (draft,)) is not None,
                "bridges": [drug.key for drug in bridges if ruled_out(chart, drug, (draft,)) is None],
            },
            also=later.options,
            correctable=True,
        )


def _evidence(hip: AfterHip) -> Iterator[Fact]:
    yield facts.fracture(hip.fracture)
    if hip.operation is not None:
        yield Fact(SERVICES["hip-surgery"], None, "", hip.operation.when, hip.operation.source, latest=hip.operation.latest)
