"""Values are shown as the record has them, limits in the unit beside which they stand, nothing rounded across a limit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.chart import Measurement
from cards.chart.shown import like, shown
from cards.words.phrases import bare, word

DAY = date(2026, 5, 3)
NANOMOLES, MILLIMOLES = 1 / 2.496, 4.008


def measured(key: str, given: str, factor: float = 1, **more: object) -> Measurement:
    return Measurement(key, float(given.split(" ")[0]) * factor, DAY, given=given, factor=factor, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("measurement", "english"),
    [
        (measured("egfr", "34.6 mL/min/{1.73_m2}"), "34.6 mL/min/1.73 m²"),
        (measured("egfr", "32 mL/min"), "32 mL/min"),
        (measured("vitamin-d", "45 nmol/L", NANOMOLES), "45 nmol/L"),
        (measured("vitamin-d", "49.9230769 nmol/L", NANOMOLES), "49.9 nmol/L"),
        (measured("calcium", "2.1 mmol/L", MILLIMOLES), "2.10 mmol/L"),
        (measured("calcium", "8.46 mg/dL"), "8.46 mg/dL"),
        (measured("calcium", "9 mg/dL"), "9.0 mg/dL"),
        (measured("hemoglobin", "89 g/L", 0.1), "89 g/L"),
        (measured("platelets", "150 10^9/L"), "150 10⁹/L"),
        (measured("creatinine", "80 umol/l", 0.0113), "80 μmol/L"),
        (measured("p1np", "1040 ug/L"), "1,040 mcg/L"),
        (measured("t-score", "-2"), "−2.0"),
        (measured("t-score", "-2.53 {T-score}"), "−2.53"),
        (measured("t-score", "-2.46"), "−2.46"),
        (measured("t-score", "-2.71"), "−2.7"),
        (Measurement("falls", 2, DAY, comparator=">=", given="2 or more"), r"\>=2"),
        (Measurement("falls", 1, DAY, given="Yes"), "1"),
    ],
    ids=lambda each: each.given if isinstance(each, Measurement) else each,
)
def test_a_value_is_shown_as_recorded(measurement: Measurement, english: str) -> None:
    assert word(measurement, "en") == english


@pytest.mark.parametrize(
    ("measurement", "english"),
    [
        (Measurement("crcl", 34.96, DAY, computed="Cockcroft-Gault"), "34.96"),
        (Measurement("crcl", 34.62, DAY, computed="Cockcroft-Gault"), "34.6"),
        (Measurement("egfr", 15, DAY, comparator="<", computed="dialysis"), r"\<15"),
        (Measurement("calcium-corrected", 8.46, DAY, given="8 mg/dL", computed="total"), "8.46"),
        (Measurement("calcium-corrected", 8.83, DAY, given="8 mg/dL", computed="total"), "8.8"),
        (Measurement("calcium-corrected", 8.37, DAY, given="8 mg/dL", computed="total", low=8.4), "8.37"),
        (Measurement("calcium-corrected", 9.0, DAY, given="2.1 mmol/L", factor=MILLIMOLES, computed="total"), "2.25"),
    ],
    ids=lambda each: f"{each.key} {each.value}" if isinstance(each, Measurement) else each,
)
def test_a_computed_value_is_rounded_and_never_to_a_limit_that_it_is_not(measurement: Measurement, english: str) -> None:
    assert bare(measurement, "en") == english


@pytest.mark.parametrize(
    ("limit", "beside", "told"),
    [
        (20, measured("vitamin-d", "45 nmol/L", NANOMOLES), "50"),
        (100, measured("vitamin-d", "249.8 nmol/L", NANOMOLES), "249.6"),
        (8.5, measured("calcium", "2.05 mmol/L", MILLIMOLES), "2.12"),
        (-2, measured("t-score", "-2.3"), "-2.0"),
        (35, measured("egfr", "34.6 mL/min"), "35"),
    ],
    ids=["deficiency", "above a limit that would be rounded past it", "calcium", "T-score", "its own unit"],
)
def test_a_limit_is_told_in_the_unit_of_the_value(limit: float, beside: Measurement, told: str) -> None:
    assert like(limit, beside).value == Decimal(told)
    assert like(limit, beside).unit == shown(beside).unit


@given(st.floats(1, 400), st.sampled_from((20, 30, 35, 60, 100)), st.sampled_from((1, NANOMOLES, 10)), st.booleans())
def test_a_value_and_its_limit_are_shown_on_their_own_sides(value: float, limit: int, factor: float, computed: bool) -> None:
    text = f"{value:.10g}"
    measurement = Measurement(
        "vitamin-d", float(text) * factor, DAY, given=f"{text} nmol/L", factor=factor, computed="so" if computed else ""
    )
    if abs(measurement.value - limit) > 0.001:
        printed, told = shown(measurement).value, like(limit, measurement).value
        assert (printed < told) == (measurement.value < limit)
        assert printed != told
