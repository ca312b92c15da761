"""The rule of `goals-of-care`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import ORDER_HOOKS, Chart, Draft, Measurement, facts
from cards.definitions import goals, person, workup
from cards.definitions.bone_loss import GLUCOCORTICOID, HORMONE_BLOCKERS
from cards.definitions.fractures import vertebrae
from cards.definitions.minerals import vitamin_d
from cards.engine.findings import INFO, Earlier, Finding, Undecided
from cards.thresholds import Numbers
from cards.vocabulary import ANTI_OSTEOPOROSIS, DENOSUMAB

_DECIDED = ANTI_OSTEOPOROSIS | HORMONE_BLOCKERS | GLUCOCORTICOID
"""Drugs beside which, or in whose place, a drug for bone may be recommended."""


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding | Undecided]:
    """In hospice or palliative care, comfort comes first: a drug for bone works too late to help, tablets may be stopped, and
    only the rebound after denosumab still matters.

    When: an adult with hospice care on record within {goals-months} months (coded as a problem, a procedure, or the type of an
    encounter or care plan), or for longer (or nobody knows since when) in an encounter in progress or an active care plan; an
    active care plan of palliative care; or two encounters for palliative care within that time, {goals-repeat-days} days or
    more apart. Words alone never count, nor does one encounter, nor an older entry of the problem list, which nobody may have
    ended.

    Not when: nothing else would be said of this patient.

    Then: info, before all other information, without a suggestion. Diagnosis, treatment, tests and routine are silent, and so
    are warnings of the work-up: signs of myeloma and an anabolic that ended without a follow-on keep a line here. Order safety,
    emergencies, pain, falls and daily life stay; what is said of the next denosumab is one step milder, and no drug for bone is
    recommended by any card. All this holds on the hooks, too, on which this card is not shown; what speaks against an order
    that is being written is said all the same. A 25(OH)D below {vitamin-d-severe} ng/mL is still spoken of, as relief. An
    override of this card ends all of it. Where encounters or care plans could not be had or read, or hospice care or one of two
    encounters for palliative care has no date, no drug is recommended and
    `incomplete-data` says so.
    """
    told = goals.comfort_care(chart)
    if not told:
        yield from _undecided(chart)
        return
    if not person.adult(chart) or not earlier.found:
        return
    signs = [row for row in workup.rows(chart, about_to_be_treated=False) if row.key == "myeloma" and row.warns]
    ended = next((finding for finding in earlier.of("anabolic-sequence") if finding.variant == "ended"), None)
    yield Finding(
        indicator=INFO,
        variant=told[0].key,
        values={
            "told": told[0],
            "months": n.time_to_benefit_months,
            "myeloma": [fact for row in signs[:1] for fact in row.told.get("signs", ())],
            "suspected": bool(signs),
            "broken": vertebrae(chart.fractures),
            "anabolic": ended.values["drug"] if ended else None,
            "ended": ended.values["dated"] if ended else None,
            "denosumab": _on_denosumab(chart, earlier),
            "severe": _severe(chart, n, earlier),
        },
        facts=tuple(facts.problem(each) for each in told),
    )


def _severe(chart: Chart, n: Numbers, earlier: Earlier) -> Measurement | None:
    """A 25(OH)D below {vitamin-d-severe} ng/mL of which its card speaks: correcting it may give relief."""
    level = vitamin_d(chart)
    return level if level is not None and level.below(n.vitamin_d_severe) and "vitamin-d-low" in earlier else None


def _undecided(chart: Chart) -> Iterator[Undecided]:
    """Nobody knows whether comfort is the goal: said of the patient, or of each order of a drug that this would decide."""
    if lost := goals.unknown(chart):
        drafts: list[Draft | None] = [*chart.drafted(_DECIDED)] if chart.hook in ORDER_HOOKS else [None]
        yield from (Undecided(lost.unread, about=draft, missing=lost.missing, indicator=INFO) for draft in drafts)


def _on_denosumab(chart: Chart, earlier: Earlier) -> bool:
    """Whether a rebound is to be feared: the drug works, or its cards speak."""
    course = chart.course(DENOSUMAB)
    works = course is not None and course.on_treatment(chart.today)
    return works or any(code in earlier for code in ("denosumab-due", "denosumab-sequence"))
