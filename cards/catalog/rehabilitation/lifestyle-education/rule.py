"""The rule of `lifestyle-education`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import Chart, facts
from cards.definitions import diagnosis, person
from cards.definitions.person import body_mass_index
from cards.engine.findings import INFO, Finding
from cards.engine.options import service
from cards.thresholds import Numbers

_EDUCATION = ("ELD2023-09a", "ELD2023-12a", "REHAB2024-22")
_FOOD_AND_SUN = ("ELD2023-03a", "ELD2023-03b", "ELD2023-04c", "POP2022-L1", "OVCF2021-L1")
_HABITS = ("ELD2023-03c", "POP2022-L2")
_EXERCISE = ("ELD2023-06a", "ELD2023-06c", "ELD2023-06d", "ELD2023-10c")
_FIT, _VERY_OLD = ("ELD2023-06b",), ("OVCF2021-R3",)
"""The recommendations behind each part of the education; of the last two, the one that fits the age."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """With osteoporosis or low bone mass, education once a year: diet, exercise, sunlight, no tobacco, little alcohol.

    When: an adult has osteoporosis or low bone mass, and no education is on record as done within {education-months} months.

    Not when: education is already ordered.

    Then: info. An order for education (recommended). The detail mentions current smoking, {alcohol-units} or more alcoholic
    drinks a day, and a BMI below {bmi-low} kg/m2 if on record; gentler exercise from {very-old-years} years on; and, after a
    fragility fracture in the last {new-fracture-days} days, no exercise except as directed by the doctor.
    """
    if not person.adult(chart) or not (diagnosis.osteoporosis(chart) or diagnosis.low_bone_mass(chart)):
        return
    if chart.done("education", since=chart.months_ago(n.education_months)) or chart.ordered("education"):
        return
    smoking = chart.active_problem("smoking")
    alcohol = chart.newest("alcohol")
    drinks = alcohol if alcohol and alcohol.below(n.alcohol_units) is False else None
    bmi = body_mass_index(chart)
    thin = bmi if bmi and bmi.below(n.bmi_low) else None
    very_old = (chart.age or 0) >= n.very_old_years
    named = [facts.problem(smoking)] if smoking else []
    yield Finding(
        indicator=INFO,
        values={
            "smoking": smoking is not None,
            "alcohol": drinks,
            "bmi": thin,
            "very_old": very_old,
            "fresh": any(f.at_latest and f.at_latest >= chart.days_ago(n.new_fracture_days) for f in chart.fractures),
        },
        cites=(*_EDUCATION, *_FOOD_AND_SUN, *_HABITS, *_EXERCISE, *(_VERY_OLD if very_old else _FIT)),
        facts=(*named, *(facts.measured(m) for m in (drinks, thin) if m)),
        options=(service("education", recommended=True),),
    )
