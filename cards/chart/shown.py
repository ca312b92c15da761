"""How a value is shown: as recorded, in its own unit and with its own decimals, and never rounded across a limit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from math import isclose, log10

from msgspec import Struct

from cards.chart.records.measurement import Measurement
from cards.vocabulary import ANALYTES


class Shown(Struct, frozen=True):
    """A number with the decimals that are printed, and its unit."""

    value: Decimal
    unit: str


_LEAST = {"t-score": 1, "z-score": 1, "calcium": 1, "calcium-corrected": 1, "calcium-ionized": 2}
"""Decimals that are always printed, in the unit that the rules use."""
_SCORES = frozenset({"t-score", "z-score"})
_STEP = {"egfr": 1.0, "crcl": 1.0}
"""What the limits of it are multiples of, where that is not one half: an estimate of 97.498 is printed as 97.5."""
_COMPUTED = 1
"""Decimals of a value that was computed."""
_MOST = 3
"""More decimals than this come from arithmetic, not from a measurement: 49.9230769."""
_NEAR = 0.005
"""The fraction by which a limit may be rounded when it is shown in another unit: 20 ng/mL is 50 nmol/L, not 49.92."""
_PLACES = 2
"""Decimals to which a value and its limit are compared."""
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_UCUM = (
    *("mmol/L", "umol/L", "nmol/L", "pmol/L", "g/dL", "g/L", "mg/dL", "mg/L", "ug/L", "ng/mL", "ng/L", "pg/mL", "U/L"),
    *("mL/min", "mL/s", "10*9/L", "10*3/uL", "mg/cm2", "mmol/(24.h)", "mg/(24.h)", "cm", "m", "kg", "g"),
)


def shown(measurement: Measurement) -> Shown:
    """The value as printed, without its comparator.

    >>> from datetime import date
    >>> low = Measurement("calcium", 8.4168, date(2026, 1, 1), given="2.1 mmol/L", factor=4.008)
    >>> shown(low), shown(Measurement("t-score", -2.0, date(2026, 1, 1))).value
    (Shown(value=Decimal('2.10'), unit='mmol/L'), Decimal('-2.0'))
    """
    written = None if measurement.computed else _NUMBER.match(measurement.given)
    value = float(written[0]) if written else measurement.value / measurement.factor
    places = len(written[0].partition(".")[2]) if written else _MOST + 1
    if measurement.computed or measurement.key in _SCORES:
        places = _decimals(_COMPUTED, measurement.factor)
    elif places > _MOST:
        places = _decimals(ANALYTES[measurement.key].digits, measurement.factor)
    own = [limit / measurement.factor for limit in (measurement.low, measurement.high) if limit is not None]
    exact = _faithful(value, places, own, _STEP.get(measurement.key, 0.5))
    return Shown(_printed(value, exact, _least(measurement)), _unit(measurement))


def like(limit: float, measurement: Measurement) -> Shown:
    """A limit of the rules in the unit in which a measurement is shown: the roundest number near it on the same side of it.

    >>> from datetime import date
    >>> like(20, Measurement("vitamin-d", 18, date(2026, 1, 1), given="45 nmol/L", factor=0.4006))
    Shown(value=Decimal('50'), unit='nmol/L')
    """
    told = limit
    if measurement.factor != 1:
        told = round_near(limit / measurement.factor, float(shown(measurement).value))
    return Shown(_printed(told, 2 * _MOST, _least(measurement)), _unit(measurement))


def limit_beside(limit: float, measurement: Measurement) -> float:
    """A limit of the rules as it is printed beside a measurement, in the unit of the rules: a calcium of 3.00 mmol/L is not
    above 12 mg/dL, though 3.00 x 4.008 is.

    >>> from datetime import date
    >>> limit_beside(12, Measurement("calcium", 12.024, date(2026, 1, 1), given="3.00 mmol/L", factor=4.008))
    12.02
    """
    told = limit if measurement.factor == 1 else round_near(limit / measurement.factor) * measurement.factor
    return round(told, _PLACES)


def round_near(exact: float, beside: float | None = None) -> float:
    """The roundest number near another one, with both on the same side of ``beside``.

    >>> round_near(49.92), round_near(374.4), round_near(2.1208), round_near(249.6, 249.8)
    (50.0, 375.0, 2.12, 249.6)
    """
    highest = int(log10(abs(exact)) // 1)
    for place in range(highest, highest - 5, -1):
        for step in (10.0**place, 5 * 10.0 ** (place - 1)) if place > 0 else (10.0**place,):
            near = round(round(exact / step) * step, 1 - place)
            same_side = beside is None or ((beside < near) == (beside < exact) and near != beside)
            if same_side and isclose(near, exact, rel_tol=_NEAR):
                return near
    return exact


def _unit(measurement: Measurement) -> str:
    """The recorded unit in UCUM if known, otherwise as written; the rules' own unit if the record has none."""
    rules = ANALYTES[measurement.key].unit
    said = measurement.given.partition(" ")[2]
    if not rules or not said or _plain(said) == _plain(rules):
        return rules
    return next((code for code in _UCUM if _plain(code) == _plain(said)), said)


_ALIKE = {"µ": "u", "μ": "u", "²": "2", "³": "3", "mcg": "ug", "mcmol": "umol", "micromol": "umol", "iu/l": "u/l"}


def _plain(unit: str) -> str:
    """The letters, digits and slashes of a unit, which all its spellings have in common.

    >>> _plain("mL/min/{1.73_m2}") == _plain("ml/min/1.73 m²"), _plain("μg/L") == _plain("mcg/L"), _plain("IU/L")
    (True, True, 'u/l')
    """
    text = unit.lower()
    for spelling, other in _ALIKE.items():
        text = text.replace(spelling, other)
    return re.sub(r"[^a-z0-9/%]", "", text)


def _least(measurement: Measurement) -> int:
    least = _LEAST.get(measurement.key, 0)
    return _decimals(least, measurement.factor) if least else 0


def _decimals(places: int, factor: float) -> int:
    """The number of decimals with the same precision in another unit: 1 mmol/L of calcium is 4 mg/dL and takes one decimal
    more."""
    return max(0, places + round(log10(factor)))


def _faithful(value: float, places: int, limits: Iterable[float], step: float) -> int:
    """The number of decimals (``places`` or more) at which the value is not rounded onto a limit. Limits are multiples of
    ``step``, or the laboratory's own.

    >>> _faithful(97.498, 1, (), 1.0), _faithful(34.96, 1, (), 1.0), _faithful(8.46, 1, (8.5,), 0.5)
    (1, 2, 2)
    """
    while places < 2 * _MOST:
        rounded = round(value, places)
        if isclose(rounded, value, abs_tol=1e-6) or not (
            rounded % step == 0 or any(round(limit, places) == rounded for limit in limits)
        ):
            break
        places += 1
    return places


def _printed(value: float, places: int, least: int) -> Decimal:
    """With ``places`` decimals, keeping trailing zeros only up to ``least``."""
    whole, _, decimals = f"{value:.{places}f}".partition(".")
    decimals = decimals.rstrip("0").ljust(least, "0")
    return Decimal(f"{whole}.{decimals}" if decimals else whole) + 0  # no −0
