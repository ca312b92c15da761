"""The rule of `bisphosphonate-renal`."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from cards.chart import Chart, Measurement, Problem, facts
from cards.chart.calendar import add_days
from cards.definitions import kidney
from cards.definitions.kidney import drug_limit, renal, renal_facts
from cards.engine.findings import CRITICAL, WARNING, Finding, Undecided
from cards.engine.options import service
from cards.engine.orders import BISPHOSPHONATE, Order, finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """In severe renal impairment, bisphosphonates are not given; denosumab may be used instead, below {egfr-specialist} mL/min
    only with a specialist.

    When: one of these drugs is ordered or taken and the renal estimate is below its limit: zoledronate below
    {egfr-zoledronate} mL/min, alendronate below {egfr-alendronate}, risedronate below {egfr-risedronate}, ibandronate below
    {egfr-ibandronate}, in any strength and by any route. Other bisphosphonates have no limit here. Else zoledronate or
    intravenous ibandronate, and (1) acute kidney injury is active on record, of the last {acute-kidney-days} days or undated,
    or the newest creatinine of that time is {acute-kidney-rise} mg/dL or {acute-kidney-fold} times above one of the
    {acute-kidney-days} days before it; or (2) dehydration or fever of the last {dehydration-days} days is active.

    Not when: the record holds no renal estimate (`renal-function-unknown`); the values on record leave the limit undecided, or
    a newer value could not be read (`incomplete-data` on an order).

    Then: critical on an order, warning on patient-view. (1) is a warning (info on patient-view) once two creatinines
    {acute-kidney-agree-days} days or more apart agree within {acute-kidney-agree-percent} % and the estimate is not below
    {egfr-zoledronate}, and so is (2); creatinine may be ordered, no other drug is offered. Otherwise with an estimate of
    {egfr-specialist} or more, denosumab 60 mg instead, recommended unless order safety warns about it. Below {egfr-specialist}
    a referral to a specialist first, then denosumab, which is not recommended; the detail asks for calcium, 25(OH)D and PTH
    beforehand. The draft can be deleted (recommended if no drug is recommended). The detail lists every estimate that counts,
    says if they fall on different sides of the limit, and names an earlier lower one that was left out.
    """
    kidneys = renal(chart)
    for order in orders_of(chart, BISPHOSPHONATE):
        threshold = drug_limit(chart.numbers, order.drug)
        if not threshold:
            continue
        if kidneys.undecided(threshold):
            yield Undecided(kidneys.unreadable, renal_facts(kidneys), order.draft)
        lowest = kidneys.lowest
        if not kidneys.below(threshold) or lowest is None:
            if order.drug.covers_months:
                yield from _acute(chart, n, order)
            continue
        specialist = bool(kidneys.below(n.egfr_specialist))
        found = finding_about(
            chart,
            order,
            CRITICAL,
            map(facts.measured, kidneys.estimates),
            variant="specialist" if specialist else "denosumab",
            values={
                "estimate": lowest,
                "limit": threshold,
                "specialist": n.egfr_specialist,
                "dialysis": kidneys.dialysis,
                "earlier": kidneys.earlier_lower,
            },
            alternatives=(DENOSUMAB,),
            notes=_renal_notes(kidneys, threshold),
            left_out=kidneys.unreadable,
        )
        yield replace(found, cites=("OPREF-P4", "EXT-03") if specialist else ("OPREF-P4", "ELD2023-07e", "OVCF2021-T3"))


def _acute(chart: Chart, n: Numbers, order: Order) -> Iterator[Finding]:
    """What forbids or delays an infusion though the estimate allows it."""
    creatinine = chart.newest("creatinine", since=chart.days_ago(n.acute_kidney_days))
    injury, before = _recent(chart, n.acute_kidney_days, "acute-kidney-injury"), _lower_before(chart, n, creatinine)
    dry = _recent(chart, n.dehydration_days, "dehydration", "fever")
    shown = [facts.problem(p) for p in (injury or dry,) if p]
    shown += [facts.measured(m) for m in (creatinine, before) if m and (injury or before)]
    if injury or before:
        settled = _settled(chart, n, creatinine) and renal(chart).below(n.egfr_zoledronate) is False
        variant = "recovering" if settled else "acute"
    elif dry:
        variant = "dry"
    else:
        return
    found = finding_about(
        chart,
        order,
        CRITICAL if variant == "acute" else WARNING,
        shown,
        variant=variant,
        values={"problem": injury or dry, "creatinine": creatinine, "before": before, "earlier": None},
        also=(service("creatinine"),),
        any_number=True,
    )
    yield replace(found, cites=("EXT-20",))


def _recent(chart: Chart, days: int, *keys: str) -> Problem | None:
    """The newest of these problems, if it is active and of the last ``days`` days or undated."""
    problem = chart.active_problem(*keys)
    too_old = problem is not None and problem.at_latest is not None and problem.at_latest < chart.days_ago(days)
    return None if too_old else problem


def _lower_before(chart: Chart, n: Numbers, newest: Measurement | None) -> Measurement | None:
    """A creatinine of the days before the newest one from which it has risen as in acute kidney injury."""
    if newest is None or newest.comparator:
        return None
    since = add_days(newest.when, -n.acute_kidney_days)
    earlier = (m for m in chart.values("creatinine", since=since) if m.when < newest.when and not m.comparator)
    return next(
        (
            before
            for before in earlier
            if round(newest.value - before.value, 3) >= n.acute_kidney_rise
            or newest.value >= round(n.acute_kidney_fold * before.value, 3)
        ),
        None,
    )


def _settled(chart: Chart, n: Numbers, newest: Measurement | None) -> bool:
    """Whether the newest creatinine agrees with one that is a week or more older."""
    if newest is None or newest.comparator:
        return False
    latest = add_days(newest.when, -n.acute_kidney_agree_days)
    return any(
        before.when <= latest
        and round(100 * abs(newest.value - before.value), 3) <= n.acute_kidney_agree_percent * before.value
        for before in chart.values("creatinine", since=add_days(newest.when, -n.acute_kidney_days))
        if not before.comparator
    )


def _renal_notes(kidneys: kidney.Renal, threshold: int) -> tuple[str, ...]:
    notes = []
    if any(e.below(threshold) is False for e in kidneys.estimates):
        notes.append("renal-estimates-disagree")
    if kidneys.earlier_lower is not None:
        notes.append("renal-earlier-lower")
    return tuple(notes)
