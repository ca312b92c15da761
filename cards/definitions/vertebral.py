"""A new vertebral fracture."""

from __future__ import annotations

from cards.chart import Chart, Fracture


def new_vertebral_fracture(chart: Chart) -> Fracture | None:
    """The newest vertebral fragility fracture, or one that nothing explains before {t-group-years}, if it happened (or, dated
    by year or month, may have happened) within the last {new-fracture-days} days."""
    since = chart.days_ago(chart.numbers.new_fracture_days)
    every = (*chart.fractures, *chart.young_fractures)
    return next((f for f in every if f.site == "vertebra" and f.at_latest and f.at_latest >= since), None)
