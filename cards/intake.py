"""Section E, calcium and vitamin D: what is taken, and what must not be."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cards import facts, kidney, minerals, risk
from cards.chart import ORDER_HOOKS, Chart, Course, Draft
from cards.concepts import COURSES, DRUGS, Data, Mechanism
from cards.kidney import renal
from cards.minerals import calcium
from cards.options import discard, offer, service
from cards.rule import CRITICAL, INFO, ORDER_SELECT, ORDER_SIGN, PATIENT_VIEW, WARNING, Fact, Finding, card
from cards.thresholds import limit

_CALCIUM = frozenset({Mechanism.CALCIUM})
_ACTIVE = tuple(DRUGS[key] for key in ("alfacalcidol", "calcitriol", "eldecalcitol"))


class _Intake(Struct, frozen=True):
    """Elemental calcium from supplements in mg a day, as far as it can be told; ``unread``: products that could not be."""

    daily: float
    unread: bool


@card(
    "calcium-intake",
    section="E",
    hooks=(PATIENT_VIEW,),
    cites=("ELD2023-04a", "ELD2023-03b", "OVCF2021-T10", "OPREF-N1"),
    reads=(*risk.READS, *minerals.READS, Data.WORK_UP, Data.ALLERGIES),
    needs=(Data.MEDICATIONS,),
)
def calcium_intake(chart: Chart) -> Iterator[Finding]:
    """Besides diet 500-600 mg of elemental calcium a day; with diet never above 2000."""
    if not risk.adult(chart):
        return
    taken = [c for c in chart.courses(_CALCIUM) if c.on_treatment(chart.today) or c.active]
    if not taken:
        if not (risk.osteoporosis(chart) or risk.on_treatment(chart)) or _too_much(chart) is not None:
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
    if intake.daily > limit("calcium-supplement-mg"):
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
    documented, found = chart.problem("osteoporosis"), risk.criteria(chart)
    if documented is not None:
        yield facts.problem(documented)
    elif found is not None:
        yield from (facts.measured(m) for m in (found.t_score, found.qct) if m)
        yield from (facts.fracture(f) for f in (found.fracture,) if f)
    yield from map(facts.taken, risk.treatments(chart)[:1])


def _too_much(chart: Chart) -> tuple[str, Fact] | None:
    """Why calcium is not to be given: blood or urine calcium high, or the condition active."""
    reading = calcium(chart)
    if reading is not None and reading.high:
        return "blood", facts.measured(reading.value)
    urine = chart.newest("urine-calcium", since=chart.months_ago(12))
    ceiling = limit("urine-calcium-man-mg" if chart.patient.sex == "male" else "urine-calcium-woman-mg")
    if urine is not None and urine.at_most(ceiling) is False:
        return "urine", facts.measured(urine)
    problem = chart.active_problem("hypercalcemia", "hypercalciuria")
    if problem is not None:
        return "problem", facts.problem(problem)
    return None


@card(
    "calcium-contraindicated",
    section="E",
    hooks=(PATIENT_VIEW, ORDER_SELECT, ORDER_SIGN),
    cites=("ELD2023-04b",),
    reads=(*COURSES, *minerals.READS, Data.WORK_UP, Data.CONDITIONS),
    needs=(Data.CALCIUM,),
    drugs=_CALCIUM,
)
def calcium_contraindicated(chart: Chart) -> Iterator[Finding]:
    """No calcium in hypercalcemia or hypercalciuria."""
    found = _too_much(chart)
    if found is None or not risk.adult(chart):
        return
    variant, fact = found
    male = chart.patient.sex == "male"
    if chart.hook in ORDER_HOOKS:
        for draft in chart.drafted(_CALCIUM):
            yield _no_calcium(variant, fact, draft, male=male)
        return
    taken = [c for c in chart.courses(_CALCIUM) if c.active or c.on_treatment(chart.today)]
    if taken:
        yield _no_calcium(variant, fact, None, facts.taken(taken[0]), male=male)


def _no_calcium(variant: str, fact: Fact, draft: Draft | None, *more: Fact, male: bool) -> Finding:
    return Finding(
        indicator=CRITICAL if draft else WARNING,
        variant=variant,
        values={
            "active": draft is None,
            "male": male,
            "fact": fact.name,
            "value": fact.value,
            "unit": fact.unit,
            "when": fact.when,
        },
        facts=((facts.drafted(draft),) if draft else more) + (fact,),
        options=(
            *((discard(draft, recommended=True),) if draft else ()),
            *(service(key) for key in ("calcium", "pth", *(("urine-calcium",) if variant == "urine" else ()))),
        ),
        any_number=True,
        about=draft,
    )


@card(
    "active-vitamin-d",
    section="E",
    hooks=(PATIENT_VIEW,),
    cites=("POP2022-T4",),
    reads=(*risk.READS, *kidney.READS, *minerals.READS, Data.WORK_UP, Data.ALLERGIES, Data.FUNCTION),
    needs=(Data.MEDICATIONS, Data.CALCIUM),
)
def active_vitamin_d(chart: Chart) -> Iterator[Finding]:
    """Active vitamin D suits weak kidneys, and the elderly who fall; not with high calcium."""
    taken = any(c.active or c.on_treatment(chart.today) for c in chart.courses({Mechanism.ACTIVE_VITAMIN_D}))
    if not risk.adult(chart) or not risk.osteoporosis(chart) or taken or risk.pregnant(chart) or _too_much(chart) is not None:
        return
    reading = calcium(chart)
    kidneys = renal(chart)
    weak = kidneys.below(limit("active-vitamin-d-egfr"))
    old_and_falling = (chart.age or 0) >= limit("active-vitamin-d-years") and high_fall_risk(chart)
    if not weak and not old_and_falling:
        return
    falls = fall_evidence(chart)
    evidence = [facts.measured(kidneys.lowest)] if weak and kidneys.lowest else falls
    chosen = offer(chart, _ACTIVE, recommend=False)
    yield Finding(
        indicator=INFO,
        variant="kidney" if weak else "falls",
        values={
            "estimate": kidneys.lowest if weak else None,
            "falls": [facts.said(fact) for fact in falls],
            "when": evidence[0].when if evidence else None,
            "calcium": reading.value if reading and reading.high is False else None,
        },
        facts=(*evidence, *((facts.measured(reading.value),) if reading else ())),
        options=(*chosen.options, service("calcium"), service("urine-calcium")),
        any_number=True,
        dropped=chosen.dropped,
    )


def fall_evidence(chart: Chart) -> list[Fact]:
    """What shows a high risk of falling within 12 months."""
    since = chart.months_ago(limit("fall-window-months"))
    found = []
    for key, threshold, high in (
        ("morse", "morse-high", True),
        ("berg", "berg-low", False),
        ("tug", "tug-seconds", True),
        ("falls", "falls-a-year", True),
    ):
        value = chart.newest(key, since=since)
        if value is not None and (value.below(limit(threshold)) is False if high else value.at_most(limit(threshold)) is True):
            found.append(facts.measured(value))
    recurrent = chart.active_problem("recurrent-falls")
    if recurrent is not None:
        found.append(facts.problem(recurrent))
    elif len(recent := [p for p in chart.problems.get("fall", ()) if p.when and p.when >= since]) >= limit("falls-a-year"):
        found += map(facts.problem, recent)
    return found


def high_fall_risk(chart: Chart) -> bool:
    return bool(fall_evidence(chart))
