"""The rule of `btm-response`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from cards.chart import Chart, Course, Measurement, facts
from cards.chart.calendar import add_days, add_months
from cards.definitions import person, treatment
from cards.definitions.goals import very_old
from cards.definitions.repeats import awaited, marker_interval
from cards.engine.findings import INFO, WARNING, Finding
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import ANALYTES, ANTIRESORPTIVE, Mechanism


class _Change(Struct, frozen=True):
    """A marker before and after. ``change`` in % or ug/L, upwards positive; ``enough`` is None if it cannot be determined."""

    baseline: Measurement
    newest: Measurement
    change: float
    enough: bool | None


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """After {btm-first-months} months or more on one drug, no marker changed by more than its least significant change:
    resorption did not fall on an antiresorptive, or formation did not rise on an anabolic. Check adherence first, then
    secondary causes.

    When: an adult is on one drug only, and that is a bisphosphonate, denosumab, teriparatide or abaloparatide begun
    {btm-first-months} months ago or longer (a patient whose list entry is active and whose supply ran out within
    {lapsed-supply-months} months still counts as on the drug); a marker has a baseline from {btm-response-baseline-months}
    months before to {btm-response-baseline-days} days after the start, drawn while no other antiresorptive or anabolic was in
    effect, and a newest value at least {btm-response-days} days after the start; and none of the markers that can be compared
    this way changed enough: on a bisphosphonate or denosumab CTX did not fall by more than {btm-fall-ctx} %, P1NP not by more
    than {btm-fall-p1np} %; on teriparatide or abaloparatide P1NP rose by less than {btm-rise-p1np} ug/L.

    Not when: from {oldest-years} years on, {old-dementia-years} with dementia; a fragility fracture within
    {btm-response-fracture-months} months (it raises the markers); two such drugs at the same time; raloxifene, hormone therapy
    or romosozumab, to which these limits do not apply; an oncologic strength; assays known to differ (that marker is not
    compared); a value with "<" or ">" that leaves the change open.

    Then: warning on an oral drug, otherwise info. Orders for the compared markers, from the day on which
    they are due again ({btm-interval-months} months after the newest, {btm-stable-months} from {btm-stable-years} years of
    treatment on), unless ordered; any number may be chosen. The detail asks
    first how the drug is taken, then about secondary causes, then about the drug itself (oral bisphosphonate: change to an
    injection). It says if the supply has lapsed, the course is not confirmed, or an assay is not on record.
    """
    if not person.adult(chart) or very_old(chart) or chart.fractures_since(n.btm_response_fracture_months):
        return
    course = _only_drug(chart, n)
    if course is None or course.current_start is None:
        return
    start = course.current_start
    if add_months(start, n.btm_first_months) > chart.today:
        return
    anabolic = course.drug.mechanism is Mechanism.PTH_ANALOG
    keys = ("p1np",) if anabolic else ("ctx", "p1np")
    changes = [c for key in keys if (c := _change(chart, n, course, start, key, rise=anabolic))]
    if not changes or any(c.enough is not False for c in changes):
        return
    interval = marker_interval(chart, start)
    again = {c.newest.key: add_months(c.newest.when, interval) for c in changes}
    yield Finding(
        indicator=WARNING if course.drug.oral else INFO,
        variant="anabolic" if anabolic else "antiresorptive",
        values={
            "drug": course.drug,
            "changes": [
                {"name": ANALYTES[c.newest.key].name, "change": c.change, "baseline": c.baseline, "newest": c.newest}
                for c in changes
            ],
            "first": changes[0],
            "again": day if (day := again[changes[0].newest.key]) > chart.today else None,
            "oral": course.drug.oral,
            "lapsed": not course.on_treatment(chart.today),
            "least": {"ctx": n.btm_fall_ctx, "p1np": n.btm_fall_p1np, "rise": n.btm_rise_p1np},
        },
        facts=(facts.begun(course), *(facts.measured(m) for c in changes for m in (c.baseline, c.newest))),
        options=tuple(
            service(key, start=day if day > chart.today else None, recommended=True)
            for key, day in again.items()
            if not awaited(chart, key, interval)
        ),
        any_number=True,
        notes=(("supply-lapsed",) if not course.on_treatment(chart.today) else ())
        + (("not-confirmed",) if course.unconfirmed else ()),
        left_out=chart.left_out(*keys),
    )


_JUDGED = frozenset({Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR, Mechanism.PTH_ANALOG})
"""SERMs and hormone therapy lower turnover by less than these limits even when they work well; romosozumab raises it only at
first."""


def _only_drug(chart: Chart, n: Numbers) -> Course | None:
    """The single current antiresorptive or anabolic course; an active course whose supply ran out recently still counts."""
    since = chart.months_ago(n.lapsed_supply_months)
    now = [
        c
        for c in chart.courses(ANTIRESORPTIVE | {Mechanism.PTH_ANALOG, Mechanism.SCLEROSTIN_INHIBITOR})
        if c.on_treatment(chart.today) or (c.active and c.covered_until is not None and c.covered_until >= since)
    ]
    judged = len(now) == 1 and now[0].drug.mechanism in _JUDGED and not now[0].drug.oncologic
    return now[0] if judged else None


def _change(chart: Chart, n: Numbers, course: Course, start: date, key: str, *, rise: bool) -> _Change | None:
    """Baseline, drawn around the start, compared with the newest value after enough time for a change; None: not comparable."""
    values = chart.values(key)
    newest = values[0] if values and values[0].when >= add_days(start, n.btm_response_days) else None
    from_day = add_months(start, -n.btm_response_baseline_months)
    to_day = add_days(start, n.btm_response_baseline_days)
    baseline = next((m for m in values if from_day <= m.when <= to_day), None)
    if newest is None or baseline is None or baseline.value <= 0 or _on_other_drug(chart, course, baseline.when):
        return None
    if newest.method and baseline.method and newest.method != baseline.method:
        return None
    if rise:
        change = newest.value - baseline.value
        enough = change >= n.btm_rise_p1np
    else:
        change = (newest.value - baseline.value) / baseline.value * 100
        enough = round(-change, 6) > (n.btm_fall_ctx if key == "ctx" else n.btm_fall_p1np)
    return _Change(baseline, newest, change, _certain(baseline, newest, enough, rise=rise))


def _certain(baseline: Measurement, newest: Measurement, enough: bool, *, rise: bool) -> bool | None:
    """A comparator is conclusive if it points the same way: "<30" can only mean a larger fall, ">200" only a higher value."""
    if not baseline.comparator and not newest.comparator:
        return enough
    low, high = (baseline, newest) if rise else (newest, baseline)
    further = (not low.comparator or low.comparator.startswith("<")) and (
        not high.comparator or high.comparator.startswith(">")
    )
    return True if enough and further else None


def _on_other_drug(chart: Chart, course: Course, day: date) -> bool:
    """Whether the baseline was drawn while another such drug was in effect, which makes it unusable."""
    return any(begin <= day <= end for c in treatment.courses(chart) if c is not course for begin, end in c.spans)
