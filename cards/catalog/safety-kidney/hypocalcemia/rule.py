"""The rule of `hypocalcemia`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import Chart, Measurement, Problem, SetAside, facts
from cards.chart.facts import Fact
from cards.definitions import kidney, minerals
from cards.definitions.kidney import renal, renal_facts
from cards.definitions.minerals import calcium
from cards.definitions.repletion import FAST, injection_day, is_next_denosumab, loaded, next_denosumab_day, repletion
from cards.engine.findings import CRITICAL, WARNING, Finding, Indicator, Option, Undecided
from cards.engine.options import service
from cards.engine.orders import Order, finding_about, orders_of
from cards.thresholds import Numbers
from cards.vocabulary import SERVICES, ZOLEDRONATE, Data, Mechanism

_CALCIUM_LOWERING = frozenset(
    {Mechanism.BISPHOSPHONATE, Mechanism.RANKL_INHIBITOR, Mechanism.SCLEROSTIN_INHIBITOR, Mechanism.CALCITONIN}
)


_CORRECTABLE = frozenset({"vitamin-d", "no-calcium", "low-old", "listed"})
"""What can be put right, so that it moves no recommendation to another drug."""
_KIDNEY_REASONS = frozenset({"dialysis", "kidney-failure", "advanced-kidney-disease", "romosozumab-kidney"})


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """Low calcium is corrected before denosumab, a bisphosphonate, romosozumab or calcitonin. Denosumab in advanced kidney
    disease, denosumab or zoledronate in vitamin D deficiency, and an injection without a calcium on record require caution.

    When: denosumab, a bisphosphonate, romosozumab or calcitonin is ordered or taken, and at least one of: (1) calcium is
    low; (2) denosumab, and the renal estimate is below {egfr-specialist} mL/min (on an order of a first dose: or was when
    last known, and is not known since), or dialysis; (3) denosumab, zoledronate, ibandronate by vein or romosozumab, and
    the newest 25(OH)D within {vitamin-d-window-months} months is below {vitamin-d-deficient} ng/mL; (4) on orders and
    refills only, denosumab, zoledronate or romosozumab, and no usable calcium within {calcium-window-months} months, or one
    that is not low but more than {calcium-recent-months} months old with a renal estimate below {calcium-ckd-egfr}; (5)
    denosumab, zoledronate or romosozumab, and hypoparathyroidism or malabsorption active, a short bowel at any time, or an
    operation of the thyroid or parathyroids within {neck-surgery-months} months; (6) romosozumab, and the renal estimate is
    below {egfr-specialist} mL/min or dialysis; (7) hypocalcemia is on record as active, calcium is not known to be low,
    and the newest is not within range or is older than the entry.

    Not when: a value on record could not be read or, with "<" or ">", is inconclusive: that part is not judged, and on an order
    `incomplete-data` says so.

    Then: critical where calcium was low within {calcium-recent-months} months, and for denosumab on dialysis or with an
    estimate below {egfr-dialysis}; otherwise warning; on patient-view one level lower, at a refill as on an order; of a
    calcium that was low longer ago it is repeated there, and a tablet goes on. One card per order: the summary gives the
    worst reason, the detail all of them. Orders for calcium (recommended if an order would draw no more than a warning,
    calcium is missing, or the drug is taken; not after a low one of {low-calcium-again-days} days), 25(OH)D (not where it
    was {vitamin-d-target} ng/mL or more within {calcium-recent-months} months) and PTH, in (5), and with a calcium that was
    low within {calcium-recent-months} months on a drug that is taken, magnesium (recommended, as is PTH); the draft can be
    deleted, which is recommended if the card is critical and calcium is not recommended. The detail says to correct calcium
    first, to recheck about two weeks after the dose in kidney disease (denosumab below {egfr-specialist}: weekly for
    {denosumab-calcium-weeks} weeks, then monthly), not to let denosumab lapse, and whether the calcium is uncorrected.
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
            since=chart.months_ago(n.calcium_window_months),
        ),
        kidney.unreadable(chart, "vitamin-d", since=chart.months_ago(n.vitamin_d_window_months)),
        _prone(chart, n),
        _listed(chart),
    )
    for order in orders_of(chart, _CALCIUM_LOWERING):
        open_questions = _open_questions(chart, n, order, known)
        if open_questions is not None:
            yield open_questions
        reasons = sorted(_reasons(chart, n, order, known), key=lambda reason: reason[1].rank)
        if reasons:
            yield _low_calcium(chart, n, order, known, reasons)


