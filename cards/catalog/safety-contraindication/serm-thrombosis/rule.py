"""The rule of `serm-thrombosis`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions.diagnosis import osteoporosis
from cards.engine.findings import CRITICAL, WARNING, Finding
from cards.engine.options import ranking
from cards.engine.orders import finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import Mechanism

_SERM_OR_HORMONE = frozenset({Mechanism.SERM, Mechanism.HORMONE_THERAPY})


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Raloxifene, bazedoxifene and oral hormone therapy are not given to anyone who ever had a venous thromboembolism.

    When: a SERM or hormone therapy is ordered or taken and a venous thromboembolism is on record, whatever its date.

    Not when: vaginal hormone therapy.

    Then: critical for an oral drug (warning on patient-view); warning for a transdermal one (info on patient-view). Instead,
    drugs ranked as for starting treatment (for hormone therapy only with osteoporosis), the first without a warning
    recommended. The draft can be deleted (recommended if it is critical and no drug is recommended).
    """
    clot = chart.problem("venous-thromboembolism")
    if clot is None:
        return
    for order in orders_of(chart, _SERM_OR_HORMONE):
        if order.route == "vaginal":
            continue
        for_bone = order.drug.mechanism is Mechanism.SERM or osteoporosis(chart)  # hormones are given for more than bone
        by_mouth = order.drug.oral and order.route != "topical"
        yield finding_about(
            chart,
            order,
            CRITICAL if by_mouth else WARNING,
            [facts.problem(clot)],
            values={"problem": clot, "oral": by_mouth},
            alternatives=ranking(chart) if for_bone else (),
        )
