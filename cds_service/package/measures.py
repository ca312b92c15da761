"""The key figures as Measures: who is counted and what meets it, in words, as ``cards.indicators`` judges it and
``cds_service.figures`` counts it. Drafts: none is certified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cards.indicators import INDICATORS, WIDE, YEARLY, Indicator, us
from cds_service.figures.measures import PUBLISHED, population
from cds_service.figures.tables import NO_CERTIFIED
from cds_service.package.metadata import TERMINOLOGY, Json, concept, described

INITIAL, DENOMINATOR, EXCLUDED, NUMERATOR = PUBLISHED
_EPISODES = (
    "Episodes of fragility fracture (with site_set wide: any fracture but of skull, face, finger, toe) of people of 50 or "
    "older on the first day"
)
_WIDE = "Episodes of any fracture but of skull, face, finger and toe"
_YEARS = f"Women of {us.SCREENED_AGES[0]} to {us.SCREENED_AGES[1]} at the end of the year"
_CLOSED = "Of these, met, not met and unknown, once the window has closed: what is not known counts as not met in the rate"
_OUT = (
    "Death by the end of the window, where the source excludes it; with profile clinical always, and comfort care and who has "
    "left by then"
)
_OUT_US = {
    "us.managed": (
        f"A bone density test in the {us.TESTED_BEFORE} days before; a drug for bone in the {us.TREATED_BEFORE} days before; "
        "hospice or palliative care; death by the end of the measurement year; with profile clinical also who has left by then"
    ),
    "us.managed_all": "Hospice or palliative care; with profile clinical also death by the end of the window, and who has left",
    "us.screened": "A drug for bone on record by the end of the year; hospice or palliative care; death by then; "
    "with profile clinical also who has left by then",
}
_EXPECTED = {
    INITIAL: f"{_EPISODES}, by the year of the fracture",
    DENOMINATOR: "The number expected in the area, which the site sets, for the days of the year that have passed: no count of "
    "charts. Without it there is no rate",
}
_WHOLE: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "fls-non-spine": ("ratio", _EXPECTED | {NUMERATOR: "Of the episodes, those of no vertebra"}),
    "fls-spine": ("ratio", _EXPECTED | {NUMERATOR: "Of the episodes, those of a vertebra"}),
    "uk-identified": ("ratio", _EXPECTED | {NUMERATOR: "All of the episodes"}),
    "uk-spine-share": (
        "proportion",
        {INITIAL: _EPISODES, DENOMINATOR: "All of the episodes", NUMERATOR: "Of the episodes, those of a vertebra"},
    ),
    "fls-data-complete": (
        "proportion",
        {
            INITIAL: "The indicators fls-..., not people",
            DENOMINATOR: "Those that are judged for an episode and of which a window has closed",
            NUMERATOR: "Those of which more than 80% of the closed windows are met or not met",
        },
    ),
    "uk-data-complete": ("", {}),
}
"""Those that are counted over many: scoring, and who is counted. The last is a yes or no over fields, which no scoring fits."""


def measures() -> Iterator[Json]:
    """One a key figure."""
    for key, each in INDICATORS.items():
        told = f"{each.asks.en}. Source: {each.source}. A chart cannot tell: {each.cannot.en}. {NO_CERTIFIED}"
        scoring, criteria = _WHOLE[key] if not each.function else ("proportion", _judged(key, each))
        yield described("Measure", key, each.name, told) | (_counted(scoring, criteria) if scoring else {})


def _judged(key: str, each: Indicator) -> Mapping[str, str]:
    of = _YEARS if key in YEARLY else _WIDE if key in WIDE else _EPISODES
    closes = f"; the window closes {each.days} days after it opens" if each.days else ""
    return {
        INITIAL: f"{of}, of those that it is asked of. {each.name.en}: {each.asks.en}",
        DENOMINATOR: _CLOSED,
        EXCLUDED: _OUT_US.get(each.function, _OUT),
        NUMERATOR: f"{each.asks.en}{closes}",
    }


def _counted(scoring: str, criteria: Mapping[str, str]) -> Json:
    return {
        "scoring": concept(f"{TERMINOLOGY}measure-scoring", scoring),
        "improvementNotation": concept(f"{TERMINOLOGY}measure-improvement-notation", "increase"),
        "group": [
            {
                "population": [
                    population(name) | {"criteria": {"language": "text/plain", "expression": told}}
                    for name, told in criteria.items()
                ]
            }
        ],
    }
