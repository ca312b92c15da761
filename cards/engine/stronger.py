"""What is stronger than a drug that failed."""

from __future__ import annotations

from cards.chart import Chart, Course
from cards.definitions.denosumab import next_due
from cards.definitions.kidney import renal
from cards.definitions.person import young
from cards.engine.options import SPECIALIST, Offer, offer, service
from cards.vocabulary import DENOSUMAB, ROMOSOZUMAB, TERIPARATIDE, ZOLEDRONATE, Drug, Mechanism


def stronger(drug: Drug) -> tuple[Drug, ...]:
    """What is stronger than a drug that failed: an injection after tablets, an anabolic after an injected bisphosphonate. After
    denosumab nothing is without a specialist: the next dose, or zoledronate in its place."""
    if drug.oral:
        return (ZOLEDRONATE, DENOSUMAB, TERIPARATIDE)
    if drug.mechanism is Mechanism.BISPHOSPHONATE:
        return (TERIPARATIDE, ROMOSOZUMAB, DENOSUMAB)
    if drug.mechanism is Mechanism.RANKL_INHIBITOR:
        return (DENOSUMAB, ZOLEDRONATE)
    return (DENOSUMAB, ZOLEDRONATE)


def stronger_instead(chart: Chart, course: Course) -> Offer:
    """What may follow the drug that failed. Before menopause and {t-group-years} a specialist decides. Below 30 nothing is
    recommended but a specialist, who also helps where nothing is left (unless a low calcium alone rules a drug out, which then
    follows), and with denosumab, which goes on: its next dose, or zoledronate on that day. Tablets are given up on the day;
    what an injection of months still does stays on the chart."""
    kept = chart if course.drug.covers_months else chart.without(course.drug)
    if young(chart):
        return Offer(SPECIALIST)
    below_30 = bool(renal(chart).below(chart.numbers.egfr_specialist))
    goes_on = course.drug is DENOSUMAB
    due = next_due(chart) if goes_on else None
    start = due if due is not None and due > chart.today else None
    chosen = offer(kept, stronger(course.drug), start=start, stops=(course,), recommend=not below_30, waits=not goes_on)
    if chosen.options and not below_30:
        return Offer((*chosen.options, service("referral-osteoporosis")), chosen.dropped) if goes_on else chosen
    if chosen.calcium_first and not (below_30 or goes_on):
        return chosen
    return Offer((service("referral-osteoporosis", recommended=True), *chosen.options), chosen.dropped)


def after_calcium(course: Course, chosen: Offer) -> list[str]:
    """What may follow, by key and rank, once a low calcium that comes first is in range; empty where none comes first."""
    if not chosen.calcium_first:
        return []
    open_to = {each.key for each in chosen.options} | {each.key for each in chosen.dropped if each.awaits_calcium}
    return [drug.key for drug in stronger(course.drug) if drug.key in open_to]
