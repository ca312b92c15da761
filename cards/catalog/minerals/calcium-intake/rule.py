"""The rule of `calcium-intake`."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cards.chart import Chart, Course, facts
from cards.chart.facts import Fact
from cards.definitions import diagnosis, person, treatment
from cards.definitions.minerals import calcium_excess
from cards.engine.findings import INFO, WARNING, Finding
from cards.engine.options import offer
from cards.thresholds import Numbers
from cards.vocabulary import DRUGS, Mechanism

_CALCIUM = frozenset({Mechanism.CALCIUM})


class _Intake(Struct, frozen=True):
    """Elemental calcium from supplements in mg a day, as far as it can be told; ``unread``: products that could not be."""

    daily: float
    unread: bool


def rule(chart: Chart, n: Numbers) -> Iterator[Finding]:
    """Besides diet 500-600 mg of elemental calcium a day; with diet never above 2000.

    When: (1) an adult with osteoporosis or on treatment has no calcium product on the list as active or covering today; or (2)
    the calcium products of an adult add up to more than {calcium-supplement-mg} mg of elemental calcium a day, with which diet
    passes 2000 mg. Entries that give the same amount a day of one salt, or of none named, are taken for one product told twice;
    what cannot be read is not added, and the detail says so.

    Not when: in (1), calcium must not be given, as `calcium-contraindicated` says.

    Then: (1) info: calcium carbonate with 600 mg of elemental calcium a day, recommended unless the order-safety cards warn of
    it. (2) warning, without a suggestion: the detail asks to add up all products and to reduce them.
    """
    if not person.adult(chart):
        return
    taken = [c for c in chart.courses(_CALCIUM) if c.on_treatment(chart.today) or c.active]
    if not taken:
        if not (diagnosis.osteoporosis(chart) or treatment.on_treatment(chart)) or calcium_excess(chart) is not None:
            return
        because = list(_why(chart))
        chosen = offer(chart, (DRUGS["calcium"],))
        yield Finding(
            indicator=INFO,
            variant="none",
            values={"daily": None, "unread": False, "because": facts.said(because[0]), "when": because[0].when},
            facts=tuple(because),
            options=chosen.options,
            dropped=chosen.dropped,
        )
        return
    intake = _intake(taken)
    if intake.daily > n.calcium_supplement_mg:
        yield Finding(
            indicator=WARNING,
            variant="above",
            values={"daily": intake.daily, "unread": intake.unread},
            facts=tuple(map(facts.taken, taken)),
            notes=("calcium-unread",) if intake.unread else (),
        )


def _intake(taken: list[Course]) -> _Intake:
    """The products added up. Entries that say the same amount a day of one salt, or of none, are one product told twice."""
    salts: dict[float | None, set[str]] = {}
    for dosing in (d for c in taken for d in c.dosings or (c.dosing,)):
        daily = dosing.daily if dosing and dosing.unit == "mg" else None
        salts.setdefault(daily, set()).add(dosing.salt if dosing else "")
    told = {daily: max(len(named - {""}), 1) for daily, named in salts.items()}
    return _Intake(sum(daily * products for daily, products in told.items() if daily), None in told)


def _why(chart: Chart) -> Iterator[Fact]:
    """What makes calcium due: the diagnosis as recorded or by its criteria, and the treatment."""
    documented, found = chart.problem("osteoporosis"), diagnosis.criteria(chart)
    if documented is not None:
        yield facts.problem(documented)
    elif found is not None:
        yield from (facts.measured(m) for m in (found.t_score, found.qct) if m)
        yield from (facts.fracture(f) for f in (found.fracture,) if f)
    yield from map(facts.on_board, treatment.treatments(chart)[:1])
