"""Thyroid, testosterone, bone turnover, celiac antibodies and the Z-score (card specification, "work-up")."""

from __future__ import annotations

from cards.chart import Chart, Measurement, facts
from cards.chart.calendar import add_months
from cards.definitions.person import of_pregnancy, orchiectomy, pregnant
from cards.definitions.workup.row import ORAL_BISPHOSPHONATES, PTH_ANALOGS, Row, Rows
from cards.definitions.workup.values import as_limits, high, low, met_since, newest
from cards.vocabulary import ANABOLIC, DENOSUMAB, DIAGNOSTIC_SITES, Mechanism


def thyroid(chart: Chart) -> Rows:
    """TSH below {tsh-suppressed} mIU/L is a warning, from there to below its range for information; not in pregnancy, nor
    {pregnancy-labs-days} days after. On levothyroxine with thyroid cancer on record nobody lowers the dose but who set it."""
    n, value = chart.numbers, newest(chart, "tsh")
    if value is None or not low(value, n.tsh_low) or pregnant(chart):
        return
    if of_pregnancy(chart, value.when, n.pregnancy_labs_days):
        return
    taken = next((c for c in chart.courses({Mechanism.THYROID_HORMONE}) if c.active), None)
    yield Row(
        "low-tsh",
        (facts.measured(value), *([facts.taken(taken)] if taken else [])),
        met_since(chart, value, lambda each: low(each, n.tsh_low)),
        kind="levothyroxine" if taken else "",
        warns=value.below(n.tsh_suppressed) is True,
        orders=("thyroid-hormones",) if taken else ("thyroid-hormones", "thyroid-antibodies"),
        referral="" if taken else "referral-endocrinology",
        cites=("POP2022-D8",),
        told={"tsh": value, "cancer": taken is not None and chart.problem("thyroid-cancer") is not None},
    )


def testosterone(chart: Chart) -> Rows:
    """Low total testosterone of a man who takes no GnRH drug and has testes, for information."""
    n, value = chart.numbers, newest(chart, "testosterone")
    if chart.patient.sex != "male" or value is None or not low(value, n.testosterone_low):
        return
    if orchiectomy(chart) or any(c.on_treatment(chart.today) or c.active for c in chart.courses({Mechanism.GNRH})):
        return
    days = {each.when for each in chart.values("testosterone") if low(as_limits(each), n.testosterone_low)}
    yield Row(
        "low-testosterone",
        (facts.measured(value),),
        value.when,
        kind="twice" if len(days) > 1 else "",
        warns=False,
        orders=("gonad-hormones",) if len(days) > 1 else ("testosterone", "gonad-hormones"),
        referral="referral-endocrinology" if len(days) > 1 else "",
        cites=("EXT-35",),
        told={"testosterone": value},
    )


def turnover(chart: Chart) -> Rows:
    """CTX or P1NP above {turnover-factor} times the laboratory's own limit, off anabolics, without a fragility fracture of
    {alp-fracture-months} months, and not within {denosumab-sequence-months} months after denosumab: PTH analogs are held."""
    factor = chart.numbers.turnover_factor
    markers = [m for key in ("ctx", "p1np") if (m := newest(chart, key)) is not None and high(m, None, factor)]
    if not markers or any(c.on_treatment(chart.today) for c in chart.courses(ANABOLIC)):
        return
    since = chart.months_ago(chart.numbers.alp_fracture_months)
    if any(f.when is not None and f.when >= since for f in chart.fractures) or _after_denosumab(chart):
        return
    yield Row(
        "high-turnover",
        tuple(map(facts.measured, markers)),
        max(m.when for m in markers),
        holds=PTH_ANALOGS,
        orders=("pth", "alp", "electrophoresis"),
        cites=("POP2022-D7",),
        told={"marker": markers[0]},
        values=tuple(markers),
    )


def _after_denosumab(chart: Chart) -> bool:
    """Whether denosumab has ended lately: turnover then overshoots."""
    course = chart.course_had(DENOSUMAB)
    if course is None or course.last_dose is None or course.on_treatment(chart.today):
        return False
    return chart.today <= add_months(course.last_dose, chart.numbers.denosumab_months + chart.numbers.denosumab_sequence_months)


def celiac(chart: Chart) -> Rows:
    """Tissue transglutaminase IgA above its limit, and celiac disease not known: oral bisphosphonates are not offered."""
    value = newest(chart, "transglutaminase-iga")
    if value is None or not high(value, None) or chart.problem("celiac-disease") is not None:
        return
    yield Row(
        "celiac",
        (facts.measured(value),),
        met_since(chart, value, lambda each: high(each, None)),
        drops=ORAL_BISPHOSPHONATES,
        orders=("total-iga",),
        referral="referral-gastroenterology",
        cites=("OPREF-D3",),
        told={"antibodies": value},
        values=(value,),
    )


def z_score(chart: Chart) -> Rows:
    """The lowest of the newest Z-scores, one per diagnostic site, is {z-low} or lower."""
    found = [v[0] for site in sorted(DIAGNOSTIC_SITES) if (v := chart.values("z-score", site=site))]
    lowest: Measurement | None = min(found, key=lambda m: m.value, default=None)
    if lowest is None or lowest.value > chart.numbers.z_low:
        return
    yield Row(
        "z-score",
        (facts.measured(lowest),),
        lowest.when,
        orders=("pth", "tsh", "electrophoresis", "celiac"),
        cites=("POP2022-D8",),
        told={"z": lowest},
    )
