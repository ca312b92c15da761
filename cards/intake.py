"""Section E, calcium and vitamin D: what is taken, and what must not be."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from cards import facts, kidney, minerals, risk
from cards.chart import ORDER_HOOKS, Chart, Course, Draft, Measurement
from cards.concepts import COURSES, DRUGS, Data, Mechanism
from cards.kidney import renal
from cards.minerals import calcium, denial
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
    """Besides diet 500-600 mg of elemental calcium a day; with diet never above 2000.

    When: (1) an adult with osteoporosis or on treatment has no calcium product on the list as active or covering today; or (2)
    the calcium products of an adult add up to more than {calcium-supplement-mg} mg of elemental calcium a day, with which diet
    passes 2000 mg. Entries that give the same amount a day of one salt, or of none named, are taken for one product told twice;
    what cannot be read is not added, and the detail says so.

    Not when: in (1), calcium must not be given, as `calcium-contraindicated` says.

    Then: (1) info: calcium carbonate with 600 mg of elemental calcium a day, recommended unless the order-safety cards warn of
    it. (2) warning, without a suggestion: the detail asks to add up all products and to reduce them.
    """
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
    yield from map(facts.on_board, risk.treatments(chart)[:1])


def _too_much(chart: Chart) -> tuple[str, Fact] | None:
    """Why calcium is not to be given: blood or urine calcium high, or the condition active."""
    reading = calcium(chart)
    if reading is not None and reading.high:
        return "blood", facts.measured(reading.value)
    urine = chart.newest("urine-calcium", since=chart.months_ago(limit("urine-calcium-window-months")))
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
    """No calcium supplements in hypercalcemia or hypercalciuria.

    When: calcium is drafted for an adult, or on the chart view is taken (active, or covering today), and, in this order: (1)
    the newest calcium is high; (2) the newest 24 h urine calcium within {urine-calcium-window-months} months is above
    {urine-calcium-man-mg} mg in a man, above {urine-calcium-woman-mg} mg in anybody else; (3) hypercalcemia or hypercalciuria
    is on record as active (a code that means high and low calcium alike does not count).

    Then: critical on a draft, warning on the chart view. Delete the draft (recommended); orders of calcium with albumin and
    PTH, in (2) also of 24 h urine calcium; any number. In (3) a calcium within range that is no older than an entry of
    hypercalcemia is shown beside it, since the entry may be out of date.
    """
    found = _too_much(chart)
    if found is None or not risk.adult(chart):
        return
    variant, fact = found
    male = chart.patient.sex == "male"
    denied = denial(chart, chart.active_problem("hypercalcemia")) if variant == "problem" else None
    if chart.hook in ORDER_HOOKS:
        for draft in chart.drafted(_CALCIUM):
            yield _no_calcium(variant, fact, draft, denied=denied, male=male)
        return
    taken = [c for c in chart.courses(_CALCIUM) if c.active or c.on_treatment(chart.today)]
    if taken:
        yield _no_calcium(variant, fact, None, facts.taken(taken[0]), denied=denied, male=male)


def _no_calcium(variant: str, fact: Fact, draft: Draft | None, *more: Fact, denied: Measurement | None, male: bool) -> Finding:
    return Finding(
        indicator=CRITICAL if draft else WARNING,
        variant=variant,
        values={
            "active": draft is None,
            "male": male,
            "denied": denied is not None,
            "fact": fact.name,
            "value": fact.value,
            "unit": fact.unit,
            "when": fact.when,
        },
        facts=((facts.drafted(draft),) if draft else more) + (fact, *((facts.measured(denied),) if denied else ())),
        notes=("hypercalcemia-listed",) if denied else (),
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
    """Active vitamin D may be considered where kidneys are weak, and in the elderly with a high risk of falling; not with high
    calcium.

    When: an adult with osteoporosis has no active vitamin D on the list as active or covering today, and (1) the renal estimate
    is below {active-vitamin-d-egfr} mL/min, or (2) the age is {active-vitamin-d-years} or more and the risk of falling is high:
    within {fall-window-months} months Morse {morse-high} or more, Berg {berg-low} or less, timed up and go {tug-seconds} s or
    more, {falls-a-year} falls or more, or recurrent falls on record as active.

    Not when: calcium in blood or urine is high, or hypercalcemia or hypercalciuria active, as in `calcium-contraindicated`; an
    active pregnancy.

    Then: info. Alfacalcidol, calcitriol and eldecalcitol as far as the filter lets them pass, none recommended; orders of
    calcium and of 24 h urine calcium; any number. The detail shows the calcium, or says that none was found and asks to measure
    it first.
    """
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
    """A high risk of falling: within {fall-window-months} months, the newest Morse score is {morse-high} or more, the newest
    Berg score {berg-low} or less, the newest timed up and go {tug-seconds} s or more, or the newest count of falls in a year
    {falls-a-year} or more; or recurrent falls are on record as active; or, without such an entry, {falls-a-year} falls or more
    of that time are."""
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
