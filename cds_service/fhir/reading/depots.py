"""How long a depot works: determined by its strength, whatever the bounds of an order.

Source: the labels of leuprorelin, triptorelin, goserelin and degarelix. If a strength is sold for two durations, the shorter
counts.
"""

from __future__ import annotations

from cards.vocabulary import Drug
from cds_service.fhir.reading.durations import MONTH

_MONTHS = {
    "leuprorelin": {3.75: 1, 7.5: 1, 11.25: 3, 22.5: 3, 30.0: 4, 45.0: 6, 65.0: 12},
    "triptorelin": {3.0: 1, 3.75: 1, 11.25: 3, 22.5: 6},
    "goserelin": {3.6: 1, 10.8: 3},
    "degarelix": {80.0: 1, 240.0: 1},
}


def works_days(drug: Drug, strength_mg: float | None) -> float | None:
    """Days that one injection works; None where the drug is no depot or the strength is not known.

    >>> from cards.vocabulary import DRUGS
    >>> round(works_days(DRUGS["leuprorelin"], 45.0)), works_days(DRUGS["denosumab"], 60.0)
    (183, None)
    """
    months = _MONTHS.get(drug.ingredient, {}).get(strength_mg or 0)
    return None if months is None else months * MONTH
