"""Which value sets a record meets: what falls silent when a code is no longer sent, or no longer known."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart

FRESH_DAYS = 30
"""Results count while they are new: of old ones a chart is full, whatever the laboratory sends today."""


def met(chart: Chart) -> Iterator[str]:
    """Keys of what the record holds: "result/creatinine" of the last 30 days, problems, drugs, tests, fractures of any time."""
    since = chart.days_ago(FRESH_DAYS)
    yield from (f"result/{key}" for key, values in chart.measured.items() if values and values[0].at_latest >= since)
    yield from (f"problem/{key}" for key in chart.problems)
    yield from (f"drug/{key}" for key in chart.drug_courses)
    yield from (f"test/{key}" for key in chart.services)
    yield from {f"fracture/{each.site}" for each in chart.broken}
