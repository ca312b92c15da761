"""Pain scores, and the limit for moderate pain."""

from __future__ import annotations

from cards.chart import Chart, Measurement
from cards.thresholds import Numbers


def pain_score(chart: Chart, months: int) -> Measurement | None:
    """The newest NRS or VAS; of two on one day, the one indicating more pain."""
    since = chart.months_ago(months)
    found = [m for key in ("pain-nrs", "pain-vas") if (m := chart.newest(key, since=since))]
    return max(found, key=lambda m: (m.when, m.value if m.key == "pain-nrs" else m.value / 10), default=None)


def pain_limit(numbers: Numbers, pain: Measurement) -> int:
    """The limit from which pain counts as moderate, on the scale of this score."""
    return numbers["pain-nrs" if pain.key == "pain-nrs" else "pain-vas-mm"]
