"""Lengths of time, in days. A month is a twelfth of a year of 365.25 days, so that 12 months are a year."""

from __future__ import annotations

from cds_service.fhir.reading.elements import Quantity
from cds_service.fhir.reading.units import number, plain

YEAR = 365.25
MONTH = YEAR / 12
_LONGEST = 3650  # of whatever unit: more is a slip of the pen

_SPELLINGS = {
    1 / 86400: ("s", "sec", "second", "seconds", "秒"),
    1 / 1440: ("min", "mins", "minute", "minutes", "分钟"),
    1 / 24: ("h", "hr", "hrs", "hour", "hours", "小时", "时"),
    1.0: ("d", "day", "days", "天", "日", "晚", "早", "晨", "夜"),
    7.0: ("wk", "w", "wks", "week", "weeks", "周", "星期", "礼拜"),
    MONTH: ("mo", "mos", "month", "months", "月"),
    YEAR: ("a", "y", "yr", "yrs", "year", "years", "年"),
}
DAYS = {spelling: days for days, spellings in _SPELLINGS.items() for spelling in spellings}
"""Unit of time, as UCUM or as people write it (``units.plain``) -> days."""


def is_garbled(found: Quantity | None) -> bool:
    """Whether a Duration has words where its number should be."""
    return found is not None and isinstance(found.value, str) and number(found.value) is None


def of_quantity(found: Quantity | None) -> float | None:
    """Days of a Duration; without a unit they are days. None when there is none or it cannot be read.

    >>> of_quantity(Quantity(2, code="wk")), of_quantity(Quantity(30)), of_quantity(Quantity(3, unit="bottles"))
    (14.0, 30.0, None)
    """
    if found is None or (value := number(found.value)) is None or not 0 < value <= _LONGEST:
        return None
    days = next((d for unit in (found.code, found.unit) if unit and (d := DAYS.get(plain(unit)))), None)
    if days is None and not (found.code or found.unit):
        days = 1.0
    return None if days is None else value * days
