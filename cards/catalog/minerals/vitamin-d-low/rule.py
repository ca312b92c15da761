"""The rule of `vitamin-d-low`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import ORDER_HOOKS, Chart, facts
from cards.chart.calendar import add_months
from cards.definitions import diagnosis, minerals, person, treatment
from cards.definitions.minerals import calcium
from cards.engine.findings import INFO, WARNING, Dropped, Finding
from cards.engine.options import Offer, offer, service
from cards.thresholds import Numbers
from cards.vocabulary import ANTIRESORPTIVE, CHOLECALCIFEROL, Mechanism


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """25(OH)D below {vitamin-d-target} ng/mL is raised with 800-1200 IU of vitamin D a day; below {vitamin-d-deficient} it is
    corrected before denosumab or zoledronate is given.

    When: the newest 25(OH)D of an adult within {vitamin-d-window-months} months is below {vitamin-d-target} ng/mL, and: on
    patient-view, there is osteoporosis or low bone mass, or the patient is on treatment; on order-select and order-sign, a
    bisphosphonate, denosumab, SERM or hormone therapy is drafted.

    Not when: a value with "<" or ">" does not show on which side of the limit it lies.

    Then: warning below {vitamin-d-deficient} ng/mL (deficiency), otherwise info (insufficiency). Cholecalciferol 1000 IU a day
    (recommended, filtered like all options), and a repeat 25(OH)D, to start in {vitamin-d-recheck-months} months; any number
    may be chosen. Cholecalciferol is not proposed to patients who already take vitamin D (the detail says to check dose and
    adherence), and it is dropped while calcium is high (the detail says to find the cause first). In deficiency, the detail
    says to correct it before denosumab or zoledronate, and in time for the next dose of denosumab.
    """
    newest = minerals.vitamin_d(chart)
    if newest is None or not newest.below(n.vitamin_d_target) or not person.adult(chart):
        return
    drafts = chart.drafted(ANTIRESORPTIVE)
    if chart.hook in ORDER_HOOKS:
        if not drafts:
            return
    elif not (diagnosis.osteoporosis(chart) or diagnosis.low_bone_mass(chart) or treatment.on_treatment(chart)):
        return
    deficient = bool(newest.below(n.vitamin_d_deficient))
    taking = [c for c in chart.courses({Mechanism.VITAMIN_D}) if c.on_treatment(chart.today)]
    reading = calcium(chart)
    high_calcium = reading is not None and bool(reading.high)
    supplement = Offer() if taking or high_calcium else offer(chart, (CHOLECALCIFEROL,))
    recheck = service("vitamin-d", start=add_months(chart.today, n.vitamin_d_recheck_months))
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
        options=(*supplement.options, recheck),
        any_number=True,
        dropped=(Dropped(CHOLECALCIFEROL.key, phrase="hypercalcemia"),) if high_calcium else supplement.dropped,
        left_out=chart.left_out("vitamin-d"),
        about=drafts[0] if drafts else None,
    )