class _Minerals(Struct, frozen=True):
    """What is on record about calcium, 25(OH)D and kidney function, and which of it could not be read."""

    calcium: minerals.Calcium | None
    vitamin_d: Measurement | None
    kidneys: kidney.Renal
    calcium_unread: tuple[SetAside, ...]
    vitamin_d_unread: tuple[SetAside, ...]
    prone: Fact | None
    listed: Problem | None


def _listed(chart: Chart) -> Problem | None:
    """Hypocalcemia that is on record as active, and of which no calcium within range, as new as the entry, says that it is
    over."""
    entry, newest = chart.active_problem("hypocalcemia"), calcium(chart)
    if entry is None or newest is None or newest.low is not False:
        return entry
    return None if entry.when is None or newest.value.when >= entry.when else entry


def _prone(chart: Chart, n: Numbers) -> Fact | None:
    """What makes a fall of calcium likely."""
    problem = (
        chart.active_problem("hypoparathyroidism") or chart.problem("short-bowel") or chart.active_problem("malabsorption")
    )
    if problem is not None:
        return facts.problem(problem)
    done = chart.done("neck-surgery", since=chart.months_ago(n.neck_surgery_months))
    return Fact(SERVICES["neck-surgery"], None, "", done.when, done.source, latest=done.latest) if done else None


def _absorbs_badly(chart: Chart, known: _Minerals) -> bool:
    """Whether malabsorption is what makes it likely: calcium is checked, and the drug stays the one that is recommended."""
    problem = chart.active_problem("malabsorption")
    return problem is not None and known.prone == facts.problem(problem)


def _is_denosumab(order: Order) -> bool:
    return order.drug.mechanism is Mechanism.RANKL_INHIBITOR


def _is_romosozumab(order: Order) -> bool:
    return order.drug.mechanism is Mechanism.SCLEROSTIN_INHIBITOR


def _wants_calcium(order: Order) -> bool:
    return _is_denosumab(order) or order.drug.ingredient == ZOLEDRONATE.ingredient or _is_romosozumab(order)


def _wants_vitamin_d(order: Order) -> bool:
    return _wants_calcium(order) or order.drug in FAST


def _reasons(chart: Chart, n: Numbers, order: Order, known: _Minerals) -> Iterator[tuple[str, Indicator]]:
    """The reasons for caution, each with its urgency."""
    newest, kidneys = known.calcium, known.kidneys
    wants_calcium = _wants_calcium(order)
    if newest is not None and newest.low:
        recent = newest.value.when >= chart.months_ago(n.calcium_recent_months)
        yield ("low", CRITICAL) if recent else ("low-old", WARNING)
    elif known.listed is not None:
        yield "listed", WARNING
    if _is_denosumab(order) and kidneys.below(n.egfr_dialysis):
        yield "dialysis" if kidneys.dialysis else "kidney-failure", CRITICAL
    elif _is_denosumab(order) and (kidneys.below(n.egfr_specialist) or _was_weak(chart, n, order, kidneys)):
        yield "advanced-kidney-disease", WARNING
    if _is_romosozumab(order) and kidneys.below(n.egfr_specialist):
        yield "romosozumab-kidney", WARNING
    if _wants_vitamin_d(order) and known.vitamin_d is not None and known.vitamin_d.below(n.vitamin_d_deficient):
        yield "vitamin-d", WARNING
    if order.written and wants_calcium:
        missing = newest is None and not known.calcium_unread and Data.CALCIUM not in chart.failed
        if missing or (newest is not None and newest.low is False and _too_old(chart, n, newest, kidneys)):
            yield "no-calcium", WARNING
    if wants_calcium and known.prone is not None:
        yield "prone", WARNING


