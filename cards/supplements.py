"""Section E, calcium and vitamin D."""

from __future__ import annotations

from collections.abc import Iterator

from cards import facts, minerals, risk
from cards.calendar import add_months
from cards.chart import ORDER_HOOKS, Chart
from cards.concepts import ANTIRESORPTIVE, CHOLECALCIFEROL, COURSES, Data, Mechanism
from cards.minerals import calcium
from cards.options import service
from cards.rule import INFO, ORDER_SELECT, ORDER_SIGN, PATIENT_VIEW, WARNING, Dropped, Finding, Option, card
from cards.thresholds import limit


@card(
    "vitamin-d-low",
    section="E",
    hooks=(PATIENT_VIEW, ORDER_SELECT, ORDER_SIGN),
    cites=("OPREF-N1", "OVCF2021-T10", "ELD2023-04c"),
    reads=(Data.VITAMIN_D, *minerals.READS, *risk.READS, *COURSES),
    needs=(Data.VITAMIN_D,),
    drugs=ANTIRESORPTIVE,
)
def vitamin_d_low(chart: Chart) -> Iterator[Finding]:
    """25(OH)D below 30 ng/mL is raised with 800-1200 IU a day, below 20 before denosumab or zoledronate is given."""
    newest = minerals.vitamin_d(chart)
    if newest is None or not newest.below(limit("vitamin-d-target")) or not risk.adult(chart):
        return
    drafts = chart.drafted(ANTIRESORPTIVE)
    if chart.hook in ORDER_HOOKS:
        if not drafts:
            return
    elif not (risk.osteoporosis(chart) or risk.low_bone_mass(chart) or risk.on_treatment(chart)):
        return
    deficient = bool(newest.below(limit("vitamin-d-deficient")))
    taking = [c for c in chart.courses({Mechanism.VITAMIN_D}) if c.on_treatment(chart.today)]
    reading = calcium(chart)
    high_calcium = reading is not None and bool(reading.high)
    supplement = () if taking or high_calcium else (Option("drug", CHOLECALCIFEROL.key, recommended=True),)
    recheck = service("vitamin-d", start=add_months(chart.today, limit("vitamin-d-recheck-months")))
    yield Finding(
        indicator=WARNING if deficient else INFO,
        variant="deficiency" if deficient else "insufficiency",
        values={
            "vitamin_d": newest,
            "drug": drafts[0].drug if drafts else None,
            "taking": bool(taking),
            "high_calcium": high_calcium,
        },
        facts=(facts.measured(newest), *map(facts.taken, taking)),
        options=(*supplement, recheck),
        any_number=True,
        dropped=(Dropped(CHOLECALCIFEROL.key, phrase="hypercalcemia"),) if high_calcium else (),
        left_out=chart.left_out("vitamin-d"),
        about=drafts[0] if drafts else None,
    )
