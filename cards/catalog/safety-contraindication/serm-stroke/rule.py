"""The rule of `serm-stroke`."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cards.chart import Chart, Problem, facts
from cards.chart.facts import Fact
from cards.definitions import person
from cards.engine.findings import CRITICAL, INFO, WARNING, Finding, Indicator
from cards.engine.options import ranking
from cards.engine.orders import finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import SERVICES, Mechanism

_OPERATIONS = ("hip-surgery", "vertebral-augmentation", "neck-surgery", "major-surgery")
_OPERATED = ("hip-replacement", "gastric-bypass", "hysterectomy", "oophorectomy", "organ-transplant")
"""Operations after which a patient lies in bed, as services and as what they leave on record."""


class Against(Struct, frozen=True):
    """What speaks against a SERM, how much, and what to pause it for besides."""

    variant: str
    indicator: Indicator
    evidence: tuple[Fact, ...]
    problems: tuple[Problem, ...] = ()
    still: tuple[Fact, ...] = ()
    booked: bool = False


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Raloxifene and bazedoxifene are not given after a stroke, hardly to anyone at high risk of one, and not while a patient
    is immobile or about to be operated on.

    When: a SERM is ordered or taken, and one of these is on record (the first counts): (1) a stroke, whatever its date; (2) a
    transient ischemic attack, myocardial infarction or other coronary disease, whatever its date; active atrial fibrillation;
    or active hypertension in a current smoker; (3) active immobility or paraplegia, or an operation of a large joint, spine,
    neck, chest or belly that is ordered or was done within {serm-operation-days} days; (4) hot flushes within
    {serm-flush-months} months, or menopause that began within that time in a woman under {serm-flush-years} years.

    Then: critical for (1), warning for (2) and (3), on the chart view one step milder; info for (4). With (2) the text says of
    (3), too. Instead, but for (4), drugs ranked as for starting treatment, the first without a warning recommended (in (2) and
    (3) only in place of a draft). The draft can be deleted (recommended if it is critical and no drug is recommended). The
    detail says if the stroke is undated.
    """
    against = _against(chart, n)
    if against is None:
        return
    for order in orders_of(chart, {Mechanism.SERM}):
        yield finding_about(
            chart,
            order,
            against.indicator,
            against.evidence,
            variant=against.variant,
            values={"problems": against.problems, "still": against.still, "booked": against.booked, "lasting": _lasts(chart)},
            alternatives=() if against.variant == "flushes" else ranking(chart),
            recommend=against.variant == "stroke" or order.draft is not None,
        )


def _against(chart: Chart, n: Numbers) -> Against | None:
    stroke = chart.problem("stroke")
    if stroke is not None:
        return Against("stroke", CRITICAL, (facts.problem(stroke),), (stroke,))
    still, booked = tuple(_still(chart, n)), _booked(chart)
    if risks := tuple(_risks(chart)):
        return Against("risk", WARNING, (*map(facts.problem, risks), *still), risks, still, booked)
    if still:
        return Against("immobile", WARNING, still, (), still, booked)
    flushes = _flushes(chart, n)
    return Against("flushes", INFO, (facts.problem(flushes),), (flushes,)) if flushes is not None else None


def _still(chart: Chart, n: Numbers) -> Iterator[Fact]:
    """What keeps the patient in bed, now or soon: immobility, or an operation."""
    immobile = person.immobile(chart)
    if immobile is not None:
        yield facts.problem(immobile)
    since = chart.days_ago(n.serm_operation_days)
    for key in _OPERATIONS:
        for each in chart.services.get(key, ()):
            if not each.done or (each.at_latest and each.at_latest >= since):
                yield Fact(SERVICES[key], None, "", each.when, each.source, latest=each.latest)
    for entry in (p for key in _OPERATED for p in chart.problems.get(key, ())):
        if entry.source.startswith("Procedure/") and entry.at_latest and entry.at_latest >= since:
            yield facts.problem(entry)


def _lasts(chart: Chart) -> bool:
    """Whether nobody waits for the patient to be up again."""
    return chart.active_problem("paraplegia") is not None


def _booked(chart: Chart) -> bool:
    """Whether an operation is still to come."""
    return chart.ordered(*_OPERATIONS)


def _flushes(chart: Chart, n: Numbers) -> Problem | None:
    """Hot flushes, or a menopause that has just begun: by its onset, for an entry may be made at any age."""
    since = chart.months_ago(n.serm_flush_months)
    flushes = chart.problem("hot-flushes")
    if flushes is not None and flushes.at_latest and flushes.at_latest >= since:
        return flushes
    onsets = [p for p in chart.problems.get("menopause", ()) if p.onset]
    first = min(onsets, key=lambda p: p.onset or chart.today, default=None)
    young = chart.age is not None and chart.age < n.serm_flush_years
    return first if young and first is not None and first.at_latest and first.at_latest >= since else None


def _risks(chart: Chart) -> Iterator[Problem]:
    """What makes a stroke likely."""
    yield from filter(
        None,
        (
            chart.problem("transient-ischemic-attack"),
            chart.active_problem("atrial-fibrillation"),
            chart.problem("coronary-disease", "myocardial-infarction"),
        ),
    )
    pressure, smoking = chart.active_problem("hypertension"), chart.active_problem("smoking")
    if pressure and smoking:
        yield from (pressure, smoking)
