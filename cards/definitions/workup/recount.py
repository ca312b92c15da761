"""Blood tests that are measured again once what disturbed them is over (card specification, "work-up")."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from cards.chart import Chart, Measurement
from cards.definitions.workup.marrow import esr_limit, hemoglobin_floor
from cards.definitions.workup.surgery import disturbed
from cards.definitions.workup.values import at_least, newest


def measured_again(chart: Chart) -> Iterator[tuple[str, Measurement]]:
    """Hemoglobin and ESR, with the order of each, where the newest value of {work-up-window-months} months is abnormal, does
    not count as a sign of myeloma for a fracture, an operation or a pregnancy, and one of today would count."""
    hemoglobin, esr = newest(chart, "hemoglobin"), newest(chart, "esr")
    if hemoglobin is not None and hemoglobin.below(hemoglobin_floor(chart, hemoglobin)) and _over(chart, hemoglobin):
        yield "blood-count", hemoglobin
    if esr is not None and at_least(esr, esr_limit(chart)) and _over(chart, esr):
        yield "esr", esr


def _over(chart: Chart, value: Measurement) -> bool:
    """Whether the value was disturbed, and one of today would not be."""
    return disturbed(chart, value) and not disturbed(chart, replace(value, when=chart.today, latest=None))
