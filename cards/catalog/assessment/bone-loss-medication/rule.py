"""The rule of `bone-loss-medication`."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cards.chart import DOSE_UNREAD, ORDER_HOOKS, Chart, Course, Draft, facts
from cards.definitions import diagnosis, person, treatment
from cards.definitions.bone_loss import HARMFUL, WEAK_BONE_ONLY, enough_glucocorticoid, long_on, prednisone_equivalent
from cards.definitions.density import bmd_since
from cards.engine.findings import INFO, WARNING, Earlier, Finding, Undecided
from cards.engine.options import service
from cards.thresholds import Numbers
from cards.vocabulary import Drug, Mechanism


class _Harm(Struct, frozen=True):
    """A drug that harms bone, drafted or taken. ``daily``: prednisone equivalent in mg; ``unreadable``: it cannot be
    determined."""

    drug: Drug
    draft: Draft | None = None
    course: Course | None = None
    daily: float | None = None
    unreadable: bool = False


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding | Undecided]:
    """A glucocorticoid of {glucocorticoid-mg} mg prednisone equivalent a day or more for {glucocorticoid-days} days, aromatase
    inhibitors and GnRH drugs harm bone: measure bone density and treat osteoporosis. Other drugs count only if bone is already
    weak. Use as little of them as possible.

    When: an adult takes one of these drugs today (when the chart is opened: one card for all of them, about the first, naming
    the others) or is being prescribed one (one card per order). (1) A systemic glucocorticoid of {glucocorticoid-mg} mg
    prednisone equivalent a day or more, or of a dose that cannot be read, taken for {glucocorticoid-days} days or more in
    total; an order counts unless it is written for a shorter time; without an end it is assumed to continue. (2) An aromatase
    inhibitor, or a GnRH analog or antagonist. (3) Only with osteoporosis or low bone mass: a proton pump inhibitor taken for
    more than {ppi-days} days or heparin or enoxaparin for more than {heparin-days} days (an order for one of these counts if it
    has already been taken that long), an enzyme-inducing antiepileptic, a thiazolidinedione, tenofovir disoproxil, adefovir, or
    levothyroxine if the newest TSH within {tsh-window-months} months is below the laboratory's own range. In addition, bone
    density was not measured within {harm-bmd-months} months, or there is osteoporosis not treated with an antiresorptive or
    anabolic (oncologic strengths count as treatment).

    Not when: the glucocorticoid is inhaled, nasal, topical, ocular or intra-articular, of a lower dose or for a shorter time.

    Then: warning where osteoporosis is untreated and the dose can be read, else info. Suggested: DXA where bone density was not
    measured within {harm-bmd-months} months and none is ordered; where osteoporosis is untreated and `start-treatment` fires in
    the same answer, its drugs with its recommendation, and then DXA is not the recommended one. A dose that cannot be read is
    asked for; where it is of a wrong type, `incomplete-data` says so, too. A DXA that is ordered already is named, to see that
    it is done.
    """
    if not person.adult(chart):
        return
    unmeasured = not bmd_since(chart, n.harm_bmd_months)
    untreated = diagnosis.osteoporosis(chart) and not (treatment.on_treatment(chart) or treatment.on_oncologic(chart))
    weak = diagnosis.osteoporosis(chart) or diagnosis.low_bone_mass(chart)
    if not (unmeasured or untreated):
        return
    harms = [harm for harm in _harms(chart, n) if weak or harm.drug.mechanism not in WEAK_BONE_ONLY]
    if chart.hook in ORDER_HOOKS:
        for harm in harms:
            yield _causes_bone_loss(chart, earlier, [harm], unmeasured=unmeasured, untreated=untreated)
    elif harms:
        yield _causes_bone_loss(chart, earlier, sorted(harms, key=_weight), unmeasured=unmeasured, untreated=untreated)
    for harm in harms if untreated else ():
        told = harm.draft or harm.course
        if told is not None and (unread := chart.unread_of(DOSE_UNREAD, told)):
            yield Undecided(unread, about=harm.draft, indicator=INFO)


def _weight(harm: _Harm) -> tuple[bool, bool]:
    """Sort key: drugs that always harm bone before those that only harm weak bone; readable doses before unreadable ones."""
    return harm.drug.mechanism in WEAK_BONE_ONLY, harm.unreadable


def _causes_bone_loss(chart: Chart, earlier: Earlier, harms: list[_Harm], *, unmeasured: bool, untreated: bool) -> Finding:
    """One card about the first of the drugs, which names the others. The osteoporosis drugs are those of `start-treatment`, if
    it fires: if another card handles the osteoporosis, this one must not contradict it."""
    harm = harms[0]
    started = earlier.of("start-treatment") if untreated else ()
    measure_first = unmeasured and not chart.ordered("dxa")
    return Finding(
        indicator=WARNING if untreated and not harm.unreadable else INFO,
        variant="dose-unknown" if harm.unreadable else "untreated" if untreated else "unmeasured",
        values={
            "drug": harm.drug,
            "mechanism": str(harm.drug.mechanism),
            "others": [each.drug for each in harms[1:]],
            "daily": harm.daily,
            "unmeasured": unmeasured,
            "untreated": untreated,
            "ordered": chart.ordered("dxa"),
            "start": harm.course.started if harm.course else None,
            "active": harm.draft is None,
        },
        facts=(facts.drafted(harm.draft),) if harm.draft else tuple(facts.started(h.course) for h in harms if h.course),
        options=(
            *((service("dxa", recommended=not started),) if measure_first else ()),
            *(started[0].options if started else ()),
        ),
        any_number=not started,
        dropped=started[0].dropped if started else (),
        about=harm.draft,
    )


def _harms(chart: Chart, n: Numbers) -> Iterator[_Harm]:
    if chart.hook in ORDER_HOOKS:
        for draft in chart.drafted(HARMFUL):
            if draft.drug is not None and (harm := _drafted_harm(chart, n, draft, draft.drug)):
                yield harm
        return
    for course in chart.courses(HARMFUL):
        if course.drug.mechanism is Mechanism.GLUCOCORTICOID:
            if long_on(chart, course, n.glucocorticoid_days):
                daily = prednisone_equivalent(chart.numbers, course.drug, course.dosing)
                if daily is None or enough_glucocorticoid(chart.numbers, daily):
                    yield _Harm(course.drug, course=course, daily=daily, unreadable=daily is None)
        elif long_on(chart, course, _least_days(n, course.drug)) and _counts(chart, n, course.drug):
            yield _Harm(course.drug, course=course)


def _drafted_harm(chart: Chart, n: Numbers, draft: Draft, drug: Drug) -> _Harm | None:
    """A drafted drug that harms bone; a glucocorticoid only at the relevant dose and duration (without an end it is assumed to
    continue)."""
    if drug.mechanism is Mechanism.GLUCOCORTICOID:
        days = draft.dosing.days if draft.dosing else None
        if days is not None and days < n.glucocorticoid_days:
            return None
        daily = prednisone_equivalent(chart.numbers, drug, draft.dosing)
        if daily is not None and not enough_glucocorticoid(chart.numbers, daily):
            return None
        return _Harm(drug, draft, daily=daily, unreadable=daily is None)
    course = chart.course(drug)
    waits = _least_days(n, drug)
    if waits and (course is None or not long_on(chart, course, waits)):
        return None
    return _Harm(drug, draft) if _counts(chart, n, drug) else None


def _least_days(n: Numbers, drug: Drug) -> int:
    """How long a drug must have been taken before it counts."""
    return {Mechanism.PPI: n.ppi_days + 1, Mechanism.HEPARIN: n.heparin_days + 1}.get(drug.mechanism, 0)


def _counts(chart: Chart, n: Numbers, drug: Drug) -> bool:
    """Levothyroxine harms bone if TSH is below the laboratory's range."""
    if drug.mechanism is not Mechanism.THYROID_HORMONE:
        return True
    tsh = chart.newest("tsh", since=chart.months_ago(n.tsh_window_months))
    return tsh is not None and tsh.low is not None and tsh.below(tsh.low) is True
