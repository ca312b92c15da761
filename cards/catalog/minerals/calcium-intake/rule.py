"""The rule of `calcium-intake`."""

from __future__ import annotations

from collections.abc import Iterator

from cards.chart import DOSE_UNREAD, ORDER_HOOKS, Chart, Course, facts
from cards.chart.facts import Fact
from cards.definitions import diagnosis, person, treatment
from cards.definitions.basket import dose
from cards.definitions.calcium import intake
from cards.definitions.minerals import calcium_excess
from cards.engine.findings import INFO, WARNING, Finding, Undecided
from cards.engine.options import discard, offer
from cards.thresholds import Numbers
from cards.vocabulary import DRUGS, Mechanism

_CALCIUM = frozenset({Mechanism.CALCIUM})
_ENOUGH = ("ELD2023-04a", "ELD2023-03b", "OVCF2021-T10", "OPREF-N1")
_LIMIT = ("ELD2023-04a", "OVCF2021-T10")
"""What the advice to take enough calcium rests on, and the limit."""


def rule(chart: Chart, n: Numbers) -> Iterator[Finding | Undecided]:
    """Besides diet 500-600 mg of elemental calcium a day; with diet never above 2000.

    When: on the chart view, (1) an adult with osteoporosis or on treatment has no calcium product on the list as active or
    covering today; or (2) the calcium products of an adult add up to more than {calcium-supplement-mg} mg of elemental calcium
    a day, with which diet passes 2000 mg; (3) on orders, calcium is drafted for an adult, and with the products on the list it
    does so. Entries that give the same amount a day of one salt, or of none named, are taken for one product told twice; each
    draft is a product of its own, and one of the list that gives the same is what it renews. What cannot be read is not added,
    and the detail says so; where the rest stays below and a dose is of a wrong type, `incomplete-data` says it.

    Not when: in (1), calcium must not be given, as `calcium-contraindicated` says.

    Then: (1) info: calcium carbonate with 600 mg of elemental calcium a day, recommended unless the order-safety cards warn of
    it. (2) warning, without a suggestion: the detail asks to add up all products and to reduce them. (3) warning: the last
    draft of calcium can be deleted.
    """
    if not person.adult(chart):
        return
    taken = [c for c in chart.courses(_CALCIUM) if c.on_treatment(chart.today) or c.active]
    if chart.hook in ORDER_HOOKS:
        yield from _ordered(chart, n, taken)
        return
    if not taken:
        if not (diagnosis.osteoporosis(chart) or treatment.on_treatment(chart)) or calcium_excess(chart) is not None:
            return
        because = list(_why(chart))
        chosen = offer(chart, (DRUGS["calcium"],))
        yield Finding(
            indicator=INFO,
            variant="none",
            values={"daily": None, "unread": False, "because": facts.said(because[0]), "when": because[0].when},
            cites=_ENOUGH,
            facts=tuple(because),
            options=chosen.options,
            dropped=chosen.dropped,
        )
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


def _ordered(chart: Chart, n: Numbers, taken: list[Course]) -> Iterator[Finding | Undecided]:
    """The calcium that is being ordered, with what is on the list."""
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
    """What makes calcium due: the diagnosis as recorded or by its criteria, and the treatment."""
    documented, found = chart.problem("osteoporosis"), diagnosis.criteria(chart)
    if documented is not None:
        yield facts.problem(documented)
    elif found is not None:
        yield from (facts.measured(m) for m in (found.t_score, found.qct) if m)
        yield from (facts.fracture(f) for f in (found.fracture,) if f)
    yield from map(facts.on_board, treatment.treatments(chart)[:1])
