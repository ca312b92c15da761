"""Known causes of bone loss: named, not searched for again (card specification, "work-up")."""

from __future__ import annotations

from collections.abc import Iterable

from cards.chart import Chart, Course, Problem
from cards.definitions.workup.row import Row
from cards.vocabulary import Mechanism

_DISEASES = (
    "celiac-disease",
    "malabsorption",
    "gastric-bypass",
    "hypogonadism",
    "osteogenesis-imperfecta",
    "phosphate-loss",
    "early-menopause",
    "anorexia",
    "hyperthyroidism",
    "hyperparathyroidism",
    "secondary-hyperparathyroidism",
    "cushing",
    "kidney-transplant",
    "organ-transplant",
    "ckd-4",
    "ckd-5",
    "cirrhosis",
    "rheumatoid-arthritis",
    "lupus",
    "hiv",
    "type-1-diabetes",
    "immobility",
    "paraplegia",
)
_DRUGS = frozenset({Mechanism.GLUCOCORTICOID, Mechanism.AROMATASE_INHIBITOR, Mechanism.GNRH, Mechanism.ANTIEPILEPTIC})
_RAISE_CALCIUM = frozenset({Mechanism.LITHIUM, Mechanism.THIAZIDE})
_LOWER_PHOSPHATE = frozenset({Mechanism.NUCLEOTIDE})
_IRON = frozenset({Mechanism.PARENTERAL_IRON})
_SEARCHED_BY = {"pth": "hyperparathyroidism"}


def causes(chart: Chart) -> tuple[Problem | Course, ...]:
    """Diseases on the problem list and drugs being taken, each a likely cause of weak bones. They hold no drug back."""
    diseases = (chart.active_problem(key) for key in _DISEASES)
    drugs = (course for course in chart.courses(_DRUGS) if course.active or course.on_treatment(chart.today))
    return (*(each for each in diseases if each is not None), *drugs)


def blamed(chart: Chart, rows: Iterable[Row], iron_months: int) -> tuple[Course, ...]:
    """Drugs that may explain a finding: lithium and thiazides a high calcium; tenofovir disoproxil, adefovir, and intravenous
    iron of the last ``iron_months`` months a low phosphate. They are named, and end nothing."""
    keys, since = {row.key for row in rows}, chart.months_ago(iron_months)
    found: list[Course] = []
    if keys & {"high-calcium", "hyperparathyroidism"}:
        found += [c for c in chart.courses(_RAISE_CALCIUM) if c.active or c.on_treatment(chart.today)]
    if "low-phosphate" in keys:
        found += [c for c in chart.courses(_LOWER_PHOSPHATE) if c.active or c.on_treatment(chart.today)]
        found += [c for c in chart.courses(_IRON) if c.active or (c.last_dose is not None and c.last_dose >= since)]
    return tuple(found)


def known_already(chart: Chart, test: str) -> bool:
    """Whether the disease that this test searches for is on the problem list, and it is not followed by it: TSH and celiac
    antibodies are, once a year."""
    return chart.problem(_SEARCHED_BY[test]) is not None if test in _SEARCHED_BY else False
