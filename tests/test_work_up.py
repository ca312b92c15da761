"""Which finding of the work-up a drug waits for."""

from __future__ import annotations

from datetime import date

from cards.definitions import workup
from cards.definitions.workup.row import ALL
from cards.vocabulary import DENOSUMAB


def test_what_does_not_wait_still_waits_for_the_finding_that_binds() -> None:
    anemia = workup.Row("myeloma", (), date(2026, 6, 10), holds=ALL)
    calcium = workup.Row("low-calcium", (), date(2026, 6, 10), holds=ALL, binding=True)
    assert workup.holding((anemia, calcium), DENOSUMAB) is anemia
    assert workup.holding((anemia, calcium), DENOSUMAB, waits=False) is calcium
    assert workup.holding((anemia,), DENOSUMAB, waits=False) is anemia
