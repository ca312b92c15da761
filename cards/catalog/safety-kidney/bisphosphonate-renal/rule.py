"""The rule of `bisphosphonate-renal`."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from cards.chart import Chart, facts
from cards.definitions import kidney
from cards.definitions.kidney import drug_limit, renal, renal_facts
from cards.engine.findings import CRITICAL, Finding, Undecided
from cards.engine.orders import BISPHOSPHONATE, finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """In severe renal impairment, bisphosphonates are not given; denosumab may be used instead, below {egfr-specialist} mL/min
    only with a specialist.

    When: one of these drugs is ordered or taken and the renal estimate is below its limit: zoledronate below {egfr-zoledronate}
    mL/min, alendronate below {egfr-alendronate}, risedronate below {egfr-risedronate}, ibandronate below {egfr-ibandronate}, in
    any strength and by any route. Other bisphosphonates have no limit here.

    Not when: the record holds no renal estimate (`renal-function-unknown`); the values on record leave the limit undecided, or
    a newer value could not be read (`incomplete-data` on an order).

    Then: critical on an order, warning on patient-view. With an estimate of {egfr-specialist} or more, denosumab 60 mg instead,
    recommended unless order safety warns about it. Below {egfr-specialist} a referral to a specialist first, then denosumab,
    which is not recommended; the detail asks for calcium, 25(OH)D and PTH beforehand. The draft can be deleted (recommended if
    no drug is recommended). The detail lists every estimate that counts, says if they fall on different sides of the limit, and
    names an earlier lower one that was left out.
    """
    kidneys = renal(chart)
    for order in orders_of(chart, BISPHOSPHONATE):
        threshold = drug_limit(chart.numbers, order.drug)
        if not threshold:
            continue
        if kidneys.undecided(threshold):
            yield Undecided(kidneys.unreadable, renal_facts(kidneys), order.draft)
        lowest = kidneys.lowest
        if not kidneys.below(threshold) or lowest is None:
            continue
        specialist = bool(kidneys.below(n.egfr_specialist))
        found = finding_about(
            chart,
            order,
            CRITICAL,
            map(facts.measured, kidneys.estimates),
            variant="specialist" if specialist else "denosumab",
            values={
                "estimate": lowest,
                "limit": threshold,
                "specialist": n.egfr_specialist,
                "dialysis": kidneys.dialysis,
                "earlier": kidneys.earlier_lower,
            },
            alternatives=(DENOSUMAB,),
            notes=_renal_notes(kidneys, threshold),
            left_out=kidneys.unreadable,
        )
        yield replace(found, cites=("OPREF-P4", "EXT-03") if specialist else ("OPREF-P4", "ELD2023-07e", "OVCF2021-T3"))


def _renal_notes(kidneys: kidney.Renal, threshold: int) -> tuple[str, ...]:
    notes = []
    if any(e.below(threshold) is False for e in kidneys.estimates):
        notes.append("renal-estimates-disagree")
    if kidneys.earlier_lower is not None:
        notes.append("renal-earlier-lower")
    return tuple(notes)
