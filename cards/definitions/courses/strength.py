"""Which strength a dose of denosumab is of where the record does not say."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from msgspec.structs import replace

from cards.chart import Exposure, Problem
from cards.definitions.courses.doses import clustered
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB, DENOSUMAB_ONCOLOGY

_ONCOLOGIC_PROBLEMS = ("bone-metastasis", "myeloma", "giant-cell-tumor")


def with_strength_decided(
    numbers: Numbers, exposures: list[Exposure], problems: Mapping[str, tuple[Problem, ...]]
) -> list[Exposure]:
    """Denosumab without a strength is the 60 mg for osteoporosis, unless the record points to the 120 mg used in oncology."""
    unsaid = [e for e in exposures if e.drug is DENOSUMAB and e.strength_mg is None]
    if not unsaid or not (
        any(key in problems for key in _ONCOLOGIC_PROBLEMS)
        or any(e.branded_oncologic for e in unsaid)
        or _monthly(numbers, unsaid)
    ):
        return exposures
    return [replace(e, drug=DENOSUMAB_ONCOLOGY) if e.drug is DENOSUMAB and e.strength_mg is None else e for e in exposures]


def _monthly(numbers: Numbers, exposures: list[Exposure]) -> bool:
    """Whether doses in one kind of record are less than {denosumab-oncology-interval-days} days apart (not counting two records
    of one injection)."""
    for kind in ("administration", "dispense"):
        exact = sorted(e.start for e in exposures if e.kind == kind and e.start and not e.latest)
        days = clustered(exact, within=numbers.same_dose_days)
        if any((later - earlier).days < numbers.denosumab_oncology_interval_days for earlier, later in pairwise(days)):
            return True
    return False
