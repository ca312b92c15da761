"""When zoledronate may be given after a hip fracture."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from cards.chart import Chart, Fracture, Service, per_chart
from cards.chart.calendar import add_days


class AfterHip(Struct, frozen=True):
    """The newest hip fracture, its operation where one is on record, and the first day on which zoledronate may be given."""

    fracture: Fracture
    operation: Service | None
    first: date


@per_chart
def after_hip_fracture(chart: Chart) -> AfterHip | None:
    """Zoledronate works from {zoledronate-hip-days} days after a hip fracture, or after its operation; earlier much of it is
    taken up by the healing bone. Of dates that are not exact the last possible day counts. None without a dated fracture."""
    fracture = next((f for f in chart.fractures if f.site == "hip" and f.at_latest), None)
    if fracture is None or fracture.at_latest is None:
        return None
    operation = chart.done("hip-surgery", since=fracture.when)
    last = operation.at_latest if operation and operation.at_latest else fracture.at_latest
    return AfterHip(fracture, operation, add_days(max(last, fracture.at_latest), chart.numbers.zoledronate_hip_days))
