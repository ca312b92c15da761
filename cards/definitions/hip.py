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

    @property
    def counted(self) -> Fracture | Service:
        """What the days are counted from: the later of the two."""
        operated = self.operation.at_latest if self.operation else None
        broken = self.fracture.at_latest
        later = operated is not None and (broken is None or operated >= broken)
        return self.operation if later and self.operation else self.fracture

    @property
    def exact(self) -> bool:
        """Whether the day that counts is known; of the present month or year it would be another one each day."""
        return (self.operation or self.fracture).latest is None


@per_chart
def after_hip_fracture(chart: Chart) -> AfterHip | None:
    """Zoledronate works from {zoledronate-hip-days} days after a hip fracture, or after its operation, which is the first of
    the hip from the fracture to {hip-operation-days} days after it; earlier much of it is taken up by the healing bone. Of
    dates that are not exact the last possible day counts. Of a fracture of no day the newest operation tells; None where
    neither is dated."""
    fracture = next((f for f in chart.fractures if f.site == "hip" and f.at_latest), None)
    if fracture is None or fracture.at_latest is None:
        return _operated(chart)
    until = add_days(fracture.at_latest, chart.numbers.hip_operation_days)
    done = [s for s in chart.services.get("hip-surgery", ()) if s.done and s.when]
    fitting = [s for s in done if s.when and (fracture.when is None or s.when >= fracture.when) and s.when <= until]
    operation = min(fitting, key=lambda s: s.when or until, default=None)
    last = operation.at_latest if operation and operation.at_latest else fracture.at_latest
    return AfterHip(fracture, operation, add_days(max(last, fracture.at_latest), chart.numbers.zoledronate_hip_days))


def _operated(chart: Chart) -> AfterHip | None:
    """The same for a fracture of no day, by the newest operation of the hip."""
    fracture = next((f for f in chart.fractures if f.site == "hip"), None)
    done = [s for s in chart.services.get("hip-surgery", ()) if s.done and s.at_latest]
    newest = max(done, key=lambda s: s.at_latest or date.min, default=None)
    if fracture is None or newest is None or newest.at_latest is None:
        return None
    return AfterHip(fracture, newest, add_days(newest.at_latest, chart.numbers.zoledronate_hip_days))
