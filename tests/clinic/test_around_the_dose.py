"""Day by day around the next dose of denosumab: no card goes before another takes its place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import pytest

from cds_service.clinic.aside import Aside
from cds_service.clinic.journey import answer, chart_on
from cds_service.clinic.record import Record

LAST = date(2026, 1, 12)
DUE, LATE = date(2026, 7, 12), date(2026, 8, 10)
"""Six months after it the next one is due; 29 days later it is late."""
_USUAL = (
    "problem osteoporosis since 2020-01-01",
    "25(OH)D 34 ng/mL on 2026-05-01",
    "corrected-calcium 9.4 mg/dL on 2026-05-01",
)
RECORDS = {
    "usual": ("eGFR 80 mL/min/{1.73_m2} on 2026-05-01",),
    "advanced kidney disease": ("eGFR 24 mL/min/{1.73_m2} on 2026-05-01",),
    "kidney failure": ("eGFR 13 mL/min/{1.73_m2} on 2026-05-01",),
    "kidney failure, low turnover": ("eGFR 13 mL/min/{1.73_m2} on 2026-05-01", "PTH 45 pg/mL on 2026-05-01"),
    "dialysis": ("problem dialysis since 2024-01-01", "PTH 300 pg/mL on 2026-05-01"),
}


def _told(lines: tuple[str, ...]) -> Iterator[tuple[date, set[str]]]:
    """The codes of every day from that before the dose is due to the first on which it is late."""
    record = Record("statement", "female born 1954-03-01", facts=[*_USUAL, *lines])
    record.doses["denosumab"] = [LAST, date(2025, 7, 12)]
    day = DUE - timedelta(days=1)
    while day <= LATE:
        yield day, {code for card in answer(chart_on(record, day), Aside())[0] for code in card.codes}
        day += timedelta(days=1)


@pytest.mark.parametrize("name", RECORDS)
def test_no_card_goes_while_the_next_dose_is_on_time(name: str) -> None:
    gone = [
        (day, sorted(before - after))
        for (_, before), (day, after) in pairwise(_told(RECORDS[name]))
        if before - after - {"routine-care"} and not after - before
    ]
    assert not gone
