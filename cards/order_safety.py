"""Section F, order safety: kidneys and calcium. What else forbids a drug stands in ``contraindications.py``, what does not
go together in ``combinations.py``, and what could not be checked in ``completeness.py``."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cards import facts, kidney, minerals, options
from cards.chart import Chart, Measurement, SetAside
from cards.concepts import COURSES, DENOSUMAB, ZOLEDRONATE, Data, Drug, Mechanism
from cards.kidney import renal
from cards.minerals import calcium
from cards.options import service
from cards.orders import BISPHOSPHONATE, ORDERS, ORDERS_AND_VIEW, Order, finding_about, orders_of
from cards.rule import CRITICAL, WARNING, Fact, Finding, Indicator, Undecided, card
from cards.thresholds import limit


def _renal_limit(drug: Drug) -> int:
    return (
        limit(f"egfr-{drug.ingredient}")
        if drug.ingredient in ("alendronate", "zoledronate", "risedronate", "ibandronate")
        else 0
    )


@card(
    "bisphosphonate-renal",
    section="F",
    hooks=ORDERS_AND_VIEW,
    cites=("OPREF-P4", "ELD2023-07e", "OVCF2021-T3", "EXT-03"),
    reads=(*kidney.READS, *COURSES, *options.READS),
    needs=(Data.RENAL,),
    drugs=BISPHOSPHONATE,
)
def bisphosphonate_renal(chart: Chart) -> Iterator[Finding | Undecided]:
    """In severe renal insufficiency bisphosphonates are not given; denosumab may be used instead, below {egfr-specialist}
    mL/min only with a specialist.

    When: a drug is ordered or taken and the renal estimate is below its limit: zoledronate below {egfr-zoledronate} mL/min,
    alendronate below {egfr-alendronate}, risedronate below {egfr-risedronate}, ibandronate below {egfr-ibandronate}, in any
    strength and by any route. Other bisphosphonates have no limit here.

    Not when: the record holds no renal estimate (`renal-function-unknown`); what it holds does not settle the limit, or a newer
    value could not be read (`incomplete-data` on an order).

    Then: critical on an order, warning on the chart view. With an estimate of {egfr-specialist} or more, denosumab 60 mg in its
    place, recommended unless order safety warns of it. Below {egfr-specialist} a referral to a specialist first, then
    denosumab, which is not recommended; the detail asks for calcium, 25(OH)D and PTH before. The draft can be deleted
    (recommended where no drug is). The detail names every estimate that counts, says where they disagree across the limit, and
    names an earlier lower one that was left out.
    """
    kidneys = renal(chart)
    for order in orders_of(chart, BISPHOSPHONATE):
        threshold = _renal_limit(order.drug)
        if not threshold:
            continue
        if kidneys.undecided(threshold):
            yield Undecided(kidneys.unreadable, _renal_facts(kidneys), order.draft)
        lowest = kidneys.lowest
        if not kidneys.below(threshold) or lowest is None:
            continue
        yield finding_about(
            chart,
            order,
            CRITICAL,
            map(facts.measured, kidneys.estimates),
            variant="specialist" if kidneys.below(limit("egfr-specialist")) else "denosumab",
            values={"estimate": lowest, "limit": threshold, "dialysis": kidneys.dialysis, "earlier": kidneys.earlier_lower},
            alternatives=(DENOSUMAB,),
            notes=_renal_notes(kidneys, threshold),
            left_out=kidneys.unreadable,
        )


def _renal_facts(kidneys: kidney.Renal) -> tuple[Fact, ...]:
    """All that is on record of the kidneys, the creatinine too from which nothing could be computed."""
    return tuple(map(facts.measured, filter(None, (*kidneys.estimates, kidneys.uncomputed))))


def _renal_notes(kidneys: kidney.Renal, threshold: int) -> tuple[str, ...]:
    notes = []
    if any(e.below(threshold) is False for e in kidneys.estimates):
        notes.append("renal-estimates-disagree")
    if kidneys.earlier_lower is not None:
        notes.append("renal-earlier-lower")
    return tuple(notes)


@card(
    "renal-function-unknown",
    section="F",
    hooks=ORDERS,
    cites=("OPREF-P4",),
    reads=(*kidney.READS, *COURSES),
    needs=(Data.RENAL,),
    drugs=BISPHOSPHONATE,
)
def renal_function_unknown(chart: Chart) -> Iterator[Finding]:
    """A bisphosphonate is not ordered without knowing the kidneys.

    When: a bisphosphonate is ordered and the newest creatinine, eGFR or creatinine clearance on record is more than
    {renal-known-months} months old, for zoledronate more than {renal-known-zoledronate-months}, or there is none.

    Not when: the renal estimate (by older values, or by a coded stage) already forbids the drug (`bisphosphonate-renal`); a
    value is on record that could not be read or does not settle the limit of the drug (`incomplete-data`); dialysis.

    Then: warning. An order of creatinine with eGFR (recommended); the draft can be deleted. The detail names the newest value,
    or says that none is on record.
    """
    kidneys = renal(chart)
    on_record = [m for key in ("egfr", "creatinine", "crcl") if (m := chart.newest(key))]
    latest = max(on_record, key=lambda m: m.when, default=None)
    for order in orders_of(chart, BISPHOSPHONATE):
        threshold = _renal_limit(order.drug)
        answered = threshold and (kidneys.below(threshold) or kidneys.undecided(threshold))
        zoledronate = order.drug.ingredient == ZOLEDRONATE.ingredient
        months = limit("renal-known-zoledronate-months" if zoledronate else "renal-known-months")
        known = latest is not None and latest.when >= chart.months_ago(months)
        if known or answered or kidneys.dialysis:
            continue
        yield finding_about(
            chart,
            order,
            WARNING,
            [facts.measured(latest)] if latest else [],
            values={"months": months, "latest": latest},
            also=(service("creatinine", recommended=True),),
            any_number=True,
        )


_CALCIUM_LOWERING = frozenset({Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR, Mechanism.SCLEROSTIN_INHIBITOR})
_KIDNEY_REASONS = frozenset({"dialysis", "kidney-failure", "advanced-kidney-disease"})


@card(
    "hypocalcemia",
    section="F",
    hooks=ORDERS_AND_VIEW,
    cites=("OPREF-T3", "OPREF-P4", "EXT-03"),
    reads=(*minerals.READS, *kidney.READS, Data.VITAMIN_D, *COURSES),
    needs=(Data.CALCIUM,),
    drugs=_CALCIUM_LOWERING,
)
def hypocalcemia(chart: Chart) -> Iterator[Finding | Undecided]:
    """Low calcium is corrected before denosumab, a bisphosphonate or romosozumab. Denosumab in advanced kidney disease,
    denosumab or zoledronate in vitamin D deficiency, and an injection without a calcium on record call for care.

    When: one of these drugs is ordered or taken, and at least one of: (1) calcium is low; (2) denosumab, and the renal estimate
    is below {egfr-specialist} mL/min, or dialysis; (3) denosumab or zoledronate, and the newest 25(OH)D within
    {vitamin-d-window-months} months is below {vitamin-d-deficient} ng/mL; (4) on orders only, denosumab, zoledronate or
    romosozumab, and no usable calcium within {calcium-window-months} months, or one that is not low but more than
    {calcium-recent-months} months old with a renal estimate below {calcium-ckd-egfr}.

    Not when: a value on record could not be read or, with "<" or ">", does not tell: that part is not judged, and on an order
    `incomplete-data` says so.

    Then: critical where calcium was low within {calcium-recent-months} months, and for denosumab on dialysis or with an
    estimate below {egfr-dialysis}; else warning; on the chart view one step milder. One card for an order: the worst reason
    stands in its summary, all stand in the detail. Orders of calcium (recommended where the card is a warning, and where
    calcium is missing), 25(OH)D and PTH; the draft can be deleted, which is recommended where it is critical and calcium is not
    recommended. The detail says to correct first, to check again about two weeks after the dose in kidney disease, not to let
    denosumab lapse, and where the calcium is uncorrected.
    """
    known = _Minerals(
        calcium(chart),
        minerals.vitamin_d(chart),
        renal(chart),
        kidney.unreadable(
            chart,
            "calcium",
            "calcium-corrected",
            "calcium-ionized",
            since=chart.months_ago(limit("calcium-window-months")),
        ),
        kidney.unreadable(chart, "vitamin-d", since=chart.months_ago(limit("vitamin-d-window-months"))),
    )
    for order in orders_of(chart, _CALCIUM_LOWERING):
        open_questions = _open_questions(chart, order, known)
        if open_questions is not None:
            yield open_questions
        reasons = sorted(_reasons(chart, order, known), key=lambda reason: reason[1].rank)
        if reasons:
            yield _low_calcium(chart, order, known, reasons)


class _Minerals(Struct, frozen=True):
    """What the record holds of calcium, 25(OH)D and the kidneys, and what of it nobody could read."""

    calcium: minerals.Calcium | None
    vitamin_d: Measurement | None
    kidneys: kidney.Renal
    calcium_unread: tuple[SetAside, ...]
    vitamin_d_unread: tuple[SetAside, ...]


def _is_denosumab(order: Order) -> bool:
    return order.drug.mechanism is Mechanism.RANKL_INHIBITOR


def _wants_vitamin_d(order: Order) -> bool:
    return _is_denosumab(order) or order.drug.ingredient == ZOLEDRONATE.ingredient


def _reasons(chart: Chart, order: Order, known: _Minerals) -> Iterator[tuple[str, Indicator]]:
    """Why care is called for, each with how urgent it is."""
    newest, kidneys = known.calcium, known.kidneys
    wants_calcium = _wants_vitamin_d(order) or order.drug.mechanism is Mechanism.SCLEROSTIN_INHIBITOR
    if newest is not None and newest.low:
        recent = newest.value.when >= chart.months_ago(limit("calcium-recent-months"))
        yield ("low", CRITICAL) if recent else ("low-old", WARNING)
    if _is_denosumab(order) and kidneys.below(limit("egfr-dialysis")):
        yield "dialysis" if kidneys.dialysis else "kidney-failure", CRITICAL
    elif _is_denosumab(order) and kidneys.below(limit("egfr-specialist")):
        yield "advanced-kidney-disease", WARNING
    if _wants_vitamin_d(order) and known.vitamin_d is not None and known.vitamin_d.below(limit("vitamin-d-deficient")):
        yield "vitamin-d", WARNING
    if order.draft is not None and wants_calcium:
        missing = newest is None and not known.calcium_unread
        if missing or (newest is not None and newest.low is False and _too_old(chart, newest, kidneys)):
            yield "no-calcium", WARNING


def _open_questions(chart: Chart, order: Order, known: _Minerals) -> Undecided | None:
    """Values on record that do not let the rule decide, and for a draft what a failed query keeps from it."""
    drafted = order.draft is not None
    left_out: list[SetAside] = []
    evidence: list[Fact] = []
    asked: set[Data] = set()
    newest, vitamin_d, kidneys = known.calcium, known.vitamin_d, known.kidneys
    if newest is not None and newest.low is None:
        evidence.append(facts.measured(newest.value))
    if drafted:
        left_out += [s for s in known.calcium_unread if newest is None or (s.when and s.when > newest.value.when)]
    if _is_denosumab(order) and kidneys.undecided(limit("egfr-specialist")):
        evidence += _renal_facts(kidneys)
        left_out += kidneys.unreadable
    if _is_denosumab(order) and kidneys.below(limit("egfr-specialist")) is None:
        asked.add(Data.RENAL)
    if _wants_vitamin_d(order):
        if vitamin_d is not None and vitamin_d.below(limit("vitamin-d-deficient")) is None:
            evidence.append(facts.measured(vitamin_d))
        if drafted and vitamin_d is None:
            left_out += known.vitamin_d_unread
            asked.add(Data.VITAMIN_D)
    missing = tuple(sorted(asked & chart.failed)) if drafted else ()
    if evidence or left_out or missing:
        return Undecided(tuple(left_out), tuple(evidence), order.draft, missing)
    return None


def _low_calcium(chart: Chart, order: Order, known: _Minerals, reasons: list[tuple[str, Indicator]]) -> Finding:
    newest = known.calcium
    keys = [key for key, _ in reasons]
    variant, indicator = reasons[0]
    evidence = [newest.value if newest else None]
    evidence.append(known.vitamin_d if "vitamin-d" in keys else None)
    evidence.append(known.kidneys.lowest if _KIDNEY_REASONS.intersection(keys) else None)
    return finding_about(
        chart,
        order,
        indicator,
        map(facts.measured, filter(None, evidence)),
        variant=variant,
        values={
            "reasons": keys,
            "calcium": newest.value if newest else None,
            "estimate": known.kidneys.lowest,
            "vitamin_d": known.vitamin_d,
            "denosumab": _is_denosumab(order),
        },
        also=(
            service("calcium", recommended=indicator is WARNING or "no-calcium" in keys),
            service("vitamin-d"),
            service("pth"),
        ),
        notes=("calcium-uncorrected",) if newest and newest.uncorrected else (),
        left_out=known.calcium_unread,
        any_number=True,
    )


def _too_old(chart: Chart, newest: minerals.Calcium, kidneys: kidney.Renal) -> bool:
    """With weak kidneys a calcium must not be older than {calcium-recent-months} months."""
    weak = bool(kidneys.below(limit("calcium-ckd-egfr")))
    return weak and newest.value.when < chart.months_ago(limit("calcium-recent-months"))