def _was_weak(chart: Chart, n: Numbers, order: Order, kidneys: kidney.Renal) -> bool:
    """Before a first dose; a next one, which a gap would follow, is not held up by what nobody has measured again."""
    return order.draft is not None and not is_next_denosumab(chart, order.drug) and kidneys.was_below(n.egfr_specialist)


def _newer(unread: Iterable[SetAside], known: Measurement | None) -> Iterator[SetAside]:
    """What could not be read and is newer than what is known."""
    return (each for each in unread if known is None or (each.when is not None and each.when > known.when))


def _open_questions(chart: Chart, n: Numbers, order: Order, known: _Minerals) -> Undecided | None:
    """Values on record that leave the rule undecided and, for a draft, data that a failed query did not return."""
    drafted = order.written
    left_out: list[SetAside] = []
    evidence: list[Fact] = []
    asked: set[Data] = set()
    newest, vitamin_d, kidneys = known.calcium, known.vitamin_d, known.kidneys
    if newest is not None and newest.low is None:
        evidence.append(facts.measured(newest.value))
    if drafted:
        left_out += _newer(known.calcium_unread, newest.value if newest else None)
    weak = _is_denosumab(order) or _is_romosozumab(order)
    if weak and kidneys.undecided(n.egfr_specialist):
        evidence += renal_facts(kidneys)
        left_out += kidneys.unreadable
    if weak and kidneys.below(n.egfr_specialist) is None:
        asked.add(Data.RENAL)
    if _wants_vitamin_d(order):
        if vitamin_d is not None and vitamin_d.below(n.vitamin_d_deficient) is None:
            evidence.append(facts.measured(vitamin_d))
        if drafted:
            left_out += _newer(known.vitamin_d_unread, vitamin_d)
        if drafted and vitamin_d is None:
            asked.add(Data.VITAMIN_D)
    missing = tuple(sorted(asked & chart.failed)) if drafted else ()
    if evidence or left_out or missing:
        return Undecided(tuple(left_out), tuple(evidence), order.draft, missing)
    return None


def _low_calcium(chart: Chart, n: Numbers, order: Order, known: _Minerals, reasons: list[tuple[str, Indicator]]) -> Finding:
    newest = known.calcium
    keys = [key for key, _ in reasons]
    variant, indicator = reasons[0]
    evidence = [newest.value if newest else None]
    evidence.append(known.vitamin_d if "vitamin-d" in keys else None)
    estimate = known.kidneys.lowest or known.kidneys.former
    evidence.append(estimate if _KIDNEY_REASONS.intersection(keys) else None)
    found = finding_about(
        chart,
        order,
        indicator,
        [
            *([facts.problem(known.listed)] if known.listed and "listed" in keys else []),
            *map(facts.measured, filter(None, evidence)),
            *([known.prone] if known.prone and "prone" in keys else []),
        ],
        variant=variant,
        values={
            "reasons": keys,
            "meanwhile": order.course is not None and "low-old" in keys and not order.drug.covers_months,
            "prone": known.prone,
            "listed": known.listed,
            "calcium": newest.value if newest else None,
            "estimate": estimate,
            "vitamin_d": known.vitamin_d,
            "denosumab": _is_denosumab(order),
            "due": order.course.covered_until if order.course and _is_denosumab(order) else None,
            "weeks": n.denosumab_calcium_weeks,
            "weak": bool(known.kidneys.below(n.calcium_ckd_egfr)),
            "failure": n.egfr_dialysis,
            "advanced": n.egfr_specialist,
            "deficient": n.vitamin_d_deficient,
            **_after_vitamin_d(chart, order),
            "target": n.vitamin_d_target,
            "window": n.calcium_window_months,
            "recent": n.calcium_recent_months,
        },
        also=tuple(_tests(chart, n, order, known, reasons)),
        notes=("calcium-uncorrected",) if newest and newest.uncorrected else (),
        left_out=known.calcium_unread,
        any_number=True,
        correctable=(_CORRECTABLE | ({"prone"} if _absorbs_badly(chart, known) else set())).issuperset(keys),
    )
    if order.drug.mechanism is Mechanism.CALCITONIN:
        return replace(found, cites=("EXT-46",))
    label = ("EXT-44",) if "romosozumab-kidney" in keys else ("EXT-03",) if _KIDNEY_REASONS.intersection(keys) else ()
    more = (*label, *(("EXT-39",) if "prone" in keys else ()))
    return replace(found, cites=("OPREF-T3", "OPREF-P4", *more))


