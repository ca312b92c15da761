"""Whom the gaps concern: by age, sex and newest fracture, without counts of so few that they might be told apart."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import asdict

from cards.chart import Chart
from cds_service.population.gaps import FOLLOWED_SITES, ORDER, newest_fracture
from cds_service.population.rows import Stratum

FIRST, LAST = 50, 80
"""Age in decades, from those whose fractures the key figures count (OWN)."""
ANSWERED = "answered"
"""In place of a gap: everybody with an answer."""


def stratum(chart: Chart) -> Stratum:
    newest = newest_fracture(chart)
    site = newest.site if newest else "none"
    return Stratum(band(chart.age), chart.patient.sex or "unknown", site if site in (*FOLLOWED_SITES, "none") else "other")


def band(age: int | None) -> str:
    """
    >>> band(None), band(49), band(50), band(59), band(79), band(80), band(104)
    ('unknown', '0-49', '50-59', '50-59', '70-79', '80+', '80+')
    """
    if age is None:
        return "unknown"
    if age < FIRST:
        return f"0-{FIRST - 1}"
    return f"{LAST}+" if age >= LAST else f"{age // 10 * 10}-{age // 10 * 10 + 9}"


class Strata:
    """Patients by gap, and by each of age, sex and fracture."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))

    def take(self, whose: Stratum, gaps: Iterable[str]) -> None:
        for key in (ANSWERED, *gaps):
            for axis, value in asdict(whose).items():
                self._counts[key][axis][value] += 1

    def told(self, least: int) -> dict[str, Any]:
        """Without counts of fewer than ``least``: null, as is what they could be reckoned from."""
        keys = [key for key in (ANSWERED, *ORDER) if key in self._counts]
        by_gap = {key: {axis: told(counts, least) for axis, counts in self._counts[key].items()} for key in keys}
        return {"least_cell": least, "patients": by_gap}


def told(counts: Mapping[str, int], least: int) -> dict[str, int | None]:
    """Of a sum that is known, at least two parts are left out, which together are not few.

    >>> told({"female": 40, "male": 3}, 5), told({"female": 40, "male": 5}, 5), told({"female": 4}, 5)
    ({'female': None, 'male': None}, {'female': 40, 'male': 5}, {'female': None})
    >>> told({"50-59": 2, "60-69": 30, "70-79": 2, "80+": 9}, 5)
    {'50-59': None, '60-69': 30, '70-79': None, '80+': None}
    """
    hidden = [value for value, number in counts.items() if number < least]
    for value in sorted(counts.keys() - {*hidden}, key=lambda each: (counts[each], each)):
        if not hidden or (len(hidden) > 1 and sum(counts[each] for each in hidden) >= least):
            break
        hidden.append(value)
    return {value: None if value in hidden else counts[value] for value in sorted(counts)}
