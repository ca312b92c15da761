"""How sure a share is: the Wilson score interval of 95%."""

from __future__ import annotations

from math import sqrt

from msgspec import Struct

Z = 1.959964
"""The 97.5% quantile of the normal distribution: 95% on two sides."""


class Rate(Struct, frozen=True):
    """A share and its interval, all from 0 to 1."""

    share: float
    low: float
    high: float


def rate(met: int, of: int) -> Rate | None:
    """The share of ``met`` among ``of``; None of none: no share, not 0%.

    Source: Wilson 1927, J Am Stat Assoc 22:209-212.

    >>> [f"{100 * each:.1f}" for each in (rate(8, 10).low, rate(8, 10).high, rate(0, 5).high, rate(5, 5).low)]
    ['49.0', '94.3', '43.4', '56.6']
    >>> rate(0, 0)
    """
    if not of:
        return None
    share, squared = met / of, Z * Z
    middle, half = share + squared / (2 * of), Z * sqrt(share * (1 - share) / of + squared / (4 * of * of))
    whole = 1 + squared / of
    return Rate(share, max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole))
