"""Weak bone before menopause and before 50: a fracture that nothing explains, and the time after a delivery."""

from __future__ import annotations

from cards.chart import Chart, Fracture, Problem, per_chart
from cards.chart.calendar import add_months
from cards.definitions import person
from cards.definitions.fractures import LONG_BONES


@per_chart
def telling_fractures(chart: Chart) -> tuple[Fracture, ...]:
    """Of an adult under {t-group-years} who is not postmenopausal: vertebral fractures that nothing explains, or {good-bone}
    or more such fractures of long bones within {good-bone-months} months. Newest first."""
    if not person.young(chart):
        return ()
    vertebrae = tuple(f for f in chart.young_fractures if f.site == "vertebra")
    since = chart.months_ago(chart.numbers.good_bone_months)
    lately = [f for f in chart.young_fractures if f.site in LONG_BONES and f.at_latest and f.at_latest >= since]
    return vertebrae or (tuple(lately) if len(lately) >= chart.numbers.good_bone else ())


@per_chart
def postpartum(chart: Chart) -> Problem | None:
    """A delivery on record within {postpartum-months} months of a woman under {t-group-years}, or lactation that is active and
    not recorded before that."""
    if not person.young(chart) or not chart.patient.female:
        return None
    since = chart.months_ago(chart.numbers.postpartum_months)
    delivered = next((p for p in chart.problems.get("delivery", ()) if p.at_latest and p.at_latest >= since), None)
    return delivered or nursing(chart)


def nursing(chart: Chart) -> Problem | None:
    """Lactation of a woman under {t-group-years} that is active and not recorded more than {postpartum-months} months ago."""
    if not person.young(chart) or not chart.patient.female:
        return None
    found, since = chart.active_problem("lactation"), chart.months_ago(chart.numbers.postpartum_months)
    return found if found is not None and (found.at_latest is None or found.at_latest >= since) else None


def of_pregnancy(chart: Chart, broken: Fracture) -> bool:
    """Whether a fracture may be of a pregnancy, up to {pregnancy-months} months before the delivery (or the lactation), or of
    the time after it; one possible day is enough."""
    born = postpartum(chart)
    if born is None or broken.at_latest is None or born.at_latest is None:
        return born is not None
    return broken.at_latest >= add_months(born.when or born.at_latest, -chart.numbers.pregnancy_months)
