"""The rule of `renal-function-unknown`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions.kidney import drug_limit, renal
from cards.engine.findings import WARNING, Finding
from cards.engine.options import service
from cards.engine.orders import BISPHOSPHONATE, finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import ZOLEDRONATE


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """A bisphosphonate is not ordered without knowing the kidney function.

    When: a bisphosphonate is ordered, or its refill is asked for, and the newest creatinine, eGFR or creatinine clearance on
    record is more than {renal-known-months} months old, for zoledronate more than {renal-known-zoledronate-months}, or there is
    none.

    Not when: the renal estimate (from older values or a coded stage) already forbids the drug (`bisphosphonate-renal`); a value
    on record could not be read or leaves the limit of the drug undecided (`incomplete-data`); dialysis.

    Then: warning. An order for creatinine with eGFR (recommended); the draft can be deleted. The detail gives the newest value,
    or says that none is on record. Where the last estimate, whatever its age, was below the limit of the drug, the drug is not
    recommended before kidney function is known.
    """
    kidneys = renal(chart)
    on_record = [m for key in ("egfr", "creatinine", "crcl") if (m := chart.newest(key))]
    latest = max(on_record, key=lambda m: m.when, default=None)
    for order in orders_of(chart, BISPHOSPHONATE):
        threshold = drug_limit(chart.numbers, order.drug)
        answered = threshold and (kidneys.below(threshold) or kidneys.undecided(threshold))
        zoledronate = order.drug.ingredient == ZOLEDRONATE.ingredient
        months = n.renal_known_zoledronate_months if zoledronate else n.renal_known_months
        known = latest is not None and latest.when >= chart.months_ago(months)
        if known or answered or kidneys.dialysis:
            continue
        low = kidneys.former if threshold and kidneys.was_below(threshold) else None
        yield finding_about(
            chart,
            order,
            WARNING,
            list(map(facts.measured, dict.fromkeys(m for m in (latest, low) if m))),
            values={"months": months, "latest": latest, "low": low, "limit": threshold},
            also=(service("creatinine", recommended=True),),
            any_number=True,
            correctable=low is None,
        )
