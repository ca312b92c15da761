"""How long a depot works: determined by its strength, whatever the bounds of an order.

Source: the intervals of injection in the labels of leuprorelin, triptorelin, goserelin and degarelix. If a strength is sold for
two intervals, the shorter counts.
"""

from __future__ import annotations

import re

from cards.vocabulary import Drug

_MONTHLY, _QUARTERLY, _FOUR_MONTHLY, _HALF_YEARLY, _YEARLY = 28, 84, 112, 168, 365
_DAYS = {
    "leuprorelin": {
        3.75: _MONTHLY,
        7.5: _MONTHLY,
        11.25: _QUARTERLY,
        22.5: _QUARTERLY,
        30.0: _FOUR_MONTHLY,
        42.0: _HALF_YEARLY,
        45.0: _HALF_YEARLY,
        65.0: _YEARLY,
    },
    "triptorelin": {3.0: _MONTHLY, 3.75: _MONTHLY, 11.25: _QUARTERLY, 22.5: _HALF_YEARLY},
    "goserelin": {3.6: _MONTHLY, 10.8: _QUARTERLY},
    "degarelix": {80.0: _MONTHLY, 240.0: _MONTHLY},
}
_SAID = re.compile(r"(?a)(?<!\d)(\d{1,2})[ -]?(?:months?\b|mo\b|个月|月剂型)")
"""The interval in the name of a product."""
_MONTHS = {1: _MONTHLY, 3: _QUARTERLY, 4: _FOUR_MONTHLY, 6: _HALF_YEARLY, 12: _YEARLY}


def works_days(drug: Drug, strength_mg: float | None, called: str = "") -> float | None:
    """Days that one injection works; None where the drug is no depot or the strength is that of a daily injection. Of another
    strength what the largest depot in it works; without one what the product is ``called`` (folded), otherwise a month, the
    shortest.

    >>> from cards.vocabulary import DRUGS
    >>> works_days(DRUGS["leuprorelin"], 45.0), works_days(DRUGS["denosumab"], 60.0)
    (168, None)
    >>> works_days(DRUGS["leuprorelin"], 0.5), works_days(DRUGS["degarelix"], 120.0)
    (None, 28)
    >>> works_days(DRUGS["goserelin"], None), works_days(DRUGS["leuprorelin"], None, "lupron depot (3 month)")
    (28, 84)
    """
    depots = _DAYS.get(drug.ingredient)
    if depots is None:
        return None
    if strength_mg is not None:
        return max(((mg, days) for mg, days in depots.items() if mg <= strength_mg), default=(0, None))[1]
    said = _SAID.search(called)
    return _MONTHS.get(int(said[1]), _MONTHLY) if said else _MONTHLY


def longest_days(drug: Drug) -> int:
    """Days that the longest depot of a drug works, but for an implant of a year."""
    return max(days for days in _DAYS[drug.ingredient].values() if days < _YEARLY)