def _tests(chart: Chart, n: Numbers, order: Order, known: _Minerals, reasons: list[tuple[str, Indicator]]) -> Iterator[Option]:
    """What is to be measured. Of a drug that is taken with a low calcium nothing but the tests is on offer, and the cause is
    looked for; of a draft its deletion is, and then they are only at hand."""
    keys = [key for key, _ in reasons]
    found_low = order.draft is None and "low" in keys
    if not (found_low and known.calcium and known.calcium.value.when >= chart.days_ago(n.low_calcium_again_days)):
        yield service("calcium", recommended=found_low or reasons[0][1] is WARNING or "no-calcium" in keys)
    if not _level_is_known(chart, n, known):
        yield service("vitamin-d")
    sought = found_low or "prone" in keys
    yield service("pth", recommended=sought)
    if sought:
        yield service("magnesium", recommended=True)


def _level_is_known(chart: Chart, n: Numbers, known: _Minerals) -> bool:
    """Whether a recent 25(OH)D is enough: then it explains no low calcium, and to measure it again changes nothing."""
    level = known.vitamin_d
    enough = level is not None and level.below(n.vitamin_d_target) is False
    return enough and level is not None and level.when >= chart.months_ago(n.calcium_recent_months)


def _after_vitamin_d(chart: Chart, order: Order) -> dict[str, Any]:
    """How severe a vitamin D deficiency is, and from which day on it no longer stands against the drug (``now``: it does not
    any more); ``covered``: by a loading, which is taken (``taken``) or begins today; ``next``: the drug is the next dose of
    denosumab, which it does not put off for long; ``due_on``: another drug is not due before, whatever vitamin D allows."""
    told = repletion(chart)
    following = is_next_denosumab(chart, order.drug)
    if told is None or not told.deficient:
        blank = {"day": None, "now": False, "due_on": None}
        return {"severe": False, "next": following, **blank, "covered": False, "taken": False}
    day = next_denosumab_day(chart, told) if following else injection_day(chart, told)
    due = _due(chart, order)
    later = due is not None and (day is None or day <= due)
    now = not later and day is not None and day <= chart.today
    return {
        "severe": told.severe,
        "next": following,
        "day": None if now or later else day,
        "now": now,
        "due_on": due if later and not following else None,
        "covered": loaded(chart, told),
        "taken": bool(told.running or told.ended or told.failed),
    }


def _due(chart: Chart, order: Order) -> date | None:
    """The day ahead on which the drug is to be given: of an order its start (`dose-check` speaks of one that comes too early),
    of what is taken the end of what the last dose covers."""
    day = order.draft.start if order.draft else order.course.covered_until if order.course else None
    return day if day is not None and day > chart.today else None


def _too_old(chart: Chart, n: Numbers, newest: minerals.Calcium, kidneys: kidney.Renal) -> bool:
    """With impaired kidney function, a calcium must not be older than {calcium-recent-months} months."""
    weak = bool(kidneys.below(n.calcium_ckd_egfr))
    return weak and newest.value.when < chart.months_ago(n.calcium_recent_months)
