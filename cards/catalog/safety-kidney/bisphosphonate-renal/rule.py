"""The rule of `bisphosphonate-renal`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Chart, Measurement, Problem, facts
from cards.chart.calendar import add_days
from cards.definitions import kidney
from cards.definitions.kidney import drug_limit, renal, renal_facts
from cards.definitions.minerals import calcium
from cards.engine.findings import CRITICAL, INFO, WARNING, Finding, Undecided
from cards.engine.options import service
from cards.engine.orders import BISPHOSPHONATE, Order, finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import DENOSUMAB

_PAMIDRONATE = "pamidronate"


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """In severe renal impairment, bisphosphonates are not given; denosumab may be used instead, below {egfr-specialist}
    mL/min only with a specialist.

    When: one of these drugs is ordered or taken and the renal estimate is below its limit: zoledronate below
    {egfr-zoledronate} mL/min, alendronate below {egfr-alendronate}, risedronate below {egfr-risedronate}, ibandronate below
    {egfr-ibandronate}, in any strength and by any route (the label of zoledronate 4 mg lowers its dose from 60 to 30 mL/min
    in myeloma and bone metastasis, 3 mg at 30 to 39; the limit of the drug is kept, which is safer, and the detail says so);
    or pamidronate, etidronate, clodronate or minodronate, of which none of the sources has a limit, below {egfr-zoledronate},
    the highest of the others: their label is to be looked at. Else zoledronate, intravenous ibandronate or pamidronate (at
    any estimate), and (1) acute kidney injury is on record, of the last {acute-kidney-days} days, over or not, or active and
    undated, or a creatinine of that time is by {acute-kidney-rise} mg/dL or more above another one, or is at least
    {acute-kidney-fold} times as high: above one of the {acute-kidney-days} days before it (it has risen), or above any that
    follows it (it has fallen again); or (2) dehydration or fever of the last {dehydration-days} days is active. Of a drug
    that is being taken (1) and (2) only when the next dose is due within {acute-kidney-due-days} days.

    Not when: the record holds no renal estimate (`renal-function-unknown`); the values on record leave the limit undecided,
    or a newer value could not be read (`incomplete-data` on an order).

    Then: critical on an order and at a refill, warning on patient-view. (1) is a warning (info on patient-view) once two
    creatinines {acute-kidney-agree-days} days or more apart, both since the injury, agree within {acute-kidney-agree-percent}
    %, the newest is not above the one before it (a value that still rises is not stable), and the estimate is not below
    {egfr-zoledronate}, and of pamidronate with a calcium above its range, which it treats: its label has the benefit weighed;
    (2) is always a warning. In (1) and (2) creatinine is recommended, and no other drug is offered. Otherwise with an
    estimate of {egfr-specialist} or more, denosumab 60 mg instead, recommended unless order safety warns about it; not in
    place of an oncologic strength, nor with a tumor of bone: ask oncology. Below {egfr-specialist} a referral to a specialist
    first (recommended where the drug is taken; of a draft its deletion is), then denosumab, which is not recommended; the
    detail asks for calcium, 25(OH)D and PTH beforehand. A drug without a limit draws a warning (info on patient-view) that
    says so, and no other drug. The draft can be deleted (recommended if no drug is recommended). The detail lists every
    estimate that counts, says if they fall on different sides of the limit, and names an earlier lower one that was left out.
    """
    kidneys = renal(chart)
    for order in orders_of(chart, BISPHOSPHONATE):
        own = drug_limit(chart.numbers, order.drug)
        threshold = own or n.egfr_zoledronate
        if kidneys.undecided(threshold):
            yield Undecided(kidneys.unreadable, renal_facts(kidneys), order.draft)
        lowest = kidneys.lowest
        if not kidneys.below(threshold) or lowest is None:
            if _is_infused(order) and _due(n, chart, order):
                yield from _acute(chart, n, order) or _not_compared(chart, n, order)
            continue
        if not own:
            injured = _is_infused(order) and _due(n, chart, order) and (_injury(chart, n) or _change(chart, n))
            yield from _acute(chart, n, order) if injured else [_by_its_label(chart, n, order)]
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
                "weeks": chart.numbers.denosumab_calcium_weeks,
                "earlier": kidneys.earlier_lower,
            },
            alternatives=(DENOSUMAB,),
            notes=_renal_notes(kidneys, threshold),
            left_out=kidneys.unreadable,
        )
        yield replace(found, cites=("OPREF-P4", "EXT-03") if specialist else ("OPREF-P4", "ELD2023-07e", "OVCF2021-T3"))


def _by_its_label(chart: Chart, n: Numbers, order: Order) -> Finding:
    """Of a drug without a limit in the sources: silence would read as if the kidneys allowed it."""
    kidneys = renal(chart)
    found = finding_about(
        chart,
        order,
        WARNING,
        map(facts.measured, kidneys.estimates),
        variant="label",
        values={
            "estimate": kidneys.lowest,
            "dialysis": kidneys.dialysis,
            "weak": bool(kidneys.below(n.egfr_specialist)),
            "specialist": n.egfr_specialist,
            "earlier": kidneys.earlier_lower,
        },
        left_out=kidneys.unreadable,
    )
    return replace(found, cites=("OPREF-P4",))


class Change(Struct, frozen=True):
    """A creatinine that was high, one from which it had risen or to which it fell, and the first day on which it was high."""

    high: Measurement
    other: Measurement
    since: date

    @property
    def risen(self) -> bool:
        return self.other.when < self.high.when


def _is_infused(order: Order) -> bool:
    """Whether the whole dose reaches the kidneys at once."""
    return order.drug.covers_months is not None


def _due(n: Numbers, chart: Chart, order: Order) -> bool:
    """Whether a dose is ordered, or the next one of a course is near."""
    covered = order.course.covered_until if order.course else None
    return covered is None or covered <= add_days(chart.today, n.acute_kidney_due_days)


def _not_compared(chart: Chart, n: Numbers, order: Order) -> list[Undecided]:
    """A creatinine of the last days that could not be read: whether it rose or fell nobody can tell."""
    since = chart.days_ago(2 * n.acute_kidney_days)
    lost = tuple(each for each in chart.left_out("creatinine") if each.when is None or each.when >= since)
    return [Undecided(lost, about=order.draft, indicator=INFO)] if lost else []


def _acute(chart: Chart, n: Numbers, order: Order) -> list[Finding]:
    """What forbids or delays an infusion though the estimate allows it; at most one."""
    injury, change, settled = _injury(chart, n), _change(chart, n), None
    dry = chart.active_problem("dehydration", "fever")
    if dry is None or dry.at_latest is None or dry.at_latest < chart.days_ago(n.dehydration_days):
        dry = None
    if injury or change:
        begun = [day for day in (injury and injury.at_latest, change and change.since) if day]
        settled = _settled(chart, n, max(begun)) if begun else None
        variant = "recovering" if settled and renal(chart).below(n.egfr_zoledronate) is False else "acute"
    elif dry:
        variant = "dry"
    else:
        return []
    newest = chart.newest("creatinine", since=chart.days_ago(n.acute_kidney_days))
    compared = (change.high, change.other) if change else (newest,) if injury else ()
    agreeing = settled if variant == "recovering" and settled else ()
    weighed = _high_calcium(chart, order) if variant == "acute" else None
    values = dict.fromkeys((*compared, *agreeing, weighed))
    found = finding_about(
        chart,
        order,
        CRITICAL if variant == "acute" and not weighed else WARNING,
        [*(facts.problem(p) for p in (injury or dry,) if p), *(facts.measured(m) for m in values if m)],
        variant=variant,
        values={"problem": injury or dry, "change": change, "agreeing": agreeing, "earlier": None, "weighed": weighed},
        also=(service("creatinine", recommended=True),),
        any_number=True,
    )
    return [replace(found, cites=("EXT-49" if order.drug.key == _PAMIDRONATE else "EXT-20",))]


def _high_calcium(chart: Chart, order: Order) -> Measurement | None:
    """The calcium for which pamidronate may be meant."""
    reading = calcium(chart) if order.drug.key == _PAMIDRONATE else None
    return reading.value if reading is not None and reading.high else None


def _injury(chart: Chart, n: Numbers) -> Problem | None:
    """The newest entry of acute kidney injury, of the last days or active and undated. One that is called over counts, too:
    an entry is closed when the patient leaves, not when the kidneys are well."""
    entry = chart.problem("acute-kidney-injury")
    if entry is None or entry.at_latest is None:
        return chart.active_problem("acute-kidney-injury")
    return entry if entry.at_latest >= chart.days_ago(n.acute_kidney_days) else None


def _change(chart: Chart, n: Numbers) -> Change | None:
    """The highest creatinine of the last days that one before it or after it shows to be an acute injury. The label forbids
    zoledronate with any evidence of that, so a value that has fallen again tells of it as one that rises."""
    days = n.acute_kidney_days
    found = [m for m in chart.values("creatinine", since=chart.days_ago(2 * days)) if not m.comparator]
    recent = [m for m in found if m.when >= chart.days_ago(days)]

    def lower(high: Measurement) -> Iterator[Measurement]:
        """Those beside a high value, first the ones before it."""
        since = add_days(high.when, -days)
        beside = sorted((m for m in found if m.when >= since and m.when != high.when), key=lambda m: m.when > high.when)
        return (m for m in beside if _far_apart(n, m, high))

    pairs = ((high, other) for high in sorted(recent, key=lambda m: -m.value) for other in lower(high))
    high, other = next(pairs, (None, None))
    if high is None or other is None:
        return None
    first = min(m.when for m in recent if any(each.when < m.when for each in lower(m)) or m == high)
    return Change(high, other, first)


def _far_apart(n: Numbers, lower: Measurement, high: Measurement) -> bool:
    """Whether two creatinines differ as in acute kidney injury."""
    rise = round(high.value - lower.value, 3)
    return rise >= n.acute_kidney_rise or high.value >= round(n.acute_kidney_fold * lower.value, 3)


def _settled(chart: Chart, n: Numbers, since: date) -> tuple[Measurement, Measurement] | None:
    """The newest creatinine and the one, a week or more older, with which it agrees, both since the injury. Not where the
    newest is above the one before it: it may still be rising."""
    found = [m for m in chart.values("creatinine", since=since) if not m.comparator]
    newest = chart.newest("creatinine", since=since)
    if newest is None or newest.comparator:
        return None
    before = [m for m in found if m.when < newest.when]
    if not before or newest.value > max(before, key=lambda m: m.when).value:
        return None
    latest = add_days(newest.when, -n.acute_kidney_agree_days)
    agree = n.acute_kidney_agree_percent
    alike = (m for m in before if m.when <= latest and round(100 * abs(newest.value - m.value), 3) <= agree * m.value)
    first = max(alike, key=lambda m: m.when, default=None)
    return (first, newest) if first else None


def _renal_notes(kidneys: kidney.Renal, threshold: int) -> tuple[str, ...]:
    notes = []
    if any(e.below(threshold) is False for e in kidneys.estimates):
        notes.append("renal-estimates-disagree")
    if kidneys.earlier_lower is not None:
        notes.append("renal-earlier-lower")
    return tuple(notes)
