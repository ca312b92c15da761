"""What is stronger than a drug that failed."""

from __future__ import annotations

from cards.chart import Chart, Course
from cards.definitions.kidney import renal
from cards.definitions.person import young
from cards.engine.options import SPECIALIST, Offer, offer, service
from cards.vocabulary import DENOSUMAB, ROMOSOZUMAB, TERIPARATIDE, ZOLEDRONATE, Drug, Mechanism


def stronger(drug: Drug) -> tuple[Drug, ...]:
    """What is stronger than a drug that failed: an injection after tablets, an anabolic after an antiresorptive."""
    if drug.oral:
        return (ZOLEDRONATE, DENOSUMAB, TERIPARATIDE)
    if drug.mechanism is Mechanism.BISPHOSPHONATE:
        return (TERIPARATIDE, ROMOSOZUMAB, DENOSUMAB)
    if drug.mechanism is Mechanism.RANKL_INHIBITOR:
        return (ROMOSOZUMAB, TERIPARATIDE)
    return (DENOSUMAB, ZOLEDRONATE)


def stronger_instead(chart: Chart, course: Course) -> Offer:
    """What may follow the drug that failed. Before menopause and {t-group-years} a specialist decides. Below 30 nothing is
    recommended but a specialist, who also helps where nothing is left. Tablets are given up on the day; what an injection of
    months still does stays on the chart."""
    kept = chart if course.drug.covers_months else chart.without(course.drug)
    if young(chart):
        return Offer(SPECIALIST)
    below_30 = bool(renal(chart).below(chart.numbers.egfr_specialist))
    chosen = offer(kept, stronger(course.drug), stops=(course,), recommend=not below_30)
    if chosen.options and not below_30:
        return chosen
    return Offer((service("referral-osteoporosis", recommended=True), *chosen.options), chosen.dropped)
