"""All cards: importing this module registers the rule of each."""

from cards import (
    assessment,
    combinations,
    completeness,
    contraindications,
    monitoring,
    order_safety,
    sequence,
    supplements,
    treatment,
)

MODULES = (
    sequence,
    order_safety,
    contraindications,
    combinations,
    completeness,
    treatment,
    assessment,
    supplements,
    monitoring,
)
