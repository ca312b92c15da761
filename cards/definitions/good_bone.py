"""Fractures with good bone: no diagnosis and no drug, but not silence."""

from __future__ import annotations

from cards.chart import Chart, Fracture, per_chart
from cards.definitions.density import lowest_t
from cards.definitions.fractures import MAJOR_SITES
from cards.definitions.person import t_group


@per_chart
def fractures_with_good_bone(chart: Chart) -> tuple[Fracture, ...]:
    """Of a woman or man whose bone density is judged by T-scores: {good-bone} or more fragility fractures within
    {good-bone-months} months, none ever of hip or vertebra, with a lowest T-score above {t-low}. Newest first."""
    lowest = lowest_t(chart)
    if not t_group(chart) or lowest is None or lowest.value <= chart.numbers.t_low:
        return ()
    if any(f.site in MAJOR_SITES for f in chart.fractures):
        return ()
    lately = chart.fractures_since(chart.numbers.good_bone_months)
    return lately if len(lately) >= chart.numbers.good_bone else ()
