"""The inputs of each definition, under the name by which a ``card.toml`` may list it in ``reads``."""

from __future__ import annotations

from collections.abc import Mapping

from cards.definitions import femur, goals, kidney, minerals, risk, workup
from cards.vocabulary import COURSES, Data

OPTIONS = (
    *kidney.READS,
    *minerals.READS,
    *risk.READS,
    *workup.READS,
    *femur.READS,
    Data.VITAMIN_D,
    Data.WORK_UP,
    Data.ALLERGIES,
    Data.ORDERS,
    Data.FUNCTION,
)
"""What the ranking and filtering of drugs read, including the safety rules: a rule that offers drugs reads it, too."""

READS: Mapping[str, tuple[Data, ...]] = {
    "drug courses": COURSES,
    "risk and diagnosis": risk.READS,
    "renal estimate": kidney.READS,
    "calcium as judged": minerals.READS,
    "work-up findings": workup.READS,
    "drug options": OPTIONS,
    "goals of care": goals.READS,
}
