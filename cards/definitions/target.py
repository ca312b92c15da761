"""The hip T-score that treatment is to reach."""

from __future__ import annotations

from cards.chart import Chart, Measurement


def hip_target(chart: Chart) -> float:
    """A hip T-score above {hip-t-target}; above {hip-t-target-fracture} after a fracture of a vertebra or the hip."""
    broken = any(f.site in ("vertebra", "hip") for f in chart.fractures)
    return chart.numbers.hip_t_target_fracture if broken else chart.numbers.hip_t_target


def missed(chart: Chart, hip: Measurement | None) -> bool:
    """Whether this hip T-score is not above the target."""
    return hip is not None and hip.value <= hip_target(chart)
