"""The rule of `drug-allergy`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cards.chart import Allergy, Chart
from cards.chart.facts import Fact
from cards.definitions.denosumab import next_due
from cards.definitions.diagnosis import osteoporosis
from cards.engine.findings import CRITICAL, WARNING, Finding
from cards.engine.options import ranking, service
from cards.engine.orders import CHECKED, REFERRAL, Order, finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import ANTI_OSTEOPOROSIS, DENOSUMAB, Drug, Mechanism, Name

_CLASSES = frozenset({Mechanism.BISPHOSPHONATE, Mechanism.SERM, Mechanism.PTH_ANALOG})
"""In these an allergy to one drug may be one to all."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """A drug is not given if an allergy or intolerance to it or to its class is on record.

    When: an anti-osteoporosis drug, calcium, vitamin D or active vitamin D is ordered or taken, and an active, unrefuted
    allergy or intolerance to its ingredient or its whole class is on record. An order also meets an allergy to another
    bisphosphonate, SERM or PTH analog: the label of zoledronate rules it out after hypersensitivity to any bisphosphonate. An
    intolerance of one drug, unless it was severe, does not extend to the others. An entry that is called neither is an
    intolerance where the reaction on record is an effect of the drug that is no allergy (dyspepsia, muscle pain, fever), else
    an allergy; one that is called an intolerance is an allergy where the reaction is a sign of one (hives, rash, angioedema).
    One that nobody has confirmed counts, and it is said.

    Then: critical for an allergy, high criticality or anaphylaxis (warning on patient-view); warning for an intolerance only
    (info on patient-view). To another drug of the class: critical for high criticality or anaphylaxis, else warning. Of several
    entries, the most severe counts, one to the drug itself first. Instead of an osteoporosis drug (hormone therapy: only
    with osteoporosis), drugs with another mechanism, ranked as for starting treatment; after intolerance of an oral drug, also
    drugs of its class that are not taken by mouth; the first without a warning is recommended. After denosumab that was given
    none: a specialist decides by the last safe day, and `denosumab-due` and `denosumab-sequence` have the drugs. The draft can
    be deleted (recommended if it is critical and no drug is recommended).
    """
    for order in orders_of(chart, CHECKED):
        hits = [allergy for allergy in chart.allergies if _is_to(allergy, order.drug)]
        if hits:
            worst = next((a for a in hits if a.severe or not a.intolerance), hits[0])
            yield _finding(chart, order, worst)
        elif related := [
            allergy for allergy in chart.allergies if order.draft is not None and _is_related(allergy, order.drug)
        ]:
            yield _finding(chart, order, next((a for a in related if a.severe), related[0]))


def _is_to(allergy: Allergy, drug: Drug) -> bool:
    by_itself = allergy.drug is not None and allergy.drug.ingredient == drug.ingredient
    return by_itself or (allergy.mechanism is not None and allergy.mechanism is drug.mechanism)


def _is_related(allergy: Allergy, drug: Drug) -> bool:
    """Whether it is to another drug of its class, and no mere intolerance."""
    same = allergy.drug is not None and allergy.drug.mechanism is drug.mechanism
    return same and drug.mechanism in _CLASSES and (allergy.severe or not allergy.intolerance)


def _finding(chart: Chart, order: Order, allergy: Allergy) -> Finding:
    related = not _is_to(allergy, order.drug)
    mild = allergy.intolerance and not allergy.severe
    for_bone = order.drug.mechanism in ANTI_OSTEOPOROSIS and (
        order.drug.mechanism is not Mechanism.HORMONE_THERAPY or osteoporosis(chart)
    )
    lapsing = order.drug is DENOSUMAB and next_due(chart) is not None
    return finding_about(
        chart,
        order,
        WARNING if mild or (related and not allergy.severe) else CRITICAL,
        [_evidence(allergy, order.drug, mild=mild)],
        variant="related" if related else "intolerance" if mild else "allergy",
        values={
            "by_class": allergy.drug is None,
            "recorded": allergy.recorded,
            "other": allergy.drug,
            "severe": allergy.severe,
            "unconfirmed": allergy.unconfirmed,
        },
        alternatives=_unlike(order.drug, ranking(chart), mild=mild) if for_bone and not lapsing else (),
        also=(service(REFERRAL, recommended=True),) if lapsing and order.draft is None else (),
    )


def _evidence(allergy: Allergy, drug: Drug, *, mild: bool) -> Fact:
    what = allergy.drug.name if allergy.drug else drug.name
    name = Name(f"{'intolerance' if mild else 'allergy'}: {what.en}", f"{'不耐受' if mild else '过敏'}：{what.zh}")
    return Fact(name, when=allergy.recorded, source=allergy.source)


def _unlike(drug: Drug, others: Iterable[Drug], *, mild: bool) -> list[Drug]:
    """Drugs with another mechanism; after an intolerance only, also those with the same mechanism that are not taken by
    mouth."""
    return [other for other in others if other.mechanism is not drug.mechanism or (mild and drug.oral and not other.oral)]
