"""The basic work-up: what to order, and which results show that it has been done (POP2022-D6, OPREF-D3)."""

from __future__ import annotations

from cards.chart import Chart
from cards.definitions.workup.causes import known_already

BASIC_LABS: dict[str, tuple[str, ...]] = {
    "blood-count": ("hemoglobin", "wbc", "platelets"),
    "esr": ("esr",),
    "calcium": ("calcium", "calcium-corrected", "calcium-ionized"),
    "phosphate": ("phosphate",),
    "alp": ("alp",),
    "albumin": ("albumin",),
    "creatinine": ("creatinine", "egfr"),
    "liver": ("alt", "ast"),
    "vitamin-d": ("vitamin-d",),
    "pth": ("pth",),
}
"""What to order, by its results."""

_FOLLOWED = {
    "tsh": ("hyperthyroidism", ("tsh",)),
    "celiac": ("celiac-disease", ("transglutaminase-iga",)),
    "testosterone": ("hypogonadism", ("testosterone",)),
}
"""What follows a known cause of bone loss once a year: the disease, and the results."""

_AT_YOUNG_AGE = BASIC_LABS | {
    "celiac": ("transglutaminase-iga",),
    "tsh": ("tsh",),
    "urine-calcium": ("urine-calcium",),
    "testosterone": ("testosterone",),
}


def lacking(chart: Chart, key: str, results: tuple[str, ...], months: int) -> bool:
    """No result within ``months`` and none ordered; if results could not be retrieved, nothing is known to be missing."""
    if any(chart.group_failed(analyte) for analyte in results):
        return False
    since = chart.months_ago(months)
    done = any(chart.newest(analyte, since=since) for analyte in results) or chart.done(key, since=since)
    return not done and not chart.ordered(key)


def followed(chart: Chart, months: int) -> dict[str, tuple[str, ...]]:
    """The tests that follow a known cause (thyroid, celiac disease under diet, testosterone of a man) and are lacking."""
    known = {key: results for key, (disease, results) in _FOLLOWED.items() if chart.active_problem(disease) is not None}
    if chart.patient.sex != "male":
        known.pop("testosterone", None)
    return {key: results for key, results in known.items() if lacking(chart, key, results, months)}


def at_young_age(chart: Chart, months: int) -> list[str]:
    """The search for a cause before {t-group-years}: basic labs, celiac antibodies, TSH, 24 h urine calcium, sex hormones by
    sex; not what is known of ``months``, nor what would search for a disease on record."""
    wanted = dict(_AT_YOUNG_AGE)
    if chart.patient.sex != "male":
        del wanted["testosterone"]
    keys = [key for key, results in wanted.items() if not known_already(chart, key) and lacking(chart, key, results, months)]
    hormones = chart.patient.female and not (chart.ordered("gonad-hormones") or chart.done("gonad-hormones"))
    return [*keys, *(["gonad-hormones"] if hormones else [])]
