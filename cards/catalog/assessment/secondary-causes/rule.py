"""The rule of `secondary-causes`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from cards.chart import Chart, Hook, Measurement, facts
from cards.definitions import diagnosis, person, treatment
from cards.definitions.minerals import calcium
from cards.engine.findings import INFO, WARNING, Earlier, Finding
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import ANABOLIC, ANALYTES, DIAGNOSTIC_SITES, SERVICES

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
"""The basic work-up: what to order, and which results show that it has been done (POP2022-D6, OPREF-D3)."""


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding]:
    """New osteoporosis, or osteoporosis about to be treated, needs basic labs first; very high turnover, high calcium with high
    PTH, or a low Z-score points to another disease.

    When: an adult, and any of these. (1) Osteoporosis that first became known within {newly-known-days} days or is about to be
    treated, and a basic test with no result within {yearly-months} months that is not ordered: blood count, ESR, calcium (of
    any kind), phosphate, ALP, albumin, creatinine or eGFR, liver enzymes, 25(OH)D, PTH. "First known" is the earliest date of
    osteoporosis on the problem list or, if it is not listed, of a T-score of {t-osteoporosis} or lower, a QCT below
    {qct-osteoporosis} mg/cm3 or a fragility fracture. An undated entry is new only while it is being entered. (2) The newest
    CTX or P1NP within {yearly-months} months is above {turnover-factor} times the laboratory's upper limit, off anabolics. (3)
    The newest PTH within {yearly-months} months is above the laboratory's limit, with high calcium. (4) The lowest of the
    newest Z-scores, one per diagnostic site, is {z-low} or lower.

    Not when: for (1), a group of results could not be retrieved: nothing in it is then known to be missing.

    Then: warning for (2) to (4), otherwise info. Suggested: one order per missing test in (1), and the tests that the finding
    calls for, unless ordered or resulted within {yearly-months} months: for (2) PTH, ALP, electrophoresis; for (3) phosphate,
    24 h urine calcium; for (4) PTH, TSH, electrophoresis, celiac antibodies. Any number may be chosen; all are recommended. The
    detail mentions urinalysis and urinary calcium and phosphate, and recorded results that could not be used.
    """
    if not person.adult(chart):
        return
    abnormal = list(_abnormal(chart, n))
    new = diagnosis.osteoporosis(chart) and (
        _newly_known(chart, n) or treatment.about_to_be_treated(chart, starting="start-treatment" in earlier)
    )
    missing = [key for key in BASIC_LABS if _missing(chart, n, key)] if new else []
    if not abnormal and not missing:
        return
    clues = {key for clue, _ in abnormal for key in _FURTHER[clue] if _wanted(chart, n, key)}
    wanted = [*missing, *sorted(clues - set(missing))]
    yield Finding(
        indicator=WARNING if abnormal else INFO,
        variant="abnormal" if abnormal else "missing",
        values={
            "tests": [SERVICES[key] for key in missing],
            "clues": [clue for clue, _ in abnormal],
            "abnormal": abnormal[0][1][0] if abnormal else None,
            "known": _first_known(chart, n) if new else None,
        },
        cites=_cites({clue for clue, _ in abnormal}, missing=bool(missing)),
        facts=tuple(facts.measured(m) for _, some in abnormal for m in some),
        options=tuple(service(key, recommended=True) for key in wanted),
        any_number=True,
        left_out=chart.left_out(*(analyte for key in missing for analyte in BASIC_LABS[key])),
    )


_FURTHER = {
    "turnover": ("pth", "alp", "electrophoresis"),
    "hyperparathyroidism": ("phosphate", "urine-calcium"),
    "z-score": ("pth", "tsh", "electrophoresis", "celiac"),
}


def _cites(clues: set[str], *, missing: bool) -> tuple[str, ...]:
    """The recommendations behind the card: those for further tests always, those for basic tests if any is missing, and those
    for each clue."""
    basic = ("POP2022-D6",) if missing else ()
    turnover = ("POP2022-D7",) if "turnover" in clues else ()
    diseases = ("POP2022-D8",) if clues - {"turnover"} else ()
    return (*basic, *turnover, *diseases, "OVCF2021-D4", "OPREF-D3")


def _missing(chart: Chart, n: Numbers, key: str) -> bool:
    """No result within {yearly-months} months and none ordered; if results could not be retrieved, nothing is known to be
    missing."""
    if any(chart.group_failed(analyte) for analyte in BASIC_LABS[key]):
        return False
    since = chart.months_ago(n.yearly_months)
    done = any(chart.newest(analyte, since=since) for analyte in BASIC_LABS[key]) or chart.done(key, since=since)
    return not done and not chart.ordered(key)


def _wanted(chart: Chart, n: Numbers, key: str) -> bool:
    """A test that a clue calls for: neither ordered nor, if its result could be read, resulted within {yearly-months}
    months."""
    if key in BASIC_LABS:
        return _missing(chart, n, key)
    since = chart.months_ago(n.yearly_months)
    known = key in ANALYTES and chart.newest(key, since=since) is not None
    return not (known or chart.ordered(key) or chart.done(key, since=since))


def _newly_known(chart: Chart, n: Numbers) -> bool:
    """Osteoporosis first known within {newly-known-days} days, or just being entered without a date."""
    known = _first_known(chart, n)
    if known is None:
        return chart.hook is Hook.PROBLEM_CREATE and chart.problem("osteoporosis") is not None
    return known >= chart.days_ago(n.newly_known_days)


def _first_known(chart: Chart, n: Numbers) -> date | None:
    """When osteoporosis was first recorded, or else shown by a first T-score, QCT or fracture."""
    if chart.problem("osteoporosis") is not None:
        return min((p.when for p in chart.problems.get("osteoporosis", ()) if p.when), default=None)
    low = [m.when for m in chart.values("t-score") if m.site in DIAGNOSTIC_SITES and m.value <= n.t_osteoporosis]
    low += [m.when for m in chart.values("qct-vbmd") if m.below(n.qct_osteoporosis)]
    return min([*low, *(f.when for f in chart.fractures if f.when)], default=None)


def _abnormal(chart: Chart, n: Numbers) -> Iterator[tuple[str, list[Measurement]]]:
    """What points to another disease: the clue, and the values behind it."""
    since = chart.months_ago(n.yearly_months)
    on_anabolic = any(c.on_treatment(chart.today) for c in chart.courses(ANABOLIC))
    markers = [m for key in ("ctx", "p1np") if (m := chart.newest(key, since=since)) and _far_above(n, m)]
    if markers and not on_anabolic:
        yield "turnover", markers
    pth, reading = chart.newest("pth", since=since), calcium(chart)
    high_pth = pth is not None and pth.high is not None and pth.at_most(pth.high) is False
    if high_pth and pth is not None and reading is not None and reading.high:
        yield "hyperparathyroidism", [reading.value, pth]
    z = min(
        (v[0] for site in sorted(DIAGNOSTIC_SITES) if (v := chart.values("z-score", site=site))),
        key=lambda m: m.value,
        default=None,
    )
    if z is not None and z.value <= n.z_low:
        yield "z-score", [z]


def _far_above(n: Numbers, marker: Measurement) -> bool:
    return marker.high is not None and marker.at_most(n.turnover_factor * marker.high) is False
