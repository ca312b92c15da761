"""The rule of `calcium-intake`."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from cards.chart import DOSE_UNREAD, ORDER_HOOKS, Chart, Course, facts
from cards.chart.facts import Fact
from cards.definitions import ckd, diagnosis, person, treatment, workup
from cards.definitions.basket import dose
from cards.definitions.calcium import intake
from cards.definitions.kidney import renal
from cards.definitions.minerals import calcium_excess
from cards.definitions.repletion import unadvised
from cards.definitions.supplements import CORRECTION, corrects, supplements
from cards.engine.findings import INFO, WARNING, Finding, Undecided
from cards.engine.options import discard, offer, service
from cards.thresholds import Numbers
from cards.vocabulary import DRUGS, Data, Mechanism

_CALCIUM = frozenset({Mechanism.CALCIUM})
_ENOUGH = ("ELD2023-04a", "ELD2023-03b", "OVCF2021-T10", "OPREF-N1")
_VITAMIN_D = ("ensure", "continue-calcium")
"""What is said of supplements where vitamin D is not taken, and its level not known to be low."""
_WEAK = ("EXT-28", "EXT-03")
_LIMIT = ("ELD2023-04a", "OVCF2021-T10")
"""The recommendations behind adequate calcium intake, behind calcium with weak kidneys, and behind the limit."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """In addition to diet, 500-600 mg of elemental calcium a day; never above 2000 mg including diet.

    When: on patient-view, (1) an adult with osteoporosis or on treatment has no calcium product on the list as active or
    covering today; or (2) an adult's calcium products add up to more than {calcium-supplement-mg} mg of elemental calcium a
    day, which with diet exceeds 2000 mg; (3) on orders, calcium is drafted for an adult and, together with the products on the
    list, exceeds that amount. Entries with the same daily amount of the same salt, or of no stated salt, count as one product
    recorded twice; each draft is a separate product, and a list entry with the same amount is taken as the one that it renews.
    What cannot be read is not added, and the detail says so; if the rest stays below the limit and a dose has the wrong data
    type, `incomplete-data` says so.

    Not when: in (1), calcium must not be given, as `calcium-contraindicated` says; with a renal estimate below
    {egfr-specialist}, phosphate is high or could not be read; with one below {egfr-dialysis}, PTH is below {pth-dialysis-low}
    times its upper limit or could not be read. Neither phosphate nor PTH keeps it back with low calcium, or within
    {ckd-calcium-months} months and {denosumab-grace-days} days after denosumab.

    Then: (1) info: calcium carbonate with 600 mg of elemental calcium a day (in low calcium and osteomalacia 1,000 mg in two
    doses, as `secondary-causes` has it), with the usual vitamin D in the text where none is taken and nothing speaks against
    it; recommended unless the order-safety cards warn about it; withheld where nothing but a bone density that could not be
    read whole tells osteoporosis. Below {egfr-specialist} it is not recommended: diet and
    products together {ckd-calcium-least-mg} to {ckd-calcium-most-mg} mg; with low calcium or after denosumab with nephrology
    (referral recommended). (2) warning, without a suggestion: the detail says to add up all products and reduce them. (3)
    warning: the last calcium draft can be deleted."""
    if not person.adult(chart):
        return
    taken = [c for c in chart.courses(_CALCIUM) if c.on_treatment(chart.today) or c.active]
    if chart.hook in ORDER_HOOKS:
        yield from _ordered(chart, n, taken)
        return
    if not taken:
        if (diagnosis.osteoporosis(chart) or treatment.on_treatment(chart)) and calcium_excess(chart) is None:
            yield from _none_taken(chart, n)
        return
    total = intake(taken)
    if total.daily > n.calcium_supplement_mg:
        yield Finding(
            indicator=WARNING,
            variant="above",
            values={"daily": total.daily, "unread": total.unread},
            cites=_LIMIT,
            facts=tuple(map(facts.taken, taken)),
            notes=("calcium-unread",) if total.unread else (),
        )
    elif unread := chart.unread_of(DOSE_UNREAD, *taken):
        yield Undecided(unread, indicator=INFO)


def _none_taken(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """A product to add to diet; with weak kidneys only where nothing speaks against it, and not recommended."""
    weak = bool(renal(chart).below(n.egfr_specialist))
    calcium = DRUGS["calcium"]
    asked_for = ckd.asked_for_by_label(chart) if weak else ""
    if weak and (workup.dropping(tuple(ckd.rows(chart)), calcium) or (not asked_for and _unread(chart))):
        return
    because = list(_why(chart))
    chosen = offer(chart, (calcium,), recommend=not weak, regimens=CORRECTION if corrects(chart) else {})
    offered = [replace(option, first="nephrology") if asked_for else option for option in chosen.options]
    refer = bool(asked_for) and not chart.ordered("referral-nephrology")
    by_density = diagnosis.by_density_alone(chart) and not treatment.on_treatment(chart)
    yield Finding(
        indicator=INFO,
        variant="kidney" if weak else "none",
        values={
            "daily": None,
            "vitamin_d": supplements(chart).said in _VITAMIN_D and not unadvised(chart),
            "unread": False,
            "because": facts.said(because[0]),
            "when": because[0].dated,
            "estimate": renal(chart).lowest if weak else None,
            "asked_for": asked_for,
            "least": n.ckd_calcium_least_mg,
            "most": n.ckd_calcium_most_mg,
        },
        cites=_WEAK if weak else _ENOUGH,
        facts=(*because, *((facts.measured(m) for m in renal(chart).estimates[:1]) if weak else ())),
        options=(*offered, *((service("referral-nephrology", recommended=True),) if refer else ())),
        any_number=refer,
        dropped=chosen.dropped,
        doubt=chart.doubts((Data.BONE_DENSITY,)) if by_density else (),
    )


def _unread(chart: Chart) -> bool:
    """Whether what keeps calcium back with weak kidneys could not be had or read: phosphate, in kidney failure PTH, too."""
    return bool(chart.doubts(("phosphate", "pth") if ckd.failing(chart) else ("phosphate",)))


def _ordered(chart: Chart, n: Numbers, taken: list[Course]) -> Iterator[Finding | Undecided]:
    """The calcium that is being ordered, together with what is on the list."""
    selected = sorted(chart.drafted(_CALCIUM), key=lambda draft: not draft.product)
    drafts = [*chart.drafted_beside(_CALCIUM), *selected]
    total = intake(taken, drafts)
    if not selected:
        return
    if total.daily <= n.calcium_supplement_mg:
        if unread := chart.unread_of(DOSE_UNREAD, *taken, *drafts):
            yield Undecided(unread, about=drafts[-1], indicator=INFO)
        return
    yield Finding(
        indicator=WARNING,
        variant="ordered",
        values={
            "drug": DRUGS["calcium"],
            "daily": total.daily,
            "unread": total.unread,
            "listed": bool(taken),
            "count": len(drafts),
        },
        cites=_LIMIT,
        facts=(*(facts.drafted(each, dose(chart, each)) for each in drafts), *map(facts.taken, taken)),
        options=(discard(drafts[-1]),),
        notes=("calcium-unread",) if total.unread else (),
        about=drafts[-1],
    )


def _why(chart: Chart) -> Iterator[Fact]:
    """Why calcium is due: the diagnosis, recorded or by criteria, and the treatment."""
    documented, found = chart.problem("osteoporosis"), diagnosis.criteria(chart)
    if documented is not None:
        yield facts.problem(documented)
    elif found is not None:
        yield from (facts.measured(m) for m in (found.t_score, found.qct) if m)
        yield from (facts.fracture(f) for f in (found.fracture,) if f)
    yield from map(facts.on_board, treatment.treatments(chart)[:1])
