"""One system of units for an analyte that a record holds in two: a site says which (``units`` in ``CDS_SITE``)."""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec.structs import replace

from cards.chart.chart import Chart
from cards.chart.records.measurement import Measurement
from cards.chart.shown import shown


class System(StrEnum):
    """SI is mmol/L, nmol/L, g/L; conventional is mg/dL, ng/mL, g/dL."""

    SI = "si"
    CONVENTIONAL = "conventional"


_AMOUNT = re.compile(r"mol|kat")
_MASS_IN_A_LITER = re.compile(r"[mupn]?g/L")


def in_one_system(chart: Chart, system: System) -> Chart:
    """The chart with each analyte that is recorded in both systems told in one of them, so that values of a course can be
    compared by eye. What is recorded in one system only stays as recorded."""
    told = {key: _in_one(values, system) for key, values in chart.measured.items()}
    changed = any(told[key] is not values for key, values in chart.measured.items())
    return replace(chart, measured=told) if changed else chart


def _in_one(values: tuple[Measurement, ...], system: System) -> tuple[Measurement, ...]:
    """The values in the unit, of those that the record has, that belongs to the system most."""
    ranks = {value: _rank(shown(value).unit) for value in values}
    if len(set(ranks.values())) < 2:
        return values
    most = min if system is System.SI else max
    like = most(values, key=ranks.__getitem__)
    return tuple(value if ranks[value] == ranks[like] else _told_like(value, like) for value in values)


def _rank(unit: str) -> int:
    """How far a unit is from the SI: amounts of substance, then mass in a liter, then everything else.

    >>> _rank("nmol/L"), _rank("g/L"), _rank("ng/mL")
    (0, 1, 2)
    """
    return 0 if _AMOUNT.search(unit) else 1 if _MASS_IN_A_LITER.fullmatch(unit) else 2


def _told_like(value: Measurement, like: Measurement) -> Measurement:
    return replace(value, given=f"{value.value / like.factor:f} {shown(like).unit}", factor=like.factor)
