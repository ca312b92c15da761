"""The rule of `bone-loss-medication`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from cards.chart import DOSE_UNREAD, ORDER_HOOKS, Chart, Course, Draft, facts
from cards.chart.calendar import add_months
from cards.chart.facts import Fact
from cards.definitions import denosumab, diagnosis, glucocorticoid, glucocorticoid_bands, person, treatment
from cards.definitions.bone_loss import GLUCOCORTICOID, WEAK_BONE_ONLY, long_on
from cards.definitions.density import bmd_since, last_measured, lowest_z, unknown_bmd, yearly_loss
from cards.definitions.glucocorticoid import Exposure
from cards.definitions.glucocorticoid_bands import Band, assessed_lately, before_menopause, is_young
from cards.definitions.hormone_blockers import HORMONE_BLOCKERS, Blocker, blockers
from cards.definitions.indication import bone_tumor
from cards.definitions.kidney import renal
from cards.definitions.workup.emergency import EMERGENCY
from cards.engine.findings import INFO, WARNING, Earlier, Finding, Indicator, Option, Undecided
from cards.engine.options import SPECIALIST, Offer, offer, ranking, service
from cards.thresholds import Numbers
from cards.vocabulary import ALENDRONATE, DRUGS, PROBLEMS, Data, Drug, Mechanism, Name

_CITES = {
    "glucocorticoid": ("OPREF-M3", "POP2022-D8", "EXT-25"),
    "aromatase-inhibitor": ("POP2022-D8", "EXT-26"),
    "androgen-deprivation": ("POP2022-D8", "EXT-27"),
}
_OTHER_CITES = ("OPREF-M3", "POP2022-D8", "POP2022-L3")
"""The recommendations behind each group of drugs, and the rest."""
_LONGEST_DEPOT_MONTHS = 12
"""How long a depot works at most, whatever its strength (by the labels)."""
_REPLACING = frozenset({"hydrocortisone", "cortisone"})
"""Glucocorticoids that are given in place of missing cortisol, too."""


class _Harm(Struct, frozen=True, kw_only=True):
    """A drug that harms bone, and what is said of it. ``drugs``: those against bone loss that come first; ``advised``: one of
    them is recommended; ``tests``: what is ordered besides; ``specialist``: who decides
    first."""

    drug: Drug | None
    draft: Draft | None = None
    course: Course | None = None
    indicator: Indicator
    variant: str
    group: str = ""
    values: dict[str, Any] = {}
    facts: tuple[Fact, ...] = ()
    drugs: Sequence[Drug] = ()
    advised: bool = False
    tests: tuple[Option, ...] = ()
    specialist: bool = False


def rule(chart: Chart, n: Numbers, earlier: Earlier) -> Iterator[Finding | Undecided]:
    """A glucocorticoid, an aromatase inhibitor or androgen deprivation harms bone before there is osteoporosis: assess it, and
    protect it where the risk is high enough. Other drugs count only if bone is already weak. Use as little of them as possible.

    When: an adult takes one of these drugs today (when the chart is opened or at discharge: one card for all of them, about
    the most urgent, naming the others) or is being prescribed one (one card per order, of glucocorticoids one for all). (1)
    A systemic glucocorticoid for {glucocorticoid-days} days or more of {glucocorticoid-assess-mg} mg prednisone equivalent
    a day or more, or of a dose that cannot be read; or one of {glucocorticoid-very-high-mg} mg for more than
    {glucocorticoid-very-high-days} days or {glucocorticoid-sum-grams} g within a year. (2) An aromatase inhibitor, a GnRH
    analog or antagonist, or bilateral orchiectomy. (3) Only with osteoporosis or low bone mass: a proton pump inhibitor
    taken for more than {ppi-days} days or heparin or enoxaparin for more than {heparin-days} days (an order for one of
    these counts if it has already been taken that long), an enzyme-inducing antiepileptic, a thiazolidinedione, tenofovir
    disoproxil, adefovir, or levothyroxine if the newest TSH within {tsh-window-months} months is below the laboratory's own
    range; and bone density was not measured within {harm-bmd-months} months, or osteoporosis is not treated.

    Not when: for (1) and (2), on treatment, oncologic strengths included, a drug of it is being ordered, or myeloma, bone
    metastasis or primary bone cancer is on record (`referral`, oncology decides); the glucocorticoid is inhaled, nasal,
    topical, ocular or intra-articular, of a lower dose or for a shorter time; the newest DXA, not older than
    {harm-bmd-months} months, has a result that is not known (`bmd-screening` asks for it) and nothing else calls for
    treatment.

    Then: (1) from {glucocorticoid-mg} mg on, or at the very high dose: the band of risk says whether treatment is advised
    (warning) or offered (info); low: calcium, vitamin D, DXA after {bone-loss-dxa-months} months (info); not measured within
    {harm-bmd-months} months: DXA, spine imaging and FRAX (warning, from {glucocorticoid-assess-mg} to below
    {glucocorticoid-mg} mg info). Under {glucocorticoid-years}: a specialist where there is reason for one, for a fracture from
    {glucocorticoid-assess-mg} mg on, alendronate as an option from {glucocorticoid-mg} mg on; else DXA. Before menopause
    alendronate or risedronate alone. (2) treatment (warning; only offered, info, where nothing but risk factors speaks for it
    and the T-score is {t-low} or higher), else DXA every {bone-loss-dxa-months} to {harm-bmd-months} months (info). The drugs
    are those of `start-treatment` where it fires; none where denosumab has lost its effect, or `anabolic-sequence` fires: what
    was given before decides; else the ranking's, of which one is recommended where treatment is advised; with a renal estimate
    below {egfr-specialist} or where none is left (not for a low calcium alone, which comes first), a specialist. FRAX is
    ordered where none is {frax-months} months old or younger, but not under {glucocorticoid-years}, nor for an aromatase
    inhibitor, nor on androgen deprivation while treatment is advised. (3) Warning where osteoporosis is untreated, else info;
    DXA where it was not measured. A dose that cannot be read is asked for; where it is of a wrong type, `incomplete-data` says
    so, too. A DXA that is ordered already is named, to see that it is done.
    """
    if not person.adult(chart):
        return
    harms = [*_weak_bone(chart, n)]
    elsewhere = _protected(chart) or bone_tumor(chart) is not None
    if not elsewhere:
        harms = [*_blockers(chart, n), *_glucocorticoid(chart, n), *harms]
    if chart.hook in ORDER_HOOKS:
        harms = [harm for harm in harms if harm.draft is not None]
        yield from (_said(chart, n, earlier, harm, []) for harm in harms)
    elif harms:
        first, *others = sorted(harms, key=lambda harm: (not harm.group, harm.indicator.rank))
        yield _said(chart, n, earlier, first, others)
    if not elsewhere:
        yield from _undecided(chart, harms)


def _undecided(chart: Chart, harms: Sequence[_Harm]) -> Iterator[Undecided]:
    """A glucocorticoid or depot whose dose is of a wrong type; a drug that only the age, or the sex, would have judged."""
    if not harms:
        yield from _of_nobody(chart)
    yield from _depots_unread(chart)
    found = glucocorticoid.exposure(chart)
    if found is None or (chart.hook in ORDER_HOOKS and found.draft is None):
        return
    told: Sequence[Draft | Course] = chart.drafted(GLUCOCORTICOID) or chart.courses(GLUCOCORTICOID)
    for each in told:
        if unread := chart.unread_of(DOSE_UNREAD, each):
            yield Undecided(unread, about=found.draft, indicator=INFO)
    if chart.age is None and found.counts and not harms:
        yield Undecided(about=found.draft, missing=(Data.PATIENT,), indicator=INFO)


def _of_nobody(chart: Chart) -> Iterator[Undecided]:
    """An aromatase inhibitor or GnRH drug of a patient whose age or sex is not known: nobody can tell what it does to bone."""
    if chart.age is not None and chart.patient.sex:
        return
    draft = next(iter(chart.drafted(HORMONE_BLOCKERS)), None)
    taken = chart.hook not in ORDER_HOOKS and any(course.active for course in chart.courses(HORMONE_BLOCKERS))
    if draft is not None or taken:
        yield Undecided(about=draft, missing=(Data.PATIENT,), indicator=INFO)


def _depots_unread(chart: Chart) -> Iterator[Undecided]:
    """Depots that may still work: their strength, which decides how long, is of a wrong type."""
    since = add_months(chart.today, -_LONGEST_DEPOT_MONTHS)
    over = [c for c in chart.courses({Mechanism.GNRH}) if not c.on_treatment(chart.today)]
    lately = [c for c in over if c.last_dose_at_latest is not None and c.last_dose_at_latest >= since]
    draft = next(iter(chart.drafted(HORMONE_BLOCKERS)), None)
    unread = chart.unread_of(DOSE_UNREAD, *lately)
    if unread and (draft is not None or chart.hook not in ORDER_HOOKS):
        yield Undecided(unread, about=draft, indicator=INFO)


def _protected(chart: Chart) -> bool:
    """On treatment, or a drug of it is being ordered."""
    drafted = chart.drafted(treatment.TREATMENT) or chart.drafted_beside(treatment.TREATMENT)
    return bool(drafted) or treatment.on_treatment(chart) or treatment.on_oncologic(chart)


def _said(chart: Chart, n: Numbers, earlier: Earlier, harm: _Harm, others: Sequence[_Harm]) -> Finding:
    """One card about one of the drugs, which names the others."""
    owner = _owner(chart, earlier)
    chosen, held = _chosen(chart, harm, owner, earlier)
    several = sum(option.kind == "drug" for option in chosen.options) > 1
    asked = not several or chosen.recommended is None
    tests = tuple(replace(test, recommended=test.recommended and asked) for test in harm.tests)
    beside = dict.fromkeys(name for each in others if (name := _name(each)) != _name(harm))
    return Finding(
        indicator=harm.indicator,
        variant=harm.variant,
        values={
            "drug": _name(harm),
            "mechanism": harm.group or (harm.drug.mechanism.value if harm.drug else ""),
            "start": harm.course.started if harm.course else None,
            "active": harm.draft is None,
            "unmeasured": not bmd_since(chart, n.harm_bmd_months),
            "ordered": chart.ordered("dxa"),
            "untreated": _untreated(chart),
            "held": held,
            "owner": owner,
            "recommended": _best(chosen),
            "others": list(beside),
            **harm.values,
        },
        cites=_CITES.get(harm.group, _OTHER_CITES),
        facts=(
            *((facts.drafted(harm.draft),) if harm.draft else ()),
            *(facts.started(each.course) for each in (harm, *others) if each.course and not harm.draft),
            *harm.facts,
        ),
        options=(*chosen.options, *(() if harm.draft is not None and several else tests)),
        any_number=not several,
        dropped=chosen.dropped,
        about=harm.draft,
    )


def _owner(chart: Chart, earlier: Earlier) -> str:
    """The card that says which drug comes next, since it rests on what was given before, too; "" where there is none."""
    before = denosumab.state(chart)
    if before is not None and before.kind in denosumab.OPEN - {denosumab.Kind.LONG_AGO}:
        return "denosumab-sequence"
    return next((code for code in ("anabolic-sequence", "start-treatment") if earlier.of(code)), "")


def _chosen(chart: Chart, harm: _Harm, owner: str, earlier: Earlier) -> tuple[Offer, str]:
    """The drugs: those of `start-treatment` where it fires; and what they must wait for."""
    if owner == "start-treatment" and (harm.drugs or not harm.group):
        started = earlier.of(owner)[0]
        return Offer(started.options, started.dropped), started.values["held"]
    if owner or not (harm.drugs or harm.specialist):
        return Offer(), ""
    below = bool(renal(chart).below(chart.numbers.egfr_specialist))
    chosen = offer(chart, harm.drugs, recommend=harm.advised and not (below or harm.specialist))
    nothing = not (chosen.options or chosen.held == EMERGENCY or chosen.calcium_first)
    if harm.specialist or (harm.advised and (below or nothing)):
        chosen = Offer((*SPECIALIST, *chosen.options), chosen.dropped, chosen.held)
    return chosen, chosen.held


def _best(chosen: Offer) -> Drug | None:
    best = chosen.recommended
    return DRUGS[best.key] if best is not None and best.kind == "drug" else None


def _name(harm: _Harm) -> Drug | Name:
    return harm.drug or PROBLEMS["orchiectomy"]


def _untreated(chart: Chart) -> bool:
    on = treatment.on_treatment(chart) or treatment.on_oncologic(chart)
    return diagnosis.osteoporosis(chart) and not on


def _dxa(chart: Chart, start_after: int | None = None) -> tuple[Option, ...]:
    """DXA, now or that many months after the newest; none where it is ordered."""
    if chart.ordered("dxa"):
        return ()
    last = last_measured(chart)
    due = add_months(last, start_after) if last and start_after else chart.today
    ahead = due > chart.today
    return (service("dxa", start=due if ahead else None, recommended=not ahead),)


def _frax(chart: Chart) -> tuple[Option, ...]:
    asked = assessed_lately(chart) or chart.ordered("frax") or is_young(chart)
    return () if asked else (service("frax", recommended=True),)


# -- glucocorticoids ----------------------------------------------------------------------------------------------------


def _glucocorticoid(chart: Chart, n: Numbers) -> Iterator[_Harm]:
    found = glucocorticoid.exposure(chart)
    if found is None:
        return
    unmeasured = not bmd_since(chart, n.harm_bmd_months)
    base = _Harm(
        drug=found.drug,
        draft=found.draft,
        course=found.course,
        indicator=INFO,
        variant="unmeasured",
        group="glucocorticoid",
        values=_dose(found),
        tests=_dxa(chart) if unmeasured else (),
    )
    if found.unreadable:
        yield replace(base, variant="dose-unknown")
    elif is_young(chart):
        yield from _under_40(chart, found, base, unmeasured=unmeasured)
    elif found.counts:
        yield from _by_band(chart, n, found, base, unmeasured=unmeasured)
    elif found.assessed and unmeasured:
        yield replace(base, tests=_assessment(chart))


def _dose(found: Exposure) -> dict[str, Any]:
    return {
        "dose": found.now or found.daily,
        "daily": found.daily,
        "equivalent": found.drug.key != "prednisone" or bool(found.others),
        "grams": found.grams,
        "replaces": found.drug.key in _REPLACING,
        "summed": [found.drug, *found.others] if found.others else [],
        "reasons": (),
        "t_score": None,
        "frax": (),
        "before_menopause": False,
    }


def _by_band(chart: Chart, n: Numbers, found: Exposure, base: _Harm, *, unmeasured: bool) -> Iterator[_Harm]:
    risk = glucocorticoid_bands.band(chart, found)
    young = before_menopause(chart)
    told = {"reasons": risk.reasons, "t_score": risk.t, "frax": risk.frax, "before_menopause": young}
    of_band = replace(base, variant=risk.level, values={**base.values, **told}, facts=_evidence(risk))
    if unmeasured and (risk.level == "low" or risk.reasons == ("no-frax",)):
        yield replace(base, indicator=WARNING, tests=_assessment(chart))
    elif risk.level != "low":
        yield replace(
            of_band,
            indicator=WARNING if risk.treat else INFO,
            drugs=risk.ranking if young else ranking(chart),
            advised=risk.treat,
            tests=(*_frax(chart), *base.tests),
        )
    elif unknown_bmd(chart) is None:
        yield replace(of_band, tests=(*_frax(chart), *_dxa(chart, n.bone_loss_dxa_months)))


def _evidence(risk: Band) -> tuple[Fact, ...]:
    return (
        *((facts.fracture(risk.fracture),) if risk.fracture else ()),
        *((facts.measured(risk.t),) if risk.t else ()),
        *(facts.measured(each.given) for each in risk.frax),
    )


def _under_40(chart: Chart, found: Exposure, base: _Harm, *, unmeasured: bool) -> Iterator[_Harm]:
    reasons = glucocorticoid_bands.young(chart, found)
    if not reasons:
        if unmeasured and (found.counts or found.assessed):
            yield replace(base, indicator=WARNING if found.counts else INFO)
        return
    z, loss = lowest_z(chart), yearly_loss(chart)
    yield replace(
        base,
        indicator=WARNING,
        variant="young",
        values={**base.values, "reasons": reasons, "before_menopause": before_menopause(chart)},
        facts=(
            *map(facts.fracture, glucocorticoid_bands.broken(chart)[:1]),
            *((facts.measured(z),) if z and "z-low" in reasons else ()),
            *((facts.measured(loss.baseline), facts.measured(loss.newest)) if loss and "loss" in reasons else ()),
        ),
        drugs=(ALENDRONATE,) if found.counts else (),  # below that dose bone is assessed, not treated
        advised=True,
        specialist=True,
    )


def _assessment(chart: Chart) -> tuple[Option, ...]:
    """DXA with the vertebrae, and FRAX."""
    imaged = chart.ordered("vertebral-imaging") or chart.done("vertebral-imaging")
    spine = () if imaged else (service("vertebral-imaging", recommended=True),)
    return (*_dxa(chart), *spine, *_frax(chart))


# -- hormone-blocking drugs ---------------------------------------------------------------------------------------------


def _blockers(chart: Chart, n: Numbers) -> Iterator[_Harm]:
    unmeasured = not bmd_since(chart, n.harm_bmd_months)
    for found in blockers(chart):
        frax = _frax(chart) if found.state == "androgen-deprivation" and not found.treat else ()
        tests = (*frax, *(_dxa(chart) if unmeasured else ()))
        if found.reasons:
            yield _treated(chart, found, tests)
        elif unmeasured:
            yield _blocked(found, INFO, "unmeasured", tests=tests)
        elif found.state and unknown_bmd(chart) is None:
            yield _blocked(found, INFO, "watch", tests=(*frax, *_dxa(chart, n.bone_loss_dxa_months)))


def _treated(chart: Chart, found: Blocker, tests: tuple[Option, ...]) -> _Harm:
    harm = _blocked(found, WARNING if found.treat else INFO, "treat" if found.treat else "offer", tests=tests)
    frax = (m for key in ("frax-major", "frax-hip") if "frax-high" in found.reasons and (m := chart.newest(key)))
    broken = chart.fractures[:1] if "fracture" in found.reasons else ()
    evidence = (*harm.facts, *map(facts.fracture, broken), *map(facts.measured, frax))
    return replace(harm, drugs=ranking(chart), advised=found.treat, facts=tuple(dict.fromkeys(evidence)))


def _blocked(found: Blocker, indicator: Indicator, variant: str, *, tests: tuple[Option, ...]) -> _Harm:
    mechanism = found.drug.mechanism if found.drug else Mechanism.GNRH
    evidence = ((facts.problem(found.surgery),) if found.surgery else ()) + ((facts.measured(found.t),) if found.t else ())
    return _Harm(
        drug=found.drug,
        draft=found.draft,
        course=found.course,
        indicator=indicator,
        variant=variant,
        group=found.state or mechanism.value,
        values={
            "reasons": found.reasons,
            "t_score": found.t,
            "factors": [facts.said(each) for each in found.factors],
            "daily": None,
            "surgery": found.surgery is not None,
        },
        facts=(*evidence, *found.factors),
        tests=tests,
    )


# -- drugs that harm weak bone ------------------------------------------------------------------------------------------


def _weak_bone(chart: Chart, n: Numbers) -> Iterator[_Harm]:
    unmeasured, untreated = not bmd_since(chart, n.harm_bmd_months), _untreated(chart)
    weak = diagnosis.osteoporosis(chart) or diagnosis.low_bone_mass(chart)
    if not weak or not (unmeasured or untreated):
        return
    for drug, draft, course in _weakening(chart, n):
        yield _Harm(
            drug=drug,
            draft=draft,
            course=course,
            indicator=WARNING if untreated else INFO,
            variant="untreated" if untreated else "unmeasured",
            values={"daily": None, "suppressed": chart.problem("thyroid-cancer") is not None},
            tests=_dxa(chart) if unmeasured else (),
        )


def _weakening(chart: Chart, n: Numbers) -> Iterator[tuple[Drug, Draft | None, Course | None]]:
    if chart.hook in ORDER_HOOKS:
        for draft in chart.drafted(WEAK_BONE_ONLY):
            if draft.drug is not None and _counts(chart, n, draft.drug):
                course, least = chart.course(draft.drug), _least_days(n, draft.drug)
                if not least or (course is not None and long_on(chart, course, least)):
                    yield draft.drug, draft, None
        return
    for course in chart.courses(WEAK_BONE_ONLY):
        if long_on(chart, course, _least_days(n, course.drug)) and _counts(chart, n, course.drug):
            yield course.drug, None, course


def _least_days(n: Numbers, drug: Drug) -> int:
    """How long a drug must have been taken before it counts."""
    return {Mechanism.PPI: n.ppi_days + 1, Mechanism.HEPARIN: n.heparin_days + 1}.get(drug.mechanism, 0)


def _counts(chart: Chart, n: Numbers, drug: Drug) -> bool:
    """Levothyroxine harms bone if TSH is below the laboratory's range."""
    if drug.mechanism is not Mechanism.THYROID_HORMONE:
        return True
    tsh = chart.newest("tsh", since=chart.months_ago(n.tsh_window_months))
    return tsh is not None and tsh.low is not None and tsh.below(tsh.low) is True
